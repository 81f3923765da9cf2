"""What is pushed: stored first, acknowledged then; and sent again where it could not be stored."""

from __future__ import annotations

import asyncio
import logging

import pytest

from loa.model.clock import Clock
from loa.model.errors import GatewayError
from loa.model.ledger import Receipt
from loa.model.states import RowState
from loa.sms.alphabet import encode_gsm7
from loa.sms.gateways.smpp import Smpp
from loa.sms.smpp import pdu
from tests.conftest import MovingClock
from tests.sms.smpp.kit import News, RawSmsc, Waits, gateway, in_loop, line, messages, raw, simulator, until

DELIVERED = pdu.DELIVER_SM | pdu.RESPONSE
PERSON, OFFICE = pdu.Address(1, 1, "84912000123"), pdu.Address(3, 0, "8088")


def said(
    text: str = "TC", *, esm_class: int = 0, data_coding: int = 0, octets: bytes | None = None
) -> pdu.ShortMessage:
    return pdu.ShortMessage(PERSON, OFFICE, esm_class, data_coding, encode_gsm7(text) if octets is None else octets)


def receipt(gateway_id: str = "m1", stat: str = "DELIVRD") -> pdu.ShortMessage:
    text = f"id:{gateway_id} sub:001 dlvrd:001 submit date:2709100800 done date:2709100801 stat:{stat} err:000 text:"
    return pdu.ShortMessage(PERSON, OFFICE, pdu.RECEIPT, octets=text.encode())


async def push(smsc: RawSmsc, smpp: Smpp, *pushed: pdu.ShortMessage, command: int = pdu.DELIVER_SM) -> dict[int, int]:
    """Pushes to a session that is bound; gives the status that each was acknowledged with."""
    if not smsc.peers:
        await smpp.listen(0)
    before = len(smsc.heard)
    smsc.peers[-1].write(
        b"".join(pdu.frame(command, 0, 0x80000000 + i, pdu.message(one)) for i, one in enumerate(pushed))
    )
    wanted = command | pdu.RESPONSE
    await until(lambda: sum(heard[0] == wanted for heard in smsc.heard[before:]) == len(pushed))
    return {heard[2] - 0x80000000: heard[1] for heard in smsc.heard[before:] if heard[0] == wanted}


# --- acknowledging


@in_loop
async def test_nothing_is_acknowledged_before_it_is_stored(clock: Clock) -> None:
    news = News(gate=asyncio.Event())
    assert news.gate is not None
    async with simulator() as (smsc, port), gateway(line(clock, port, news)) as smpp:
        await smpp.submit(messages(clock, 5))
        await until(lambda: news.tries == 1)
        await asyncio.sleep(0.05)
        assert (smsc.pushed, smsc.acknowledged, smsc.owed) == (5, 0, 5)
        news.gate.set()
        await until(lambda: smsc.acknowledged == 5)
    assert len(news.receipts) == 5


@in_loop
async def test_what_could_not_be_stored_comes_again(clock: Clock) -> None:
    news = News(broken=True)
    async with simulator() as (smsc, port), gateway(line(clock, port, news)) as smpp:
        await smpp.submit(messages(clock, 3))
        await until(lambda: smsc.put_off >= 3)
        assert (smsc.acknowledged, news.receipts) == (0, [])
        news.broken = False
        await until(lambda: smsc.acknowledged == 3)
    assert len(news.receipts) == 3


@in_loop
async def test_listening_says_when_storing_fails(clock: Clock) -> None:
    news = News(broken=True)
    async with raw() as (smsc, port), gateway(line(clock, port, news)) as smpp:
        assert await push(smsc, smpp, receipt()) == {0: pdu.TRY_AGAIN}
        with pytest.raises(OSError, match="disk is full"):
            await smpp.listen(0.01)
        news.broken = False
        assert await push(smsc, smpp, receipt()) == {0: pdu.OK}
        await smpp.listen(0.01)


