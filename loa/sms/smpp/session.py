"""Sending over connections that come and go.

What was written and not answered, because the connection ended or the time was up, is in doubt and has no outcome.
What was never written has certainly not left. A message of several parts has one of them on its way at a time: as long
as the first is not accepted nothing has left, and the last, which alone asks for a receipt, goes after all others.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

from loa.model.errors import GatewayError
from loa.model.ledger import Receipt
from loa.model.states import RowState
from loa.sms.gateways.base import Line, Message, Outcome, Verdict
from loa.sms.smpp import pdu, statuses, texts
from loa.sms.smpp.inbox import Inbox
from loa.sms.smpp.link import Link, Waiting
from loa.sms.smpp.options import RELATIVE, Options

SUBMIT_SECONDS = 18.0  # a submit has ended by then, whatever happens
FIRST_WAIT, LONGEST_WAIT = 0.25, 30.0  # seconds between two tries to connect, before jitter
SOON = 0.002  # seconds that room for a few more may wait for room for many
NOT_SENT = "not-sent"
INCOMPLETE = "parts-missing"

Sleep = Callable[[float], Awaitable[None]]
Chance = Callable[[], float]
"""A number from 0 to 1."""


def backoff(tries: int, chance: float) -> float:
    """Seconds to wait after so many tries in vain: twice as long each time, less up to a half of it by chance."""
    return min(FIRST_WAIT * 2.0 ** min(tries, 16), LONGEST_WAIT) * (1 - chance / 2)


@dataclass(slots=True)
class _Batch:
    """One submit. `open` messages have not come to an end; when it is `over`, nobody waits for them any more.

    `troubles` are the answers that are about the lane, by the message that got them.
    """

    open: int
    done: asyncio.Future[None]
    outcomes: list[Outcome] = field(default_factory=list)
    troubles: dict[str, statuses.Status] = field(default_factory=dict)
    over: bool = False


class _Flight:
    """One message on its way, part by part."""

    __slots__ = ("at", "batch", "deadline", "expired", "head", "joint", "parts", "reference", "written")

    def __init__(self, batch: _Batch, reference: str, head: bytes, joint: bytes, parts: tuple[texts.Part, ...]) -> None:
        self.batch = batch
        self.reference = reference
        self.head = head
        self.joint = joint
        self.parts = parts
        self.at = 0
        self.written = self.expired = False
        self.deadline = 0.0


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why there is no connection, and whether trying again at once may help."""

    error: GatewayError
    again: bool


