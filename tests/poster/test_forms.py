"""The deck and the picture; and that the same order makes the same bytes, in any process."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import zipfile
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops
from pptx import Presentation

from loa.poster import qr, raster, render
from loa.poster.order import Order
from loa.poster.render import Pieces
from tests.poster.conftest import ROOT

AGAIN = """
import hashlib, sys
from pathlib import Path
from loa.poster import render
from loa.poster.order import take
from loa.workspace import Workspace
workspace = Workspace.at(Path(sys.argv[1]))
values = render.sample_values(workspace, "vi")
# another piece before it: what was drawn earlier in the process must not show
render.render("ba-buoc", "a4", "en", values, workspace)
made = render.make(take(workspace, "ba-buoc", "a3", "vi", values, notes={"Kế hoạch": "81/KH-UBND"}))
for data in (made.print_pdf, made.design_pptx, made.screen_png, made.record):
    print(hashlib.sha256(data).hexdigest())
"""


def test_another_process_makes_the_same_bytes(pieces: Pieces) -> None:
    found = subprocess.run(
        [sys.executable, "-c", AGAIN, str(ROOT)],
        capture_output=True, text=True, check=True, cwd=ROOT, env={"PYTHONHASHSEED": "7", "PATH": "/usr/bin"},
    )  # fmt: skip
    made = (pieces.print_pdf, pieces.design_pptx, pieces.screen_png, pieces.record)
    assert found.stdout.split() == [hashlib.sha256(data).hexdigest() for data in made]


def test_the_recipe_knows_every_input(ordered: Order) -> None:
    others = [
        replace(ordered, issuer="UBND tỉnh Thái Nguyên"),
        replace(ordered, notes={}),
        replace(ordered, compounds=()),
        replace(ordered, copy=replace(ordered.copy, words={**ordered.copy.words, "lead": "Khác."})),
        replace(ordered, form=ordered.form.model_copy(update={"bleed": 5.0})),
    ]
    assert len({item.recipe for item in (ordered, *others)}) == 1 + len(others)


# the deck


def shapes(pieces: Pieces) -> dict[str, Any]:
    return {shape.name: shape for shape in Presentation(io.BytesIO(pieces.design_pptx)).slides[0].shapes}


def test_the_deck_has_native_text_with_the_line_breaks_of_print(pieces: Pieces) -> None:
    body = shapes(pieces)["step-3-body"]
    assert body.text_frame.text.split("\x0b") == [
        "Điền thông tin, đính kèm giấy tờ,",
        "rồi theo dõi kết quả ngay trên Cổng.",
    ]


def test_text_takes_its_font_and_colour_from_the_theme(pieces: Pieces) -> None:
    archive = zipfile.ZipFile(io.BytesIO(pieces.design_pptx))
    theme = archive.read("ppt/theme/theme1.xml").decode()
    slide = archive.read("ppt/slides/slide1.xml").decode()
    assert theme.count('<a:latin typeface="Be Vietnam Pro"') == 2
    assert "A9101B" in theme
    assert 'typeface="+mn-lt"' in slide
    assert 'schemeClr val="accent1"' in slide
    assert 'lang="vi-VN"' in slide
    assert "SemiBold" not in slide
    assert "<p:style>" not in slide


def test_the_qr_picture_has_words_for_those_who_do_not_see_it(pieces: Pieces) -> None:
    picture = shapes(pieces)["qr"]
    assert "dichvucong.gov.vn" in picture._element.nvPicPr.cNvPr.get("descr")
    image = Image.open(io.BytesIO(picture.image.blob))
    assert qr.read(image.convert("RGB")) == ("https://dichvucong.gov.vn",)


def test_the_slide_is_the_trimmed_sheet_and_its_notes_tell_where_it_comes_from(pieces: Pieces) -> None:
    deck: Any = Presentation(io.BytesIO(pieces.design_pptx))
    assert (round(deck.slide_width / 36_000), round(deck.slide_height / 36_000)) == (297, 420)
    assert "81/KH-UBND" in deck.slides[0].notes_slide.notes_text_frame.text
    assert all(item.date_time[0] == 1980 for item in zipfile.ZipFile(io.BytesIO(pieces.design_pptx)).infolist())


# the picture


def test_the_picture_is_the_trimmed_sheet_in_the_colours_of_the_theme(pieces: Pieces) -> None:
    image = Image.open(io.BytesIO(pieces.screen_png))
    assert image.size == (1754, 2480)  # A3 at 150 dpi
    assert image.info["dpi"] == pytest.approx((150, 150), abs=0.1)
    assert image.getpixel((20, 20)) == (0xA9, 0x10, 0x1B)


def test_the_resolution_is_a_parameter(ordered: Order) -> None:
    image = Image.open(io.BytesIO(render.make(ordered, dpi=50).screen_png))
    assert image.size == (585, 827)


@given(st.integers(1, 40), st.integers(1, 40), st.randoms(use_true_random=False))
def test_the_encoder_loses_nothing(width: int, height: int, random: Random) -> None:
    image = Image.frombytes("RGB", (width, height), random.randbytes(width * height * 3))
    with Image.open(io.BytesIO(raster.png(image, 96))) as back:
        back.load()
        assert back.size == image.size
        assert ImageChops.difference(back.convert("RGB"), image).getbbox() is None
