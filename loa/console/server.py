"""Serves an ASGI application of ours on a port of this machine, behind whatever ends TLS."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from loa.model.errors import StoreError

CONNECTIONS = 256  # at once; more are told to come again
STOP_SECONDS = 10  # for requests that are under way
HEADER_SECONDS = 10.0


class Prompt(H11Protocol):
    """HTTP/1.1 that closes a connection which does not come to its request: uvicorn would wait for ever.

    `patience` is the time in seconds until all its headers must be there.
    """

    patience = HEADER_SECONDS

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._late = self.loop.call_later(self.patience, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        self._late.cancel()
        super().connection_lost(exc)

    def _give_up(self) -> None:
        if self.cycle is None:
            self.transport.close()


class Server(uvicorn.Server):
    """A server that leaves the process's signals to whoever runs it, and writes nothing of a request anywhere."""

    def __init__(self, app: Any, host: str, port: int, patience: float = HEADER_SECONDS) -> None:
        """Raises `StoreError` where the port cannot be had. Port 0 is any free one; `port` tells which."""
        super().__init__(
            uvicorn.Config(
                app,
                http=type("Prompt", (Prompt,), {"patience": patience}),
                ws="none",
                loop="asyncio",
                lifespan="off",
                interface="asgi3",
                access_log=False,  # its lines hold query strings
                log_config=None,
                log_level="error",
                proxy_headers=False,
                server_header=False,
                limit_concurrency=CONNECTIONS,
                h11_max_incomplete_event_size=16 * 1024,
                timeout_graceful_shutdown=STOP_SECONDS,
            )
        )
        self._socket = _listen(host, port)
        self.port: int = self._socket.getsockname()[1]

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def run_here(self) -> None:
        """Serves until `should_exit` is set; requests that are under way are answered first."""
        try:
            await self.serve([self._socket])
        finally:
            self._socket.close()

    def run_until_told(self) -> None:
        """Serves until SIGTERM or SIGINT. For the main thread."""

        async def run() -> None:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self._stop)
            await self.run_here()

        asyncio.run(run())

    @contextlib.contextmanager
    def beside(self) -> Iterator[threading.Thread]:
        """Serves in a thread of its own for the length of a block."""
        thread = threading.Thread(target=lambda: asyncio.run(self.run_here()), name="callbacks", daemon=True)
        thread.start()
        try:
            yield thread
        finally:
            self._stop()
            thread.join(2 * STOP_SECONDS)

    def _stop(self) -> None:
        self.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise StoreError("port-taken", {"port": port}) from error
