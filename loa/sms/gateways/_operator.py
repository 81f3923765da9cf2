"""What the operators' HTTP gateways have in common: a batch becomes requests, answers become outcomes."""

from __future__ import annotations

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

from loa.model.errors import ContentError, GatewayError, Unsupported
from loa.model.ledger import Receipt
from loa.model.settings import LaneSettings
from loa.sms.gateways._codes import Code, codes
from loa.sms.gateways._http import TIMERS, Busy, Http, NoReply, NotSent, Reply, Timers
from loa.sms.gateways.base import Limits, Line, Message, Outcome, Verdict, secret_variable

UNREACHABLE = "gateway-unreachable"
MOST_CONNECTIONS = 200

_MOBILE = re.compile(r"\+84[1-9]\d{8}", re.ASCII)
# No document can carry half of a surrogate pair, and XML none of the others; in JSON they would go through, to phones
# that show who knows what.
_NOT_SENDABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Request:
    """One POST. It is never shown: it holds secrets, numbers and texts."""

    url: str
    body: bytes
    headers: dict[str, str]

    def __repr__(self) -> str:
        return "Request()"


@dataclass(frozen=True, slots=True)
class Understood:
    """What an answer says: the row of the code table, and the provider's own id of the message if it gave one.

    `certain`: it holds although the server calls it a failure of its own (5xx).
    """

    code: Code
    gateway_id: str = ""
    certain: bool = False


BUSY = Understood(Code("", Verdict.THROTTLED, "busy"))
"""Our own connections were all in use: the message comes again, and nothing is the matter with the lane."""


def at_once(lane: LaneSettings) -> int:
    """How many connections a lane has where it does not say: its window, so that all of it can be on its way."""
    return min(lane.window, MOST_CONNECTIONS)


class Operator(ABC):
    """One account. Sends; cannot be asked, polled or listened to."""

    limits: Limits

    def __init__(self, line: Line, connections: int, timers: Timers = TIMERS) -> None:
        self._line = line
        self._timers = timers
        self._http = Http(line.clock, connections, timers)

    async def open(self) -> None:
        """Nothing: a connection is made for a request, and kept for the next few seconds at most."""
        return

    async def submit(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        until = self._until()
        refused: list[Outcome] = []
        sendable: list[Message] = []
        for message in batch:
            if why := self._refusal(message):
                refused.append(Outcome(message.reference, Verdict.REFUSED, reason=why))
            else:
                sendable.append(message)
        return [*refused, *await self._all(self._groups(sendable), until)]

    async def status(self, references: Sequence[str]) -> Sequence[Outcome]:
        raise Unsupported("gateway-asks-not", {"gateway": self._line.lane.gateway})

    async def poll(self, cursor: str) -> tuple[Sequence[Receipt], str]:
        raise Unsupported("gateway-polls-not", {"gateway": self._line.lane.gateway})

    async def listen(self, seconds: float) -> None:
        raise Unsupported("gateway-listens-not", {"gateway": self._line.lane.gateway})

    async def close(self) -> None:
        await self._http.close()

    def _secret(self, name: str) -> str:
        """A secret of the lane. Raises `ContentError` where it is not set, or is nothing that can be sent."""
        value = self._line.secret(name)
        if _NOT_SENDABLE.search(value):
            lane = self._line.lane.name
            field, variable = f"sms.lanes.{lane}", secret_variable(lane, name)
            raise ContentError.at("secret-unusable", "loa.toml", None, field, variable=variable, lane=lane)
        return value

    def _refusal(self, message: Message) -> str:
        """Why a message cannot be sent at all, or nothing: found here, it never leaves."""
        if not _MOBILE.fullmatch(message.number):
            return "number-invalid"
        if _NOT_SENDABLE.search(message.body) or _NOT_SENDABLE.search(message.sender):
            return "text-not-sendable"
        return ""

    def _groups(self, messages: Sequence[Message]) -> list[Sequence[Message]]:
        """The messages of each request."""
        return [[message] for message in messages]

    @abstractmethod
    def _request(self, group: Sequence[Message]) -> Request: ...

    @abstractmethod
    def _read(self, reply: Reply) -> Understood | None:
        """What an answer says, or nothing where it cannot be read."""

    @abstractmethod
    def _ids(self, group: Sequence[Message], given: str) -> Sequence[str]:
        """The ids under which the provider knows the messages of a group; `given` is the one it gave itself."""

    async def _all(self, groups: Sequence[Sequence[Message]], until: float) -> list[Outcome]:
        """Sends groups side by side. Raises `GatewayError` only where nothing of any group has left."""
        work = (self._send(group, until) for group in groups)
        answers = await asyncio.gather(*work, return_exceptions=True)
        outcomes: list[Outcome] = []
        troubles: list[GatewayError] = []
        for group, answer in zip(groups, answers, strict=True):
            if isinstance(answer, GatewayError):
                troubles.append(answer)
                # a line that broke costs a message nothing; an account's trouble beside others' success is its own
                verdict = Verdict.THROTTLED if answer.code == UNREACHABLE else Verdict.LATER
                raw = str(answer.fields.get("raw", ""))
                outcomes += [Outcome(message.reference, verdict, reason=answer.code, raw=raw) for message in group]
            elif isinstance(answer, BaseException):
                raise answer
            else:
                outcomes += answer
        if troubles and len(troubles) == len(groups):
            raise troubles[0]
        return outcomes

    async def _send(self, group: Sequence[Message], until: float) -> list[Outcome]:
        """Sends one request. A message without an outcome got no answer."""
        understood = await self._answer(group, until)
        return [] if understood is None else self._outcomes(group, understood)

    def _outcomes(self, group: Sequence[Message], understood: Understood) -> list[Outcome]:
        ids = self._ids(group, understood.gateway_id)
        return [understood.code.outcome(message, known_as) for message, known_as in zip(group, ids, strict=True)]

    async def _answer(self, group: Sequence[Message], until: float) -> Understood | None:
        """What was answered to the request for a group, if anything. Raises `GatewayError` where it was not taken."""
        try:
            reply = await self._post(self._request(group), until)
        except Busy:
            return BUSY
        except NoReply:
            return None
        understood = answered(reply, self._read(reply))
        understood.code.raise_trouble(self._line.lane)
        return understood

    async def _ask(self, request: Request) -> Reply:
        """The answer to a question that may be asked twice. Raises `GatewayError` where there is none."""
        try:
            return await self._post(request, self._until())
        except (Busy, NoReply):
            raise self._trouble(UNREACHABLE, "timeout") from None

    def _until(self) -> float:
        return asyncio.get_running_loop().time() + self._timers.batch

    async def _post(self, request: Request, until: float) -> Reply:
        try:
            return await self._http.post(request.url, request.body, request.headers, until)
        except NotSent as error:
            raise self._trouble(UNREACHABLE, str(error)) from None

    def _trouble(self, code: str, raw: str) -> GatewayError:
        lane = self._line.lane
        return GatewayError(code, {"lane": lane.name, "gateway": lane.gateway, "raw": raw})


def answered(reply: Reply, understood: Understood | None) -> Understood:
    """Which row of the tables an answer is: the provider's own code where it gave one, else that of its HTTP status.

    Too many requests is that, whatever else it says; a server that failed (5xx) may have done it first.
    """
    status = codes("http").of(f"HTTP {reply.status}")
    if status.verdict is Verdict.THROTTLED:
        return Understood(replace(status, retry_after=reply.retry_after))
    if understood is not None and (reply.status < 500 or understood.certain):
        return understood
    return Understood(status)
