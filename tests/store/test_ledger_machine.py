"""Whatever is done in whatever order: the counters are right, every row's history is legal, nothing goes out twice.

Hypothesis drives a ledger on SQLite at random, with two holders that take the lane from each other, and shrinks what
goes wrong to the shortest story.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from loa.model.clock import FixedClock
from loa.model.ledger import Answered, Change, Lease, Receipt, Row
from loa.model.states import RowState, may_become
from loa.store import Store

from .ledger_kit import JOB, LANE, WAVE, MovingClock, assert_counted, number, path, people

S = RowState
INDEXES = range(8)
ANSWERS = [S.ACCEPTED, S.REFUSED, S.PLANNED, S.UNKNOWN]
TOLD = [S.DELIVERED, S.UNDELIVERED, S.EXPIRED, S.ACCEPTED]
SETTLED = [S.ACCEPTED, S.REFUSED, S.PLANNED, S.CANCELLED, S.DELIVERED]

some = st.lists(st.sampled_from(INDEXES), unique=True, max_size=8)


class LedgerMachine(RuleBasedStateMachine):
    ready: ClassVar[Path]
    start: ClassVar[datetime]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="loa-machine-"))
        shutil.copy(self.ready, self.folder / "loa.db")
        self.moment = FixedClock(self.start).now()
        self.store = Store.open("sqlite:///loa.db", self.folder, FixedClock(self.start))
        # no power cuts in this story; the pool gives the same connection again and again
        connection = self.store.database.engine.raw_connection()
        connection.cursor().execute("PRAGMA synchronous=OFF")
        connection.close()
        self.ledger = self.store.ledger
        self.bundle = 1
        self.leases: list[Lease] = []
        self.claims: list[tuple[Lease, Row]] = []
        self.batches: list[tuple[Lease, Sequence[Row]]] = []
        self.sent: dict[str, int] = {}

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    # what happens

    @rule(indexes=some, parts=st.integers(1, 3), suppress=st.booleans(), operator=st.sampled_from(["", "gmobile"]))
    def expand(self, indexes: list[int], parts: int, suppress: bool, operator: str) -> None:
        reason = "no-consent" if suppress and indexes[:1] == [0] else ""
        plan = people(indexes, parts=parts, suppressed=reason, operator=operator)
        self.ledger.expand(JOB, self.bundle, plan, self.moment)

    @rule(indexes=some)
    def approve_anew(self, indexes: list[int]) -> None:
        self.bundle += 1
        self.ledger.expand(JOB, self.bundle, people(indexes, body=f"words-{self.bundle}", parts=2), self.moment)
        self.ledger.drop_left_over(JOB, self.bundle, self.moment)

    @rule(index=st.sampled_from(INDEXES))
    def opt_out(self, index: int) -> None:
        self.store.audiences.opt_out([number(index)], "1022", self.moment)

    @rule()
    def take(self) -> None:
        lease = self.store.lanes.take(LANE, f"holder-{len(self.leases)}", self.moment)
        if lease is not None:
            assert all(lease.fence > earlier.fence for earlier in self.leases)
            self.leases.append(lease)
            self.ledger.doubt(lease, self.moment)

    @precondition(lambda self: self.leases)
    @rule()
    def renew(self) -> None:
        renewed = self.store.lanes.renew(self.leases[-1], self.moment)
        if renewed is not None:
            self.leases[-1] = renewed

    @rule(seconds=st.sampled_from([0.5, 5.0, 31.0]))
    def wait(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), limit=st.integers(1, 4))
    def claim(self, data: st.DataObject, limit: int) -> None:
        lease = data.draw(st.sampled_from(self.leases), "the lease, perhaps a stale one")
        self._taken(lease, self.ledger.claim(JOB, self.bundle, lease, limit, self.moment).rows)

    def _taken(self, lease: Lease, rows: Sequence[Row]) -> None:
        held = self.ledger.held(WAVE)
        newest = self.leases[-1]
        under = (lease.lane, lease.fence) == (newest.lane, newest.fence)
        assert not rows or (under and self.moment < newest.until and not held)
        if rows:
            self.batches.append((lease, rows))
        for row in rows:
            assert row.retry_at is None
            self.claims.append((lease, row))
            self.sent[row.id] = self.sent.get(row.id, 0) + 1

    @precondition(lambda self: self.batches)
    @rule(data=st.data(), raws=st.sampled_from([("0",), ("0", "1")]), limit=st.integers(0, 3))
    def go_on(self, data: st.DataObject, raws: tuple[str, ...], limit: int) -> None:
        """As a turn does it: what was taken is written down, perhaps again or late, and the next rows are claimed."""
        lease, batch = data.draw(st.sampled_from(self.batches), "the batch that was answered")
        changes = [
            Change(row.id, S.ACCEPTED, "", f"gw-{row.id[:6]}-{row.attempts}", raw=raws[i % len(raws)])
            for i, row in enumerate(batch)
        ]
        answered = [Answered(changes, batch)]
        self._taken(lease, self.ledger.claim(JOB, self.bundle, lease, limit, self.moment, answered=answered).rows)

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), state=st.sampled_from(ANSWERS), spends=st.booleans())
    def answer(self, data: st.DataObject, state: RowState, spends: bool) -> None:
        lease, row = data.draw(st.sampled_from(self.claims), "the answer, perhaps a late or a second one")
        gateway_id = f"gw-{row.id[:6]}-{row.attempts}" if state is S.ACCEPTED else ""
        retry = self.moment + timedelta(seconds=1) if state is S.PLANNED else None
        change = Change(row.id, state, "", gateway_id, retry, spends)
        other = Change(row.id, S.REFUSED, "said twice")
        self.ledger.record(lease, [change, other], self.moment)

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), states=st.lists(st.sampled_from(TOLD), min_size=1, max_size=3), by_reference=st.booleans())
    def receive(self, data: st.DataObject, states: list[RowState], by_reference: bool) -> None:
        _, row = data.draw(st.sampled_from(self.claims), "the receipt's message")
        key, ref = ("", row.id) if by_reference else (f"gw-{row.id[:6]}-{row.attempts}", "")
        told = [Receipt(LANE, key, state, self.moment - timedelta(seconds=1), ref) for state in states]
        self.ledger.receive(told, self.moment, ("cursor", str(len(self.claims))))

    @rule(indexes=some, state=st.sampled_from(SETTLED))
    def settle(self, indexes: list[int], state: RowState) -> None:
        doubtful = {row.id for row in self.store.figures.in_doubt(WAVE)}
        ids = [row.id for row in self.store.figures.rows(WAVE)]
        changes = [Change(ids[index], state, "officer") for index in indexes if index < len(ids)]
        moved = self.ledger.settle(changes, self.moment)
        assert moved == len(doubtful & {change.row for change in changes})

    @rule(kind=st.sampled_from(["paused", "", ""]))
    def hold(self, kind: str) -> None:
        self.ledger.hold(WAVE, kind, "lan", self.moment)

    @precondition(lambda self: self.sent and max(self.sent.values()) > 1)  # late in a story, or it ends too soon
    @rule()
    def cancel(self) -> None:
        self.ledger.cancel(WAVE, "lan", self.moment)

    # what is always true

    @invariant()
    def the_counters_are_right(self) -> None:
        assert_counted(self.store)

    @invariant()
    def every_row_is_legal(self) -> None:
        in_hand = {lease.fence for lease in self.leases[-1:]}
        for row in self.store.figures.rows(WAVE):
            stands = S.PLANNED
            claims = 0
            for state in path(self.store, row.id):
                assert may_become(stands, state), f"{stands} -> {state}"
                claims += state is S.SENDING
                stands = state
            assert row.state is stands, "its history ends where it stands"
            assert claims == self.sent.get(row.id, 0), "it leaves as often as it was planned and claimed"
            assert 0 <= row.attempts <= claims
            assert stands is not S.SENDING or row.fence in in_hand, "what the last holder left is in doubt"


@pytest.fixture
def machine(_ready_sqlite: Path, clock: MovingClock) -> type[LedgerMachine]:
    LedgerMachine.ready = _ready_sqlite
    LedgerMachine.start = clock.now()
    return LedgerMachine


def test_the_ledger_keeps_its_promises_whatever_is_done(machine: type[LedgerMachine]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
