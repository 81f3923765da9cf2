"""How exactly a lane keeps its rate: parts per second over a minute, and the most in any one-second window.

    python benchmarks/rate.py [--rate 100] [--seconds 60]

Messages of one to three parts go through the real dispatch - ledger, lane, bucket - to a gateway that notes when each
batch reaches it. The windows are all those that begin with a message.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from kit import a_desk, plan, sending

from loa.model.settings import LaneSettings
from loa.sms.gateways.base import Message, Outcome, Verdict
from loa.sms.gateways.simulator import LIMITS
from loa.sms.lane import HeldLane


class Stopwatch:
    """Takes everything, and notes when it is given what."""

    limits = LIMITS

    def __init__(self) -> None:
        self.given: list[tuple[float, int]] = []

    async def open(self) -> None:
        return None

    async def submit(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        now = time.monotonic()
        self.given += [(now, message.parts) for message in batch]
        return [Outcome(message.reference, Verdict.ACCEPTED, message.reference[:16]) for message in batch]

    async def close(self) -> None:
        return None


def busiest(given: Sequence[tuple[float, int]], seconds: float = 1.0) -> int:
    """The most parts in any window of so many seconds."""
    most = held = start = 0
    for moment, parts in given:
        held += parts
        while given[start][0] <= moment - seconds:
            held -= given[start][1]
            start += 1
        most = max(most, held)
    return most


def measure(rate: int, seconds: float) -> tuple[float, int]:
    """(share of the rate that was used, most parts in any second)."""
    with tempfile.TemporaryDirectory() as folder:
        lane = LaneSettings(name="do", gateway="simulator", sender="DVC-MAU", parts_per_second=rate, window=100)
        desk = a_desk(Path(folder), (lane,))
        key = plan(desk, int(rate * seconds), parts=(1, 2, 3))
        watch = Stopwatch()
        held = HeldLane(lane, desk, lambda *_: watch)

        async def run() -> None:
            until = time.monotonic() + seconds
            try:
                while time.monotonic() < until and (await held.turn(sending(desk, key), None, 10**6)).done:
                    pass
            finally:
                await held.close()

        asyncio.run(run())
        desk.store.close()
    given = [(moment, parts) for moment, parts in watch.given if moment < watch.given[0][0] + seconds]
    return sum(parts for _, parts in given) / seconds / rate, busiest(given)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=100, help="parts per second")
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    share, most = measure(given.rate, given.seconds)
    print(f"rate {given.rate} parts/s over {given.seconds:.0f} s: {share:.1%} of it used")
    print(f"the busiest second: {most} parts, {most / given.rate:.1%} of the rate")


if __name__ == "__main__":
    main()
