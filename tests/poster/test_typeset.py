"""Type: every Vietnamese letter, even lines, no orphan, sizes that fit, marks that are never cut."""

from __future__ import annotations

import itertools
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loa.poster.tokens import Weight
from loa.poster.typeset import Block, Setting, Typesetter, balance

VOWELS = "aăâeêioôơuưy"
MARKS = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")  # none, huyền, sắc, ngã, hỏi, nặng
LETTERS = [unicodedata.normalize("NFC", vowel + mark) for vowel in VOWELS for mark in MARKS] + ["đ"]

BODY = Setting("regular", wanted=24, least=20, leading=1.3, lines=3)


@pytest.mark.parametrize("weight", ["regular", "bold"])
def test_every_vietnamese_letter_is_one_glyph_of_the_font(typesetter: Typesetter, weight: Weight) -> None:
    for letter in [*LETTERS, *(letter.upper() for letter in LETTERS)]:
        shaped = typesetter.shape(letter, weight)
        assert not shaped.missing
        assert len(shaped.runs[0].glyphs) == 1, letter


def test_a_decomposed_letter_is_set_as_the_composed_one(typesetter: Typesetter) -> None:
    loose = unicodedata.normalize("NFD", "trực tuyến")
    assert typesetter.shape(loose, "bold") == typesetter.shape("trực tuyến", "bold")


def test_a_character_that_the_font_lacks_is_named(typesetter: Typesetter) -> None:
    """ƀ of the Bahnar script would be printed as an empty box."""
    assert typesetter.shape("ƀai", "regular").missing == ("ƀ",)


@pytest.mark.parametrize(
    ("words", "width", "lines"),
    [
        ("một hai ba bốn", 100, ["một hai ba bốn"]),
        ("aaaa bbbb cccc dddd", 11, ["aaaa bbbb", "cccc dddd"]),
        # greedy filling would leave "d" alone
        ("aaaa bbbb cccc d", 14, ["aaaa bbbb", "cccc d"]),
        # a comma is where the reader pauses
        ("aaa bb, ccc ddd eee", 14, ["aaa bb,", "ccc ddd eee"]),
        ("", 10, [""]),
        ("abcdefghij kl", 5, ["abcdefghij", "kl"]),
    ],
)
def test_lines_are_even(words: str, width: float, lines: list[str]) -> None:
    pieces = words.split()
    assert balance(pieces, [float(len(piece)) for piece in pieces], 1.0, width) == lines


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9), st.integers(9, 30))
def test_no_way_of_breaking_has_fewer_lines_or_more_even_ones(lengths: list[int], width: int) -> None:
    """Held against every way there is to break a short text."""
    pieces = ["x" * length for length in lengths]
    widths = [float(length) for length in lengths]
    found = balance(pieces, widths, 1.0, float(width))
    assert " ".join(found).split() == pieces
    ways = [
        way
        for cuts in itertools.product((False, True), repeat=len(pieces) - 1)
        if max(map(len, way := _cut(pieces, cuts))) <= width
    ]
    assert len(found) == min(map(len, ways))
    rivals = [way for way in ways if len(way) == len(found)]
    alone = [len(way) > 1 and len(pieces) > 2 and " " not in way[-1] for way in rivals]
    if not all(alone):
        rivals = [way for way, orphan in zip(rivals, alone, strict=True) if not orphan]
        assert len(found) == 1 or " " in found[-1] or len(pieces) <= 2
    assert _unevenness(found) == pytest.approx(min(map(_unevenness, rivals)))


def _cut(pieces: list[str], cuts: tuple[bool, ...]) -> list[str]:
    lines = [pieces[0]]
    for piece, cut in zip(pieces[1:], cuts, strict=True):
        lines = [*lines, piece] if cut else [*lines[:-1], f"{lines[-1]} {piece}"]
    return lines


def _unevenness(lines: list[str]) -> float:
    mean = sum(map(len, lines)) / len(lines)
    return sum((len(line) - mean) ** 2 for line in lines)


@pytest.mark.parametrize(
    ("text", "together"),
    [
        ("Nộp hồ sơ qua dịch vụ công trực tuyến thật nhanh", "dịch vụ công trực tuyến"),
        ("Hãy hỏi Tổ công nghệ số cộng đồng, tại nhà văn hóa", "Tổ công nghệ số cộng đồng,"),
        ("Mức phí là 50.000\u00a0đồng cho mỗi hồ sơ nộp tại đây", "50.000\u00a0đồng"),
        ("Cán bộ hướng dẫn tận nơi – không thu tiền của ai", "nơi\u00a0–"),
    ],
)
def test_what_belongs_together_stays_on_one_line(typesetter: Typesetter, text: str, together: str) -> None:
    for width in range(340, 620, 20):
        block = typesetter.set(text, width, BODY)
        assert any(together in line for line in block.texts) or not block.fit.fits, (width, block.texts)


def test_a_compound_comes_apart_rather_than_force_a_smaller_size(typesetter: Typesetter) -> None:
    narrow = Setting("regular", wanted=24, least=10, leading=1.3, lines=6)
    block = typesetter.set("dịch vụ công trực tuyến", 90, narrow)
    assert block.fit.size == 24
    assert len(block.texts) > 1


def test_the_size_is_the_largest_that_fits(typesetter: Typesetter) -> None:
    one = Setting("bold", wanted=80, least=20, leading=1.2, lines=1)
    block = typesetter.set("Nộp hồ sơ trực tuyến", 300, one)
    assert block.fit.fits
    assert block.width * block.fit.size <= 300
    assert block.width * (block.fit.size + 0.25) > 300


@pytest.mark.parametrize("text", ["Dịch vụ công trực tuyến " * 13, "x" * 300])
def test_a_title_of_300_characters_is_said_not_to_fit(typesetter: Typesetter, text: str) -> None:
    block = typesetter.set(text, 700, Setting("bold", wanted=70, least=48, leading=1.2, lines=2))
    assert not block.fit.fits
    assert block.fit.size == 48
    assert "".join(block.texts).replace(" ", "") == text.replace(" ", "")


def test_stacked_marks_touch_nothing_above_them(typesetter: Typesetter) -> None:
    """Capitals with two marks need 1.48 em in this font; the leading asked for is 1.1."""
    block = typesetter.set("GỢI Ý\nẾCH ỖNG", 10_000, Setting("bold", wanted=40, least=40, leading=1.1, lines=2))
    upper, lower = block.lines
    assert block.leading >= upper.below + lower.above
    assert block.leading > 1.3


@pytest.mark.parametrize("trim", [False, True])
@pytest.mark.parametrize("text", ["ẾỖẰ", "gỵợ", "chỉ 3 bước"])
def test_the_box_of_a_text_holds_its_ink(typesetter: Typesetter, text: str, trim: bool) -> None:
    block: Block = typesetter.set(text, 10_000, Setting("bold", 40, 40, 1.2, 1, trim))
    assert block.ascent >= block.lines[0].above
    assert block.descent >= block.lines[0].below