@in_loop
async def test_one_that_the_store_cannot_take_does_not_keep_the_others_from_it(clock: Clock) -> None:
    stored: list[str] = []

    class Picky(News):
        async def sink(self, receipts: list[Receipt]) -> None:  # type: ignore[override]
            if any(one.gateway_id == "m2" for one in receipts):
                raise ValueError("no such row")
            stored.extend(one.gateway_id for one in receipts)

    async with raw() as (smsc, port), gateway(line(clock, port, Picky())) as smpp:
        answered = await push(smsc, smpp, *(receipt(f"m{i}") for i in range(5)))
    assert answered == {0: pdu.OK, 1: pdu.OK, 2: pdu.TRY_AGAIN, 3: pdu.OK, 4: pdu.OK}
    assert stored == ["m0", "m1", "m3", "m4"]


@in_loop
async def test_what_is_not_acknowledged_when_the_connection_ends_is_pushed_to_the_next(clock: Clock) -> None:
    news = News(gate=asyncio.Event())
    assert news.gate is not None
    async with simulator(drop_after=4) as (smsc, port):
        async with gateway(line(clock, port, news)) as smpp:
            await smpp.submit(messages(clock, 3))
            await until(lambda: smsc.pushed == 3)
            await smpp.submit(messages(clock, 1, ending="11"))  # the SMSC ends the connection
            assert smsc.acknowledged == 0
            news.gate.set()
            await smpp.listen(0.3)
        assert smsc.acknowledged == smsc.pushed - 3
        assert smsc.owed == 0
    assert {one.state for one in news.receipts} == {RowState.DELIVERED}


@in_loop
async def test_what_comes_while_it_closes_is_left_for_the_next_connection(clock: Clock) -> None:
    """It would be stored and not acknowledged, again and again as long as the SMSC has more."""
    async with raw() as (smsc, port), gateway(line(clock, port, news := News())) as smpp:
        await push(smsc, smpp, receipt("m1"))
        late = pdu.frame(pdu.DELIVER_SM, 0, 77, pdu.message(receipt("m2")))
        smsc.before_unbind = lambda: smsc.peers[0].write(late)
        await smpp.close()
        await asyncio.sleep(0.02)
    assert [one.gateway_id for one in news.receipts] == ["m1"]
    assert (DELIVERED, pdu.OK, 77) not in smsc.heard


@in_loop
async def test_sequence_numbers_of_the_smsc_come_back_as_they_are(clock: Clock) -> None:
    async with simulator(first_sequence=0xFFFFFFF0) as (smsc, port), gateway(line(clock, port, news := News())) as smpp:
        await smpp.submit(messages(clock, 40))
        await until(lambda: smsc.acknowledged == 40)
    assert len(news.receipts) == 40


@in_loop
async def test_a_receipt_may_come_before_the_answer_and_twice(clock: Clock) -> None:
    async with simulator() as (smsc, port), gateway(line(clock, port, news := News())) as smpp:
        early, twice = await smpp.submit([*messages(clock, 1, ending="07"), *messages(clock, 1, ending="06")])
        await until(lambda: smsc.acknowledged == 3)
    ids = [one.gateway_id for one in news.receipts]
    assert sorted(ids) == sorted([early.gateway_id, twice.gateway_id, twice.gateway_id])


@in_loop
async def test_an_smsc_that_pushes_faster_than_we_store_has_to_wait(clock: Clock) -> None:
    """What waits to be stored is bounded, whatever the SMSC sends."""
    news = News(gate=asyncio.Event())
    assert news.gate is not None
    async with raw() as (smsc, port), gateway(line(clock, port, news)) as smpp:
        await smpp.listen(0)
        peer = smsc.peers[0]
        assert peer.transport is not None
        one = pdu.frame(pdu.DELIVER_SM, 0, 1, pdu.message(receipt()))
        peer.write(one * 70_000)  # far more than lies between two sockets
        await until(lambda: news.tries == 1)
        before, left = -1, peer.transport.get_write_buffer_size()
        while before != left:
            await asyncio.sleep(0.2)
            before, left = left, peer.transport.get_write_buffer_size()
        assert left > 1_000_000
        news.gate.set()
        await until(lambda: peer.transport is not None and peer.transport.get_write_buffer_size() < left)


