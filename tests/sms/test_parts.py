"""Counting parts, against the standard's own tables and a library that others wrote."""

from __future__ import annotations

import unicodedata

import pytest
import smsutil
import smsutil.codecs
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from loa.sms.alphabet import BASIC, ESCAPE, EXTENSION, in_gsm7
from loa.sms.parts import JOINED, SINGLE, Alphabet, sendable, split
from loa.text.normal import nfc

# what forces the long way, what costs two, what is plain: the places where counters go wrong
LETTERS = "aZ09 @£é\n" + "^{}[]~|€\\\f" + "đĐơàạÀç" + "😀🇻" + "`\t\u00a0“" + "\u0306\u0301o\0"


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
        ("\f" * 81, 2, Alphabet.GSM7),  # a page break is in the extension table
        ("a" * 152 + "€" + "a" * 10, 2, Alphabet.GSM7),  # the pair moves whole into the second part
        ("ạ" * 70, 1, Alphabet.UCS2),
        ("ạ" * 71, 2, Alphabet.UCS2),
        ("ạ" * 134, 2, Alphabet.UCS2),
        ("ạ" * 135, 3, Alphabet.UCS2),
        ("😀" * 35, 1, Alphabet.UCS2),
        ("😀" * 36, 2, Alphabet.UCS2),
        ("😀" * 67, 3, Alphabet.UCS2),  # 33 whole pairs a part, not 33.5
        ("a\0", 1, Alphabet.UCS2),
        (ESCAPE, 1, Alphabet.UCS2),  # the escape is no character that a text may have
    ],
)
def test_the_standards_edges(text: str, parts: int, alphabet: Alphabet) -> None:
    found = split(text)
    assert (found.count, found.alphabet) == (parts, alphabet)


def test_the_alphabet_is_the_one_that_others_have() -> None:
    assert smsutil.codecs.GSM_BASIC_CHARSET == BASIC
    assert {char: smsutil.codecs.encoding_map[ord(char)][1] for char in EXTENSION} == EXTENSION
    letters = {
        char for char in map(chr, range(0x1F00)) if unicodedata.name(char, "").startswith("LATIN") and char > "z"
    }
    assert {char for char in letters if in_gsm7(char)} == set("èéùìòÇØøÅåÆæßÉÄÖÑÜäöñüà")


def test_of_vietnams_accented_letters_seven_are_in_the_alphabet() -> None:
    marks = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
    composed = {nfc(base + mark) for base in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY" for mark in marks} | {"đ", "Đ"}
    accented = {char for char in composed if not char.isascii()}
    assert (len(accented), {char for char in accented if in_gsm7(char)}) == (134, set("Éàèéìòù"))


def test_one_accent_makes_a_message_of_160_letters_three_parts_and_nfd_would_make_it_more() -> None:
    text = "ị" + "a" * 159
    assert split(text).count == 3
    loose = unicodedata.normalize("NFD", "ị" * 150)
    assert len(loose) == 300
    assert split(loose).units == 150  # composed before it is counted


def test_a_mark_that_no_letter_composes_with_costs_a_unit_of_its_own() -> None:
    found = split("ơ\u0306")  # a letter of Bahnar, which Unicode has only in two pieces
    assert (found.text, found.units, found.forcing) == ("ơ\u0306", 2, ("ơ", "\u0306"))


def test_what_forces_ucs2_is_named_once_in_order() -> None:
    assert split("đường đi").forcing == ("đ", "ư", "ờ")


def test_halves_of_a_surrogate_pair_are_one_character_and_a_lone_half_cannot_be_sent() -> None:
    written = "\ud83d\ude00"  # as a JSON writer escapes an emoji
    assert split(written * 36) == split("😀" * 36)
    assert sendable(written)
    lone = split("a\ud83d")
    assert (lone.count, lone.units, lone.alphabet) == (1, 2, Alphabet.UCS2)
    assert not sendable("a\ud83d")


@settings(max_examples=2000)
@given(st.text(alphabet=LETTERS, min_size=1, max_size=330))
def test_agrees_with_an_independent_counter(text: str) -> None:
    found = split(text)
    other = smsutil.split(nfc(text))
    assert (found.alphabet is Alphabet.UCS2) == (other.encoding == "utf_16_be")
    assert list(found.pieces) == [part.content for part in other.parts]
    assert found.units * (2 if found.alphabet is Alphabet.UCS2 else 1) == other.total_bytes


@given(st.text(max_size=400))
def test_nothing_is_lost_and_no_part_is_too_long(text: str) -> None:
    found = split(text)
    assert "".join(found.pieces) == nfc(text)
    most = SINGLE[found.alphabet] if found.count == 1 else JOINED[found.alphabet]
    octets = [piece.encode("utf-16-be") for piece in found.pieces]
    if found.alphabet is Alphabet.UCS2:
        assert [len(piece) // 2 for piece in octets if len(piece) // 2 > most] == []
        # no piece begins with the second half of a pair: each decodes by itself
        assert [piece.decode("utf-16-be") for piece in octets] == list(found.pieces)
        assert found.left == most - len(octets[-1]) // 2
    else:
        septets = [sum(1 + (char in EXTENSION) for char in piece) for piece in found.pieces]
        assert max(septets) <= most
        assert found.left == most - septets[-1]


@given(st.text(alphabet=LETTERS, max_size=200))
def test_left_is_what_fits_without_another_part(text: str) -> None:
    found = split(text)
    assume(found.count == 1)
    plain = "a" if found.alphabet is Alphabet.GSM7 else "ạ"
    assert split(text + plain * found.left).count == 1
    assert split(text + plain * (found.left + 1)).count == 2
