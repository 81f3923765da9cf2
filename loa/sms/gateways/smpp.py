"""SMPP 3.4: a bind to an operator's SMSC. Options: `loa.sms.smpp.options`; a lane's receipts come over its own bind.

The gateway's id of a message is that of its last part, which alone asks for a receipt (`loa.sms.smpp.texts.parts`).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

from loa.model.errors import GatewayError, Unsupported
from loa.model.ledger import Receipt
from loa.sms.gateways.base import Gateway, Limits, Line, Message, Outcome
from loa.sms.parts import Alphabet
from loa.sms.smpp import options, pdu
from loa.sms.smpp.inbox import Inbox
from loa.sms.smpp.session import Chance, Session, Sleep, backoff

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
        given = options.read(line)
        self._inbox = Inbox(line, given)
        self._sleep = sleep
        self._chance = chance

        def session(command: int) -> Session:
            return Session(line, given, self._inbox, command, sleep, chance)

        self._mouth = session(_SENDING[given.bind]) if given.bind in _SENDING else None
        self._ear = session(pdu.BIND_RECEIVER) if given.bind in {options.PAIR, options.RECEIVER} else None
        if given.bind == options.TRANSCEIVER:
            self._ear = self._mouth

    async def submit(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        if self._mouth is None:
            # the lane is set up wrong: that is no reason to refuse anybody's message
            raise GatewayError("gateway-sends-not", {"gateway": "smpp"})
        if batch and self._ear is not None and self._ear is not self._mouth:
            await self._ear.ready()
        return await self._mouth.submit(batch)

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
        self._inbox.deaf = True
        try:
            await self._inbox.empty()
            for session in dict.fromkeys((self._mouth, self._ear)):
                if session is not None:
                    await session.close()
            await self._inbox.empty()  # answers that came before the unbind's
        finally:
            self._inbox.deaf = False
