"""The scene: nothing stands out, one size a style, surfaces run into the bleed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from loa.poster import tokens
from loa.poster.layout import compose
from loa.poster.order import Order, take
from loa.poster.scene import Rectangle, Scene
from loa.poster.template import TextNode, nodes_of
from loa.poster.typeset import Typesetter
from loa.workspace import Workspace
from tests.poster.conftest import edit

FORMATS = ("a3", "a4")


def scene_of(workspace: Workspace, values: Mapping[str, object], form: str = "a3", language: str = "vi") -> Scene:
    ordered = take(workspace, "ba-buoc", form, language, values)
    return compose(ordered, Typesetter(ordered.font, language, ordered.compounds))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_everything_to_be_read_stands_within_the_safe_margin(
    shipped: Workspace, vi_values: Mapping[str, object], form: str, language: str
) -> None:
    scene = scene_of(shipped, vi_values, form, language)
    safe = scene.sheet.trim.inset(scene.sheet.safe)
    assert scene.overflows == ()
    for text in scene.texts():
        assert text.box.within(safe), text.name
        assert text.fit.fits
        assert text.fit.least <= text.size <= text.fit.wanted


def test_texts_of_one_style_have_one_size(ordered: Order, scene: Scene) -> None:
    styles = [node.style for node in nodes_of(ordered.template.poster.page) if isinstance(node, TextNode)]
    sizes: dict[str, set[float]] = {}
    for style, text in zip(styles, scene.texts(), strict=True):
        sizes.setdefault(style, set()).add(text.size)
    assert len(sizes["heading"]) == 1
    assert all(len(found) == 1 for found in sizes.values())


def test_a_longer_text_makes_its_whole_style_smaller(
    copied: Workspace, vi_values: Mapping[str, object], scene: Scene
) -> None:
    before = {text.name: text.size for text in scene.texts()}
    edit(copied, "templates/poster/ba-buoc/copy.vi.yaml", "Đăng nhập bằng VNeID", "Đăng nhập bằng tài khoản VNeID nhé")
    after = {text.name: text.size for text in scene_of(copied, vi_values).texts()}
    assert after["step-2-heading"] < before["step-2-heading"]
    assert after["step-1-heading"] == after["step-2-heading"]


def test_words_that_are_too_many_are_reported_not_cut(copied: Workspace, vi_values: Mapping[str, object]) -> None:
    edit(copied, "templates/poster/ba-buoc/copy.vi.yaml", "Nộp hồ sơ trực tuyến", "Nộp hồ sơ trực tuyến " * 15)
    scene = scene_of(copied, vi_values)
    headline = next(text for text in scene.texts() if text.name == "headline")
    assert not headline.fit.fits
    assert scene.overflows
    assert " ".join(line.text for line in headline.lines).count("trực tuyến") == 15


def test_surfaces_at_the_edge_run_into_the_bleed(scene: Scene) -> None:
    shapes = {item.name: item.box for item in scene.elements if isinstance(item, Rectangle)}
    assert (shapes["hero"].x, shapes["hero"].y) == (-3, -3)
    assert shapes["footer"].bottom == scene.sheet.height + 3
    assert shapes["footer"].right == scene.sheet.width + 3
    assert shapes["warning-card"].x > scene.sheet.safe


def test_every_element_has_its_own_name(scene: Scene) -> None:
    names = [item.name for item in scene.elements]
    assert len(set(names)) == len(names)


def test_a_new_format_is_data(copied: Workspace, vi_values: Mapping[str, object]) -> None:
    """A2 by an entry in formats.yaml and a word in the template: nothing else."""
    path = copied.templates / "poster" / "formats.yaml"
    a2 = "\na2:\n  title: {vi: A2 đứng, en: A2 portrait}\n  width: 420\n  height: 594\n  unit: 5.6\n  body: 34\n"
    path.write_text(path.read_text(encoding="utf-8") + a2, encoding="utf-8")
    edit(copied, "templates/poster/ba-buoc/poster.yaml", "formats: [a3, a4]", "formats: [a3, a4, a2]")
    scene = scene_of(copied, vi_values, "a2")
    assert scene.overflows == ()
    assert scene.sheet.width == tokens.read_format(copied, "a2").width == 420


@pytest.mark.parametrize("theme", ["do-quoc-khanh", "xanh-hanh-chinh"])
def test_small_shapes_are_printed_by_one_plate(shipped: Workspace, theme: str) -> None:
    read = tokens.read_theme(shipped, theme)
    for role in ("key", "text"):
        ink = read.ink(role)
        assert ink is not None
        assert ink.black_only
