"""Which lane a network goes out on, and when a lane is left alone."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from loa.model.clock import VIETNAM
from loa.model.settings import LaneSettings
from loa.sms.breaker import NO_ANSWER, left_alone
from loa.sms.route import assign, elsewhere

NOW = datetime(2027, 9, 10, 9, 0, tzinfo=VIETNAM)


def lane(name: str, *networks: str) -> LaneSettings:
    return LaneSettings(name=name, gateway="simulator", sender="DVC-MAU", networks=networks)


LANES = [lane("viettel-1", "Viettel"), lane("vnpt-1", "VinaPhone"), lane("chung", "*")]
ALL = ["MobiFone", "Viettel", "VinaPhone"]


@pytest.mark.parametrize(
    ("operators", "broken", "expected"),
    [
        (ALL, [], {"viettel-1": ("Viettel",), "vnpt-1": ("VinaPhone",), "chung": ("MobiFone",)}),
        (ALL, ["viettel-1"], {"vnpt-1": ("VinaPhone",), "chung": ("MobiFone", "Viettel")}),
        (ALL, ["chung"], {"viettel-1": ("Viettel",), "vnpt-1": ("VinaPhone",)}),
        (["Viettel"], ["viettel-1", "chung"], {}),
    ],
)
def test_the_first_lane_that_serves_a_network_and_works_has_it(
    operators: list[str], broken: list[str], expected: dict[str, tuple[str, ...]]
) -> None:
    assert {name: work.fresh for name, work in assign(LANES, operators, broken).items()} == expected


@pytest.mark.parametrize(
    ("operators", "moved", "expected"),
    [
        (["Viettel"], True, {"viettel-1": ("Viettel",), "chung": ("Viettel",)}),
        (["Viettel"], False, {"viettel-1": ()}),
        (["", "Viettel"], False, {"viettel-1": ("", "Viettel"), "vnpt-1": ("",), "chung": ("", "Viettel")}),
    ],
)
def test_numbers_that_were_sent_back_may_go_out_on_every_lane_that_serves_them(
    operators: list[str], moved: bool, expected: dict[str, tuple[str, ...]]
) -> None:
    assert {name: work.elsewhere for name, work in assign(LANES, operators, [], moved=moved).items()} == expected


@pytest.mark.parametrize(
    ("tried", "network", "there_is"),
    [
        ({"vnpt-1"}, "Viettel", True),
        ({"vnpt-1"}, "", True),
        ({"vnpt-1", "viettel-1", "chung"}, "", False),
        ({"viettel-1", "chung"}, "Viettel", False),
    ],
)
def test_a_number_that_is_not_where_its_prefix_says_may_be_elsewhere(
    tried: set[str], network: str, there_is: bool
) -> None:
    assert elsewhere(LANES, tried, network) is there_is


def test_a_lane_is_left_alone_after_three_failures_and_twice_as_long_each_time() -> None:
    until = left_alone("unreachable", NOW)
    assert [until(1), until(2)] == [None, None]
    waits = [moment - NOW for moment in (until(3), until(4), until(5), until(50)) if moment]
    assert waits == [timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=10)]


def test_a_lane_that_does_not_answer_at_all_is_left_alone_at_once() -> None:
    assert left_alone(NO_ANSWER, NOW)(1) == NOW + timedelta(seconds=30)
