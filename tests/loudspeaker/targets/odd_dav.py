"""A WebDAV server that misbehaves as it is told to, on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from aiohttp import web

PAGE = b"<!doctype html><title>Dang nhap</title>"


@dataclass
class OddDav:
    """`script` says what the next requests of a method get: a status, `html`, `hang`, `cut`, `short`, `wrong`,
    `endless` or a Location to go to. After that it behaves. `asked` is every request, `heads` what they carried."""

    url: str = ""
    script: dict[str, list[int | str]] = field(default_factory=dict)
    kept: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = unquote(request.path).removeprefix("/dav/")
        self.asked.append((request.method, name))
        self.heads.append(dict(request.headers))
        waiting = self.script.get(request.method, [])
        odd = waiting.pop(0) if waiting else None
        if odd is not None:
            return await self._oddly(odd, request, name)
        body = await request.read()
        if request.method == "PUT":
            self.kept[name] = body
            return web.Response(status=201)
        if request.method == "MOVE":
            self.kept[unquote(urlsplit(request.headers["Destination"]).path).removeprefix("/dav/")] = self.kept.pop(
                name
            )
            return web.Response(status=201)
        if name not in self.kept:
            return web.Response(status=404)
        if request.method == "DELETE":
            del self.kept[name]
            return web.Response(status=204)
        return web.Response(body=self.kept[name])

    async def _oddly(self, odd: int | str, request: web.Request, name: str) -> web.StreamResponse:
        if isinstance(odd, int):
            return web.Response(status=odd, headers=self.headers)
        if odd == "html":
            return web.Response(body=PAGE, content_type="text/html")
        if odd == "hang":
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(3_600)
        if odd == "wrong":
            return web.Response(body=bytes(len(self.kept[name])))
        if odd == "short":
            return web.Response(body=self.kept[name][:-1])
        if odd == "endless":
            return await self._endless(request)
        if odd.startswith("http"):
            return web.Response(status=307, headers={"Location": odd})
        # cut: the connection ends in the middle of the upload or of the answer
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def _endless(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(bytes(65_536))
        return response


@asynccontextmanager
async def odd_dav(tls: ssl.SSLContext | None = None) -> AsyncIterator[OddDav]:
    """Starts one on a free port."""
    server = OddDav()
    app = web.Application(client_max_size=1 << 26)
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    port = runner.addresses[0][1]
    server.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/dav"
    try:
        yield server
    finally:
        await runner.cleanup()
