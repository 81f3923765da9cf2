"""Every dialect of receipts that was seen, and whether an id in one form is known in the other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loa.model.clock import Clock
from loa.model.states import RowState
from loa.sms.smpp import pdu, reports
from loa.sms.smpp.reports import BY_TEXT, DECIMAL, HEX, MARKED, Ids, Report
from tests.sms.smpp.kit import News, gateway, in_loop, line, messages, simulator, until

PERSON, OFFICE = pdu.Address(1, 1, "84912000123"), pdu.Address(3, 0, "8088")
DELIVERED, UNDELIVERED, EXPIRED = RowState.DELIVERED, RowState.UNDELIVERED, RowState.EXPIRED
DATES = b"submit date:2709100800 done date:2709100801"
LONG_ID = "0f" * 32


def pushed(octets: bytes, esm_class: int = pdu.RECEIPT, **tlvs: bytes) -> pdu.ShortMessage:
    tags = {getattr(pdu, name.upper()): value for name, value in tlvs.items()}
    return pdu.ShortMessage(PERSON, OFFICE, esm_class, octets=octets, tlvs=tags)


@pytest.mark.parametrize(
    ("sent", "report"),
    [
        # appendix B
        (pushed(b"id:0123456789 sub:001 dlvrd:001 " + DATES + b" stat:DELIVRD err:000 text:Xin chao"),
         Report("0123456789", DELIVERED, "DELIVRD")),
        # without sub, dlvrd and text (Jasmin)
        (pushed(b"id:7d2c-4a " + DATES + b" stat:UNDELIV err:012"), Report("7d2c-4a", UNDELIVERED, "UNDELIV 012")),
        # raw UCS-2 octets after text: (SMPPSim), which may hold anything
        (pushed(b"id:5 sub:001 dlvrd:000 " + DATES + b" stat:EXPIRED text:" + " stat:DELIVRD".encode("utf-16-be")),
         Report("5", EXPIRED, "EXPIRED")),
        # a zero after text: and an id of 64 digits (Melrose)
        (pushed(f"id:{LONG_ID} sub:001 dlvrd:001 ".encode() + DATES + b" stat:DELIVRD err:000 text:\0"),
         Report(LONG_ID, DELIVERED, "DELIVRD")),
        # other cases and spaces
        (pushed(b"ID: abc Sub:1 Dlvrd:1 Stat: Rejectd Err: 255 Text:"), Report("abc", UNDELIVERED, "REJECTD 255")),
        # everything in UCS-2, both ways round
        (pushed("id:9 stat:DELETED err:000 text:".encode("utf-16-be")), Report("9", UNDELIVERED, "DELETED")),
        (pushed("id:9 stat:DELIVRD err:000 text:".encode("utf-16-le")), Report("9", DELIVERED, "DELIVRD")),
        # no text at all
        (pushed(b"", receipted_message_id=b"m1\0", message_state=b"\3"), Report("m1", EXPIRED, "EXPIRED")),
        (pushed(b"", receipted_message_id=b"m1", message_state=b"\5", network_error_code=b"\3\0\x1b"),
         Report("m1", UNDELIVERED, "UNDELIVERABLE 27")),
        # parameters go before the text
        (pushed(b"id:99 stat:ENROUTE err:000 text:", receipted_message_id=b"63\0", message_state=b"\2"),
         Report("63", DELIVERED, "DELIVERED")),
        # not marked but by a parameter
        (pushed(b"id:1 stat:DELIVRD", esm_class=0, receipted_message_id=b"1\0"), Report("1", DELIVERED, "DELIVRD")),
        # the text of the message itself looks like a receipt
        (pushed(b"id:1 stat:UNDELIV err:001 text:id:2 stat:DELIVRD"), Report("1", UNDELIVERED, "UNDELIV 001")),
        (pushed(b"id:1 sub:001 text:stat:DELIVRD err:007"), Report("1", None, "-")),
        # nothing final
        (pushed(b"id:1 stat:ACCEPTD err:000 text:"), Report("1", None, "ACCEPTD")),
        (pushed(b"id:1 stat:UNKNOWN err:000 text:"), Report("1", None, "UNKNOWN")),
        (pushed(b"id:1 stat:GONE text:"), Report("1", None, "GONE")),
        (pushed(b"id:1 text:"), Report("1", None, "-")),
        (pushed(b"id:1 stat:DELIVRD text:", esm_class=pdu.INTERMEDIATE), Report("1", None, "DELIVRD")),
        # of no message
        (pushed(b"stat:DELIVRD err:000"), None),
        (pushed(b"paid:1 stat:DELIVRD err:000"), None),
    ],
)  # fmt: skip
def test_dialects(sent: pdu.ShortMessage, report: Report | None) -> None:
    assert reports.is_report(sent, MARKED)
    assert reports.read(sent, Ids()) == report


@given(st.binary(max_size=200), st.dictionaries(st.sampled_from([0x1E, 0x427, 0x423]), st.binary(max_size=9)))
def test_reading_never_fails(octets: bytes, tlvs: dict[int, bytes]) -> None:
    sent = pdu.ShortMessage(PERSON, OFFICE, pdu.RECEIPT, octets=octets, tlvs=tlvs)
    assert reports.is_report(sent, BY_TEXT)
    reports.read(sent, Ids(HEX, DECIMAL))


@pytest.mark.parametrize(
    ("ids", "answer", "receipt", "same"),
    [
        (Ids(), "0012", "0012", True),
        (Ids(), "0012", "12", False),  # as they are written, where nobody says that they are numbers
        (Ids(), "1a", "26", False),
        (Ids(HEX, DECIMAL), "1A", "26", True),
        (Ids(HEX, DECIMAL), "0000001a", "0000000026", True),
        (Ids(DECIMAL, HEX), "26", "0000001A", True),
        (Ids(DECIMAL, DECIMAL), "00000026", "26", True),
        (Ids(HEX, HEX), "00AB", "ab", True),
        (Ids(HEX, DECIMAL), "not-a-number", "not-a-number", True),  # a few of them may be none
        (Ids(HEX, DECIMAL), "1_0", "1_0", True),
    ],
)
def test_ids_in_two_forms(ids: Ids, answer: str, receipt: str, same: bool) -> None:
    assert (ids.of_answer(answer) == ids.of_receipt(receipt)) is same


@pytest.mark.parametrize("dialect", ["standard", "bare", "ucs2-text", "zero-text", "tlv"])
@pytest.mark.parametrize(("answer", "receipt"), [("text", "text"), ("hex", "hex"), ("decimal", "decimal")])
@in_loop
async def test_each_dialect_finds_its_message_over_the_wire(
    clock: Clock, dialect: str, answer: str, receipt: str
) -> None:
    batch = [*messages(clock, 1, "Chào", "10"), *messages(clock, 1, "Chào", "03"), *messages(clock, 1, "Chào", "04")]
    ways = {"receipts": dialect, "answer_ids": answer, "receipt_ids": receipt}
    async with simulator(**ways) as (smsc, port), gateway(line(clock, port, news := News())) as smpp:
        outcomes = await smpp.submit(batch)
        await until(lambda: smsc.acknowledged == 3)
    states = {outcome.reference: outcome.gateway_id for outcome in outcomes}
    assert {one.gateway_id: one.state for one in news.receipts} == {
        states[batch[0].reference]: DELIVERED,
        states[batch[1].reference]: UNDELIVERED,
        states[batch[2].reference]: EXPIRED,
    }


@pytest.mark.parametrize(("answer", "receipt"), [("hex", "decimal"), ("decimal", "hex")])
@in_loop
async def test_ids_in_two_bases_over_the_wire(clock: Clock, answer: str, receipt: str) -> None:
    ids = {"answer_ids": answer, "receipt_ids": receipt}
    async with simulator(**ids) as (smsc, port), gateway(line(clock, port, news := News(), **ids)) as smpp:
        outcomes = await smpp.submit(messages(clock, 20))
        await until(lambda: smsc.acknowledged == 20)
    assert sorted(one.gateway_id for one in news.receipts) == sorted(outcome.gateway_id for outcome in outcomes)


@in_loop
async def test_receipts_that_nothing_marks_are_believed_where_the_lane_says_so(clock: Clock) -> None:
    async with (
        simulator(receipts="unmarked") as (smsc, port),
        gateway(line(clock, port, news := News(), receipts="by-text")) as smpp,
    ):
        await smpp.submit(messages(clock, 2))
        await until(lambda: smsc.acknowledged == 2)
    assert (len(news.receipts), news.inbound) == (2, [])
