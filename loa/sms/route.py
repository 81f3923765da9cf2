"""Which lane a guessed network goes out on: the first one, in the order of `loa.toml`, that serves it and works."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Work:
    """What a lane may take: networks that are its own to send to, and networks it serves, for numbers that another lane
    has found to be on none of its own."""

    fresh: tuple[str, ...]
    elsewhere: tuple[str, ...] = ()


def assign(
    lanes: Sequence[LaneSettings], operators: Sequence[str], broken: Collection[str], *, moved: bool = False
) -> Mapping[str, Work]:
    """What each lane that works has to do, by its name; lanes without work are left out.

    `moved`: there are rows that a lane has sent back as not being on its network. Any lane that has not tried may take
    them, where it serves what was reported; the ledger gives a row to one lane at a time.
    """
    moved = moved or UNKNOWN in operators
    work: dict[str, Work] = {}
    for lane in lanes:
        if lane.name in broken:
            continue
        fresh = tuple(name for name in operators if name != UNKNOWN and lane_for(lanes, name, broken) is lane)
        other = tuple(name for name in operators if moved and (name == UNKNOWN or serves(lane, name)))
        if fresh or other:
            work[lane.name] = Work(fresh, other)
    return work


def elsewhere(lanes: Sequence[LaneSettings], tried: Collection[str], network: str) -> bool:
    """Whether a number that is on none of the networks of the lanes in `tried` may be on another lane's."""
    return any(lane.name not in tried and (network == UNKNOWN or serves(lane, network)) for lane in lanes)
