"""Communes of today, and the old units they came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time


@dataclass(frozen=True, slots=True)
class Commune:
    """One commune (xã, phường, đặc khu) as it stands since 1 July 2025. `code` is the official one, as text."""

    code: str
    name: str
    kind: str
    province_code: str
    province: str


@dataclass(frozen=True, slots=True)
class OldCommune:
    """One commune from before, and one of today's that it went into. `split`: it went into more than one."""

    code: str
    province: str
    district: str
    name: str
    new_code: str
    split: bool


NIGHT = (time(22, 0), time(5, 0))
"""From when to when people sleep: a slot in between is allowed, and pointed out."""


@dataclass(frozen=True, slots=True)
class Station:
    """A commune's radio station (đài truyền thanh cấp xã): when, where and in what it broadcasts.

    `commune` is the commune's code. `slots` are in the order of the day (Vietnam's time), never empty. `clusters` are
    its groups of loudspeakers, `languages` BCP 47 tags; none: whatever the bulletin has. `name` may be empty, `hotline`
    too (then the campaign's). `target` names where its packages are pushed; empty: only to the outbox. `listed` is
    false where nobody wrote a row for the commune and all this is the workspace's default.
    """

    commune: str
    slots: tuple[time, ...]
    name: str = ""
    clusters: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    hotline: str = ""
    target: str = ""
    listed: bool = True

    @property
    def night_slots(self) -> tuple[time, ...]:
        """Those of its slots that fall into the night."""
        start, end = NIGHT
        return tuple(slot for slot in self.slots if slot >= start or slot < end)
