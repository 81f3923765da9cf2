"""Which lane a guessed network goes out on."""

from __future__ import annotations

from collections.abc import Sequence

from loa.model.settings import LaneSettings

EVERY = "*"


def serves(lane: LaneSettings, operator: str) -> bool:
    """Whether a lane serves a network. The network is a guess from the prefix: numbers are portable."""
    return EVERY in lane.networks or operator in lane.networks


def lane_for(lanes: Sequence[LaneSettings], operator: str) -> LaneSettings | None:
    """The first lane, in the order of `loa.toml`, that serves a network. One recipient never goes out through two."""
    return next((lane for lane in lanes if serves(lane, operator)), None)


def operators_of(lanes: Sequence[LaneSettings], lane: LaneSettings, operators: Sequence[str]) -> tuple[str, ...]:
    """The networks, of those in `operators`, that go out on `lane`."""
    return tuple(operator for operator in operators if lane_for(lanes, operator) is lane)
