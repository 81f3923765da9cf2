"""What a gateway's answer means for a row."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from loa.model.clock import VIETNAM
from loa.model.ledger import Row
from loa.model.settings import LaneSettings
from loa.model.states import RowState
from loa.sms.answers import change
from loa.sms.gateways.base import WRONG_NETWORK, Outcome, Verdict

NOW = datetime(2027, 9, 10, 9, 0, tzinfo=VIETNAM)


def row(attempts: int = 1, lane: str = "mot", tried: str = "") -> Row:
    phone, operator = "+84912000110", "VinaPhone"
    return Row(
        "r", "w", "d", phone, operator, "", "vi", "b", 1, RowState.SENDING, "", attempts, lane, 1, "", None, NOW, tried
    )  # fmt: skip


def lane(name: str, *networks: str) -> LaneSettings:
    return LaneSettings(name=name, gateway="simulator", sender="DVC-MAU", networks=networks or ("*",))


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        (Verdict.ACCEPTED, RowState.ACCEPTED),
        (Verdict.REFUSED, RowState.REFUSED),
        (Verdict.LATER, RowState.PLANNED),
        (Verdict.THROTTLED, RowState.PLANNED),
        (Verdict.UNKNOWN, RowState.UNKNOWN),
    ],
)
def test_each_verdict_has_its_state(verdict: Verdict, state: RowState) -> None:
    assert change(row(), Outcome("r", verdict), NOW, max_attempts=5).state is state


def test_attempts_run_out_on_temporary_errors() -> None:
    last = change(row(attempts=5), Outcome("r", Verdict.LATER), NOW, max_attempts=5)
    assert (last.state, last.reason) == (RowState.REFUSED, "attempts-used")


def test_throttling_never_uses_attempts_up() -> None:
    again = change(row(attempts=5), Outcome("r", Verdict.THROTTLED), NOW, max_attempts=5)
    assert (again.state, again.spends_attempt) == (RowState.PLANNED, False)


def test_a_time_that_the_gateway_names_is_kept() -> None:
    later = change(row(), Outcome("r", Verdict.THROTTLED, retry_after=7), NOW, max_attempts=5)
    assert later.retry_at == NOW + timedelta(seconds=7)


@pytest.mark.parametrize("named", [-1.0, float("nan"), float("inf"), 1e9])
def test_a_time_that_cannot_be_is_not_believed(named: float) -> None:
    later = change(row(), Outcome("r", Verdict.THROTTLED, retry_after=named), NOW, max_attempts=5)
    assert later.retry_at is not None
    assert later.retry_at - NOW < timedelta(minutes=1)


WRONG = Outcome("r", Verdict.REFUSED, reason=WRONG_NETWORK)


@pytest.mark.parametrize(
    ("lanes", "tried", "network", "state"),
    [
        ([lane("mot", "VinaPhone"), lane("hai", "MobiFone")], "", "MobiFone", RowState.PLANNED),
        ([lane("mot", "VinaPhone"), lane("hai", "MobiFone")], "", "", RowState.PLANNED),
        ([lane("mot", "VinaPhone"), lane("hai", "MobiFone")], "", "Viettel", RowState.REFUSED),
        ([lane("mot", "VinaPhone"), lane("hai", "MobiFone")], "|hai|", "", RowState.REFUSED),
        ([lane("mot", "VinaPhone"), lane("hai", "MobiFone"), lane("ba")], "|hai|", "", RowState.PLANNED),
        ([lane("mot", "VinaPhone")], "", "", RowState.REFUSED),
    ],
)
def test_a_number_on_another_network_goes_to_a_lane_that_has_not_tried(
    lanes: list[LaneSettings], tried: str, network: str, state: RowState
) -> None:
    outcome = Outcome("r", Verdict.REFUSED, reason=WRONG_NETWORK, network=network)
    made = change(row(tried=tried), outcome, NOW, 5, lanes)
    assert (made.state, made.not_here) == (state, state is RowState.PLANNED)
    assert made.spends_attempt is (state is not RowState.PLANNED)