class Session:
    """One bind of one lane. `command` is which: pdu.BIND_TRANSCEIVER, BIND_TRANSMITTER or BIND_RECEIVER."""

    def __init__(self, line: Line, options: Options, inbox: Inbox, command: int, sleep: Sleep, chance: Chance) -> None:
        self._line = line
        self._options = options
        self._inbox = inbox
        self._command = command
        self._sleep = sleep
        self._chance = chance
        self._link: Link | None = None
        self._connecting = asyncio.Lock()
        self._queue: deque[_Flight] = deque()
        self._held: asyncio.TimerHandle | None = None
        self._soon: asyncio.TimerHandle | None = None

    async def ready(self) -> Link:
        """Bound, now. Raises `GatewayError` after a few tries: nothing was sent meanwhile."""
        async with self._connecting:
            if self._link is None or not self._link.usable:
                self._link = await self._connect()
            return self._link

    async def submit(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        """Sends messages, as many at once as the window holds. Raises `GatewayError` where none of them left."""
        if not messages:
            return []
        loop = asyncio.get_running_loop()
        until = loop.time() + SUBMIT_SECONDS
        link = await self.ready()
        batch = _Batch(len(messages), loop.create_future())
        flights = self._flights(messages, batch)
        self._queue.extend(flights)
        self.room(link)
        try:
            async with asyncio.timeout_at(until):
                await batch.done
        except TimeoutError:
            pass  # what is still on its way is in doubt
        finally:  # also when this is cancelled: nothing of it is sent from now on
            batch.over = True
            self._queue = deque(flight for flight in self._queue if flight.batch is not batch)
        return self._ended(batch, flights)

    async def close(self) -> None:
        """Ends the connection in good order. May be called twice."""
        link, self._link = self._link, None
        for timer in (self._held, self._soon):
            if timer is not None:
                timer.cancel()
        self._held = self._soon = None
        self._drop()
        if link is not None:
            await link.end()

    # --- what a link tells (loa.sms.smpp.link.Owner)

    def answered(self, waiting: Waiting, command: int, status: int, body: bytes) -> None:
        flight = cast(_Flight, waiting)
        if status == pdu.OK:
            if command == pdu.SUBMIT_SM | pdu.RESPONSE:
                self._accepted(flight, body)
            else:  # neither yes nor no
                self._settle(flight)
            return
        meaning = statuses.of(status, self._options.statuses)
        if meaning.verdict is Verdict.THROTTLED and not meaning.rebind:
            self._hold()
        if flight.at and meaning.verdict is not Verdict.REFUSED and not flight.batch.over and not flight.expired:
            # the parts before it are out: this one is tried again as long as there is time
            self._hold()
            self._queue.appendleft(flight)
        else:
            if meaning.error and not flight.at:
                flight.batch.troubles[flight.reference] = meaning
            self._settle(flight, Outcome(flight.reference, meaning.verdict, "", meaning.reason, meaning.name))
        if meaning.rebind and self._link is not None:
            self._link.leave()

    def expired(self, waiting: Waiting) -> None:
        flight = cast(_Flight, waiting)
        self._settle(flight)
        flight.expired = True

    def delivered(self, link: Link, command: int, sequence: int, body: bytes) -> None:
        self._inbox.take(link, command, sequence, body)

    def room(self, link: Link) -> None:
        if not self._queue:
            return
        if link.usable:
            # answers trickle in one by one: a write for each of them would cost more than all the rest
            if len(link.waiting) * 4 <= self._options.window * 3:
                self._pump()
            elif self._soon is None:
                self._soon = asyncio.get_running_loop().call_later(SOON, self._pump)
        elif link is self._link:  # the SMSC has unbound us
            self._drop()

    def lost(self, link: Link) -> None:
        for waiting in link.waiting.values():
            self._settle(cast(_Flight, waiting))
        link.waiting.clear()
        if link is self._link:
            self._drop()

    # --- sending

    def _flights(self, messages: Sequence[Message], batch: _Batch) -> list[_Flight]:
        options, now = self._options, self._line.clock.now()
        head = pdu.head(options.service_type, options.source, options.dest_ton, options.dest_npi)
        period = texts.relative if options.validity == RELATIVE else texts.absolute
        validities: dict[object, bytes] = {}
        flights: list[_Flight] = []
        for message in messages:
            if message.valid_until <= now:
                # a provider that is given no time may take all it likes
                self._settle_unsent(batch, message.reference, "validity-over")
                continue
            validity = validities.get(message.valid_until)
            if validity is None:
                validity = validities[message.valid_until] = period(message.valid_until, now)
            parts = texts.parts(message.body, options.long, validity)
            joint = texts.reference(message.reference, options.long) if len(parts) > 1 else b""
            target = head + message.number.removeprefix("+").encode() + b"\0"
            flights.append(_Flight(batch, message.reference, target, joint, parts))
        return flights

    def _pump(self) -> None:
        """Writes what the window has room for, all in one go."""
        link = self._link
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        if link is None or self._held is not None or not link.open:
            return
        written: list[bytes] = []
        queue, waiting, window = self._queue, link.waiting, self._options.window
        deadline = link.deadline()
        while queue and len(waiting) < window:
            flight = queue.popleft()
            before, after = flight.parts[flight.at]
            sequence = link.number()
            length = 16 + len(flight.head) + len(before) + len(flight.joint) + len(after)
            written += (pdu.HEADER.pack(length, pdu.SUBMIT_SM, 0, sequence), flight.head, before, flight.joint, after)
            flight.deadline = deadline
            flight.written = True
            waiting[sequence] = flight
        if written:
            link.submit(b"".join(written))

    def _accepted(self, flight: _Flight, body: bytes) -> None:
        flight.at += 1
        if flight.at < len(flight.parts):
            if not flight.batch.over and not flight.expired:
                self._queue.appendleft(flight)
            return
        written = body.partition(b"\0")[0].decode("latin-1")
        self._settle(flight, Outcome(flight.reference, Verdict.ACCEPTED, self._options.ids.of_answer(written)))

    def _settle(self, flight: _Flight, outcome: Outcome | None = None) -> None:
        """A message has come to its end; without an outcome it is in doubt."""
        batch = flight.batch
        if batch.over:
            if outcome is not None:
                self._late(flight, outcome)
            return
        if outcome is not None:
            batch.outcomes.append(outcome)
        if not flight.expired:
            self._one_less(batch)

    def _settle_unsent(self, batch: _Batch, reference: str, reason: str) -> None:
        batch.outcomes.append(Outcome(reference, Verdict.THROTTLED, reason=reason))
        self._one_less(batch)

    def _one_less(self, batch: _Batch) -> None:
        batch.open -= 1
        if not batch.open and not batch.done.done():
            batch.done.set_result(None)

    def _late(self, flight: _Flight, outcome: Outcome) -> None:
        """An answer after its message was called in doubt: it settles that, and brings the id for its receipt."""
        state = {Verdict.ACCEPTED: RowState.ACCEPTED, Verdict.REFUSED: RowState.REFUSED}.get(outcome.verdict)
        if state is not None:
            lane, now, raw = self._line.lane.name, self._line.clock.now(), outcome.reason or "late-answer"
            self._inbox.tell(Receipt(lane, outcome.gateway_id, state, now, flight.reference, raw))

    def _hold(self) -> None:
        """Too fast: nothing is sent for a while, and what has not begun goes back."""
        if self._held is None:
            self._held = asyncio.get_running_loop().call_later(self._options.timers.throttle, self._resume)
        self._drop()

    def _drop(self) -> None:
        """Gives back what has not begun; what has begun waits, or is incomplete where there is no connection."""
        queue, self._queue = self._queue, deque()
        connected = self._link is not None and self._link.usable
        for flight in queue:
            if not flight.written:
                self._settle_unsent(flight.batch, flight.reference, NOT_SENT)
            elif connected:
                self._queue.append(flight)
            else:
                self._settle(flight)

    def _resume(self) -> None:
        self._held = None
        self._pump()

    def _ended(self, batch: _Batch, flights: Sequence[_Flight]) -> Sequence[Outcome]:
        lane = self._options.lane
        if batch.troubles and len(batch.troubles) == len(flights):
            trouble = next(iter(batch.troubles.values()))
            raise GatewayError(trouble.error, {"lane": lane, "raw": trouble.name})
        known = {outcome.reference for outcome in batch.outcomes}
        left = [flight for flight in flights if flight.reference not in known]
        unsent = [
            Outcome(flight.reference, Verdict.THROTTLED, reason=NOT_SENT) for flight in left if not flight.written
        ]
        begun = [Outcome(flight.reference, Verdict.UNKNOWN, reason=INCOMPLETE) for flight in left if flight.at]
        outcomes = [*batch.outcomes, *unsent, *begun]
        if flights and not any(flight.written for flight in flights) and (self._link is None or not self._link.usable):
            raise GatewayError("smpp-lost", {"lane": lane})
        return outcomes

    # --- connecting

    async def _connect(self) -> Link:
        """Tries until it is bound, waiting longer each time, for about as long as one try may take."""
        loop = asyncio.get_running_loop()
        started, waited, tries = loop.time(), 0.0, 0
        while True:
            found = await self._try()
            if isinstance(found, Link):
                return found
            wait = backoff(tries, self._chance())
            spent = max(loop.time() - started, waited)
            if not found.again or spent + wait > self._options.timers.connect:
                raise found.error
            await self._sleep(wait)
            waited += wait
            tries += 1

    async def _try(self) -> Link | _Failure:
        options, timers = self._options, self._options.timers
        name = options.tls_name if options.tls else None
        try:
            async with asyncio.timeout(timers.connect):
                _, link = await asyncio.get_running_loop().create_connection(
                    lambda: Link(timers, self), options.host, options.port, ssl=options.tls, server_hostname=name
                )
        except (OSError, TimeoutError) as error:
            return self._unreachable(error)
        try:
            status = await link.bind(self._command, options.bind_body)
        except (OSError, TimeoutError) as error:
            link.abort()
            return self._unreachable(error)
        except BaseException:
            link.abort()
            raise
        if status == pdu.OK:
            return link
        await link.end()
        return self._refused(statuses.of(status, {}))

    def _unreachable(self, error: OSError) -> _Failure:
        options = self._options
        # never the error's own words: they may hold what the peer said
        problem = getattr(error, "reason", None) or error.strerror or type(error).__name__
        fields = {"lane": options.lane, "host": options.host, "port": options.port, "problem": problem}
        return _Failure(GatewayError("smpp-unreachable", fields), again="CERTIFICATE" not in str(problem))

    def _refused(self, status: statuses.Status) -> _Failure:
        lane = self._options.lane
        if status.error:
            return _Failure(GatewayError(status.error, {"lane": lane, "raw": status.name}), status.again)
        return _Failure(GatewayError("smpp-bind-refused", {"lane": lane, "status": status.name}), status.again)
