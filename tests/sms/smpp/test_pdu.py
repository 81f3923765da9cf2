"""Octets and fields, as the standard has them; and octets that it does not know."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loa.sms.smpp import pdu

octets = st.binary(max_size=300)
frames = st.lists(st.tuples(*[st.integers(0, 0xFFFFFFFF)] * 3, octets), max_size=8)


def test_a_submit_sm_octet_by_octet() -> None:
    """Field by field in the order of table 4-10."""
    sent = pdu.ShortMessage(
        source=pdu.Address(5, 0, "DVC"),
        destination=pdu.Address(1, 1, "84912000123"),
        esm_class=0x40,
        data_coding=8,
        octets=b"\5\0\3\1\2\1ab",
        registered=1,
        validity=b"000000020000000R",
        service=b"CMT",
    )
    body = pdu.message(sent)
    assert body == (
        b"CMT\0" b"\5\0DVC\0" b"\1\1" b"84912000123\0" b"\x40" b"\0" b"\0" b"\0" b"000000020000000R\0"
        b"\1" b"\0" b"\x08" b"\0" b"\x08" b"\5\0\3\1\2\1ab"
    )  # fmt: skip
    assert pdu.read_message(body) == sent


def test_a_bind_octet_by_octet() -> None:
    assert pdu.bind(b"loa", b"khoa", b"VMA", b"^84") == b"loa\0khoa\0VMA\0\x34\0\0^84\0"


@given(st.binary(max_size=400), st.dictionaries(st.integers(1, 0xFFFF), octets, max_size=3))
def test_a_message_reads_as_it_was_written_whatever_its_length(text: bytes, tlvs: dict[int, bytes]) -> None:
    tlvs.pop(pdu.MESSAGE_PAYLOAD, None)
    sent = pdu.ShortMessage(pdu.Address(1, 1, "1"), pdu.Address(1, 1, "2"), octets=text, tlvs=tlvs)
    read = pdu.read_message(pdu.message(sent))
    assert read.octets == text
    assert {tag: value for tag, value in read.tlvs.items() if tag != pdu.MESSAGE_PAYLOAD} == tlvs


@given(frames, st.data())
def test_frames_come_whole_however_the_octets_are_cut(
    sent: list[tuple[int, int, int, bytes]], data: st.DataObject
) -> None:
    stream = b"".join(pdu.frame(*one) for one in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    reader = pdu.Frames()
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += reader.feed(stream[start:end])
    assert found == sent
    assert not reader.broken


@pytest.mark.parametrize("length", [0, 4, 15, pdu.LARGEST + 1, 0xFFFFFFFF])
def test_a_length_that_cannot_be_ends_the_stream(length: int) -> None:
    reader = pdu.Frames()
    good = pdu.frame(pdu.ENQUIRE_LINK, 0, 1)
    assert reader.feed(good + length.to_bytes(4) + bytes(12)) == [(pdu.ENQUIRE_LINK, 0, 1, b"")]
    assert reader.broken
    assert reader.feed(good) == []


@given(octets)
def test_reading_garbage_gives_a_message_or_a_value_error(body: bytes) -> None:
    for read in (pdu.read_message, pdu.read_data_message):
        try:
            read(body)
        except ValueError:
            continue


def test_our_sequence_numbers_go_round_below_the_highest_bit() -> None:
    assert [pdu.following(one) for one in (0, 1, 0x7FFFFFFE, 0x7FFFFFFF)] == [1, 2, 0x7FFFFFFF, 1]


def test_a_service_type_longer_than_the_standard_allows_is_read() -> None:
    body = b"GATEWAY\0" + pdu.message(pdu.ShortMessage(pdu.Address(1, 1, "1"), pdu.Address(1, 1, "2"), octets=b"x"))[1:]
    assert (pdu.read_message(body).service, pdu.read_message(body).octets) == (b"GATEWAY", b"x")


def test_optional_parameters_that_are_cut_off_harm_nobody() -> None:
    whole = pdu.tlv(pdu.MESSAGE_STATE, b"\2")
    assert pdu.read_tlvs(whole + pdu.tlv(pdu.MESSAGE_PAYLOAD, b"abc")[:-1], 0) == {pdu.MESSAGE_STATE: b"\2"}


def test_an_address_shows_no_number() -> None:
    shown = repr(pdu.ShortMessage(pdu.Address(1, 1, "84912000123"), pdu.Address(5, 0, "DVC"), octets=b"bi mat"))
    assert "84912" not in shown
    assert "bi mat" not in shown
