"""Whatever is done in whatever order, what is answered from counters and indexes is what counting the rows gives."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from loa.model.states import RowState
from loa.store.expansion import planned_frame
from loa.store.schema import rows

from .ledger_kit import JOB, WAVE, MovingClock, number, people
from .test_ledger_machine import LedgerMachine, some

S = RowState


class ExpandMachine(LedgerMachine):
    """The ledger's own story, with expansions that overlap and break off."""

    @rule(frames=st.lists(some, max_size=3), newer=st.booleans())
    def expand_in_batches(self, frames: list[list[int]], newer: bool) -> None:
        """A newer bundle may break off before what is left over is dropped."""
        self.bundle += newer
        before = {row.recipient for row in self.store.figures.rows(WAVE)}
        batches = [planned_frame(people(indexes, body=f"words-{self.bundle}")) for indexes in frames]
        added = self.ledger.expand_frames(JOB, self.bundle, batches, self.moment)
        new = {number(index) for indexes in frames for index in indexes} - before
        assert added == (0 if self.ledger.held(WAVE) == "cancelled" else len(new))

    @rule()
    def drop(self) -> None:
        self.ledger.drop_left_over(JOB, self.bundle, self.moment)
        planned = [row for row in self.all_rows() if row["state"] == S.PLANNED]
        assert all(row["bundle"] >= self.bundle for row in planned)

    @invariant()
    def what_waits_is_what_counting_gives(self) -> None:
        for bundle in range(1, self.bundle + 1):
            mine = [row for row in self.all_rows() if row["bundle"] == bundle and row["state"] == S.PLANNED]
            times = [row["retry_at"] for row in mine if row["retry_at"] is not None]
            first = min(times, default=None)
            assert self.store.figures.waiting(WAVE, "sms-people", bundle) == (len(mine), first)
            at_once = len(mine) > len(times) or (first is not None and first <= self.moment)
            assert self.store.figures.due(WAVE, "sms-people", bundle, self.moment) == (
                self.moment if at_once else first
            )

    @invariant()
    def nothing_is_left_over_where_nothing_is_left_to_do(self) -> None:
        if not self.store.figures.to_expand(WAVE, "sms-people", self.bundle):
            assert all(row["bundle"] >= self.bundle for row in self.all_rows() if row["state"] == S.PLANNED)

    def all_rows(self) -> list[dict[str, object]]:
        with self.store.database.read() as connection:
            return [dict(row) for row in connection.execute(sa.select(rows)).mappings()]


@pytest.fixture
def machine(_ready_sqlite: Path, clock: MovingClock) -> type[ExpandMachine]:
    ExpandMachine.ready = _ready_sqlite
    ExpandMachine.start = clock.now()
    return ExpandMachine


def test_counters_and_indexes_answer_as_counting_would(machine: type[ExpandMachine]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=120, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
