"""What people write: every slip is one clear error, with file, line and field."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from loa.model.errors import ContentError
from loa.poster.order import take
from loa.poster.render import make
from loa.workspace import Workspace
from tests.poster.conftest import edit

TREE = "templates/poster/ba-buoc/poster.yaml"
COPY = "templates/poster/ba-buoc/copy.vi.yaml"
THEME = "assets/themes/do-quoc-khanh.yaml"
FORMATS = "templates/poster/formats.yaml"

# file, what is written, what it becomes, the code where it is this room's own, and the field it is on
SLIPS = [
    (TREE, "theme: do-quoc-khanh", "theem: do-quoc-khanh", None, "theem"),
    (TREE, "kind: circle, id: ring-1", "kind: cricle, id: ring-1", None, "page.children.0.children.0.kind"),
    (TREE, "id: steps\n      grow: 1", "id: steps\n      grwo: 1", None, "page.children.1.grwo"),
    (
        TREE,
        "copy: headline, style",
        "copy: HEADLINE, style",
        None,
        "page.children.0.children.4.children.0.copy",
    ),
    (TREE, "width: 15u", "width: 15 parsecs", None, "page.children.2.children.0.width"),
    (TREE, "gap: 1.4u", "gap: 10%", "poster-length-percent", "page.children.1.gap"),
    (TREE, "fill: brand-deep", "fill: puce", "poster-token-missing", "page.children.3.fill"),
    (TREE, "style: strong, ink: accent", "style: huge, ink: accent", "poster-token-missing", None),
    (TREE, "page:\n  kind: box", "page:\n  kind: text", None, None),
    (TREE, 'link: "{{ portal }}"', 'link: "{{ potral }}"', "placeholder-unknown", "page.children.2.children.0.link"),
    (TREE, 'link: "{{ portal }}"', "link: &a x", None, None),
    (COPY, "\nlead: ", "\nlaed: ", "poster-copy-missing", "lead"),
    (COPY, "display: chỉ 3 bước", "display: 3", "poster-copy-not-text", "display"),
    (COPY, "display: chỉ 3 bước", "display: |\n  {{ ''.__class__ }}", "template-unsafe", "display"),
    (COPY, "{{ hotline }}", "{{ hotlien }}", "placeholder-unknown", "help"),
    (COPY, "display: chỉ 3 bước", 'display: "  "', "template-empty", "display"),
    (THEME, '"#A9101B"', '"#A9101"', None, "colours.brand.rgb"),
    (THEME, "cmyk: [20, 100, 96, 14]", "cmyk: [20, 100, 960, 14]", None, "colours.brand.cmyk.2"),
    (THEME, "font: be-vietnam-pro", "font: comic-sans", "file-missing", None),
    (FORMATS, "width: 297", "width: wide", None, "a3.width"),
]


@pytest.mark.parametrize(("file", "old", "new", "code", "field"), SLIPS, ids=[s[2][:30] for s in SLIPS])
def test_a_slip_of_the_pen_is_named(
    copied: Workspace,
    vi_values: Mapping[str, object],
    file: str,
    old: str,
    new: str,
    code: str | None,
    field: str | None,
) -> None:
    edit(copied, file, old, new)
    with pytest.raises(ContentError) as caught:
        make(take(copied, "ba-buoc", "a3", "vi", vi_values))
    found = caught.value.mistakes[0]
    assert code is None or found.code == code
    assert str(found.words)
    if code != "file-missing":
        assert found.where.file == file
        assert found.where.line is not None
    if field is not None:
        assert found.where.field == field


def test_both_sides_of_a_misspelt_key_are_told(copied: Workspace, vi_values: Mapping[str, object]) -> None:
    edit(copied, COPY, "\nlead: ", "\nlaed: ")
    with pytest.raises(ContentError) as caught:
        take(copied, "ba-buoc", "a3", "vi", vi_values)
    missing, close = caught.value.mistakes
    assert (missing.code, missing.fields["key"]) == ("poster-copy-missing", "lead")
    assert close.where.field == "laed"
    assert close.fields["close"] == "lead"


@pytest.mark.parametrize(
    ("template", "form", "language", "theme", "code"),
    [
        ("bon-buoc", "a3", "vi", None, "template-missing"),
        ("../sms", "a3", "vi", None, "template-missing"),
        ("ba-buoc", "a9", "vi", None, "poster-format-missing"),
        ("ba-buoc", "a3", "tyz", None, "template-missing"),
        ("ba-buoc", "a3", "vi", "tim", "poster-theme-missing"),
    ],
)
def test_what_is_not_there_is_named_beside_what_is(
    shipped: Workspace,
    vi_values: Mapping[str, object],
    template: str,
    form: str,
    language: str,
    theme: str | None,
    code: str,
) -> None:
    with pytest.raises(ContentError) as caught:
        take(shipped, template, form, language, vi_values, theme)
    assert caught.value.code == code
    assert caught.value.fields["known"]


def test_a_format_that_the_template_is_not_made_for(copied: Workspace, vi_values: Mapping[str, object]) -> None:
    edit(copied, TREE, "formats: [a3, a4]", "formats: [a3]")
    with pytest.raises(ContentError) as caught:
        take(copied, "ba-buoc", "a4", "vi", vi_values)
    assert caught.value.code == "poster-format-not-made"


def test_a_tree_without_end_is_refused(copied: Workspace, vi_values: Mapping[str, object]) -> None:
    nested = "{kind: box, children: [" * 40 + "]}" * 40
    path = copied.root / TREE
    path.write_text(f"title: {{vi: a, en: b}}\nformats: [a3]\ntheme: do-quoc-khanh\npage: {nested}\n")
    with pytest.raises(ContentError) as caught:
        take(copied, "ba-buoc", "a3", "vi", vi_values)
    assert caught.value.code == "poster-tree-too-big"


@pytest.mark.parametrize("name", ["BeVietnamPro-Bold.ttf", "BeVietnamPro-Regular.ttf"])
def test_a_broken_font_is_said_before_anything_is_drawn(
    copied: Workspace, vi_values: Mapping[str, object], name: str
) -> None:
    (copied.assets / "fonts" / "be-vietnam-pro" / name).write_bytes(b"not a font" * 50)
    with pytest.raises(ContentError) as caught:
        make(take(copied, "ba-buoc", "a3", "vi", vi_values))
    assert caught.value.code == "font-broken"


PICTURE = "        - {kind: picture, file: logos/so.png, alt: qr_alt, width: 10u}\n"


@pytest.mark.parametrize(
    ("data", "code"), [(None, "poster-picture-missing"), (b"GIF89a" + b"\0" * 60, "poster-picture-broken")]
)
def test_a_picture_that_cannot_be_used(
    copied: Workspace, vi_values: Mapping[str, object], data: bytes | None, code: str
) -> None:
    edit(copied, TREE, "        - {kind: qr,", PICTURE + "        - {kind: qr,")
    if data is not None:
        (copied.assets / "logos").mkdir()
        (copied.assets / "logos" / "so.png").write_bytes(data)
    with pytest.raises(ContentError) as caught:
        make(take(copied, "ba-buoc", "a3", "vi", vi_values))
    assert caught.value.code == code
