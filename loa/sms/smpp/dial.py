"""Connecting to an SMSC: one attempt at a time, whose end is everybody's who waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from loa.model.errors import GatewayError
from loa.sms.smpp import pdu, statuses
from loa.sms.smpp.link import Link, Owner
from loa.sms.smpp.options import Options

FIRST_WAIT, LONGEST_WAIT = 0.25, 30.0  # seconds between two tries to connect, before jitter

Sleep = Callable[[float], Awaitable[None]]
Chance = Callable[[], float]
"""A number from 0 to 1."""


def backoff(tries: int, chance: float) -> float:
    """Seconds to wait after so many tries in vain: twice as long each time, less up to a half of it by chance."""
    return min(FIRST_WAIT * 2.0 ** min(tries, 16), LONGEST_WAIT) * (1 - chance / 2)


def unreachable(options: Options, problem: str) -> GatewayError:
    fields = {"lane": options.lane, "host": options.host, "port": options.port, "problem": problem}
    return GatewayError("smpp-unreachable", fields)


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why there is no connection, and whether trying again at once may help."""

    error: GatewayError
    again: bool


class Dial:
    """Makes the connections of one session; `command` is how they are bound. `link` is the last that was made.

    An attempt takes `patience` seconds at most, tries and waits together.
    """

    def __init__(
        self, options: Options, command: int, owner: Owner, patience: float, sleep: Sleep, chance: Chance
    ) -> None:
        self._options = options
        self._command = command
        self._owner = owner
        self._patience = patience
        self._sleep = sleep
        self._chance = chance
        self._attempt: asyncio.Task[Link | GatewayError] | None = None
        self.link: Link | None = None

    @property
    def usable(self) -> Link | None:
        """The link, where requests may be sent over it."""
        return self.link if self.link is not None and self.link.usable else None

    async def ready(self) -> Link:
        """Bound, now. Raises `GatewayError` after a few tries.

        Whoever comes while an attempt is under way waits for its end, good or bad; one who is cancelled leaves it to
        the others.
        """
        if link := self.usable:
            return link
        if self._attempt is None:
            self._attempt = asyncio.create_task(self._within_patience())
        attempt = self._attempt
        await asyncio.wait((attempt,))
        if attempt.cancelled():  # closed meanwhile
            raise GatewayError("smpp-lost", {"lane": self._options.lane})
        found = attempt.result()
        if isinstance(found, GatewayError):
            raise GatewayError(found.code, found.fields)  # each its own: a raised one carries a traceback
        return found

    async def stop(self) -> Link | None:
        """Gives an attempt up, and hands over the link that there is."""
        attempt, link = self._attempt, self.link
        self._attempt = self.link = None
        if attempt is not None:
            attempt.cancel()
            await asyncio.wait((attempt,))
        return link

    async def _within_patience(self) -> Link | GatewayError:
        try:
            async with asyncio.timeout(self._patience):
                found = await self._connect()
        except TimeoutError:
            found = unreachable(self._options, "TimeoutError")
        finally:
            if self._attempt is asyncio.current_task():
                self._attempt = None
        if isinstance(found, Link):
            self.link = found
        return found

    async def _connect(self) -> Link | GatewayError:
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
                return found.error
            await self._sleep(wait)
            waited += wait
            tries += 1

    async def _try(self) -> Link | _Failure:
        options, timers = self._options, self._options.timers
        name = options.tls_name if options.tls else None
        try:
            async with asyncio.timeout(timers.connect):
                _, link = await asyncio.get_running_loop().create_connection(
                    lambda: Link(timers, self._owner), options.host, options.port, ssl=options.tls, server_hostname=name
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
        # never the error's own words: they may hold what the peer said
        problem = str(getattr(error, "reason", None) or error.strerror or type(error).__name__)
        return _Failure(unreachable(self._options, problem), again="CERTIFICATE" not in problem)

    def _refused(self, status: statuses.Status) -> _Failure:
        lane = self._options.lane
        if status.error:
            return _Failure(GatewayError(status.error, {"lane": lane, "raw": status.name}), status.again)
        return _Failure(GatewayError("smpp-bind-refused", {"lane": lane, "status": status.name}), status.again)
