"""One turn on a lane: claim, pace, send, write down.

The order is the promise: the lane is held, rows are claimed (`sending` is on the disk), bytes leave, answers are
written down. Whatever breaks in between leaves at most one window in doubt, and listed.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from loa import calendar
from loa.channel import Desk
from loa.model.errors import GatewayError, Unsupported
from loa.model.ledger import Answered, Change, Lease, Progress, Row, Terms
from loa.model.settings import LaneSettings
from loa.model.states import RowState
from loa.sms.answers import NO_ANSWER, change
from loa.sms.bodies import Body
from loa.sms.books import Books
from loa.sms.bucket import Bucket
from loa.sms.gateways.base import Gateway, Message, Outcome, Verdict
from loa.sms.parts import Alphabet
from loa.sms.route import Work
from loa.store import JobKey

# A submit must end before the lease does: whoever takes the lane after that would find the rows of a living worker.
SUBMIT_SECONDS = 20.0
FRESH = timedelta(seconds=SUBMIT_SECONDS + 5)
CLAIM_SECONDS = 0.05  # a claim takes about so long; the rate is used up where it is made that much earlier
TURN_SECONDS = 15.0  # after so long others who want the lane get it
# A provider that is not told how long a message may wait gets nothing shortly before the quiet hours.
ITS_QUEUE = timedelta(minutes=15)
LEAST_VALIDITY = timedelta(hours=2)
OPTED_OUT = "opted-out"  # the word of every gateway's code table for it
PARTLY_OUT = "parts-missing"
MANY = 5  # rows in a row without an answer

Answers = asyncio.Task[Sequence[Outcome]]
Recent = deque[tuple[RowState, str]]
"""The last answers of a lane for one wave: what became of each row, and why."""


@dataclass(frozen=True)
class Sending:
    """One deliverable on its way: what it is called in the ledger, its texts, and on what terms it is sent."""

    key: JobKey
    bundle: int
    bodies: Mapping[str, Body]
    closes_at: datetime
    terms: Terms


async def _ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Waits until all have ended, also when this is cancelled; then it is cancelled."""
    cancelled: asyncio.CancelledError | None = None
    while pending := {task for task in tasks if not task.done()}:
        try:
            await asyncio.wait(pending)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


class Claimed(NamedTuple):
    """Rows to send; or none, and what holds them. `more`: some were put aside, and others may be due."""

    rows: Sequence[Row] = ()
    held: str = ""
    more: bool = False


