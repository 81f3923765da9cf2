"""One connection to an SMSC: whole PDUs in and out, answers to what was asked, timers, and ending in good order.

One timer a connection looks at everything that waits; requests that wait stand in the order in which they were written,
so looking at the first tells of all.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Protocol, cast

from loa.sms.smpp import pdu
from loa.sms.smpp.options import Timers

QUICK: int | None = getattr(socket, "TCP_QUICKACK", None)
FAREWELL, PARTING = 1.0, 0.25  # seconds: for the answer to an unbind, and for the connection to end after it
LATE = 10_000  # requests whose time is up but whose answer may still come
_ANSWERED = {
    pdu.DELIVER_SM: b"\0",  # message_id, which is not used
    pdu.DATA_SM: b"\0",
}

Answer = tuple[int, int, bytes]
"""command_id, command_status and body of a response."""


class Waiting(Protocol):
    """A request that waits for its answer."""

    deadline: float


class Owner(Protocol):
    """Who sends over a link. Called from the event loop, never to be awaited."""

    def answered(self, waiting: Waiting, command: int, status: int, body: bytes) -> None: ...

    def expired(self, waiting: Waiting) -> None: ...

    def delivered(self, link: Link, command: int, sequence: int, body: bytes) -> None: ...

    def room(self, link: Link) -> None:
        """There may be room for more: answers came."""
        ...

    def unchoked(self, link: Link) -> None:
        """The network takes octets again."""
        ...

    def lost(self, link: Link) -> None: ...


class Link(asyncio.Protocol):
    """A connection of ours. `waiting` are the requests of `Owner`, by their sequence numbers."""

    def __init__(self, timers: Timers, owner: Owner) -> None:
        self._timers = timers
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._frames = pdu.Frames()
        self._transport: asyncio.Transport | None = None
        self._socket: socket.socket | None = None
        self._clock: asyncio.TimerHandle | None = None
        self._sequence = 0
        self._calls: dict[int, asyncio.Future[Answer]] = {}
        self._late: dict[int, Waiting] = {}
        self._heard = self._used = self._loop.time()
        self._enquired = 0.0
        self._binding = 0
        self._choked = self._draining = self._welcome = self.bound = False
        self.waiting: dict[int, Waiting] = {}
        self.closed: asyncio.Future[None] = self._loop.create_future()

    # --- what a session does with it

    @property
    def usable(self) -> bool:
        """Whether requests may be sent over it."""
        return self.bound and not self._draining and self._transport is not None and not self._transport.is_closing()

    @property
    def open(self) -> bool:
        """Whether octets may be written to it now."""
        return self.usable and not self._choked

    def number(self) -> int:
        """The next sequence number of ours."""
        self._sequence = pdu.following(self._sequence)
        return self._sequence

    def submit(self, octets: bytes) -> None:
        """Writes requests that stand in `waiting`."""
        self._used = self._loop.time()
        self.write(octets)

    def write(self, octets: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(octets)

    def deadline(self) -> float:
        """Until when what is written now must be answered."""
        return self._loop.time() + self._timers.response

    def reply(self, command: int, status: int, sequence: int) -> bytes:
        """The response to a request of the SMSC."""
        return pdu.frame(command | pdu.RESPONSE, status, sequence, _ANSWERED.get(command, b""))

    async def bind(self, command: int, body: bytes) -> int:
        """Asks to be bound. Returns the SMSC's status. Raises `TimeoutError`, `ConnectionError`."""
        self._binding = command
        _, status, _ = await self._call(command, body, self._timers.connect)
        return status or (pdu.OK if self._welcome else pdu.INVALID_BIND)

    async def end(self) -> None:
        """Unbinds, politely, and closes: within `FAREWELL` and `PARTING` seconds."""
        if self.bound and not self._draining:
            self._draining = True
            with contextlib.suppress(TimeoutError, ConnectionError):  # it is only a courtesy
                await self._call(pdu.UNBIND, b"", min(self._timers.response, FAREWELL))
        if self._transport is not None:
            self._transport.close()
            await asyncio.wait((self.closed,), timeout=PARTING)
            self._transport.abort()

    def leave(self) -> None:
        """Unbinds as soon as nothing waits for an answer; nothing more is sent over it."""
        if self.usable:
            self._draining = True
            self.write(pdu.frame(pdu.UNBIND, 0, self.number()))

    def abort(self) -> None:
        """Ends it at once."""
        if self._transport is not None:
            self._transport.abort()

    def pause(self, paused: bool) -> None:
        """Stops reading, so that the SMSC waits with what it has, or goes on."""
        if self._transport is None or self._transport.is_closing():
            return
        if paused:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    # --- what the event loop does with it

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._socket = transport.get_extra_info("socket")
        self._tick()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._clock is not None:
            self._clock.cancel()
        self.bound = False
        for call in self._calls.values():
            if not call.done():
                call.set_exception(ConnectionResetError("the connection ended"))
        self._calls.clear()
        self.closed.set_result(None)
        self._owner.lost(self)

    def data_received(self, data: bytes) -> None:
        self._acknowledge()
        frames = self._frames.feed(data)
        if frames:
            self._heard = self._loop.time()
        for command, status, sequence, body in frames:
            if command & pdu.RESPONSE:
                self._response(command, status, sequence, body)
            else:
                self._request(command, sequence, body)
        if self._frames.broken:  # where the next PDU begins nobody knows
            self.write(pdu.frame(pdu.GENERIC_NACK, pdu.INVALID_LENGTH, 0))
            self.abort()
        else:
            self._owner.room(self)

    def _acknowledge(self) -> None:
        """Has the kernel acknowledge what came at once, not after 40 ms.

        An SMSC that leaves Nagle's algorithm on holds its next answers back until it has seen that, and we have nothing
        to send meanwhile when the window is full. Linux alone knows the option, and forgets it after a while.
        """
        if QUICK is not None and self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.IPPROTO_TCP, QUICK, 1)

    def pause_writing(self) -> None:
        self._choked = True

    def resume_writing(self) -> None:
        self._choked = False
        self._owner.unchoked(self)

    # --- PDUs

    async def _call(self, command: int, body: bytes, seconds: float) -> Answer:
        sequence = self.number()
        self._calls[sequence] = call = self._loop.create_future()
        self.write(pdu.frame(command, 0, sequence, body))
        try:
            return await asyncio.wait_for(call, seconds)
        finally:
            self._calls.pop(sequence, None)

    def _response(self, command: int, status: int, sequence: int, body: bytes) -> None:
        waiting = self.waiting.pop(sequence, None) or self._late.pop(sequence, None)
        if waiting is not None:
            self._owner.answered(waiting, command, status, body)
        elif (call := self._calls.get(sequence)) is not None and not call.done():
            # at once: what the SMSC pushes may stand right behind
            if command == self._binding | pdu.RESPONSE and status == pdu.OK:
                self._welcome = self.bound = True
            call.set_result((command, status, body))

    def _request(self, command: int, sequence: int, body: bytes) -> None:
        if command in (pdu.DELIVER_SM, pdu.DATA_SM):
            if self.bound:
                self._used = self._loop.time()
                self._owner.delivered(self, command, sequence, body)
            else:
                self.write(self.reply(command, pdu.INVALID_BIND, sequence))
        elif command == pdu.ENQUIRE_LINK:
            self.write(self.reply(command, pdu.OK, sequence))
        elif command == pdu.UNBIND:
            self.write(self.reply(command, pdu.OK, sequence))
            self._draining = True  # what waits may still be answered
            self._drain()
        elif command not in (pdu.OUTBIND, pdu.ALERT_NOTIFICATION):  # these two want no answer
            self.write(pdu.frame(pdu.GENERIC_NACK, pdu.INVALID_COMMAND, sequence))

    # --- time

    def _tick(self) -> None:
        now = self._loop.time()
        self._expire(now)
        self._drain()
        self._enquire(now)
        timers = self._timers
        if timers.inactivity and not self.waiting and now - self._used > timers.inactivity:
            self.leave()
        shortest = min(timers.response, timers.enquire, timers.inactivity or timers.response)
        self._clock = self._loop.call_later(min(max(shortest / 8, 0.01), 1.0), self._tick)

    def _expire(self, now: float) -> None:
        over = []
        for sequence, waiting in self.waiting.items():
            if waiting.deadline > now:
                break
            over.append(sequence)
        for sequence in over:
            self._late[sequence] = waiting = self.waiting.pop(sequence)
            self._owner.expired(waiting)
        if over:
            self._owner.room(self)
        while len(self._late) > LATE:
            del self._late[next(iter(self._late))]

    def _enquire(self, now: float) -> None:
        if self._enquired > self._heard:
            if now - self._enquired > self._timers.response:
                self.abort()  # nobody is there
        elif self.bound and now - self._heard > self._timers.enquire:
            self._enquired = now
            self.write(pdu.frame(pdu.ENQUIRE_LINK, 0, self.number()))

    def _drain(self) -> None:
        """Closes when the SMSC has unbound us and nothing waits for an answer any more."""
        if self._draining and not self.waiting and not self._calls and self._transport is not None:
            self._transport.close()
