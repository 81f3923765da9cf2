"""Sending over connections that come and go.

What was written and not answered, because the connection ended or the time was up, is in doubt and has no outcome.
What was never written has certainly not left. A message of several parts has one of them on its way at a time: as long
as the first is not accepted nothing has left, and the last, which alone asks for a receipt, goes after all others.
Where the first is out and a later one never will be, part of the message is on a phone and paid for: it is neither
refused nor to be sent again, but in doubt (`parts-missing`) until a person looks at it.

Messages come at the pace of the lane's rate. What piles up while the line is choked or held would leave in one burst,
so it goes back instead, unless it is a single batch: that was to leave at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from loa.model.errors import GatewayError
from loa.model.ledger import Receipt
from loa.model.states import RowState
from loa.sms.gateways.base import Line, Message, Outcome, Verdict
from loa.sms.smpp import pdu, statuses, texts
from loa.sms.smpp.dial import Chance, Dial, Sleep
from loa.sms.smpp.inbox import Inbox
from loa.sms.smpp.link import Link, Waiting
from loa.sms.smpp.options import RELATIVE, Options

SUBMIT_SECONDS = 18.0  # a submit has ended by then, connecting included, whatever happens
SOON = 0.002  # seconds that room for a few more may wait for room for many
NOT_SENT = "not-sent"
INCOMPLETE = "parts-missing"


@dataclass(slots=True)
class _Batch:
    """One submit. `open` messages have not come to an end; when it is `over`, nobody waits for them any more.

    `until` is when that is, in the event loop's time. `troubles` are the answers that are about the lane, by the
    message that got them.
    """

    open: int
    done: asyncio.Future[None]
    until: float
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


class Session:
    """One bind of one lane. `command` is which: pdu.BIND_TRANSCEIVER, BIND_TRANSMITTER or BIND_RECEIVER."""

    def __init__(self, line: Line, options: Options, inbox: Inbox, command: int, sleep: Sleep, chance: Chance) -> None:
        self._line = line
        self._options = options
        self._inbox = inbox
        self._dial = Dial(options, command, self, SUBMIT_SECONDS - options.timers.response, sleep, chance)
        self._queue: deque[_Flight] = deque()
        self._held: asyncio.TimerHandle | None = None
        self._soon: asyncio.TimerHandle | None = None

    @property
    def bound(self) -> bool:
        """Whether it is connected, so that a submit leaves at once."""
        return self._dial.usable is not None

    async def ready(self) -> Link:
        """Bound, now. Raises `GatewayError` after a few tries: nothing was sent meanwhile."""
        return await self._dial.ready()

    async def submit(self, messages: Sequence[Message], until: float) -> Sequence[Outcome]:
        """Sends messages, as many at once as the window holds, and ends at `until` (the event loop's time).

        Raises `GatewayError` where it is not bound, or where none of them left, also when it is cancelled.
        """
        link = self._dial.usable
        if link is None:
            raise self._lost()
        batch = _Batch(len(messages), asyncio.get_running_loop().create_future(), until)
        flights = self._flights(messages, batch)
        self._queue.extend(flights)
        self.room(link)
        try:
            async with asyncio.timeout_at(until):
                await batch.done
        except TimeoutError:
            pass  # what is still on its way is in doubt
        except asyncio.CancelledError:
            if any(flight.written for flight in flights):
                raise
            raise self._lost() from None
        finally:  # also when this is cancelled: nothing of it is sent from now on
            batch.over = True
            self._queue = deque(flight for flight in self._queue if flight.batch is not batch)
        return self._ended(batch, flights)

    async def close(self) -> None:
        """Ends the connection in good order, in two seconds at most. May be called twice."""
        link = await self._dial.stop()
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
        elif flight.at:
            self._settle(flight, Outcome(flight.reference, Verdict.UNKNOWN, "", INCOMPLETE, meaning.name))
        else:
            if meaning.error:
                flight.batch.troubles[flight.reference] = meaning
            self._settle(flight, Outcome(flight.reference, meaning.verdict, "", meaning.reason, meaning.name))
        if meaning.rebind and self._dial.link is not None:
            self._dial.link.leave()

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
        elif link is self._dial.link:  # the SMSC has unbound us
            self._drop()

    def unchoked(self, link: Link) -> None:
        self._go_on()
        self.room(link)

    def lost(self, link: Link) -> None:
        for waiting in link.waiting.values():
            self._settle(cast(_Flight, waiting))
        link.waiting.clear()
        if link is self._dial.link:
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
        link = self._dial.link
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
            if not flight.written and deadline > flight.batch.until:  # its answer would come too late for its submit
                self._settle_unsent(flight.batch, flight.reference, NOT_SENT)
                continue
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
        connected = self.bound
        for flight in queue:
            if not flight.written:
                self._settle_unsent(flight.batch, flight.reference, NOT_SENT)
            elif connected:
                self._queue.append(flight)
            else:
                self._settle(flight)

    def _resume(self) -> None:
        self._held = None
        self._go_on()
        self._pump()

    def _go_on(self) -> None:
        """The line is free again: what piled up before it goes back, so that the lane's rate lets it through anew."""
        if len({id(flight.batch) for flight in self._queue if not flight.written}) > 1:
            self._drop()

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
        if flights and not any(flight.written for flight in flights) and not self.bound:
            raise self._lost()
        return outcomes

    def _lost(self) -> GatewayError:
        return GatewayError("smpp-lost", {"lane": self._options.lane})