class Turn:
    """One turn. As many messages are on their way at once as the lane's window allows.

    Afterwards `trouble` says why the lane seems to be out of order, if it does; `answered` how many rows it answered,
    `silent` how many in a row it did not, over all turns; `moved` whether numbers turned out to be on other networks;
    `lease` is what is left of the lease.
    """

    def __init__(
        self, settings: LaneSettings, desk: Desk, bucket: Bucket, gateway: Gateway, lease: Lease, recent: Recent
    ) -> None:
        self._settings = settings
        self._desk = desk
        self._bucket = bucket
        self._gateway = gateway
        self._books = Books(desk.store.ledger, lease, desk.clock)
        self.lease: Lease | None = lease
        self.trouble = ""
        self.answered = 0
        self.moved = False
        self.silent = 0
        self._recent = recent
        self._out: set[asyncio.Task[None]] = set()
        self._open = 0  # rows claimed and not answered
        self._answered = asyncio.Event()

    async def go(self, sending: Sending, work: Work | None, limit: int) -> Progress:
        """Sends up to `limit` rows, and returns when all of them have their answers or are in doubt."""
        until = time.monotonic() + TURN_SECONDS
        done, held = 0, ""
        try:
            while done < limit and time.monotonic() < until:
                size = min(self._bucket.batch(self._settings.window), limit - done)
                await self._room_for(size)
                await self._bucket.room_for(1, CLAIM_SECONDS)  # what is claimed soon leaves
                if self.trouble:
                    break
                claim = await self._claimed(sending, work, size)
                held = claim.held
                if claim.more:
                    continue
                if not claim.rows:
                    break
                await self._send(sending, claim.rows)
                done += len(claim.rows)
        finally:  # also when this is interrupted, however often: what is on its way gets its answer
            await _ended(self._out)
        for task in self._out:
            task.result()
        return Progress(done, 0, held=held)

    # before

    async def _room_for(self, size: int) -> None:
        """Waits until so many more messages may be in doubt at once; raises what went wrong with earlier ones.

        What has its answer is in doubt no more by the time that rows are taken (`Books`).
        """
        while True:
            finished = {task for task in self._out if task.done()}
            self._out -= finished
            for task in finished:
                task.result()
            if not self._open or self._open + size <= max(self._settings.window, size):
                return
            self._answered.clear()
            await self._answered.wait()

    async def _claimed(self, sending: Sending, work: Work | None, size: int) -> Claimed:
        """`_claim` in a thread: answers are read while the disk writes."""
        take = partial(self._claim, sending, work, size)
        claim = asyncio.create_task(self._books.take(take))
        try:
            return await asyncio.shield(claim)
        except asyncio.CancelledError:  # the thread goes on all the same: what it takes has certainly not left
            with contextlib.suppress(asyncio.CancelledError):
                await _ended({claim})
            if rows := claim.result().rows:
                self._open += len(rows)
                self._settle_later(sending, rows, (), rows)
            raise

    def _claim(self, sending: Sending, work: Work | None, size: int, answered: Sequence[Answered]) -> Claimed:
        """The next rows, `sending` on the disk; or none, and what holds them, if anything does. Writes down what was
        answered either way."""
        now, ledger = self._desk.clock.now(), self._desk.store.ledger
        held = self._must_stop(sending, now)
        if not held and not self._renewed(now):
            held = "lane-held"
        if held or self.lease is None:
            self._books.write_now(answered)
            return Claimed(held=held)
        fresh, elsewhere = (None, None) if work is None else (work.fresh, work.elsewhere)
        claim = ledger.claim(
            sending.key, sending.bundle, self.lease, size, now, fresh, sending.terms, elsewhere, answered
        )
        if claim.rows or claim.more:
            return Claimed(claim.rows, more=claim.more)
        if claim.over_budget:
            return Claimed(held="over-budget")
        hold = ledger.held(sending.key.wave)
        return Claimed(held=f"wave-{hold}" if hold else "")

    def _must_stop(self, sending: Sending, now: datetime) -> str:
        """Why nothing may be sent now, or nothing. Looked at before every claim; the claim itself looks at holds."""
        hours = self._desk.workspace.settings.hours
        ahead = timedelta() if self._gateway.limits.validity else ITS_QUEUE
        if not (calendar.within(hours, now) and calendar.within(hours, now + ahead)):
            return "outside-hours"
        return "too-late" if now > sending.closes_at else ""

    def _renewed(self, now: datetime) -> bool:
        if self.lease is not None and self.lease.until - now <= FRESH:
            self.lease = self._desk.store.lanes.renew(self.lease, now)
        return self.lease is not None

    async def _still_ours(self) -> bool:
        now = self._desk.clock.now()
        if self.lease is not None and self.lease.until - now > FRESH:
            return True
        return await asyncio.to_thread(self._renewed, now)

    # sending

    async def _send(self, sending: Sending, rows: Sequence[Row]) -> None:
        """Rows are `sending` on the disk from here on: whatever happens, every one gets an answer or stays in doubt.

        They leave in small units, each when the lane's rate allows it, and their answers are written down together.
        """
        self._open += len(rows)
        answers: list[Answers] = []
        units = list(self._units(rows))
        now = self._desk.clock.now()
        closing = calendar.closing(self._desk.workspace.settings.hours, now)
        until = min(max(sending.closes_at, now + LEAST_VALIDITY), closing)
        try:
            for unit in units:
                if self.trouble:
                    break
                await self._bucket.room_for(sum(row.parts for row in unit))
                # on a slow lane the wait may be longer than the lease: whoever took the lane has these rows in doubt
                if not await self._still_ours():
                    break
                leaves = asyncio.Event()
                messages = [self._message(sending, row, until) for row in unit]
                answers.append(asyncio.create_task(self._submit(messages, leaves)))
                await leaves.wait()
        finally:  # interrupted, or the lane has failed meanwhile: the rest has certainly not left
            rest = [row for unit in units[len(answers) :] for row in unit]
            self._settle_later(sending, rows, answers, rest)

    def _units(self, rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
        """Rows in units of a hundredth of a second's parts: small enough to use the rate up, however long they are."""
        unit: list[Row] = []
        parts = 0
        for row in rows:
            unit.append(row)
            parts += row.parts
            if parts >= self._bucket.unit:
                yield unit
                unit, parts = [], 0
        if unit:
            yield unit

    async def _submit(self, messages: Sequence[Message], leaves: asyncio.Event) -> Sequence[Outcome]:
        # counted at the moment they leave: by then other work may have held this task up
        self._bucket.pay(sum(message.parts for message in messages))
        leaves.set()
        try:
            async with asyncio.timeout(SUBMIT_SECONDS):
                return await self._gateway.submit(messages)
        except TimeoutError:
            return ()  # the request may have left: in doubt
        except Unsupported as error:
            # nobody can send this through this gateway, however often it is tried
            return [Outcome(message.reference, Verdict.REFUSED, reason=error.code) for message in messages]
        except GatewayError as error:
            # certain that nothing left: the rows go back, and the lane is the one that has failed
            self.trouble = self.trouble or error.code
            return [Outcome(message.reference, Verdict.THROTTLED, reason=error.code) for message in messages]

    def _settle_later(
        self, sending: Sending, rows: Sequence[Row], answers: Sequence[Answers], rest: Sequence[Row]
    ) -> None:
        task = asyncio.create_task(self._settle(sending, rows, answers, rest))
        task.add_done_callback(lambda _: self._answered.set())  # whatever became of it: who waits for room must look
        self._out.add(task)

    async def _settle(
        self, sending: Sending, rows: Sequence[Row], answers: Sequence[Answers], rest: Sequence[Row]
    ) -> None:
        """Writes down what came of rows; `rest` never left. A submit that broke leaves its own in doubt, no others."""
        results = await asyncio.gather(*answers, return_exceptions=True)
        told = [outcome for result in results if not isinstance(result, BaseException) for outcome in result]
        told += [Outcome(row.id, Verdict.THROTTLED, reason="not-sent") for row in rest]
        answers_by_row = {outcome.reference: outcome for outcome in told}
        now, sms = self._desk.clock.now(), self._desk.workspace.settings.sms
        changes = [change(row, answers_by_row.get(row.id, NO_ANSWER), now, sms.max_attempts, sms.lanes) for row in rows]
        try:
            self._learn(sending, rows, changes, len(rest))  # first: a lane or a wave that is to stop takes no more rows
        finally:
            self._open -= len(rows)  # whoever takes rows from now on finds these written
            self._answered.set()
            await self._books.write(Answered(changes, rows))
        for result in results:
            if isinstance(result, BaseException):
                raise result

    def _message(self, sending: Sending, row: Row, valid_until: datetime) -> Message:
        body = sending.bodies[row.body]
        return Message(
            reference=row.id,
            number=row.recipient,
            body=body.text,
            sender=self._settings.sender,
            parts=body.parts,
            alphabet=Alphabet(body.alphabet),
            valid_until=valid_until,
            network=row.operator,
            attempt=row.attempts,
        )

    # after

    def _learn(self, sending: Sending, rows: Sequence[Row], changes: Sequence[Change], unsent: int) -> None:
        """What the answers tell of people, of the lane, and of the wave."""
        now = self._desk.clock.now()
        if refused := [row.recipient for row, item in zip(rows, changes, strict=True) if item.reason == OPTED_OUT]:
            # the provider knows of somebody who wants nothing more, and we did not
            self._desk.store.audiences.opt_out(refused, f"lane:{self._settings.name}", now)
        self.moved = self.moved or any(item.not_here for item in changes)
        self._listen_for_silence(changes[: len(rows) - unsent])
        self._recent.extend((item.state, item.reason) for item in changes)
        if not sending.terms.answers_people:
            self._stop_on_errors(sending.key.wave, now)

    def _listen_for_silence(self, changes: Sequence[Change]) -> None:
        """A lane that has left many in doubt, one after the other, is out of order: each more would be in doubt too."""
        # an answer that leaves a row in doubt, since a part of it is out, is an answer
        answered = sum(item.state is not RowState.UNKNOWN or item.reason == PARTLY_OUT for item in changes)
        self.answered += answered
        self.silent = 0 if answered else self.silent + len(changes)
        if self.silent >= min(MANY, self._settings.window):
            self.trouble = self.trouble or NO_ANSWER.reason

    def _stop_on_errors(self, wave: str, now: datetime) -> None:
        """Pauses the wave when too many of the last answers are refusals, or none at all: a person must look."""
        stop = self._desk.workspace.settings.sms.error_stop
        bad = Counter(reason for state, reason in self._recent if state in {RowState.REFUSED, RowState.UNKNOWN})
        if len(self._recent) < stop.sample or bad.total() <= stop.share * stop.sample:
            return
        if not self._desk.store.ledger.held(wave):
            self._desk.store.ledger.hold(wave, "errors", "loa", now)
            told = {"of": stop.sample, "errors": bad.total(), "reasons": dict(bad.most_common(5))}
            self._desk.store.audit.note("loa", "wave-errors", wave, {**told, "lane": self._settings.name}, now)
        self._recent.clear()
