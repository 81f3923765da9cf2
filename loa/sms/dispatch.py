"""Sends what the ledger says is left, through one lane.

The order is the promise: the lane is held, rows are claimed (`sending` is on the disk), bytes leave, answers are
written down. Whatever breaks in between leaves at most one window in doubt, and listed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from loa import calendar
from loa.channel import Desk, Job
from loa.model.errors import GatewayError
from loa.model.ledger import Change, Lease, Progress, Row
from loa.model.settings import LaneSettings
from loa.model.states import RowState
from loa.sms import receipts
from loa.sms.bodies import Body
from loa.sms.bucket import Bucket
from loa.sms.gateways.base import Gateway, Message, Outcome, Verdict
from loa.sms.parts import Alphabet

RETRY = timedelta(seconds=30)  # where a gateway names no time
THROTTLE = timedelta(seconds=2)
LONGEST_RETRY = 86_400.0  # seconds; a gateway that names more, or nonsense, is not believed
# A submit must end before the lease does: whoever takes the lane after that would find the rows of a living worker.
SUBMIT_SECONDS = 20.0
FRESH = timedelta(seconds=SUBMIT_SECONDS + 5)


async def dispatch(
    job: Job, lane: LaneSettings, operators: Sequence[str], bodies: Mapping[str, Body], desk: Desk, limit: int
) -> Progress:
    """Sends up to `limit` rows of a job through a lane. Returns what was done and why it stopped, if it had to."""
    with desk.store.lanes.held(lane.name, desk.clock.now()) as lease:
        if lease is None:
            return Progress(0, 0, 1.0, held="lane-held")
        desk.store.ledger.doubt(lease, desk.clock.now())
        gateway = receipts.connect(lane, desk)
        try:
            return await _Run(job, lane, operators, bodies, desk, gateway, lease).send(limit)
        finally:
            await gateway.close()


class _Run:
    """One worker on one lane."""

    def __init__(
        self,
        job: Job,
        lane: LaneSettings,
        operators: Sequence[str],
        bodies: Mapping[str, Body],
        desk: Desk,
        gateway: Gateway,
        lease: Lease,
    ) -> None:
        self._job = job
        self._lane = lane
        self._operators = operators
        self._bodies = bodies
        self._desk = desk
        self._gateway = gateway
        self._lease = lease
        self._bucket = Bucket(lane.parts_per_second)

    async def send(self, limit: int) -> Progress:
        done = 0
        while done < limit:
            await self._bucket.wait()
            now = self._desk.clock.now()
            if stop := self._must_stop(now):
                return Progress(done, 0, held=stop)
            if not self._renewed(now):
                return Progress(done, 0, 1.0, held="lane-held")
            batch = min(self._bucket.batch(self._lane.window), limit - done)
            rows = self._desk.store.ledger.claim(
                self._job.key, self._job.bundle, self._lease, batch, now, self._operators
            )
            if not rows:
                break
            await self._send(rows)
            done += len(rows)
        return Progress(done, 0)

    def _must_stop(self, now: datetime) -> str:
        """Why nothing may be sent now, or nothing. Looked at before every batch."""
        if not calendar.within(self._desk.workspace.settings.hours, now):
            return "outside-hours"
        if calendar.is_past(self._job.wave, now):
            return "too-late"
        hold = self._desk.store.ledger.held(self._job.wave.key)
        return f"wave-{hold}" if hold else ""

    def _renewed(self, now: datetime) -> bool:
        if self._lease.until - now > FRESH:
            return True
        renewed = self._desk.store.lanes.renew(self._lease, now)
        if renewed is None:
            return False
        self._lease = renewed
        return True

    async def _send(self, rows: Sequence[Row]) -> None:
        """Rows are `sending` on the disk from here on: whatever happens, every one gets an answer or stays in doubt."""
        messages = [self._message(row) for row in rows]
        self._bucket.pay(sum(message.parts for message in messages))
        outcomes: Sequence[Outcome] = ()
        try:
            outcomes = await asyncio.wait_for(self._gateway.submit(messages), SUBMIT_SECONDS)
        except TimeoutError:
            outcomes = ()  # the request may have left: in doubt
        except GatewayError as error:
            # certain that nothing left: the rows go back, the trouble goes up
            outcomes = [Outcome(row.id, Verdict.THROTTLED, reason=error.code) for row in rows]
            raise
        finally:
            self._record(rows, outcomes)

    def _record(self, rows: Sequence[Row], outcomes: Sequence[Outcome]) -> None:
        now = self._desk.clock.now()
        answers = {outcome.reference: outcome for outcome in outcomes}
        silent = Outcome("", Verdict.UNKNOWN, reason="no-answer")
        most = self._desk.workspace.settings.sms.max_attempts
        changes = [change(row, answers.get(row.id, silent), now, most) for row in rows]
        self._desk.store.ledger.record(self._lease, changes, now)

    def _message(self, row: Row) -> Message:
        body = self._bodies[row.body]
        return Message(
            reference=row.id,
            number=row.recipient,
            body=body.text,
            sender=self._lane.sender,
            parts=body.parts,
            alphabet=Alphabet(body.alphabet),
            valid_until=min(
                self._job.wave.closes_at, calendar.closing(self._desk.workspace.settings.hours, self._desk.clock.now())
            ),
        )


def change(row: Row, outcome: Outcome, now: datetime, max_attempts: int) -> Change:
    """What an answer means for a row. Throttling spends no attempt; a temporary error does, and they run out."""
    if outcome.verdict is Verdict.ACCEPTED:
        return Change(row.id, RowState.ACCEPTED, "", outcome.gateway_id, raw=outcome.raw)
    if outcome.verdict is Verdict.REFUSED:
        return Change(row.id, RowState.REFUSED, outcome.reason, outcome.gateway_id, raw=outcome.raw)
    if outcome.verdict is Verdict.UNKNOWN:
        return Change(row.id, RowState.UNKNOWN, outcome.reason or "no-answer", raw=outcome.raw)
    throttled = outcome.verdict is Verdict.THROTTLED
    if not throttled and row.attempts >= max_attempts:
        return Change(row.id, RowState.REFUSED, "attempts-used", raw=outcome.raw)
    wait = THROTTLE if throttled else RETRY
    if outcome.retry_after is not None and 0 <= outcome.retry_after <= LONGEST_RETRY:
        wait = timedelta(seconds=outcome.retry_after)
    return Change(
        row.id, RowState.PLANNED, outcome.reason, retry_at=now + wait, spends_attempt=not throttled, raw=outcome.raw
    )
