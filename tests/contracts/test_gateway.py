"""What every gateway must do, whatever is behind it. A new module in `loa/sms/gateways` needs a line in `PEERS`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from loa.model.clock import Clock
from loa.model.errors import ContentError, Refused, Unsupported
from loa.model.ledger import Receipt, row_id
from loa.model.settings import LaneSettings
from loa.sms.gateways import catalogue, connect, read_callback
from loa.sms.gateways.base import Call, Gateway, Line, Message, Outcome, Sink, Verdict
from loa.sms.parts import split
from tests.sms.gateways import operators, twilio_service
from tests.sms.smpp import kit

Pushed = list[Receipt]
Peer = Callable[[Path, Clock, Pushed], AbstractAsyncContextManager[tuple[Gateway, Line]]]
"""A gateway and its line, connected to another side that is under the test's control, for as long as the block lasts.

Everything of one test runs in one event loop, the other side too.
"""


@asynccontextmanager
async def simulator(folder: Path, clock: Clock, pushed: Pushed) -> AsyncIterator[tuple[Gateway, Line]]:
    lane = LaneSettings(name="thu", gateway="simulator", sender="DVC-MAU", options={"latency_ms": 0})
    line = Line(lane, {}, clock, folder, into(pushed))
    yield connect(line), line


def into(pushed: Pushed) -> Sink:
    """A sink that keeps what is pushed."""

    async def sink(receipts: Sequence[Receipt]) -> None:
        pushed.extend(receipts)

    return sink


# gateway -> how to reach one whose other side is under the test's control
PEERS: dict[str, Peer] = {
    "simulator": simulator,
    "twilio": lambda _folder, clock, _pushed: twilio_service.peer(clock),
    "viettel": lambda _folder, clock, _pushed: operators.peer("viettel", clock),
    "vnpt": lambda _folder, clock, _pushed: operators.peer("vnpt", clock),
    "esms": lambda _folder, clock, _pushed: operators.peer("esms", clock),
    "smpp": lambda _folder, clock, _pushed: kit.peer(clock),
}


def test_every_gateway_of_the_catalogue_is_held_to_the_contract() -> None:
    assert set(PEERS) == set(catalogue())


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(params=sorted(PEERS))
def connected(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock, loop: asyncio.Runner
) -> Iterator[tuple[Gateway, Line]]:
    peer = PEERS[request.param](tmp_path, clock, [])
    gateway, line = loop.run(peer.__aenter__())
    yield gateway, line
    loop.run(gateway.close())
    loop.run(peer.__aexit__(None, None, None))


@pytest.fixture
def gateway(connected: tuple[Gateway, Line]) -> Gateway:
    return connected[0]


@pytest.fixture
def line(connected: tuple[Gateway, Line]) -> Line:
    return connected[1]


def message(clock: Clock, number: str = "+84912000199", text: str = "Xin chào") -> Message:
    parts = split(text)
    return Message(
        reference=row_id("w", "d", number),
        number=number,
        body=text,
        sender="DVC-MAU",
        parts=parts.count,
        alphabet=parts.alphabet,
        valid_until=clock.now() + timedelta(hours=2),
    )


def test_an_ordinary_message_is_accepted_with_an_id_of_the_gateways(
    gateway: Gateway, clock: Clock, loop: asyncio.Runner
) -> None:
    sent = message(clock)
    (outcome,) = loop.run(gateway.submit([sent]))
    assert (outcome.reference, outcome.verdict) == (sent.reference, Verdict.ACCEPTED)
    assert outcome.gateway_id


def test_a_batch_gets_one_outcome_each_and_none_of_others(gateway: Gateway, clock: Clock, loop: asyncio.Runner) -> None:
    batch = [message(clock, f"+849120001{i}") for i in range(10, 60)]
    outcomes = loop.run(gateway.submit(batch))
    assert sorted(outcome.reference for outcome in outcomes) == sorted(item.reference for item in batch)
    assert len({outcome.gateway_id for outcome in outcomes}) == len(batch)


def test_two_batches_may_be_on_their_way_at_once(gateway: Gateway, clock: Clock, loop: asyncio.Runner) -> None:
    batches = [[message(clock, f"+84912000{i}{j:02}") for j in range(20, 40)] for i in (1, 2)]

    async def both() -> list[Sequence[Outcome]]:
        return await asyncio.gather(*(gateway.submit(batch) for batch in batches))

    answered = [[outcome.reference for outcome in outcomes] for outcomes in loop.run(both())]
    assert [sorted(references) for references in answered] == [
        sorted(item.reference for item in batch) for batch in batches
    ]


def test_what_was_opened_takes_batches_side_by_side_at_once(
    gateway: Gateway, clock: Clock, loop: asyncio.Runner
) -> None:
    batches = [[message(clock, f"+84912000{i}{j:02}") for j in range(20, 40)] for i in (1, 2)]

    async def both() -> list[Sequence[Outcome]]:
        await gateway.open()
        await gateway.open()
        return await asyncio.gather(*(gateway.submit(batch) for batch in batches))

    answered = [outcome.verdict for outcomes in loop.run(both()) for outcome in outcomes]
    assert answered == [Verdict.ACCEPTED] * 40


def test_an_empty_batch_is_nothing(gateway: Gateway, loop: asyncio.Runner) -> None:
    assert list(loop.run(gateway.submit([]))) == []


def test_what_it_never_had_may_be_sent_again(gateway: Gateway, clock: Clock, loop: asyncio.Runner) -> None:
    asked = gateway.status([message(clock).reference])
    if not gateway.limits.asks_status:
        with pytest.raises(Unsupported):
            loop.run(asked)
        return
    (answer,) = loop.run(asked)
    assert answer.verdict is Verdict.LATER


def test_what_it_took_it_owns_up_to(gateway: Gateway, clock: Clock, loop: asyncio.Runner) -> None:
    sent = message(clock)
    (outcome,) = loop.run(gateway.submit([sent]))
    asked = gateway.status([sent.reference])
    if not gateway.limits.asks_status:
        with pytest.raises(Unsupported):
            loop.run(asked)
        return
    (answer,) = loop.run(asked)
    assert (answer.verdict, answer.gateway_id) == (Verdict.ACCEPTED, outcome.gateway_id)


def test_receipts_are_read_to_an_end_and_the_same_place_gives_the_same_ones(
    gateway: Gateway, clock: Clock, loop: asyncio.Runner
) -> None:
    loop.run(gateway.submit([message(clock)]))
    if not gateway.limits.polls_receipts:
        with pytest.raises(Unsupported):
            loop.run(gateway.poll(""))
        return
    receipts, cursor = loop.run(gateway.poll(""))
    assert len(receipts) == 1
    assert loop.run(gateway.poll("")) == (receipts, cursor)
    assert loop.run(gateway.poll(cursor)) == ([], cursor)


def test_it_listens_only_where_it_says_so(gateway: Gateway, loop: asyncio.Runner) -> None:
    if gateway.limits.listens:
        loop.run(gateway.listen(0.01))
    else:
        with pytest.raises(Unsupported):
            loop.run(gateway.listen(0.01))


def test_a_callback_that_is_not_the_gateways_is_refused(gateway: Gateway, line: Line) -> None:
    call = Call("GET", "https://loa.example/sms", (("SMSID", "1"), ("MessageSid", "SM1")), {}, b"")
    with pytest.raises(Refused if gateway.limits.calls_back else Unsupported):
        read_callback(line, call)


def test_an_option_that_it_does_not_know_is_named_and_refused(line: Line) -> None:
    lane = line.lane.model_copy(update={"options": {**line.lane.options, "khong_co": 1}})
    with pytest.raises(ContentError) as caught:
        connect(replace(line, lane=lane))
    place = caught.value.where
    assert place is not None
    assert (place.file, place.field) == ("loa.toml", f"sms.lanes.{lane.name}.options.khong_co")


def test_a_message_shows_neither_number_nor_words(clock: Clock) -> None:
    shown = repr([message(clock)._replace(body="bí mật")])
    assert "84912" not in shown
    assert "bí mật" not in shown


def test_closing_twice_is_no_error(gateway: Gateway, loop: asyncio.Runner) -> None:
    loop.run(gateway.close())
    loop.run(gateway.close())
