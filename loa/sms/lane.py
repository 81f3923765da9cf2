"""One worker's hold on one lane: its lease, its connection, its rate; and sending through it.

The order is the promise: the lane is held, rows are claimed (`sending` is on the disk), bytes leave, answers are
written down. Whatever breaks in between leaves at most one window in doubt, and listed.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from loa import calendar
from loa.channel import Desk
from loa.model.errors import GatewayError, Unsupported
from loa.model.ledger import Lease, Progress, Row, Terms
from loa.model.settings import LaneSettings
from loa.model.states import RowState
from loa.sms import receipts
from loa.sms.answers import NO_ANSWER, change
from loa.sms.bodies import Body
from loa.sms.breaker import left_alone
from loa.sms.bucket import Bucket
from loa.sms.gateways.base import Gateway, Message, Outcome, Verdict
from loa.sms.parts import Alphabet
from loa.store import JobKey
from loa.store.lanes import this_process

# A submit must end before the lease does: whoever takes the lane after that would find the rows of a living worker.
SUBMIT_SECONDS = 20.0
FRESH = timedelta(seconds=SUBMIT_SECONDS + 5)
TURN_SECONDS = 15.0  # after so long others who want the lane get it
GIVE_WAY = 3.0  # seconds for them to take it
# A provider that is not told how long a message may wait gets nothing shortly before the quiet hours.
ITS_QUEUE = timedelta(minutes=15)
LEAST_VALIDITY = timedelta(hours=2)


@dataclass(frozen=True)
class Sending:
    """One deliverable on its way: what it is called in the ledger, its texts, and on what terms it is sent."""

    key: JobKey
    bundle: int
    bodies: Mapping[str, Body]
    closes_at: datetime
    terms: Terms


class HeldLane:
    """A lane as one worker has it, for as long as there is something to send or until somebody else wants it."""

    def __init__(self, settings: LaneSettings, desk: Desk) -> None:
        self.settings = settings
        self._desk = desk
        self._lease: Lease | None = None
        self._gateway: Gateway | None = None
        self._bucket = Bucket(settings.parts_per_second)
        self._give_way_until = 0.0
        self._failing = True  # nobody knows yet

    def available(self) -> bool:
        """Whether the lane is held, or can be; otherwise its holder is asked to let others have a turn."""
        if time.monotonic() < self._give_way_until:
            return False
        return self._lease is not None or self._desk.store.lanes.ask(self.settings.name, self._desk.clock.now())

    async def turn(self, sending: Sending, operators: Sequence[str] | None, limit: int) -> Progress:
        """Sends up to `limit` rows of the networks given, or of all.

        A gateway that fails is noted as failing, and its rows are planned again.
        """
        lease = self._take()
        if lease is None:
            return Progress(0, 0, held="lane-held")
        try:
            if self._gateway is None:
                self._gateway = receipts.connect(self.settings, self._desk)
            run = _Run(self, sending, operators, self._gateway, lease)
            progress = await run.go(limit)
        except BaseException:
            await self.close()
            raise
        self._lease = run.lease
        await self._after(run)
        return progress

    async def close(self) -> None:
        """Ends the connection and gives the lane back. May be called twice."""
        lease, self._lease = self._lease, None
        try:
            await self._hang_up()
        finally:
            if lease is not None:
                self._desk.store.lanes.give_back(lease, self._desk.clock.now())

    def _take(self) -> Lease | None:
        now = self._desk.clock.now()
        if self._lease is not None:
            self._lease = self._desk.store.lanes.renew(self._lease, now)
        if self._lease is None:
            self._lease = self._desk.store.lanes.take(self.settings.name, this_process(), now)
            if self._lease is not None:
                # another worker may have sent a second's worth just now
                self._bucket = Bucket(self.settings.parts_per_second, full=self._lease.fence > 1)
                self._desk.store.ledger.doubt(self._lease, now)
        return self._lease

    async def _after(self, run: _Run) -> None:
        lanes, now = self._desk.store.lanes, self._desk.clock.now()
        if run.trouble:
            self._failing = True
            if self._lease is not None:
                lanes.failed(self._lease, run.trouble, left_alone(run.trouble, now))
            await self._hang_up()  # a fresh connection next time
        elif run.answered and self._failing:
            lanes.worked(self.settings.name)
            self._failing = False
        if self._lease is None or lanes.wanted(self._lease):
            await self.close()
            self._give_way_until = time.monotonic() + GIVE_WAY

    async def _hang_up(self) -> None:
        gateway, self._gateway = self._gateway, None
        if gateway is not None:
            await gateway.close()


class _Run:
    """One turn on a lane. As many batches are on their way at once as its window allows."""

    def __init__(
        self, lane: HeldLane, sending: Sending, operators: Sequence[str] | None, gateway: Gateway, lease: Lease
    ) -> None:
        self._settings = lane.settings
        self._desk = lane._desk
        self._bucket = lane._bucket
        self._sending = sending
        self._operators = operators
        self._gateway = gateway
        self.lease: Lease | None = lease
        self._claimed_under = lease  # renewed or lost, its number stays that of the rows
        self.trouble = ""
        self.answered = 0
        error_stop = self._desk.workspace.settings.sms.error_stop
        self._recent: deque[tuple[RowState, str]] = deque(maxlen=error_stop.sample)
        self._out: dict[asyncio.Task[None], int] = {}

    async def go(self, limit: int) -> Progress:
        until = time.monotonic() + TURN_SECONDS
        done, held = 0, ""
        try:
            while done < limit and time.monotonic() < until:
                size = min(self._bucket.batch(self._settings.window), limit - done)
                await self._room_for(size)
                if self.trouble:
                    break
                rows, held = self._claim(size)
                if not rows:
                    break
                await self._pace(rows)
                self._out[asyncio.create_task(self._send(rows))] = len(rows)
                done += len(rows)
        finally:  # also when this is interrupted: what is on its way gets its answer
            results = await asyncio.gather(*self._out, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return Progress(done, 0, held=held)

    async def _room_for(self, size: int) -> None:
        """Waits until so many more messages may be in doubt at once; raises what went wrong with earlier ones."""
        while self._out and sum(self._out.values()) + size > max(self._settings.window, size):
            finished, _ = await asyncio.wait(self._out, return_when=asyncio.FIRST_COMPLETED)
            for task in finished:
                del self._out[task]
            for task in finished:
                task.result()

    async def _pace(self, rows: Sequence[Row]) -> None:
        try:
            await self._bucket.take(sum(row.parts for row in rows))
        except BaseException:  # interrupted: these have certainly not left
            self._record(rows, [Outcome(row.id, Verdict.THROTTLED, reason="interrupted") for row in rows])
            raise

    def _claim(self, size: int) -> tuple[Sequence[Row], str]:
        """The next rows, `sending` on the disk; or none, and what holds them, if anything does."""
        now = self._desk.clock.now()
        if stop := self._must_stop(now):
            return (), stop
        if not self._renewed(now) or self.lease is None:
            return (), "lane-held"
        claim = self._desk.store.ledger.claim(
            self._sending.key, self._sending.bundle, self.lease, size, now, self._operators, self._sending.terms
        )
        return claim.rows, "over-budget" if claim.over_budget else ""

    def _must_stop(self, now: datetime) -> str:
        """Why nothing may be sent now, or nothing. Looked at before every batch."""
        hours = self._desk.workspace.settings.hours
        ahead = timedelta() if self._gateway.limits.validity else ITS_QUEUE
        if not (calendar.within(hours, now) and calendar.within(hours, now + ahead)):
            return "outside-hours"
        if now > self._sending.closes_at:
            return "too-late"
        hold = self._desk.store.ledger.held(self._sending.key.wave)
        return f"wave-{hold}" if hold else ""

    def _renewed(self, now: datetime) -> bool:
        if self.lease is not None and self.lease.until - now <= FRESH:
            self.lease = self._desk.store.lanes.renew(self.lease, now)
        return self.lease is not None

    async def _send(self, rows: Sequence[Row]) -> None:
        """Rows are `sending` on the disk from here on: whatever happens, every one gets an answer or stays in doubt."""
        outcomes: Sequence[Outcome] = ()
        try:
            outcomes = await asyncio.wait_for(
                self._gateway.submit([self._message(row) for row in rows]), SUBMIT_SECONDS
            )
        except TimeoutError:
            outcomes = ()  # the request may have left: in doubt
        except Unsupported as error:
            outcomes = [Outcome(row.id, Verdict.REFUSED, reason=error.code) for row in rows]
            raise
        except GatewayError as error:
            # certain that nothing left: the rows go back, and the lane is the one that has failed
            outcomes = [Outcome(row.id, Verdict.THROTTLED, reason=error.code) for row in rows]
            self.trouble = self.trouble or error.code
        finally:
            self._record(rows, outcomes)

    def _record(self, rows: Sequence[Row], outcomes: Sequence[Outcome]) -> None:
        now, sms = self._desk.clock.now(), self._desk.workspace.settings.sms
        answers = {outcome.reference: outcome for outcome in outcomes}
        changes = [change(row, answers.get(row.id, NO_ANSWER), now, sms.max_attempts, sms.lanes) for row in rows]
        self._desk.store.ledger.record(self._claimed_under, changes, now)
        if not any(row.id in answers for row in rows):
            self.trouble = self.trouble or NO_ANSWER.reason
        elif not self.trouble:
            self.answered += len(rows)
        self._recent.extend((item.state, item.reason) for item in changes)
        self._stop_on_errors(now)

    def _stop_on_errors(self, now: datetime) -> None:
        """Pauses the wave when too many of the last answers are refusals, or none at all: a person must look."""
        stop = self._desk.workspace.settings.sms.error_stop
        bad = Counter(reason for state, reason in self._recent if state in {RowState.REFUSED, RowState.UNKNOWN})
        if len(self._recent) < stop.sample or bad.total() <= stop.share * stop.sample:
            return
        wave = self._sending.key.wave
        if not self._desk.store.ledger.held(wave):
            self._desk.store.ledger.hold(wave, "errors", "loa", now)
            told = {"of": stop.sample, "errors": bad.total(), "reasons": dict(bad.most_common(5))}
            self._desk.store.audit.note("loa", "wave-errors", wave, {**told, "lane": self._settings.name}, now)
        self._recent.clear()

    def _message(self, row: Row) -> Message:
        body = self._sending.bodies[row.body]
        now = self._desk.clock.now()
        return Message(
            reference=row.id,
            number=row.recipient,
            body=body.text,
            sender=self._settings.sender,
            parts=body.parts,
            alphabet=Alphabet(body.alphabet),
            valid_until=min(
                max(self._sending.closes_at, now + LEAST_VALIDITY),
                calendar.closing(self._desk.workspace.settings.hours, now),
            ),
        )
