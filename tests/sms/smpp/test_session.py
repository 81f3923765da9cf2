"""Sending: what has left, what certainly has not, and what nobody knows."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from loa.model.clock import Clock
from loa.model.errors import GatewayError, Unsupported
from loa.model.states import RowState
from loa.sms.gateways.base import WRONG_NETWORK, Message, Outcome, Verdict
from loa.sms.gateways.smpp import STORING, STORING_REST
from loa.sms.smpp import pdu
from loa.sms.smpp.dial import backoff
from loa.sms.smpp.link import FAREWELL, PARTING
from loa.sms.smpp.session import INCOMPLETE, NOT_SENT
from tests.sms.smpp.kit import (
    Answer,
    News,
    Raw,
    Waits,
    accept,
    gateway,
    in_loop,
    line,
    messages,
    of,
    raw,
    silence,
    simulator,
    until,
)

THROTTLED, QUEUE_FULL, SYSTEM_ERROR, INVALID_NUMBER, INVALID_SENDER = 0x58, 0x14, 0x08, 0x0B, 0x0A
SUBMITTED = pdu.SUBMIT_SM | pdu.RESPONSE
RECEIPT = pdu.ShortMessage(
    pdu.Address(1, 1, "84912000110"), pdu.Address(5, 0, "DVC-MAU"), pdu.RECEIPT, octets=b"id:m1 stat:DELIVRD"
)
LONG = "Dich vu cong truc tuyen. " * 16  # three parts


def scripted(*steps: Answer | int) -> Answer:
    """The first submit gets the first step, and so on; a number is a status. After the last one all are accepted."""
    left = list(steps)

    def answer(peer: Raw, sequence: int, body: bytes) -> None:
        step = left.pop(0) if left else accept
        if isinstance(step, int):
            peer.send(SUBMITTED, step, sequence)
        else:
            step(peer, sequence, body)

    return answer


def hang_up(peer: Raw, sequence: int, body: bytes) -> None:
    peer.close()


def verdicts(outcomes: list[Outcome] | tuple[Outcome, ...], batch: list[Message]) -> list[tuple[Verdict, str] | None]:
    """By message: verdict and reason, or nothing where there is no outcome."""
    found = [of(outcomes, message) for message in batch]
    return [None if outcome is None else (outcome.verdict, outcome.reason) for outcome in found]


# --- the window


@in_loop
async def test_never_more_than_a_window_waits_for_answers(clock: Clock) -> None:
    waiting: list[tuple[Raw, int, bytes]] = []
    most = 0

    def later(peer: Raw, sequence: int, body: bytes) -> None:
        nonlocal most
        waiting.append((peer, sequence, body))
        most = max(most, len(waiting))
        if len(waiting) == 4:
            asyncio.get_running_loop().call_later(0.01, lambda: [accept(*waiting.pop(0)) for _ in range(4)])

    async with raw(later) as (smsc, port), gateway(line(clock, port, window=4)) as smpp:
        outcomes = await smpp.submit(messages(clock, 20))
    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * 20
    assert most == 4
    assert len(smsc.submits) == 20


@in_loop
async def test_room_for_one_more_is_used_while_the_others_wait(clock: Clock) -> None:
    held: list[tuple[Raw, int, bytes]] = []

    def ninth(peer: Raw, sequence: int, body: bytes) -> None:
        for asked in [*held, (peer, sequence, body)]:
            accept(*asked)

    hold: Answer = lambda *asked: held.append(asked)  # noqa: E731
    steps = scripted(accept, *[hold] * 7, ninth)
    async with raw(steps) as (_, port), gateway(line(clock, port, window=8)) as smpp:
        outcomes = await smpp.submit(messages(clock, 9))
    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * 9


@in_loop
async def test_batches_share_the_window_and_keep_their_answers_apart(clock: Clock) -> None:
    async with simulator() as (smsc, port), gateway(line(clock, port, window=3)) as smpp:
        await smpp.open()
        batches = [messages(clock, 10, ending=ending) for ending in ("10", "11")]
        answered = await asyncio.gather(*(smpp.submit(batch) for batch in batches))
    for outcomes, batch in zip(answered, batches, strict=True):
        assert {outcome.reference for outcome in outcomes} == {message.reference for message in batch}
    assert (smsc.taken, smsc.binds, smsc.unbinds) == (20, 1, 1)


# --- what is in doubt


@in_loop
async def test_when_the_connection_ends_only_what_was_written_is_in_doubt(clock: Clock) -> None:
    batch = messages(clock, 5)
    async with raw(scripted(silence, hang_up)) as (smsc, port), gateway(line(clock, port, window=2)) as smpp:
        outcomes = await smpp.submit(batch)
    back = (Verdict.THROTTLED, NOT_SENT)
    assert verdicts(outcomes, batch) == [None, None, back, back, back]
    assert len(smsc.submits) == 2


@in_loop
async def test_an_answer_that_never_comes_is_doubt_and_the_others_are_not_kept_waiting(clock: Clock) -> None:
    batch = messages(clock, 3)
    async with raw(scripted(silence)) as (_, port), gateway(line(clock, port, response_seconds=0.1)) as smpp:
        outcomes = await smpp.submit(batch)
    accepted = (Verdict.ACCEPTED, "")
    assert verdicts(outcomes, batch) == [None, accepted, accepted]


@in_loop
async def test_an_answer_that_comes_late_settles_the_doubt_and_brings_the_id(clock: Clock) -> None:
    held: list[tuple[Raw, int, bytes]] = []
    news = News()
    batch = messages(clock, 3)
    hold: Answer = lambda *asked: held.append(asked)  # noqa: E731
    made = line(clock, 0, news)
    async with raw(hold) as (_, port), gateway(line(clock, port, news, response_seconds=0.1)) as smpp:
        assert list(await smpp.submit(batch)) == []
        accept(*held[0])
        held[1][0].send(SUBMITTED, INVALID_NUMBER, held[1][1])
        held[2][0].send(SUBMITTED, THROTTLED, held[2][1])  # says nothing that would be safe to act upon
        await until(lambda: len(news.receipts) == 2)
    told = {receipt.reference: (receipt.state, receipt.gateway_id, receipt.lane) for receipt in news.receipts}
    assert told == {
        batch[0].reference: (RowState.ACCEPTED, "m3", made.lane.name),
        batch[1].reference: (RowState.REFUSED, "", made.lane.name),
    }


@in_loop
async def test_an_answer_that_comes_late_but_before_the_others_is_no_doubt_at_all(clock: Clock) -> None:
    held: list[tuple[Raw, int, bytes]] = []

    def second(peer: Raw, sequence: int, body: bytes) -> None:
        accept(*held[0])
        asyncio.get_running_loop().call_later(0.05, accept, peer, sequence, body)

    batch = messages(clock, 2)
    async with (
        raw(scripted(lambda *asked: held.append(asked), second)) as (_, port),
        gateway(line(clock, port, window=1, response_seconds=0.2)) as smpp,
    ):
        assert verdicts(await smpp.submit(batch), batch) == [(Verdict.ACCEPTED, "")] * 2


@in_loop
async def test_what_a_cancelled_submit_had_not_written_is_never_sent(clock: Clock) -> None:
    held: list[tuple[Raw, int, bytes]] = []
    news = News()
    async with (
        raw(lambda *asked: held.append(asked)) as (smsc, port),
        gateway(line(clock, port, news, window=1)) as smpp,
    ):
        batch = messages(clock, 3)
        task = asyncio.create_task(smpp.submit(batch))
        await until(lambda: bool(held))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        accept(*held[0])
        await until(lambda: bool(news.receipts))
        assert task.cancelled()
        assert len(smsc.submits) == 1
        assert [receipt.reference for receipt in news.receipts] == [batch[0].reference]
        smsc.answer = accept
        assert len(await smpp.submit(messages(clock, 2, ending="11"))) == 2  # it goes on working


@in_loop
async def test_a_message_that_is_cancelled_between_two_parts_stays_there(clock: Clock) -> None:
    """Who cancelled it has written it down as in doubt by now."""
    held: list[tuple[Raw, int, bytes]] = []
    async with raw(scripted(lambda *asked: held.append(asked))) as (smsc, port), gateway(line(clock, port)) as smpp:
        task = asyncio.create_task(smpp.submit(messages(clock, 1, LONG)))
        await until(lambda: bool(held))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        accept(*held[0])
        await smpp.submit(messages(clock, 1, ending="11"))
    assert [sent.destination.text[-2:] for sent in smsc.submits] == ["10", "11"]


@in_loop
async def test_where_nobody_listens_nothing_has_left_and_that_is_an_error(clock: Clock) -> None:
    async with raw() as (_, port):
        pass
    waits = Waits()
    async with gateway(line(clock, port), waits) as smpp:
        with pytest.raises(GatewayError) as caught:
            await smpp.submit(messages(clock, 2))
    assert caught.value.code == "smpp-unreachable"
    assert len(waits.seconds) > 1  # not at the first try


@in_loop
async def test_an_smsc_that_says_nothing_to_a_bind_is_given_up(clock: Clock) -> None:
    async with raw() as (smsc, port), gateway(line(clock, port, connect_seconds=0.1), Waits()) as smpp:
        smsc.mute = True
        with pytest.raises(GatewayError) as caught:
            await smpp.submit(messages(clock, 1))
    assert caught.value.code == "smpp-unreachable"


# --- what an answer means


@pytest.mark.parametrize("code", [THROTTLED, QUEUE_FULL])
@in_loop
async def test_too_fast_spends_no_attempt_and_stops_what_was_not_written(clock: Clock, code: int) -> None:
    batch = messages(clock, 4)
    async with raw(scripted(code, accept)) as (smsc, port), gateway(line(clock, port, window=2)) as smpp:
        outcomes = await smpp.submit(batch)
    assert [found[0] if found else None for found in verdicts(outcomes, batch)] == [
        Verdict.THROTTLED, Verdict.ACCEPTED, Verdict.THROTTLED, Verdict.THROTTLED,
    ]  # fmt: skip
    assert len(smsc.submits) == 2


@in_loop
async def test_after_being_too_fast_it_waits_and_goes_on(clock: Clock) -> None:
    async with (
        raw(scripted(THROTTLED)) as (smsc, port),
        gateway(line(clock, port, throttle_seconds=0.1)) as smpp,
    ):
        await smpp.submit(messages(clock, 1))
        started = asyncio.get_running_loop().time()
        (outcome,) = await smpp.submit(messages(clock, 1))
        waited = asyncio.get_running_loop().time() - started
    assert outcome.verdict is Verdict.ACCEPTED
    assert waited > 0.05
    assert len(smsc.submits) == 2


@in_loop
async def test_an_answer_is_about_its_own_message_only(clock: Clock) -> None:
    batch = messages(clock, 4)
    answer = scripted(INVALID_NUMBER, SYSTEM_ERROR, accept, 0x0499)
    async with raw(answer) as (_, port), gateway(line(clock, port)) as smpp:
        outcomes = await smpp.submit(batch)
    assert verdicts(outcomes, batch) == [
        (Verdict.REFUSED, "number-invalid"),
        (Verdict.LATER, "system-error"),
        (Verdict.ACCEPTED, ""),
        (Verdict.LATER, "status-unlisted"),
    ]
    assert [of(outcomes, message).raw for message in batch] == ["ESME_RINVDSTADR", "ESME_RSYSERR", "", "0x00000499"]  # type: ignore[union-attr]


@in_loop
async def test_a_lane_may_say_what_its_operators_codes_mean(clock: Clock) -> None:
    batch = messages(clock, 2)
    said = "0x0410=wrong-network 0x0B=wrong-network"
    async with raw(scripted(0x0410, INVALID_NUMBER)) as (_, port), gateway(line(clock, port, statuses=said)) as smpp:
        outcomes = await smpp.submit(batch)
    assert verdicts(outcomes, batch) == [(Verdict.REFUSED, WRONG_NETWORK)] * 2


@in_loop
async def test_a_sender_that_is_refused_for_all_is_the_lanes_trouble_and_nobodys_refusal(clock: Clock) -> None:
    async with (
        raw(scripted(INVALID_SENDER, INVALID_SENDER, INVALID_SENDER)) as (_, port),
        gateway(line(clock, port)) as smpp,
    ):
        with pytest.raises(GatewayError) as caught:
            await smpp.submit(messages(clock, 2))
        assert (caught.value.code, caught.value.fields["raw"]) == ("gateway-sender", "ESME_RINVSRCADR")
        batch = messages(clock, 2)
        outcomes = await smpp.submit(batch)  # one of two
    assert verdicts(outcomes, batch) == [(Verdict.LATER, "sender-refused"), (Verdict.ACCEPTED, "")]


@in_loop
async def test_a_generic_nack_to_a_message_is_its_answer_and_one_to_nobody_is_none(clock: Clock) -> None:
    def nack(peer: Raw, sequence: int, body: bytes) -> None:
        peer.send(pdu.GENERIC_NACK, 0x03, sequence)

    def stray(peer: Raw, sequence: int, body: bytes) -> None:
        peer.send(pdu.GENERIC_NACK, 0x02, 0)
        accept(peer, sequence, body)

    batch = messages(clock, 2)
    async with raw(scripted(nack, stray)) as (_, port), gateway(line(clock, port)) as smpp:
        outcomes = await smpp.submit(batch)
    assert verdicts(outcomes, batch) == [(Verdict.LATER, "not-understood"), (Verdict.ACCEPTED, "")]


@in_loop
async def test_an_answer_that_is_neither_yes_nor_no_leaves_doubt(clock: Clock) -> None:
    def nonsense(peer: Raw, sequence: int, body: bytes) -> None:
        peer.send(pdu.DELIVER_SM | pdu.RESPONSE, 0, sequence)

    async with raw(scripted(nonsense)) as (_, port), gateway(line(clock, port)) as smpp:
        assert list(await smpp.submit(messages(clock, 1))) == []


@in_loop
async def test_not_being_bound_any_more_costs_no_attempt_and_binds_again(clock: Clock) -> None:
    async with raw(scripted(0x04)) as (smsc, port), gateway(line(clock, port, response_seconds=0.2)) as smpp:
        (outcome,) = await smpp.submit(messages(clock, 1))
        assert outcome.verdict is Verdict.THROTTLED
        (outcome,) = await smpp.submit(messages(clock, 1))
        assert outcome.verdict is Verdict.ACCEPTED
    assert len(smsc.binds) == 2


# --- messages of several parts


@in_loop
async def test_parts_go_one_after_the_other_and_only_the_last_asks_for_a_receipt(clock: Clock) -> None:
    order: list[str] = []

    def watch(peer: Raw, sequence: int, body: bytes) -> None:
        order.append(peer.submits[-1].destination.text)
        accept(peer, sequence, body)

    batch = messages(clock, 2, LONG)
    async with raw(watch) as (smsc, port), gateway(line(clock, port)) as smpp:
        outcomes = await smpp.submit(batch)
    mine = [sent for sent in smsc.submits if sent.destination.text == batch[0].number[1:]]
    assert [sent.octets[:3] + sent.octets[4:6] for sent in mine] == [b"\5\0\3\3" + bytes((n,)) for n in (1, 2, 3)]
    assert len({sent.octets[3] for sent in mine}) == 1  # the same reference in each
    assert [sent.registered for sent in mine] == [0, 0, 1]
    last = [i for i, number in enumerate(order, 1) if number == batch[0].number[1:]][-1]
    assert of(outcomes, batch[0]).gateway_id == f"m{last}"  # type: ignore[union-attr]


@in_loop
async def test_the_same_message_sent_again_joins_with_its_own_parts(clock: Clock) -> None:
    """A resend whose parts had another reference would leave two halves on the phone."""
    batch = messages(clock, 1, LONG)
    async with raw(scripted(SYSTEM_ERROR)) as (smsc, port), gateway(line(clock, port)) as smpp:
        await smpp.submit(batch)
        await smpp.submit(batch)
    assert len({sent.octets[3] for sent in smsc.submits}) == 1


@pytest.mark.parametrize("code", [THROTTLED, SYSTEM_ERROR])
@in_loop
async def test_a_part_that_is_put_off_is_sent_again_and_those_before_it_are_not(clock: Clock, code: int) -> None:
    async with (
        raw(scripted(accept, code)) as (smsc, port),
        gateway(line(clock, port, throttle_seconds=0.02)) as smpp,
    ):
        (outcome,) = await smpp.submit(messages(clock, 1, LONG))
    assert outcome.verdict is Verdict.ACCEPTED
    assert [sent.octets[5] for sent in smsc.submits] == [1, 2, 2, 3]


@in_loop
async def test_a_first_part_that_is_put_off_puts_off_the_message(clock: Clock) -> None:
    async with raw(scripted(THROTTLED)) as (smsc, port), gateway(line(clock, port)) as smpp:
        (outcome,) = await smpp.submit(messages(clock, 1, LONG))
    assert outcome.verdict is Verdict.THROTTLED
    assert len(smsc.submits) == 1


@pytest.mark.parametrize(
    ("then", "found"),
    [
        (INVALID_NUMBER, (Verdict.UNKNOWN, INCOMPLETE)),  # no refusal: one part is on the phone, and paid for
        (0x0410, (Verdict.UNKNOWN, INCOMPLETE)),  # nor is another lane to send it once more
        (hang_up, (Verdict.UNKNOWN, INCOMPLETE)),
        (silence, (Verdict.UNKNOWN, INCOMPLETE)),
    ],
)
@in_loop
async def test_a_message_that_is_out_in_part_is_never_called_unsent(
    clock: Clock, then: Answer | int, found: tuple[Verdict, str]
) -> None:
    batch = messages(clock, 1, LONG)
    async with (
        raw(scripted(accept, then)) as (smsc, port),
        gateway(line(clock, port, response_seconds=0.1, statuses="0x0410=wrong-network")) as smpp,
    ):
        assert verdicts(await smpp.submit(batch), batch) == [found]
    assert len(smsc.submits) == 2


@in_loop
async def test_what_refused_a_later_part_is_said_in_the_smscs_words(clock: Clock) -> None:
    async with raw(scripted(accept, INVALID_NUMBER)) as (_, port), gateway(line(clock, port)) as smpp:
        (outcome,) = await smpp.submit(messages(clock, 1, LONG))
    assert outcome.raw == "ESME_RINVDSTADR"


@in_loop
async def test_a_later_part_that_is_put_off_after_its_time_is_no_reason_to_send_the_message_again(clock: Clock) -> None:
    """Its answer comes late, but while another message of the batch still waits."""
    held: list[tuple[Raw, int, bytes]] = []

    def third(peer: Raw, sequence: int, body: bytes) -> None:
        peer.send(SUBMITTED, SYSTEM_ERROR, held[0][1])
        asyncio.get_running_loop().call_later(0.05, accept, peer, sequence, body)

    long, short = messages(clock, 1, LONG)[0], messages(clock, 1, ending="11")[0]
    hold: Answer = lambda *asked: held.append(asked)  # noqa: E731
    async with (
        raw(scripted(accept, hold, third)) as (_, port),
        gateway(line(clock, port, window=1, response_seconds=0.2)) as smpp,
    ):
        outcomes = await smpp.submit([long, short])
    assert verdicts(outcomes, [long, short]) == [(Verdict.UNKNOWN, INCOMPLETE), (Verdict.ACCEPTED, "")]


@in_loop
async def test_a_refusal_of_a_later_part_that_comes_too_late_refuses_nothing(clock: Clock) -> None:
    held: list[tuple[Raw, int, bytes]] = []
    news = News()
    hold: Answer = lambda *asked: held.append(asked)  # noqa: E731
    async with (
        raw(scripted(accept, hold)) as (_, port),
        gateway(line(clock, port, news, response_seconds=0.1)) as smpp,
    ):
        (outcome,) = await smpp.submit(messages(clock, 1, LONG))
        assert (outcome.verdict, outcome.reason) == (Verdict.UNKNOWN, INCOMPLETE)
        held[0][0].send(SUBMITTED, INVALID_NUMBER, held[0][1])
        assert len(await smpp.submit(messages(clock, 1, ending="11"))) == 1
    assert news.receipts == []


@in_loop
async def test_a_refused_last_part_is_no_reason_to_call_the_lane_broken(clock: Clock) -> None:
    batch = messages(clock, 1, LONG)
    async with (
        raw(scripted(accept, accept, INVALID_SENDER)) as (_, port),
        gateway(line(clock, port, throttle_seconds=0.02)) as smpp,
    ):
        assert verdicts(await smpp.submit(batch), batch) == [(Verdict.ACCEPTED, "")]


@pytest.mark.parametrize(("long", "submits"), [("udh", 3), ("sar", 3), ("payload", 1)])
@in_loop
async def test_a_lane_says_how_long_messages_go(clock: Clock, long: str, submits: int) -> None:
    async with simulator() as (smsc, port), gateway(line(clock, port, long=long)) as smpp:
        (outcome,) = await smpp.submit(messages(clock, 1, LONG))
    assert outcome.verdict is Verdict.ACCEPTED
    assert len(smsc.kept) == submits
    assert [sent.registered for sent in smsc.kept][-1] == 1


# --- until when a message may be delivered


@pytest.mark.parametrize(("validity", "octets"), [("relative", b"000000020000000R"), ("absolute", b"270910100000028+")])
@in_loop
async def test_the_quiet_hours_go_along_as_the_validity(clock: Clock, validity: str, octets: bytes) -> None:
    async with simulator() as (smsc, port), gateway(line(clock, port, validity=validity)) as smpp:
        await smpp.submit(messages(clock, 1))
    assert smsc.kept[0].validity == octets


@in_loop
async def test_what_may_not_be_delivered_any_more_is_not_sent(clock: Clock) -> None:
    late, good = messages(clock, 2)
    late = late._replace(valid_until=clock.now() - timedelta(seconds=1))
    async with simulator() as (smsc, port), gateway(line(clock, port)) as smpp:
        outcomes = await smpp.submit([late, good])
    assert verdicts(outcomes, [late, good]) == [(Verdict.THROTTLED, "validity-over"), (Verdict.ACCEPTED, "")]
    assert smsc.taken == 1


# --- binding


@pytest.mark.parametrize(
    ("bind", "commands"),
    [
        ("transceiver", [pdu.BIND_TRANSCEIVER]),
        ("transmitter", [pdu.BIND_TRANSMITTER]),
        ("pair", [pdu.BIND_RECEIVER, pdu.BIND_TRANSMITTER]),
    ],
)
@in_loop
async def test_a_lane_says_how_it_binds(clock: Clock, bind: str, commands: list[int]) -> None:
    async with raw() as (smsc, port), gateway(line(clock, port, bind=bind)) as smpp:
        (outcome,) = await smpp.submit(messages(clock, 1))
    assert outcome.verdict is Verdict.ACCEPTED
    assert [command for command in smsc.commands() if command != pdu.UNBIND] == commands
    assert smsc.commands().count(pdu.UNBIND) == len(commands)


@in_loop
async def test_a_bind_for_one_way_cannot_do_the_other(clock: Clock) -> None:
    async with raw() as (smsc, port):
        async with gateway(line(clock, port, bind="receiver")) as smpp:
            with pytest.raises(GatewayError) as caught:
                await smpp.submit(messages(clock, 1))
            assert caught.value.code == "gateway-sends-not"
            await smpp.listen(0.01)
        async with gateway(line(clock, port, bind="transmitter")) as smpp:
            with pytest.raises(Unsupported):
                await smpp.listen(0.01)
    assert smsc.commands() == [pdu.BIND_RECEIVER, pdu.UNBIND]


@pytest.mark.parametrize(
    ("status", "code", "raw_code", "tries"),
    [
        (0x0E, "gateway-credentials", "ESME_RINVPASWD", 1),  # trying again would lock the account
        (0x0F, "gateway-credentials", "ESME_RINVSYSID", 1),
        (0x0D, "smpp-bind-refused", "ESME_RBINDFAIL", 1),
        (0x0499, "smpp-bind-refused", "0x00000499", 1),
        (0x05, "smpp-bind-refused", "ESME_RALYBND", 4),  # who died a moment ago may still be bound in our name
    ],
)
@in_loop
async def test_a_bind_that_is_refused_is_an_error_and_tried_again_only_where_that_may_help(
    clock: Clock, status: int, code: str, raw_code: str, tries: int
) -> None:
    async with raw(bind_status=status) as (smsc, port), gateway(line(clock, port), Waits()) as smpp:
        with pytest.raises(GatewayError) as caught:
            await smpp.submit(messages(clock, 1))
    assert caught.value.code == code
    assert raw_code in {caught.value.fields.get("raw"), caught.value.fields.get("status")}
    assert len(smsc.binds) == tries
    assert smsc.submits == []


@in_loop
async def test_waiting_to_connect_grows_and_is_never_the_same_for_all(clock: Clock) -> None:
    async with raw(bind_status=0x05) as (_, port), gateway(line(clock, port), waits := Waits()) as smpp:
        with pytest.raises(GatewayError):
            await smpp.submit(messages(clock, 1))
    assert waits.seconds == [0.25, 0.5, 1.0]
    assert [backoff(tries, 0.0) for tries in (0, 1, 50)] == [0.25, 0.5, 30.0]
    assert backoff(3, 1.0) == backoff(3, 0.0) / 2


@in_loop
async def test_all_who_wait_for_a_connection_share_one_attempt_and_its_failure(clock: Clock) -> None:
    async with raw() as (smsc, port), gateway(line(clock, port, connect_seconds=0.1), Waits()) as smpp:
        smsc.mute = True
        batches = [messages(clock, 1, ending=f"{ending}") for ending in range(10, 60)]
        told = await asyncio.gather(*(smpp.submit(batch) for batch in batches), return_exceptions=True)
        assert [getattr(error, "code", error) for error in told] == ["smpp-unreachable"] * 50
        assert len({id(error) for error in told}) == 50
        assert smsc.commands() == [pdu.BIND_TRANSCEIVER]
        smsc.mute = False
        assert len(await smpp.submit(batches[0])) == 1  # and the next one tries anew


@in_loop
async def test_who_is_cancelled_before_anything_left_is_told_so_and_the_others_wait_on(clock: Clock) -> None:
    async with raw() as (smsc, port), gateway(line(clock, port)) as smpp:
        smsc.mute = True
        first, second = (asyncio.create_task(smpp.submit(messages(clock, 1, ending=end))) for end in ("10", "11"))
        await until(lambda: bool(smsc.heard))
        first.cancel()
        with pytest.raises(GatewayError, match="smpp-lost"):
            await first
        smsc.peers[0].send(pdu.BIND_TRANSCEIVER | pdu.RESPONSE, 0, 1, b"smsc\0")
        assert [outcome.verdict for outcome in await second] == [Verdict.THROTTLED]  # two had waited
        assert smsc.commands() == [pdu.BIND_TRANSCEIVER]
        smsc.mute = False
    assert smsc.submits == []


@in_loop
async def test_a_callers_own_timer_finds_out_that_nothing_left(clock: Clock) -> None:
    async with raw() as (smsc, port), gateway(line(clock, port)) as smpp:
        smsc.mute = True
        with pytest.raises(GatewayError):
            async with asyncio.timeout(0.1):
                await smpp.submit(messages(clock, 1))


@in_loop
async def test_who_is_cancelled_while_the_window_is_full_is_told_that_nothing_left(clock: Clock) -> None:
    held: list[tuple[Raw, int, bytes]] = []
    hold: Answer = lambda *asked: held.append(asked)  # noqa: E731
    async with raw(hold) as (smsc, port), gateway(line(clock, port, window=1, response_seconds=0.5)) as smpp:
        first = asyncio.create_task(smpp.submit(messages(clock, 1)))
        await until(lambda: bool(held))
        second = asyncio.create_task(smpp.submit(messages(clock, 1, ending="11")))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(GatewayError):
            await second
        accept(*held[0])
        assert [outcome.verdict for outcome in await first] == [Verdict.ACCEPTED]
    assert len(smsc.submits) == 1


@in_loop
async def test_closing_gives_an_attempt_up_and_tells_who_waits_for_it(clock: Clock) -> None:
    async with raw() as (smsc, port), gateway(line(clock, port)) as smpp:
        smsc.mute = True
        task = asyncio.create_task(smpp.submit(messages(clock, 1)))
        await until(lambda: bool(smsc.heard))
        await smpp.close()
        with pytest.raises(GatewayError, match="smpp-lost"):
            await task
        smsc.mute = False
        assert len(await smpp.submit(messages(clock, 1))) == 1


@pytest.mark.parametrize(("bind", "binds"), [("transceiver", 1), ("pair", 2)])
@in_loop
async def test_what_was_opened_needs_no_connection_any_more(clock: Clock, bind: str, binds: int) -> None:
    async with raw() as (smsc, port), gateway(line(clock, port, bind=bind)) as smpp:
        await smpp.open()
        await smpp.open()
        assert len(smsc.binds) == binds
        batches = [messages(clock, 1, ending=ending) for ending in ("10", "11")]
        answered = await asyncio.gather(*(smpp.submit(batch) for batch in batches))
        assert [outcome.verdict for outcomes in answered for outcome in outcomes] == [Verdict.ACCEPTED] * 2
        assert len(smsc.binds) == binds


@in_loop
async def test_an_smsc_that_says_nothing_any_more_does_not_hold_up_closing(clock: Clock) -> None:
    """The lane is leased meanwhile. Storing never ends either here, and both connections are dead."""
    news = News(gate=asyncio.Event())
    async with raw() as (smsc, port), gateway(line(clock, port, news, bind="pair")) as smpp:
        await smpp.open()
        smsc.peers[0].send(pdu.DELIVER_SM, 0, 1, pdu.message(RECEIPT))
        await until(lambda: news.tries == 1)
        smsc.mute = True
        await smpp.close()
        assert (pdu.DELIVER_SM | pdu.RESPONSE) not in smsc.commands()  # what is not stored is not acknowledged
        assert news.gate is not None
        news.gate.set()


def test_closing_takes_a_tenth_of_a_lanes_lease_at_most() -> None:
    assert STORING + FAREWELL + PARTING + STORING_REST < 3


# --- never faster than it was let through


@in_loop
async def test_what_piles_up_behind_a_connection_goes_back_and_does_not_leave_in_one_burst(clock: Clock) -> None:
    async with raw() as (smsc, port), gateway(line(clock, port)) as smpp:
        batches = [messages(clock, 1, ending=f"{ending}") for ending in range(10, 40)]
        answered = await asyncio.gather(*(smpp.submit(batch) for batch in batches))
        assert {(found.verdict, found.reason) for (found,) in answered} == {(Verdict.THROTTLED, NOT_SENT)}
        assert smsc.submits == []
        assert [outcome.verdict for outcome in await smpp.submit(batches[0])] == [Verdict.ACCEPTED]


@in_loop
async def test_what_piles_up_after_being_too_fast_goes_back(clock: Clock) -> None:
    async with (
        raw(scripted(THROTTLED)) as (smsc, port),
        gateway(line(clock, port, throttle_seconds=0.1)) as smpp,
    ):
        await smpp.submit(messages(clock, 1))
        batches = [messages(clock, 1, ending=f"{ending}") for ending in range(10, 40)]
        answered = await asyncio.gather(*(smpp.submit(batch) for batch in batches))
        assert {(found.verdict, found.reason) for (found,) in answered} == {(Verdict.THROTTLED, NOT_SENT)}
        assert len(smsc.submits) == 1


@in_loop
async def test_what_piles_up_behind_a_network_that_takes_nothing_goes_back(clock: Clock) -> None:
    reading = asyncio.Event()

    def stop(peer: Raw, sequence: int, body: bytes) -> None:
        accept(peer, sequence, body)
        if not reading.is_set():
            assert peer.transport is not None
            peer.transport.pause_reading()

    async with raw(stop) as (smsc, port), gateway(line(clock, port, window=10_000, long="payload")) as smpp:
        await smpp.open()
        much = messages(clock, 9_000, "Dich vu cong truc tuyen. " * 60)
        flood = asyncio.create_task(smpp.submit(much))
        await until(lambda: bool(smsc.submits))
        piled = [asyncio.create_task(smpp.submit(messages(clock, 1, ending=f"{end}"))) for end in range(11, 40)]
        await asyncio.sleep(0)
        reading.set()
        assert smsc.peers[0].transport is not None
        smsc.peers[0].transport.resume_reading()
        outcomes = [outcome for task in piled for outcome in await task]
        assert {(found.verdict, found.reason) for found in outcomes} == {(Verdict.THROTTLED, NOT_SENT)}
        assert {outcome.verdict for outcome in await flood} == {Verdict.ACCEPTED}
        assert len(smsc.submits) == len(much)


# --- the connection


@in_loop
async def test_after_the_smsc_unbinds_the_next_submit_binds_again(clock: Clock) -> None:
    async with simulator(unbind_after=2) as (smsc, port), gateway(line(clock, port)) as smpp:
        assert len(await smpp.submit(messages(clock, 2))) == 2
        assert [outcome.verdict for outcome in await smpp.submit(messages(clock, 1))] == [Verdict.ACCEPTED]
    assert (smsc.binds, smsc.taken) == (2, 3)


@in_loop
async def test_what_an_unbind_finds_unwritten_has_not_left(clock: Clock) -> None:
    def unbind(peer: Raw, sequence: int, body: bytes) -> None:
        accept(peer, sequence, body)
        peer.send(pdu.UNBIND, 0, 7)

    batch = messages(clock, 3)
    async with raw(scripted(unbind, accept)) as (smsc, port), gateway(line(clock, port, window=1)) as smpp:
        outcomes = await smpp.submit(batch)
        # the window was free again before the unbind was read
        assert verdicts(outcomes, batch)[0] == (Verdict.ACCEPTED, "")
        assert verdicts(outcomes, batch)[2] == (Verdict.THROTTLED, NOT_SENT)
        await until(lambda: (pdu.UNBIND | pdu.RESPONSE, 0, 7) in smsc.heard)


@in_loop
async def test_it_answers_whether_it_is_there_and_asks_the_same(clock: Clock) -> None:
    async with (
        raw() as (smsc, port),
        gateway(line(clock, port, enquire_seconds=0.05, response_seconds=0.5)) as smpp,
    ):
        await smpp.submit(messages(clock, 1))
        smsc.peers[0].send(pdu.ENQUIRE_LINK, 0, 0xFFFFFFFE)
        await until(lambda: (pdu.ENQUIRE_LINK | pdu.RESPONSE, 0, 0xFFFFFFFE) in smsc.heard)
        await until(lambda: smsc.commands().count(pdu.ENQUIRE_LINK) >= 2)
        assert len(await smpp.submit(messages(clock, 1))) == 1
    assert len(smsc.binds) == 1


@in_loop
async def test_an_smsc_that_does_not_answer_whether_it_is_there_is_left(clock: Clock) -> None:
    async with (
        raw() as (smsc, port),
        gateway(line(clock, port, enquire_seconds=0.05, response_seconds=0.1)) as smpp,
    ):
        await smpp.submit(messages(clock, 1))
        smsc.alive = False
        assert smsc.peers[0].transport is not None
        await until(smsc.peers[0].transport.is_closing)
        smsc.alive = True
        assert len(await smpp.submit(messages(clock, 1))) == 1
    assert len(smsc.binds) == 2


@in_loop
async def test_a_connection_that_nobody_uses_is_given_up_where_the_lane_says_so(clock: Clock) -> None:
    async with raw() as (smsc, port), gateway(line(clock, port, inactivity_seconds=0.1)) as smpp:
        await smpp.submit(messages(clock, 1))
        await until(lambda: pdu.UNBIND in smsc.commands())
        assert len(await smpp.submit(messages(clock, 1))) == 1
    assert len(smsc.binds) == 2


@in_loop
async def test_octets_that_are_no_pdu_end_the_connection_and_what_waits_is_in_doubt(clock: Clock) -> None:
    def garbage(peer: Raw, sequence: int, body: bytes) -> None:
        peer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    batch = messages(clock, 2)
    async with raw(scripted(accept, garbage)) as (smsc, port), gateway(line(clock, port)) as smpp:
        assert verdicts(await smpp.submit(batch), batch) == [(Verdict.ACCEPTED, ""), None]
        await until(lambda: (pdu.GENERIC_NACK, pdu.INVALID_LENGTH, 0) in smsc.heard)


@in_loop
async def test_commands_that_nobody_knows_are_said_so_and_outbind_is_overlooked(clock: Clock) -> None:
    async with raw() as (smsc, port), gateway(line(clock, port)) as smpp:
        await smpp.submit(messages(clock, 1))
        for command in (pdu.OUTBIND, pdu.ALERT_NOTIFICATION, 0x00010200):
            smsc.peers[0].send(command, 0, 0x80000001 + command)
        await until(lambda: pdu.GENERIC_NACK in smsc.commands())
        assert len(await smpp.submit(messages(clock, 1))) == 1
    nacks = [heard for heard in smsc.heard if heard[0] == pdu.GENERIC_NACK]
    assert nacks == [(pdu.GENERIC_NACK, pdu.INVALID_COMMAND, 0x80010201)]


@in_loop
async def test_answers_may_come_in_any_pieces(clock: Clock) -> None:
    async with simulator(dribble=True) as (_, port), gateway(line(clock, port)) as smpp:
        outcomes = await smpp.submit(messages(clock, 30))
    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * 30


@in_loop
async def test_closing_unbinds_and_waits_for_what_is_being_stored(clock: Clock) -> None:
    news = News()
    async with simulator() as (smsc, port):
        async with gateway(line(clock, port, news)) as smpp:
            await smpp.submit(messages(clock, 3))
            await until(lambda: smsc.pushed == 3)
        assert smsc.unbinds == 1
        assert (len(news.receipts), smsc.acknowledged) == (3, 3)


@in_loop
async def test_answers_that_come_while_it_is_closed_still_settle_the_doubt(clock: Clock) -> None:
    """A lane that got no answer hangs up at once, and an SMSC answers what it has before it answers an unbind."""
    held: list[tuple[Raw, int, bytes]] = []
    news = News()
    async with (
        raw(lambda *asked: held.append(asked)) as (smsc, port),
        gateway(line(clock, port, news, response_seconds=0.1)) as smpp,
    ):
        assert list(await smpp.submit(messages(clock, 2))) == []
        smsc.before_unbind = lambda: [accept(*asked) for asked in held]
        await smpp.close()
    assert {receipt.state for receipt in news.receipts} == {RowState.ACCEPTED}
    assert len(news.receipts) == 2
