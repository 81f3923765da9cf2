"""Handing a wave to its channels: whose turn it is, what to wait for, and what holds it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from loa import calendar, gate
from loa.channel import Delivery, Desk, Job
from loa.model.artefact import Artefact
from loa.model.errors import GatewayError, LoaError
from loa.model.ledger import Progress
from loa.model.review import Bundle, Decision
from loa.model.states import RowState
from loa.registry import CHANNELS

BATCH = 5_000  # rows in one step of a release, for each lane: what one Prefect task does
A_MOMENT = 1.0  # seconds; for such waits the other jobs of a channel have their turn
A_WHILE = 5.0  # seconds; for longer waits lanes are given back
LOOK_UP = 2.0  # seconds: a person's stop is seen so soon, however long the wait

Result = TypeVar("Result")


class Step(Protocol):
    """Runs one named piece of work. A face makes a task or a line of progress of it."""

    def __call__(self, name: str, work: Callable[[], Awaitable[Result]]) -> Awaitable[Result]: ...


async def plainly(name: str, work: Callable[[], Awaitable[Result]]) -> Result:
    """A step that only does the work."""
    return await work()


@dataclass(frozen=True)
class _Round:
    """What the jobs of one channel share, and whose turn it is."""

    desk: Desk
    step: Step
    patience: timedelta | None
    turns: asyncio.Lock


class _MyTurn:
    """One job's hold on the turn, which it may lay aside."""

    def __init__(self, turns: asyncio.Lock) -> None:
        self._turns = turns
        self._mine = False

    async def __aenter__(self) -> _MyTurn:
        await self._turns.acquire()
        self._mine = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self._end()

    async def aside(self, seconds: float) -> None:
        """Waits, and lets the other jobs have the lanes meanwhile. Whoever is cancelled here has no turn any more."""
        self._end()
        await asyncio.sleep(seconds)
        await self.__aenter__()

    def _end(self) -> None:
        if self._mine:
            self._mine = False
            self._turns.release()


async def deliver_all(
    desk: Desk, bundle: Bundle, jobs: Sequence[Job], step: Step, patience: timedelta | None
) -> tuple[Sequence[Progress], Sequence[LoaError]]:
    """The jobs of one channel; one that fails does not keep the others waiting, nor one that waits for its time.

    They take turns: together they would only take the lanes from one another.
    """
    shared = _Round(desk, step, patience, asyncio.Lock())

    async def one(job: Job) -> Progress | LoaError:
        try:
            return await _deliver(shared, job, gate.artefacts_of(bundle, job.deliverable.id))
        except LoaError as error:
            return error

    answers = await asyncio.gather(*map(one, jobs), return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, LoaError):  # the others have ended by now
            raise answer
    progress = [answer for answer in answers if isinstance(answer, Progress)]
    return progress, [answer for answer in answers if isinstance(answer, LoaError)]


async def _deliver(shared: _Round, job: Job, artefacts: Sequence[Artefact]) -> Progress:
    """Turn after turn until nothing is left or something holds it. `done` are the rows that left `planned`.

    Where nobody waits for it (no `patience`), a wave of several days rests over night and goes on in the morning.
    """
    desk = shared.desk
    at_first = gone_out(desk, job)
    while True:
        async with _MyTurn(shared.turns) as mine:
            held = await _turns(shared, mine, job, artefacts)
        opens = calendar.next_day_opens(desk.workspace.settings.hours, desk.clock.now())
        if held != "outside-hours" or shared.patience is not None or opens > job.wave.closes_at:
            break
        if held := await _rest(desk, job, opens):
            break
    left, _ = desk.store.figures.waiting(job.wave.key, job.deliverable.id, job.bundle)
    return Progress(gone_out(desk, job) - at_first, left, held=held if left or held == "wave-cancelled" else "")


async def _turns(shared: _Round, mine: _MyTurn, job: Job, artefacts: Sequence[Artefact]) -> str:
    """Turns until nothing is left, and returns nothing, or what holds the rest.

    Waiting is no step of its own: a lane that is busy for an hour would make a thousand of them.
    """
    async with CHANNELS[job.deliverable.channel].delivery(job, artefacts, shared.desk) as delivery:

        async def work() -> Progress:
            return await delivery.turn(BATCH)

        for turn in itertools.count(1):
            if not _moving(shared.desk, job):
                return ""
            if held := await _ready(shared, mine, job, delivery):
                return held
            progress = await shared.step(f"{job.deliverable.id} {turn}", work)
            if progress.held or not progress.left:
                return progress.held
    return ""


async def _rest(desk: Desk, job: Job, until: datetime) -> str:
    """Waits for a moment, without holding a lane. Returns what a person or the wave's own end put in its way."""
    while (now := desk.clock.now()) < until:
        if held := _held(desk, job):
            return held
        await asyncio.sleep(min((until - now).total_seconds(), LOOK_UP))
    return ""


async def _ready(shared: _Round, mine: _MyTurn, job: Job, delivery: Delivery) -> str:
    """Waits until a turn can do something, and returns nothing; or what holds the job meanwhile.

    Raises `GatewayError` when every lane that serves what is left has been out of order for as long as `patience`.
    """
    desk, patience = shared.desk, shared.patience
    since = desk.clock.now()
    while True:
        if held := _held(desk, job):
            return held
        pause = delivery.pause()
        if not pause.seconds:
            return ""
        if pause.broken and patience is not None and desk.clock.now() - since >= patience:
            outage = pause.broken[0]
            fields = {"lane": outage.lane, "why": outage.why, "until": calendar.moment_words(outage.until)}
            raise GatewayError("lanes-broken", fields)
        if pause.seconds > A_WHILE:
            await delivery.rest()
        if pause.seconds >= A_MOMENT:
            await mine.aside(min(pause.seconds, LOOK_UP))
        else:
            await asyncio.sleep(pause.seconds)


def _moving(desk: Desk, job: Job) -> bool:
    """Whether anything is still to be sent, or was left in `sending` by a process that died."""
    moving = {RowState.PLANNED, RowState.SENDING}
    return any(count.state in moving for count in desk.store.figures.counts(job.wave.key, job.deliverable.id))


def gone_out(desk: Desk, job: Job) -> int:
    """How many rows of a job have left, whatever became of them."""
    inside = {RowState.PLANNED, RowState.SUPPRESSED, RowState.CANCELLED}
    counts = desk.store.figures.counts(job.wave.key, job.deliverable.id)
    return sum(count.rows for count in counts if count.state not in inside)


def _held(desk: Desk, job: Job) -> str:
    """Why nothing of a job may go out now, or nothing. Asked before every batch."""
    if kind := desk.store.ledger.held(job.wave.key):
        return f"wave-{kind}"
    if calendar.is_past(job.wave, desk.clock.now()):
        return "too-late"
    bundle = desk.store.reviews.of_wave(job.wave.key)[0]
    approved = bundle.decision is Decision.APPROVED and desk.store.reviews.number(bundle.digest) == job.bundle
    return "" if approved else "not-approved"
