"""Time is passed in. Every moment in Loa is aware; what people read and write is Vietnam's time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


class Clock(Protocol):
    """Tells the time, aware, in Vietnam's zone."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(VIETNAM)


@dataclass(frozen=True, slots=True)
class FixedClock:
    """Stands still. For tests and previews."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment.astimezone(VIETNAM)


@dataclass(frozen=True, slots=True)
class RehearsalClock:
    """Runs at the machine's pace from another moment, so that a wave months away can be rehearsed today.

    A workspace may set one in `loa.toml`; it is refused as soon as a lane of the workspace reaches real people.
    """

    ahead: timedelta

    def now(self) -> datetime:
        return datetime.now(VIETNAM) + self.ahead
