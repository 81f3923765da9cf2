"""The print PDF: what a printing house checks first."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pikepdf
import pypdfium2
import pytest

from loa.poster import pdf
from loa.poster.order import Order
from loa.poster.render import Pieces
from loa.poster.scene import Scene, Text
from loa.poster.typeset import Typesetter

POINT = 72 / 25.4


def text_of(data: bytes) -> str:
    return str(pypdfium2.PdfDocument(data)[0].get_textpage().get_text_range())


def test_the_text_is_copied_out_as_it_was_written(scene: Scene, pieces: Pieces) -> None:
    said = text_of(pieces.print_pdf)
    for text in scene.texts():
        for line in text.lines:
            assert line.text in said, line.text


def test_the_boxes_are_those_of_the_sheet(pieces: Pieces) -> None:
    document = pikepdf.open(io.BytesIO(pieces.print_pdf))
    page = document.pages[0]
    trim, bleed, media = ([float(side) for side in page[name]] for name in ("/TrimBox", "/BleedBox", "/MediaBox"))
    assert trim[2] - trim[0] == pytest.approx(297 * POINT, abs=0.01)
    assert trim[3] - trim[1] == pytest.approx(420 * POINT, abs=0.01)
    assert [b - t for b, t in zip(bleed, trim, strict=True)] == pytest.approx(
        [-3 * POINT] * 2 + [3 * POINT] * 2, abs=0.01
    )
    assert media[0] < bleed[0]
    assert media[2] > bleed[2]


def test_every_font_is_embedded_and_there_is_no_other(pieces: Pieces) -> None:
    document = pikepdf.open(io.BytesIO(pieces.print_pdf))
    fonts = document.pages[0]["/Resources"]["/Font"]
    names = set()
    for font in fonts.values():
        names.add(str(font["/BaseFont"]).partition("+")[2])
        assert "/FontFile2" in font["/FontDescriptor"]
        assert "/ToUnicode" in font
    assert names == {"BeVietnamPro-Bold", "BeVietnamPro-Regular"}


def test_print_has_cmyk_only_and_the_screen_rgb_only(scene: Scene, ordered: Order) -> None:
    cases: list[tuple[pdf.Purpose, bytes, bytes]] = [("print", b" k", b" rg"), ("screen", b" rg", b" k")]
    for purpose, wanted, other in cases:
        drawn = _content(pdf.write(scene, ordered.font, purpose))
        assert re.search(rb"\d%b\b" % wanted, drawn)
        assert not re.search(rb"\d%b\b" % other, drawn)


def test_the_qr_code_is_black_alone(pieces: Pieces) -> None:
    """The largest path of the page is the code; the last fill before it must be the black plate alone."""
    drawn = _content(pieces.print_pdf)
    start = max(re.finditer(rb"n (?:[\d. -]+ re\s+){100,}f", drawn), key=lambda match: len(match[0]), default=None)
    assert start is not None
    fills = re.findall(rb"([\d.]+ [\d.]+ [\d.]+ [\d.]+) k", drawn[: start.start()])
    assert fills[-1] == b"0 0 0 1"


def test_crop_marks_stand_clear_of_the_bleed(pieces: Pieces) -> None:
    image = pypdfium2.PdfDocument(pieces.print_pdf)[0].render(scale=1, rev_byteorder=True).to_pil().convert("L")
    trim_left = (3 + 6 + 2) * POINT
    column = [image.getpixel((round(trim_left), y)) for y in range(round(8 * POINT))]
    assert min(column) < 160, "the mark of the left edge"
    assert image.getpixel((2, image.height // 2)) == 255


def test_title_and_language_are_those_of_the_piece(pieces: Pieces) -> None:
    document = pikepdf.open(io.BytesIO(pieces.print_pdf))
    assert str(document.Root["/Lang"]) == "vi"
    assert str(document.docinfo["/Title"]) == "Ba bước nộp hồ sơ trực tuyến"


@pytest.mark.parametrize("words", ["Đặng Đình Đức", "j\u0306 thử", "ƀ", "50.000\u00a0đồng", "« Ễ » … “ỷ”"])
def test_rare_words_come_back_as_they_were(scene: Scene, ordered: Order, words: str) -> None:
    """Also those whose glyph no single character stands for (j̆ is drawn with a dotless j)."""
    setter = Typesetter(ordered.font, "vi")
    first = next(scene.texts())
    shaped = setter.shape(words, "bold")
    line = replace(first.lines[0], text=words, runs=shaped.runs)
    only: Text = replace(first, lines=(line,))
    said = text_of(pdf.write(replace(scene, elements=(only,)), ordered.font, "print"))
    # a mark that is raised over its letter begins a new piece of text, which viewers may part by white space
    copied, written = "".join(said.split()), "".join(words.split())
    if shaped.missing:
        assert written not in copied  # what cannot be drawn must not look as if it had been
    else:
        assert copied == written


def _content(data: bytes) -> bytes:
    document = pikepdf.open(io.BytesIO(data))
    page = document.pages[0]
    page.contents_coalesce()
    return bytes(page.Contents.read_bytes())
