"""The simulator's endings: each outcome a real network has, by the last two digits of the number."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from loa.model.clock import Clock
from loa.model.ledger import Receipt, row_id
from loa.model.settings import LaneSettings
from loa.model.states import RowState
from loa.sms.gateways import connect
from loa.sms.gateways.base import Gateway, Line, Message, Verdict
from loa.sms.parts import Alphabet


class Peer:
    """A simulator and what it pushed."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.clock = clock
        self.pushed: list[Receipt] = []
        self.folder = folder

    def gateway(self) -> Gateway:
        async def sink(receipts: Sequence[Receipt]) -> None:
            self.pushed.extend(receipts)

        lane = LaneSettings(name="thu", gateway="simulator", sender="X", options={"latency_ms": 0})
        return connect(Line(lane, {}, self.clock, self.folder, sink))

    def message(self, ending: str) -> Message:
        number = f"+849120001{ending}"
        until = self.clock.now() + timedelta(hours=1)
        return Message(row_id("w", "d", number), number, "chao", "X", 1, Alphabet.GSM7, until)


@pytest.fixture
def peer(tmp_path: Path, clock: Clock) -> Peer:
    return Peer(tmp_path, clock)


@pytest.mark.parametrize(
    ("ending", "verdict", "receipts"),
    [
        ("01", Verdict.REFUSED, []),
        ("02", Verdict.LATER, []),
        ("03", Verdict.ACCEPTED, [RowState.UNDELIVERED]),
        ("04", Verdict.ACCEPTED, [RowState.EXPIRED]),
        ("05", Verdict.ACCEPTED, []),
        ("06", Verdict.ACCEPTED, [RowState.DELIVERED, RowState.DELIVERED]),
        ("07", Verdict.ACCEPTED, []),  # pushed before the answer instead
        ("08", None, [RowState.DELIVERED]),
        ("09", None, []),
        ("10", Verdict.ACCEPTED, [RowState.DELIVERED]),
        ("99", Verdict.ACCEPTED, [RowState.DELIVERED]),
    ],
)
def test_endings(peer: Peer, ending: str, verdict: Verdict | None, receipts: list[RowState]) -> None:
    gateway = peer.gateway()
    outcomes = asyncio.run(gateway.submit([peer.message(ending)]))
    assert [outcome.verdict for outcome in outcomes] == ([] if verdict is None else [verdict])
    got, _ = asyncio.run(gateway.poll(""))
    assert [receipt.state for receipt in got] == receipts
    assert [receipt.state for receipt in peer.pushed] == ([RowState.DELIVERED] if ending == "07" else [])


@pytest.mark.parametrize(("ending", "verdict"), [("08", Verdict.ACCEPTED), ("09", Verdict.UNKNOWN)])
def test_an_answer_that_never_came_can_be_asked_for_or_not(peer: Peer, ending: str, verdict: Verdict) -> None:
    gateway = peer.gateway()
    message = peer.message(ending)
    asyncio.run(gateway.submit([message]))
    (answer,) = asyncio.run(gateway.status([message.reference]))
    assert answer.verdict is verdict


def test_a_temporary_error_is_over_the_second_time_also_for_another_process(peer: Peer) -> None:
    message = peer.message("02")
    (first,) = asyncio.run(peer.gateway().submit([message]))
    (second,) = asyncio.run(peer.gateway().submit([message]))
    assert (first.verdict, second.verdict) == (Verdict.LATER, Verdict.ACCEPTED)


def test_its_own_book_counts_what_it_was_given_and_keeps_no_number(peer: Peer) -> None:
    asyncio.run(peer.gateway().submit([peer.message("10"), peer.message("01")]))
    book = (peer.folder / "thu.jsonl").read_text()
    assert [json.loads(line)["taken"] for line in book.splitlines()] == [True, False]
    assert "91200" not in book