# --- what it says


@in_loop
async def test_intermediate_news_and_what_names_no_message_are_acknowledged_and_no_more(clock: Clock) -> None:
    nameless = pdu.ShortMessage(PERSON, OFFICE, pdu.RECEIPT, octets=b"stat:DELIVRD")
    early = pdu.ShortMessage(PERSON, OFFICE, pdu.INTERMEDIATE, octets=receipt().octets)
    async with raw() as (smsc, port), gateway(line(clock, port, news := News())) as smpp:
        answered = await push(smsc, smpp, nameless, early, receipt(stat="ENROUTE"), receipt(stat="ACCEPTD"))
    assert set(answered.values()) == {pdu.OK}
    assert (news.receipts, news.inbound) == ([], [])


@in_loop
async def test_what_cannot_be_read_is_refused_for_good(clock: Clock) -> None:
    """Put off, it would come back for ever, and nothing after it."""
    async with raw() as (smsc, port), gateway(line(clock, port, news := News())) as smpp:
        await smpp.listen(0)
        smsc.peers[0].write(pdu.frame(pdu.DELIVER_SM, 0, 9, b"\0\1\1849120001"))
        await until(lambda: (DELIVERED, pdu.NEVER, 9) in smsc.heard)
        assert await push(smsc, smpp, receipt()) == {0: pdu.OK}
    assert [one.gateway_id for one in news.receipts] == ["m1"]


@in_loop
async def test_a_receipt_may_come_as_data_sm(clock: Clock) -> None:
    tlvs = pdu.tlv(pdu.RECEIPTED_MESSAGE_ID, b"m7\0") + pdu.tlv(pdu.MESSAGE_STATE, b"\5")
    body = b"\0" + PERSON.octets() + OFFICE.octets() + bytes((pdu.RECEIPT, 0, 0)) + tlvs
    async with raw() as (smsc, port), gateway(line(clock, port, news := News())) as smpp:
        await smpp.listen(0)
        smsc.peers[0].write(pdu.frame(pdu.DATA_SM, 0, 3, body))
        await until(lambda: (pdu.DATA_SM | pdu.RESPONSE, 0, 3) in smsc.heard)
    assert [(one.gateway_id, one.state) for one in news.receipts] == [("m7", RowState.UNDELIVERED)]


@pytest.mark.parametrize(
    ("pushed", "text"),
    [
        (said("TC"), "TC"),
        (said("Toi [khong] nhan €"), "Toi [khong] nhan €"),
        (said(data_coding=8, octets="Từ chối 🙏".encode("utf-16-be")), "Từ chối 🙏"),
        (said(data_coding=3, octets="Café".encode("latin-1")), "Café"),
        (said(esm_class=pdu.UDH, octets=b"\5\0\3\x2a\2\1" + encode_gsm7("TC va")), "TC va"),
        (said(esm_class=pdu.UDH, octets=b"\6\x08\4\0\x2a\2\2" + encode_gsm7("nua")), "…nua"),
        (said(esm_class=pdu.UDH, octets=b"\x0b\5\4\x0b\x84\x23\xf0\0\3\x2a\3\3" + encode_gsm7("het")), "…het"),
    ],
)
@in_loop
async def test_a_persons_message_is_passed_on(clock: Clock, pushed: pdu.ShortMessage, text: str) -> None:
    async with raw() as (smsc, port), gateway(line(clock, port, news := News())) as smpp:
        assert await push(smsc, smpp, pushed) == {0: pdu.OK}
    (heard,) = news.inbound
    assert (heard.lane, heard.number, heard.text, heard.at) == ("thu", "+84912000123", text, clock.now())


