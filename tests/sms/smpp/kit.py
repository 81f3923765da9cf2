"""What the tests of SMPP share: lanes, messages, what came back, and an SMSC that does exactly what a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

from loa.model.clock import Clock
from loa.model.ledger import Inbound, Receipt, row_id
from loa.model.settings import LaneSettings
from loa.sms.gateways.base import Line, Message, Outcome
from loa.sms.gateways.smpp import Smpp
from loa.sms.parts import split
from loa.sms.smpp import pdu
from loa.sms.smpp.simulator import Personality, Smsc

P = ParamSpec("P")
SYSTEM_ID, PASSWORD = "loa-thu", "mk-thu-9"  # no longer than the standard allows: 15 and 8 letters
SECRETS = {"LOA_THU_SYSTEM_ID": SYSTEM_ID, "LOA_THU_PASSWORD": PASSWORD}


def in_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """A test that is a coroutine, in an event loop of its own, and not for ever."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def limited() -> None:
            async with asyncio.timeout(10):
                await test(*args, **kwargs)

        asyncio.run(limited())

    return run


@dataclass
class News:
    """What a gateway passed on. `broken`: storing fails for as long as it is set; `gate`: it waits until that is."""

    receipts: list[Receipt] = field(default_factory=list)
    inbound: list[Inbound] = field(default_factory=list)
    broken: bool = False
    gate: asyncio.Event | None = None
    tries: int = 0

    async def sink(self, receipts: Sequence[Receipt]) -> None:
        await self._pass()
        self.receipts.extend(receipts)

    async def ear(self, inbound: Sequence[Inbound]) -> None:
        await self._pass()
        self.inbound.extend(inbound)

    async def _pass(self) -> None:
        self.tries += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.broken:
            raise OSError("the disk is full")


def line(
    clock: Clock,
    port: int,
    news: News | None = None,
    /,
    *,
    window: int = 100,
    sender: str = "DVC-MAU",
    folder: Path = Path(),
    **options: str | int | float | bool,
) -> Line:
    """A lane to a port on this machine, and where its news goes; `options` go before the ones that are made here."""
    given = {"host": "127.0.0.1", "port": port, **options}
    lane = LaneSettings(name="thu", gateway="smpp", sender=sender, window=window, options=given)
    news = news or News()
    return Line(lane, SECRETS, clock, folder, news.sink, news.ear)


@dataclass
class Waits:
    """A sleep that does not, and remembers how long it would have."""

    seconds: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0.01)


def messages(clock: Clock, count: int, text: str = "Xin chao", ending: str = "10") -> list[Message]:
    parts = split(text)
    until = clock.now() + timedelta(hours=2)
    numbers = [f"+84912000{i}{ending}" for i in range(count)]
    return [
        Message(row_id("w", "d", number), number, text, "DVC-MAU", parts.count, parts.alphabet, until)
        for number in numbers
    ]


def of(outcomes: Sequence[Outcome], message: Message) -> Outcome | None:
    """The outcome of one message; nothing where there is none."""
    return next((outcome for outcome in outcomes if outcome.reference == message.reference), None)


@asynccontextmanager
async def gateway(made_for: Line, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> AsyncIterator[Smpp]:
    made = Smpp(made_for, sleep, lambda: 0.0)
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def simulator(**ways: Any) -> AsyncIterator[tuple[Smsc, int]]:
    """The library's SMSC with a personality, and its port."""
    smsc = Smsc(Personality(**ways))
    port = await smsc.start()
    try:
        yield smsc, port
    finally:
        await smsc.stop()


@asynccontextmanager
async def peer(clock: Clock) -> AsyncIterator[tuple[Smpp, Line]]:
    """A gateway and its line, connected to the library's SMSC for as long as the block lasts."""
    async with simulator() as (_, port):
        found = line(clock, port)
        yield Smpp(found, asyncio.sleep, lambda: 0.0), found


async def until(true: Callable[[], bool]) -> None:
    """Until something is so; the test's own time limit says how long."""
    while not true():  # noqa: ASYNC110 - what is waited for has no event
        await asyncio.sleep(0.005)


# --- an SMSC that does exactly what a test says

Answer = Callable[["Raw", int, bytes], None]


def accept(peer: Raw, sequence: int, body: bytes) -> None:
    """What a happy SMSC does with a submit_sm."""
    peer.send(pdu.SUBMIT_SM | pdu.RESPONSE, 0, sequence, f"m{len(peer.submits)}".encode() + b"\0")


def silence(peer: Raw, sequence: int, body: bytes) -> None:
    """What a busy one does."""


class Raw(asyncio.Protocol):
    """One connection to it. What it hears is kept by the server, for all of them."""

    def __init__(self, server: RawSmsc) -> None:
        self._server = server
        self._frames = pdu.Frames()
        self.transport: asyncio.Transport | None = None

    @property
    def submits(self) -> list[pdu.ShortMessage]:
        return self._server.submits

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._server.peers.append(self)
        transport.write(self._server.greeting)

    def data_received(self, data: bytes) -> None:
        for command, status, sequence, body in self._frames.feed(data):
            if command == pdu.SUBMIT_SM:
                self._server.submits.append(pdu.read_message(body))
                self._server.sequences.append(sequence)
                self._server.answer(self, sequence, body)
                continue
            self._server.heard.append((command, status, sequence))
            if self._server.mute:
                continue
            if command in (pdu.BIND_TRANSCEIVER, pdu.BIND_TRANSMITTER, pdu.BIND_RECEIVER):
                self._server.binds.append(body)
                self.send(command | pdu.RESPONSE, self._server.bind_status, sequence, b"thu\0")
            elif command == pdu.UNBIND:
                self._server.before_unbind()
                self.send(command | pdu.RESPONSE, 0, sequence)
            elif command == pdu.ENQUIRE_LINK and self._server.alive:
                self.send(command | pdu.RESPONSE, 0, sequence)

    def send(self, command: int, status: int, sequence: int, body: bytes = b"") -> None:
        self.write(pdu.frame(command, status, sequence, body))

    def write(self, octets: bytes) -> None:
        assert self.transport is not None
        self.transport.write(octets)

    def close(self) -> None:
        assert self.transport is not None
        self.transport.abort()


class RawSmsc:
    """Binds whoever comes; what it does with a submit_sm is `answer`.

    `submits` are the messages that came, with their `sequences`; `binds` the bodies of the binds; `heard` everything
    but submits, as command, status, sequence number.
    """

    def __init__(self, answer: Answer, bind_status: int = 0) -> None:
        self.answer = answer
        self.bind_status = bind_status
        self.alive = True
        self.mute = False
        self.greeting = b""
        self.before_unbind: Callable[[], object] = lambda: None
        self.peers: list[Raw] = []
        self.submits: list[pdu.ShortMessage] = []
        self.sequences: list[int] = []
        self.heard: list[tuple[int, int, int]] = []
        self.binds: list[bytes] = []

    def commands(self) -> list[int]:
        return [command for command, _, _ in self.heard]


@asynccontextmanager
async def raw(answer: Answer = accept, bind_status: int = 0) -> AsyncIterator[tuple[RawSmsc, int]]:
    smsc = RawSmsc(answer, bind_status)
    server = await asyncio.get_running_loop().create_server(lambda: Raw(smsc), "127.0.0.1", 0)
    try:
        yield smsc, server.sockets[0].getsockname()[1]
    finally:
        for peer in smsc.peers:
            peer.close()
        server.close()
        await server.wait_closed()
