"""What makes a message dear: the characters, what may stand in their place, and what that saves."""

from __future__ import annotations

import sys
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loa.sms.alphabet import in_gsm7
from loa.sms.forcing import TABLE, plain_form, saving
from loa.sms.parts import Alphabet, split
from loa.text.normal import unaccent

LETTERS = "ab đơạÀé" + "“–…½№😀ơ\u0306" + "€{"


def test_each_character_has_its_name_its_places_and_its_plain_form() -> None:
    found = saving(split("Gửi “TC” – xong 😀")).forcing
    assert [(item.char, item.positions, item.plain, item.letter) for item in found] == [
        ("ử", (2,), "u", True),
        ("“", (5,), '"', False),
        ("”", (8,), '"', False),
        ("–", (10,), "-", False),
        ("😀", (17,), "", False),
    ]
    assert (found[1].name, found[1].unicode) == ("ngoặc kép cong mở", "LEFT DOUBLE QUOTATION MARK")
    assert found[0].name == "LATIN SMALL LETTER U WITH HORN AND HOOK ABOVE"


def test_positions_are_counted_in_the_composed_text() -> None:
    (found,) = saving(split("e\u0323 e\u0323 x")).forcing
    assert (found.char, found.positions) == ("ẹ", (1, 3))


def test_one_dash_alone_may_double_what_a_message_costs() -> None:
    found = saving(split("a" * 100 + "–"))
    assert found.alone is not None
    assert found.alone.name == "gạch ngang vừa"
    assert (found.now, found.then, found.saved, found.text[-1]) == (2, 1, 1, "-")


def test_with_two_of_them_none_is_to_blame_alone() -> None:
    assert saving(split("“x”")).alone is None
    assert saving(split("x")).alone is None


def test_a_text_with_accents_never_loses_only_some_of_them() -> None:
    """à is in GSM-7 and ờ is not: replacing only what forces UCS-2 would leave half of the accents."""
    assert saving(split("Mời bà con")).text == "Moi ba con"
    assert saving(split("Gia tăng “bà”")).text == 'Gia tang "ba"'
    assert saving(split("cà phê – “ngon”")).text == 'ca phe - "ngon"'


def test_where_the_plain_forms_are_longer_than_they_are_worth_nothing_is_saved() -> None:
    found = saving(split("…" * 67))
    assert (found.now, found.then, found.saved) == (1, 2, 0)


@pytest.mark.parametrize(
    ("char", "plain"),
    [
        ("đ", "d"), ("Ð", "D"), ("\u0306", ""), ("\u00a0", " "), ("½", "1/2"), ("№", "No"), ("ﬁ", "fi"), ("①", "1"),
        ("＠", "@"), ("…", "..."), ("≠", "<>"), ("😀", ""), ("ك", ""), ("\0", ""), ("\ud800", ""), ("ƀ", "b"),
    ],
)  # fmt: skip
def test_the_plain_form_of_a_character(char: str, plain: str) -> None:
    assert plain_form(char) == plain


def test_no_character_has_a_plain_form_that_forces_ucs2_itself() -> None:
    assert [hex(i) for i in range(sys.maxunicode + 1) if not all(map(in_gsm7, plain_form(chr(i))))] == []


def test_the_table_has_only_what_it_is_needed_for() -> None:
    forms = tomllib.loads(TABLE.read_text(encoding="utf-8"))["forms"]
    assert [char for char in forms if len(char) != 1 or in_gsm7(char)] == []
    assert [char for char, row in forms.items() if not row["vi"] or not all(map(in_gsm7, row["plain"]))] == []


@given(st.text(alphabet=LETTERS, max_size=250))
def test_without_what_forces_it_a_text_is_gsm7_and_says_no_more_than_before(text: str) -> None:
    parts = split(text)
    found = saving(parts)
    assert split(found.text).alphabet is Alphabet.GSM7
    assert found.then == split(found.text).count
    assert {item.char for item in found.forcing} == set(parts.forcing)
    assert sorted(place for item in found.forcing for place in item.positions) == [
        place for place, char in enumerate(parts.text, 1) if not in_gsm7(char)
    ]
    # nothing but marks and what forces UCS-2 was touched
    assert [char for char in found.text if char in "ab{"] == [char for char in unaccent(parts.text) if char in "ab{"]
