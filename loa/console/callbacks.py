"""Where gateways bring receipts and people's messages: `/sms/<lane>`. Nothing is acknowledged before it is stored.

A request is believed for what its gateway's `callback` can verify, never for where it seems to come from: the address
that a signature is over is the one from `loa.toml`, whatever the Host header says. Nothing of a request is logged.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from loa.channel import Desk
from loa.console.intake import Intake
from loa.model.errors import LoaError, Refused, StoreError
from loa.model.ledger import Inbound, Receipt
from loa.model.settings import LaneSettings
from loa.sms import inbound
from loa.sms.gateways import limits_of, read_callback
from loa.sms.gateways.base import Call, Line, News
from loa.sms.receipts import CALLBACKS, callback_url, line_of

HEALTH = "/health"
RETRY_AFTER = "5"  # seconds
REFUSALS = {"callback-forged": 403, "callback-unreadable": 400}
SAFE = {
    "Cache-Control": "no-store",
    "Connection": "close",  # one request each: whoever holds a connection holds it for seconds
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a request may be. Providers' own are two kilobytes and take milliseconds.

    `body`, `query` and `headers` in bytes; `reading` and `storing` in seconds.
    """

    body: int = 64 * 1024
    query: int = 4 * 1024
    headers: int = 8 * 1024
    fields: int = 200
    reading: float = 10.0
    storing: float = 10.0  # less than a provider waits: it is told to come again, not left hanging


class Rejection(Exception):
    """A request that is answered with a status and nothing else. Stays inside this module."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True)
class Door:
    """A lane that is called back: its line, and the public address that it was given, without a query."""

    line: Line
    address: str


def doors(desk: Desk) -> dict[str, Door]:
    """The lanes that are called back, by name.

    Raises `ContentError` with the name of the variable where a secret that proves a request is not set.
    """
    found: dict[str, Door] = {}
    for lane in called_back(desk):
        line = line_of(lane, desk)
        for name in limits_of(lane).secrets:
            line.secret(name)
        found[lane.name] = Door(line, callback_url(lane, desk).partition("?")[0])
    return found


def called_back(desk: Desk) -> tuple[LaneSettings, ...]:
    """The lanes whose gateway calls back, at an address that it can be given."""
    return tuple(lane for lane in desk.workspace.settings.sms.lanes if callback_url(lane, desk))


class Callbacks:
    """The ASGI application."""

    def __init__(self, desk: Desk, bounds: Bounds | None = None) -> None:
        self._desk = desk
        self._bounds = bounds or Bounds()
        self._doors = doors(desk)
        self._intake = Intake(self._store)
        # a proxy may pass its path on or take it off
        self._prefix = urlsplit(desk.workspace.settings.sms.callbacks.public_url).path.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            answer = await self._answer(request)
        except Rejection as rejection:
            answer = _plain(rejection.status)
        except Exception as error:  # noqa: BLE001 - our bug: its kind is told, as its words may hold anything
            log.error("callbacks: %s", type(error).__name__)
            answer = _plain(500)
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path = request.scope["path"]
        if self._prefix and path.startswith(f"{self._prefix}/"):
            path = path.removeprefix(self._prefix)
        if path == HEALTH and request.method == "GET":
            return _plain(200)
        name = path.removeprefix(CALLBACKS) if path.startswith(CALLBACKS) else ""
        door = self._doors.get(name)
        if door is None:
            raise Rejection(404)
        call = await self._call(request, door)
        news = self._read(door, call)
        await self._keep(door, news)
        return Response(news.answer, 200, SAFE, news.media_type)

    async def _call(self, request: Request, door: Door) -> Call:
        if request.method not in {"GET", "POST"}:
            raise Rejection(405)
        if sum(len(name) + len(value) for name, value in request.headers.raw) > self._bounds.headers:
            raise Rejection(431)
        query = request.scope["query_string"].decode("latin-1")
        if len(query) > self._bounds.query:
            raise Rejection(414)
        try:
            pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=self._bounds.fields)
        except ValueError:
            raise Rejection(400) from None
        url = f"{door.address}?{query}" if query else door.address
        return Call(request.method, url, tuple(pairs), dict(request.headers), await self._body(request))

    async def _body(self, request: Request) -> bytes:
        """All of the body, no more than it may be, however long its sender says it is and however slowly it comes."""
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self._bounds.body:
            raise Rejection(413)
        body = b""
        try:
            async with asyncio.timeout(self._bounds.reading):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > self._bounds.body:
                        raise Rejection(413)
        except TimeoutError:
            raise Rejection(408) from None
        except ClientDisconnect:
            raise Rejection(400) from None
        return body

    def _read(self, door: Door, call: Call) -> News:
        try:
            return read_callback(door.line, call)
        except Refused as error:
            log.warning("callbacks: %s: %s", door.line.lane.name, error.code)
            raise Rejection(REFUSALS.get(error.code, 400)) from None
        except LoaError as error:  # what is missing here may be there in a minute
            log.error("callbacks: %s: %s", door.line.lane.name, error.code)
            raise Rejection(503) from None

    async def _keep(self, door: Door, news: News) -> None:
        """Returns when it is stored; else the provider is told to come again."""
        try:
            async with asyncio.timeout(self._bounds.storing):
                await self._intake.take(news)
        except (TimeoutError, StoreError) as error:
            log.error("callbacks: %s: not stored (%s)", door.line.lane.name, type(error).__name__)
            raise Rejection(503) from None

    def _store(self, receipts: Sequence[Receipt], messages: Sequence[Inbound]) -> None:
        """In the intake's thread. Repeated, both change nothing."""
        if receipts:
            self._desk.store.ledger.receive(receipts, self._desk.clock.now())
        if messages:
            inbound.hear(self._desk, messages)


def _plain(status: int) -> Response:
    """An answer of one shape, whatever was asked for."""
    headers = {**SAFE, "Retry-After": RETRY_AFTER} if status == 503 else SAFE
    return Response(b"ok\n" if status == 200 else f"{status}\n".encode(), status, headers, "text/plain")
