"""What every gateway must do, whatever is behind it. A new module in `loa/sms/gateways` needs a line in `PEERS`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from loa.model.clock import Clock
from loa.model.ledger import Receipt, row_id
from loa.model.settings import LaneSettings
from loa.sms.gateways import catalogue, connect
from loa.sms.gateways.base import Gateway, Line, Message, Verdict
from loa.sms.parts import split

Pushed = list[Receipt]


def simulator(folder: Path, clock: Clock, pushed: Pushed) -> Gateway:
    async def sink(receipts: Sequence[Receipt]) -> None:
        pushed.extend(receipts)

    lane = LaneSettings(name="thu", gateway="simulator", sender="DVC-MAU", options={"latency_ms": 0})
    return connect(Line(lane, {}, clock, folder, sink))


# gateway -> how to reach one whose other side is under the test's control
PEERS: dict[str, Callable[[Path, Clock, Pushed], Gateway]] = {"simulator": simulator}


def test_every_gateway_of_the_catalogue_is_held_to_the_contract() -> None:
    assert set(PEERS) == set(catalogue())


@pytest.fixture(params=sorted(PEERS))
def gateway(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Gateway:
    return PEERS[request.param](tmp_path, clock, [])


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


def test_an_ordinary_message_is_accepted_with_an_id_of_the_gateways(gateway: Gateway, clock: Clock) -> None:
    sent = message(clock)
    (outcome,) = asyncio.run(gateway.submit([sent]))
    assert (outcome.reference, outcome.verdict) == (sent.reference, Verdict.ACCEPTED)
    assert outcome.gateway_id


def test_a_batch_gets_one_outcome_each_and_none_of_others(gateway: Gateway, clock: Clock) -> None:
    batch = [message(clock, f"+849120001{i}") for i in range(10, 60)]
    outcomes = asyncio.run(gateway.submit(batch))
    assert sorted(outcome.reference for outcome in outcomes) == sorted(item.reference for item in batch)
    assert len({outcome.gateway_id for outcome in outcomes}) == len(batch)


def test_an_empty_batch_is_nothing(gateway: Gateway) -> None:
    assert list(asyncio.run(gateway.submit([]))) == []


def test_what_it_never_had_may_be_sent_again(gateway: Gateway, clock: Clock) -> None:
    if not gateway.limits.asks_status:
        pytest.fail("a gateway that cannot be asked needs a peer that shows it")
    (answer,) = asyncio.run(gateway.status([message(clock).reference]))
    assert answer.verdict is Verdict.LATER


def test_what_it_took_it_owns_up_to(gateway: Gateway, clock: Clock) -> None:
    sent = message(clock)
    (outcome,) = asyncio.run(gateway.submit([sent]))
    (answer,) = asyncio.run(gateway.status([sent.reference]))
    assert (answer.verdict, answer.gateway_id) == (Verdict.ACCEPTED, outcome.gateway_id)


def test_receipts_are_read_to_an_end_and_the_same_place_gives_the_same_ones(gateway: Gateway, clock: Clock) -> None:
    asyncio.run(gateway.submit([message(clock)]))
    receipts, cursor = asyncio.run(gateway.poll(""))
    assert len(receipts) == 1
    assert asyncio.run(gateway.poll("")) == (receipts, cursor)
    assert asyncio.run(gateway.poll(cursor)) == ([], cursor)


def test_a_message_shows_neither_number_nor_words(clock: Clock) -> None:
    shown = repr([replace(message(clock), body="bí mật")])
    assert "84912" not in shown
    assert "bí mật" not in shown


def test_closing_twice_is_no_error(gateway: Gateway) -> None:
    async def twice() -> None:
        await gateway.close()
        await gateway.close()

    asyncio.run(twice())
