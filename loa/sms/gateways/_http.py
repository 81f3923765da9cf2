"""HTTP as a gateway needs it: what certainly did not leave is told from what may have.

No redirects, no retries (a second POST may be a second message), certificates verified, answers bounded.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import aiohttp

from loa.model.clock import Clock
from loa.wire import retry_after, why

# Shorter than servers keep a connection that nobody uses (Apache: 5 s). One that the server has just closed takes the
# request and gives no answer, and the message is in doubt for nothing.
IDLE_SECONDS = 3.0
LARGEST = 64 * 1024  # bytes of an answer


@dataclass(frozen=True, slots=True)
class Timers:
    """Seconds: for a batch, for one of its requests (its connection included), for making a connection.

    A request is begun only while it can have all of its time before the batch's is over. All are shorter than the 20
    seconds that a lane gives a submit: past those, what is known of a batch would be lost.
    """

    batch: float = 18.0
    request: float = 15.0
    connect: float = 5.0


TIMERS = Timers()


class NotSent(Exception):
    """The request has certainly not left. Its text is one word that says why; never an address or a request."""


class Busy(Exception):
    """All connections were in use for too long: the request has not left, and nothing is wrong with the other side."""


class NoReply(Exception):
    """The request may have left, and no answer came."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. The body of one that is larger than `LARGEST`, or compressed unasked, is empty: nobody can read it.

    `retry_after` in seconds, where the answer named a time.
    """

    status: int
    body: bytes
    retry_after: float | None = None


class Http:
    """Connections of one lane to one provider, at most `connections` at a time. Lives in one event loop."""

    def __init__(self, clock: Clock, connections: int, timers: Timers) -> None:
        self._clock = clock
        self._timers = timers
        self._connections = connections
        self._free = asyncio.Semaphore(connections)
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, body: bytes, headers: dict[str, str], until: float) -> Reply:
        """Sends one request and gives its answer, before `until` (the event loop's time).

        Raises `Busy`, `NotSent` or `NoReply`, which hold nothing of the request.
        """
        latest = until - self._timers.request
        if asyncio.get_running_loop().time() > latest:
            raise Busy
        try:
            async with asyncio.timeout_at(latest):
                await self._free.acquire()
        except TimeoutError:
            raise Busy from None
        try:
            return await self._exchange(url, body, headers)
        finally:
            self._free.release()

    async def close(self) -> None:
        """Ends all connections. May be called twice."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _exchange(self, url: str, body: bytes, headers: dict[str, str]) -> Reply:
        # aiohttp rounds five seconds and more up to a whole one, and takes zero for no limit
        timeout = aiohttp.ClientTimeout(total=self._timers.request, connect=self._timers.connect)
        line = SimpleNamespace(connected=False)
        try:
            async with self._open().post(
                url, data=body, headers=headers, allow_redirects=False, timeout=timeout, trace_request_ctx=line
            ) as response:
                read = await _read(response)
                return Reply(response.status, read, retry_after(response.headers.get("Retry-After", ""), self._clock))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:  # ValueError: an address like none
            if line.connected:
                raise NoReply from None
            raise NotSent(why(error)) from None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            trace = aiohttp.TraceConfig()
            # not before one of these can a byte of the request have left
            trace.on_connection_create_end.append(_connected)
            trace.on_connection_reuseconn.append(_connected)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=IDLE_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "loa", "Accept-Encoding": "identity"},
                auto_decompress=False,
                trace_configs=[trace],
            )
        return self._session


async def _connected(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: Any) -> None:
    context.trace_request_ctx.connected = True


async def _read(response: aiohttp.ClientResponse) -> bytes:
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        return b""
    read = bytearray()
    async for chunk in response.content.iter_chunked(8192):
        read += chunk
        if len(read) > LARGEST:
            return b""
    return bytes(read)
