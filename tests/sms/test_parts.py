"""Counting parts, against the standard's own tables and an independent library."""

from __future__ import annotations

import unicodedata

import pytest
import smsutil
from hypothesis import given, settings
from hypothesis import strategies as st

from loa.sms.parts import Alphabet, split
from loa.text.normal import nfc

# what forces the long way, what costs two, what is plain: the places where counters go wrong
LETTERS = "aZ09 @£é\n" + "^{}[]~|€\\" + "đĐơàạÀç" + "😀🇻" + "`\t\u00a0“"


@pytest.mark.parametrize(
    ("text", "parts", "alphabet"),
    [
        ("", 1, Alphabet.GSM7),
        ("a" * 160, 1, Alphabet.GSM7),
        ("a" * 161, 2, Alphabet.GSM7),
        ("a" * 306, 2, Alphabet.GSM7),
        ("a" * 307, 3, Alphabet.GSM7),
        ("€" * 80, 1, Alphabet.GSM7),
        ("€" * 81, 2, Alphabet.GSM7),
        ("a" * 152 + "€" + "a" * 10, 2, Alphabet.GSM7),  # the pair moves whole into the second part
        ("ạ" * 70, 1, Alphabet.UCS2),
        ("ạ" * 71, 2, Alphabet.UCS2),
        ("ạ" * 134, 2, Alphabet.UCS2),
        ("ạ" * 135, 3, Alphabet.UCS2),
        ("😀" * 35, 1, Alphabet.UCS2),
        ("😀" * 36, 2, Alphabet.UCS2),
        ("😀" * 67, 3, Alphabet.UCS2),  # 33 whole pairs a part, not 33.5
    ],
)
def test_the_standards_edges(text: str, parts: int, alphabet: Alphabet) -> None:
    found = split(text)
    assert (found.count, found.alphabet) == (parts, alphabet)


def test_one_accent_makes_a_message_of_160_letters_three_parts_and_nfd_would_make_it_more() -> None:
    text = "ị" + "a" * 159
    assert split(text).count == 3
    loose = unicodedata.normalize("NFD", "ị" * 150)
    assert len(loose) == 300
    assert split(loose).units == 150  # composed before it is counted


def test_what_forces_ucs2_is_named_once_in_order() -> None:
    assert split("đường đi").forcing == ("đ", "ư", "ờ")


@settings(max_examples=1500)
@given(st.text(alphabet=LETTERS, min_size=1, max_size=330))
def test_agrees_with_an_independent_counter(text: str) -> None:
    found = split(text)
    other = smsutil.split(nfc(text))
    assert found.count == max(1, len(other.parts))
    assert (found.alphabet is Alphabet.UCS2) == (other.encoding == "utf_16_be")


@given(st.text(max_size=400))
def test_nothing_is_lost_and_no_part_is_too_long(text: str) -> None:
    found = split(text)
    assert "".join(found.pieces) == nfc(text)
    assert found.left >= 0
