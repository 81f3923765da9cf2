"""Which lane a guessed network goes out on: the first one, in the order of `loa.toml`, that serves it and works."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from loa.model.settings import LaneSettings

EVERY = "*"
UNKNOWN = ""
"""The network of a number that is known not to be where its prefix says, and no more."""


def serves(lane: LaneSettings, operator: str) -> bool:
    """Whether a lane serves a network. The network is a guess from the prefix: numbers are portable."""
    return EVERY in lane.networks or operator in lane.networks


def lane_for(
    lanes: Sequence[LaneSettings], operator: str, broken: Collection[str] = frozenset()
) -> LaneSettings | None:
    """The first lane that serves a network and is not out of order."""
    return next((lane for lane in lanes if serves(lane, operator) and lane.name not in broken), None)


def operators_of(
    lanes: Sequence[LaneSettings], lane: LaneSettings, operators: Sequence[str], broken: Collection[str] = frozenset()
) -> tuple[str, ...]:
    """The networks, of those in `operators`, that go out on `lane`. An unknown one may go out on every lane that
    works: the ledger keeps it from a lane that has tried, and gives a row to one lane at a time."""
    return tuple(
        operator
        for operator in operators
        if (lane.name not in broken if operator == UNKNOWN else lane_for(lanes, operator, broken) is lane)
    )


def assign(
    lanes: Sequence[LaneSettings], operators: Sequence[str], broken: Collection[str]
) -> Mapping[str, tuple[str, ...]]:
    """What each lane has to do, by its name; lanes without work are left out."""
    work = {lane.name: operators_of(lanes, lane, operators, broken) for lane in lanes}
    return {name: networks for name, networks in work.items() if networks}


def elsewhere(lanes: Sequence[LaneSettings], tried: Collection[str], network: str) -> bool:
    """Whether a number that is on none of the networks of the lanes in `tried` may be on another lane's."""
    return any(lane.name not in tried and (network == UNKNOWN or serves(lane, network)) for lane in lanes)
