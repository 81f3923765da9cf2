"""SMPP 3.4: a bind to an operator's SMSC. Options: `loa.sms.smpp.options`; a lane's receipts come over its own bind.

The gateway's id of a message is that of its last part, which alone asks for a receipt (`loa.sms.smpp.texts.parts`).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

from loa.model.errors import GatewayError, Unsupported
from loa.model.ledger import Receipt
from loa.sms.gateways.base import Gateway, Limits, Line, Message, Outcome, Verdict
from loa.sms.parts import Alphabet
from loa.sms.smpp import options, pdu
from loa.sms.smpp.dial import Chance, Sleep, backoff, unreachable
from loa.sms.smpp.inbox import Inbox
from loa.sms.smpp.session import NOT_SENT, SUBMIT_SECONDS, Session

LIMITS = Limits(
    alphabets=frozenset(Alphabet),
    sender_length=20,  # source_addr without its zero
    asks_status=False,  # query_sm wants the SMSC's id, which is just what is missing
    status_after=0,
    polls_receipts=False,
    reaches_people=True,
    listens=True,
    options=options.NAMES,
    secrets=("SYSTEM_ID", "PASSWORD"),
)
STEADY = 10.0  # seconds after which a connection has been a good one
# Seconds that closing waits for what is being stored, before and after the connections end (1.25, `link`). It is less
# than three in all: the lane's lease runs meanwhile. What is not acknowledged by then comes again.
STORING, STORING_REST = 1.0, 0.5

_SENDING = {
    options.TRANSCEIVER: pdu.BIND_TRANSCEIVER,
    options.PAIR: pdu.BIND_TRANSMITTER,
    options.TRANSMITTER: pdu.BIND_TRANSMITTER,
}


def connect(line: Line) -> Gateway:
    """A lane's session; it binds when it is first used. Raises `ContentError` for options that cannot be used."""
    return Smpp(line, asyncio.sleep, random.random)


class Smpp:
    """One account at one SMSC. With `bind = "pair"` it sends over one connection and hears over another."""

    limits = LIMITS

    def __init__(self, line: Line, sleep: Sleep, chance: Chance) -> None:
        self._options = given = options.read(line)
        self._inbox = Inbox(line, given)
        self._sleep = sleep
        self._chance = chance
        self._crowd: list[int] = []  # a 1 for each submit that waits for the connection

        def session(command: int) -> Session:
            return Session(line, given, self._inbox, command, sleep, chance)

        self._mouth = session(_SENDING[given.bind]) if given.bind in _SENDING else None
        self._ear = session(pdu.BIND_RECEIVER) if given.bind in {options.PAIR, options.RECEIVER} else None
        if given.bind == options.TRANSCEIVER:
            self._ear = self._mouth

    async def open(self) -> None:
        await self._bound()

    async def submit(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        """What had to wait for a connection goes back where it is more than one batch: the lane's rate let them through
        one by one, and all at once would be more than that. Whoever calls `open` first never meets this."""
        if not batch:
            return []
        until = asyncio.get_running_loop().time() + SUBMIT_SECONDS
        if self._is_bound:
            alone = True
        else:
            try:
                alone = await self._waited()
            except asyncio.CancelledError:  # nothing was written; who cancels must be told that
                raise GatewayError("smpp-lost", {"lane": self._options.lane}) from None
        if not alone:
            return [Outcome(message.reference, Verdict.THROTTLED, reason=NOT_SENT) for message in batch]
        return await self._sender.submit(batch, until)

    @property
    def _sender(self) -> Session:
        if self._mouth is None:
            # the lane is set up wrong: that is no reason to refuse anybody's message
            raise GatewayError("gateway-sends-not", {"gateway": "smpp"})
        return self._mouth

    @property
    def _is_bound(self) -> bool:
        """Whether a message may leave at once: also its receipt must find somebody who hears it."""
        return self._sender.bound and (self._ear is None or self._ear.bound)

    async def _waited(self) -> bool:
        """Waits for the connection with whoever else does. Returns whether nobody else did."""
        crowd = self._crowd
        crowd.append(1)
        try:
            await self._bound()
        except GatewayError:
            self._scatter(crowd)
            raise
        self._scatter(crowd)  # not where one is cancelled: the others go on waiting
        return len(crowd) == 1

    def _scatter(self, crowd: list[int]) -> None:
        if self._crowd is crowd:
            self._crowd = []

    async def _bound(self) -> None:
        """Binds both ways, ear first, in the time that a submit has beside that for its answers."""
        sender = self._sender
        try:
            async with asyncio.timeout(SUBMIT_SECONDS - self._options.timers.response):
                for session in dict.fromkeys((self._ear, sender)):
                    if session is not None:
                        await session.ready()
        except TimeoutError:
            raise unreachable(self._options, "TimeoutError") from None

    async def status(self, references: Sequence[str]) -> Sequence[Outcome]:
        raise Unsupported("gateway-asks-not", {"gateway": "smpp"})

    async def poll(self, cursor: str) -> tuple[Sequence[Receipt], str]:
        raise Unsupported("gateway-polls-not", {"gateway": "smpp"})

    async def listen(self, seconds: float) -> None:
        """Raises what storing failed with, besides `GatewayError`: what was not stored comes again."""
        if self._ear is None:
            raise Unsupported("gateway-listens-not", {"gateway": "smpp"})
        loop = asyncio.get_running_loop()
        since, lost = loop.time(), 0
        while True:
            link = await self._ear.ready()
            bound = loop.time()
            left = max(since, self._inbox.heard) + seconds - bound
            if left <= 0:
                break
            await asyncio.wait((link.closed,), timeout=left)
            if link.closed.done():
                lost = 1 if loop.time() - bound > STEADY else lost + 1
                await self._sleep(backoff(lost, self._chance()))
        await self._inbox.empty()
        if self._inbox.failure is not None:
            raise self._inbox.failure

    async def close(self) -> None:
        """In less than three seconds. May be called twice."""
        self._inbox.deaf = True
        try:
            await self._inbox.empty(STORING)
            sessions = dict.fromkeys((self._mouth, self._ear))
            await asyncio.gather(*(session.close() for session in sessions if session is not None))
            await self._inbox.empty(STORING_REST)  # answers that came before the unbind's
        finally:
            self._inbox.deaf = False
