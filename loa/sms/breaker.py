"""When a lane that fails is left alone, and for how long. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

FAILURES = 3  # in a row, before a lane is left alone
FIRST = timedelta(seconds=30)
LONGEST = timedelta(minutes=10)

NO_ANSWER = "no-answer"
"""Nothing of a batch was answered. All of it is in doubt, so the lane is left alone at once."""


def left_alone(why: str, now: datetime) -> Callable[[int], datetime | None]:
    """Until when a lane is left alone after so many failures in a row; twice as long each time. None: try again."""

    def until(failures: int) -> datetime | None:
        beyond = failures - 1 if why == NO_ANSWER else failures - FAILURES
        return now + min(FIRST * 2 ** min(beyond, 10), LONGEST) if beyond >= 0 else None

    return until