@in_loop
async def test_a_persons_message_that_comes_again_is_known_and_another_one_is_not_taken_for_it(
    clock: MovingClock,
) -> None:
    async with raw() as (smsc, port), gateway(line(clock, port, news := News())) as smpp:
        await push(smsc, smpp, said("TC"), said("TC"), said("tc"))
        clock.forward(hours=2)
        await push(smsc, smpp, said("TC"))
    first, again, other, later = (one.gateway_id for one in news.inbound)
    assert first == again
    assert len({first, other, later}) == 3


@in_loop
async def test_a_person_cannot_forge_a_receipt(clock: Clock) -> None:
    forged = said(receipt().octets.decode())
    async with raw() as (smsc, port):
        async with gateway(line(clock, port, news := News())) as smpp:
            await push(smsc, smpp, forged)
        assert (len(news.receipts), len(news.inbound)) == (0, 1)
        smsc.peers.clear()
        async with gateway(line(clock, port, news := News(), receipts="by-text")) as smpp:
            await push(smsc, smpp, forged)  # unless the lane's operator marks none
        assert (len(news.receipts), len(news.inbound)) == (1, 0)


@in_loop
async def test_what_comes_before_the_bind_is_not_taken(clock: Clock) -> None:
    async with raw() as (smsc, port), gateway(line(clock, port, news := News())) as smpp:
        smsc.greeting = pdu.frame(pdu.DELIVER_SM, 0, 1, pdu.message(receipt()))
        await smpp.listen(0.01)
        assert (DELIVERED, pdu.INVALID_BIND, 1) in smsc.heard
    assert news.receipts == []


# --- listening


@in_loop
async def test_listening_lasts_until_nothing_has_come_for_so_long(clock: Clock) -> None:
    async with simulator(receipt_after=0.15) as (smsc, port):
        async with gateway(line(clock, port)) as smpp:
            await smpp.submit(messages(clock, 3))
        assert smsc.acknowledged == 0
        async with gateway(line(clock, port, news := News())) as smpp:
            await smpp.listen(0.3)
        assert len(news.receipts) == 3


@in_loop
async def test_listening_goes_on_over_a_new_connection_and_waits_longer_each_time(clock: Clock) -> None:
    waits = Waits()
    async with raw() as (smsc, port), gateway(line(clock, port), waits) as smpp:
        task = asyncio.create_task(smpp.listen(0.5))
        for connections in (1, 2, 3):
            await until(lambda wanted=connections: len(smsc.binds) == wanted)  # type: ignore[misc]
            smsc.peers[-1].close()
        await task
    assert len(smsc.binds) == 4
    assert waits.seconds == [0.5, 1.0, 2.0]


@in_loop
async def test_listening_where_nobody_answers_is_an_error(clock: Clock) -> None:
    async with raw() as (_, port):
        pass
    async with gateway(line(clock, port), Waits()) as smpp:
        with pytest.raises(GatewayError):
            await smpp.listen(10)


# --- secrets


@in_loop
async def test_no_credential_and_no_number_gets_into_a_log_or_an_error(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with raw(bind_status=0x0E) as (_, port), gateway(line(clock, port)) as smpp:
        with pytest.raises(GatewayError) as caught:
            await smpp.submit(messages(clock, 1))
    async with raw() as (smsc, port), gateway(line(clock, port, News(broken=True))) as other:
        await push(smsc, other, receipt(), said("bi mat"))
        smsc.peers[0].write(pdu.frame(pdu.DELIVER_SM, 0, 9, b"\0\1\1849120001"))
        await until(lambda: (DELIVERED, pdu.NEVER, 9) in smsc.heard)
    assert len(caplog.records) >= 2
    shown = " ".join([caplog.text, str(caught.value), repr(caught.value), repr(caught.value.fields), repr(vars(smpp))])
    for secret in ("loa-thu", "mk-thu-9", "84912000", "bi mat"):
        assert secret not in shown
