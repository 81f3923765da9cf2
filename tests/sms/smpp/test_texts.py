"""Words and octets. The octets are held against the standards' tables and against independent libraries."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st

from loa.model.clock import VIETNAM
from loa.sms.alphabet import BASIC, ESCAPE, EXTENSION, decode_gsm7, encode_gsm7
from loa.sms.parts import split
from loa.sms.smpp import pdu, texts
from loa.text.normal import nfc

GSM7 = BASIC.replace(ESCAPE, "") + "".join(EXTENSION)
TARGET = pdu.head(b"", pdu.Address(5, 0, "DVC-MAU"), 1, 1) + b"84912000123\0"
NOW = datetime(2027, 9, 10, 8, 0, tzinfo=VIETNAM)


def sent(body: str, long: str = "udh") -> list[pdu.ShortMessage]:
    """The messages that a body goes as, as the other side reads them."""
    joint = texts.reference("af", long)
    made = texts.parts(body, long, b"000000020000000R")
    return [
        pdu.read_message(TARGET + before + (joint if len(made) > 1 else b"") + after) for before, after in made
    ]  # fmt: skip


# --- GSM-7


@pytest.mark.parametrize(
    ("text", "octets"),
    [("@", b"\0"), ("$", b"\2"), ("_", b"\x11"), ("é", b"\5"), ("à", b"\x7f"), ("€", b"\x1be"), ("[]", b"\x1b<\x1b>")],
)
def test_gsm7_octets(text: str, octets: bytes) -> None:
    assert encode_gsm7(text) == octets
    assert decode_gsm7(octets) == text


@given(st.text(GSM7))
def test_gsm7_reads_as_it_was_written(text: str) -> None:
    assert decode_gsm7(encode_gsm7(text)) == text


@given(st.binary())
def test_reading_gsm7_never_fails(octets: bytes) -> None:
    assert len(decode_gsm7(octets)) <= len(octets)


@pytest.mark.parametrize("text", ["đ", "ç", "`", ESCAPE, "a\u00a0b"])
def test_what_is_outside_is_an_error_that_does_not_repeat_it(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        encode_gsm7("bi mat" + text)
    assert text not in str(caught.value)
    assert "mat" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_an_escape_before_what_has_no_extension_shows_the_plain_letter() -> None:
    assert decode_gsm7(b"\x1ba") == "a"
    assert decode_gsm7(b"a\xffb\x1b") == "a\ufffdb"


# --- parts


@given(st.text(alphabet="aZ0 @£é^{]€đĐơ😀", min_size=1, max_size=500), st.sampled_from(["udh", "sar", "payload"]))
def test_what_goes_out_says_what_was_written_and_costs_what_was_counted(body: str, long: str) -> None:
    found = sent(body, long)
    read = [texts.read(one) for one in found]
    assert "".join(part.words for part in read) == nfc(body)
    if long == "payload":
        assert len(found) == 1
        return
    assert len(found) == split(body).count
    assert [(part.number, part.total) for part in read] == [(i, len(found)) for i in range(1, len(found) + 1)]
    assert all(len(one.octets) <= 254 for one in found)


@given(st.text(alphabet="aZ0 @£é^{]€đĐơ😀", min_size=1, max_size=500))
def test_the_parts_octets_are_those_of_an_independent_library(body: str) -> None:
    """Without the header, which smsutil does not make."""
    other = smsutil.split(nfc(body))
    theirs = [part.content.encode(other.encoding) for part in other.parts]
    mine = [one.octets[6:] if one.esm_class & pdu.UDH else one.octets for one in sent(body)]
    assert mine == theirs


def test_ucs2_is_big_endian_without_a_mark() -> None:
    (one,) = sent("Đã nộp")
    assert (one.data_coding, one.octets) == (8, "Đã nộp".encode("utf-16-be"))
    assert one.octets[:2] != b"\xfe\xff"


def test_a_header_by_the_octet() -> None:
    """TS 23.040, 9.2.3.24.1: length, element 0 of three octets, reference, total, number."""
    first, second = sent("a" * 161)
    assert first.octets[:6] == b"\5\0\3" + texts.reference("af", "udh") + b"\2\1"
    assert second.octets == b"\5\0\3" + texts.reference("af", "udh") + b"\2\2" + b"a" * 8
    assert (first.esm_class, first.registered, second.registered) == (pdu.UDH, 0, 1)


def test_optional_parameters_that_join_parts() -> None:
    first, second = sent("a" * 161, "sar")
    assert (first.esm_class, first.octets) == (0, b"a" * 153)
    assert second.tlvs == {
        pdu.SAR_TOTAL: b"\2", pdu.SAR_NUMBER: b"\2", pdu.SAR_REFERENCE: texts.reference("af", "sar"),
    }  # fmt: skip


# --- until when


@pytest.mark.parametrize(
    ("ahead", "relative", "absolute"),
    [
        (timedelta(minutes=1), b"000000000100000R", b"270910080100028+"),
        (timedelta(hours=14, seconds=59), b"000000140059000R", b"270910220059028+"),
        (timedelta(days=3, hours=1), b"000003010000000R", b"270913090000028+"),
        (timedelta(days=400), b"000028000000000R", b"271008080000028+"),  # longer than an SMSC would keep it
    ],
)
def test_validity(ahead: timedelta, relative: bytes, absolute: bytes) -> None:
    assert texts.relative(NOW + ahead, NOW) == relative
    assert texts.absolute(NOW + ahead, NOW) == absolute
