"""What a gateway's answer means for a row of the ledger. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from loa.model.ledger import Change, Row
from loa.model.settings import LaneSettings
from loa.model.states import RowState
from loa.sms.gateways.base import WRONG_NETWORK, Outcome, Verdict
from loa.sms.route import elsewhere

RETRY = timedelta(seconds=30)  # where a gateway names no time
THROTTLE = timedelta(seconds=2)
LONGEST_RETRY = 86_400.0  # seconds; a gateway that names more, or nonsense, is not believed
NO_ANSWER = Outcome("", Verdict.UNKNOWN, reason="no-answer")


def change(row: Row, outcome: Outcome, now: datetime, max_attempts: int, lanes: Sequence[LaneSettings] = ()) -> Change:
    """What an answer means for a row. Throttling spends no attempt; a temporary error does, and they run out.

    A refusal for being on another network is none, as long as there is a lane that has not tried.
    """
    if outcome.verdict is Verdict.ACCEPTED:
        return Change(
            row.id, RowState.ACCEPTED, outcome.reason, outcome.gateway_id, raw=outcome.raw, network=outcome.network
        )
    if outcome.verdict is Verdict.REFUSED:
        if outcome.reason == WRONG_NETWORK and elsewhere(lanes, _tried(row), outcome.network):
            return _elsewhere(row, outcome, now)
        return Change(
            row.id, RowState.REFUSED, outcome.reason, outcome.gateway_id, raw=outcome.raw, network=outcome.network
        )
    if outcome.verdict is Verdict.UNKNOWN:
        return Change(row.id, RowState.UNKNOWN, outcome.reason or NO_ANSWER.reason, raw=outcome.raw)
    return _again(row, outcome, now, max_attempts)


def _tried(row: Row) -> frozenset[str]:
    return frozenset(row.tried.strip("|").split("||")) | {row.lane}


def _elsewhere(row: Row, outcome: Outcome, now: datetime) -> Change:
    return Change(
        row.id, RowState.PLANNED, WRONG_NETWORK, retry_at=now, spends_attempt=False, raw=outcome.raw,
        network=outcome.network, not_here=True,
    )  # fmt: skip


def _again(row: Row, outcome: Outcome, now: datetime, max_attempts: int) -> Change:
    throttled = outcome.verdict is Verdict.THROTTLED
    if not throttled and row.attempts >= max_attempts:
        return Change(row.id, RowState.REFUSED, "attempts-used", raw=outcome.raw)
    wait = THROTTLE if throttled else RETRY
    if outcome.retry_after is not None and 0 <= outcome.retry_after <= LONGEST_RETRY:
        wait = timedelta(seconds=outcome.retry_after)
    return Change(
        row.id, RowState.PLANNED, outcome.reason, retry_at=now + wait, spends_attempt=not throttled, raw=outcome.raw
    )
