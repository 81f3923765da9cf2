"""The sending side of the Twilio gateway: Twilio's library makes the requests, our HTTP carries them."""

from __future__ import annotations

import base64
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode, urlsplit

from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from loa.sms.gateways._codes import Code, codes
from loa.sms.gateways._http import Busy, Http, NoReply, NotSent, Reply
from loa.sms.gateways._operator import BUSY, UNREACHABLE, Operator, Request, Understood, answered
from loa.sms.gateways._requests import code_in, from_json
from loa.sms.gateways.base import Line, Message, Outcome, Verdict
from loa.sms.gateways.twilio import LIMITS, REFERENCE, SID, Account, Settings

CONNECTIONS = 100  # at once, where the lane's window is larger
LONGEST_VALIDITY = 36_000  # seconds that Twilio keeps a message in its queue at most
LONGEST_CODE = 6  # digits
FAILED = frozenset({"failed", "undelivered", "canceled"})


class Twilio(Operator):
    """One account, or one of its messaging services."""

    limits = LIMITS

    def __init__(self, line: Line, account: Account, settings: Settings) -> None:
        super().__init__(line, min(line.lane.window, CONNECTIONS))
        self._account = account
        self._settings = settings
        self._codes = codes("twilio")

    async def _send(self, group: Sequence[Message], until: float) -> list[Outcome]:
        (message,) = group
        if self._seconds(message) < 1:
            return [Outcome(message.reference, Verdict.THROTTLED, reason="validity-over")]
        return await super()._send(group, until)

    async def _answer(self, group: Sequence[Message], until: float) -> Understood | None:
        """One request through Twilio's library. What it makes of the answer is not used: it drops Retry-After, and its
        errors repeat the number."""
        (message,) = group
        exchange = Exchange(self._http, self._settings.url, until)
        try:
            await self._client(exchange).messages.create_async(**self._form(message))
        except Busy:
            return BUSY
        except NoReply:
            return None
        except NotSent as error:
            raise self._trouble(UNREACHABLE, str(error)) from None
        except Exception:
            if exchange.reply is None:  # it never came to a request: our bug
                raise
        if exchange.reply is None:
            return None
        understood = answered(exchange.reply, self._read(exchange.reply))
        understood.code.raise_trouble(self._line.lane)
        return understood

    def _client(self, exchange: Exchange) -> Client:
        account = self._account
        # nothing from this process's environment; an empty one would mean just that
        return Client(account.user, account.password, account.sid, http_client=exchange, environment={"-": ""})

    def _form(self, message: Message) -> dict[str, Any]:
        form: dict[str, Any] = {
            "to": message.number,
            "from_": message.sender,  # also beside a messaging service: people see the sender that was approved
            "body": message.body,
            "validity_period": min(max(self._seconds(message), 1), LONGEST_VALIDITY),
            "smart_encoded": False,  # what was approved goes out, character by character
        }
        if self._settings.messaging_service:
            form["messaging_service_sid"] = self._settings.messaging_service
        if self._settings.callback_url:
            joint = "&" if "?" in self._settings.callback_url else "?"
            address = f"{self._settings.callback_url}{joint}{REFERENCE}={message.reference}"
            form["status_callback"] = f"{address}#{self._codes.request['overrides']}"
        return form

    def _seconds(self, message: Message) -> int:
        """How long the message may wait, from now."""
        return int((message.valid_until - self._line.clock.now()).total_seconds())

    def _read(self, reply: Reply) -> Understood | None:
        answer = from_json(reply.body)
        if 200 <= reply.status < 300:
            return self._taken(answer)
        raw = code_in(answer, "code")
        if raw in self._codes.answers or (raw and reply.status == 400):
            return Understood(_named(self._codes.of(raw), raw))
        unknown = self._codes.results.get(f"HTTP {reply.status}")
        return Understood(unknown) if unknown and not raw else None

    def _taken(self, answer: Any) -> Understood | None:
        """What an acceptance says: mostly that the message is queued, at times that it has failed already."""
        sid, status, error = (code_in(answer, name) for name in ("sid", "status", "error_code"))
        if not SID.fullmatch(sid):
            return None
        if status not in FAILED:
            return Understood(Code(status if status in self._codes.receipts else "", Verdict.ACCEPTED), sid)
        code = _named(self._codes.of(error), error or status)
        return Understood(replace(code, verdict=Verdict.REFUSED, error="", reason=code.reason or code.error), sid)

    def _request(self, group: Sequence[Message]) -> Request:
        raise NotImplementedError  # Twilio's library makes it

    def _ids(self, group: Sequence[Message], given: str) -> Sequence[str]:
        return [given for _ in group]


class Exchange(AsyncHttpClient):  # type: ignore[misc] # the library is not typed
    """One request for Twilio's library, and the reply to it. Nothing is tried again, redirected or logged."""

    def __init__(self, http: Http, url: str, until: float) -> None:
        super().__init__(logging.getLogger(__name__), is_async=True)
        self._http = http
        self._url = url
        self._until = until
        self.reply: Reply | None = None

    async def request(
        self,
        method: str,
        uri: str,
        *,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] = ("", ""),
        **_: object,
    ) -> Response:
        """Raises `Busy`, `NotSent` or `NoReply`."""
        url = self._url + urlsplit(uri).path
        sent = {**(headers or {}), "Authorization": _basic(auth)}
        self.reply = await self._http.post(url, urlencode(data or {}).encode(), sent, self._until)
        return Response(self.reply.status, self.reply.body.decode(errors="replace"))


def _named(code: Code, raw: str) -> Code:
    """The row under the code as it came, unless that is no code: then it may be anything, also a number."""
    return replace(code, raw=raw if raw in FAILED or (raw.isdigit() and len(raw) <= LONGEST_CODE) else "?")


def _basic(auth: tuple[str, str]) -> str:
    return "Basic " + base64.b64encode(":".join(auth).encode()).decode()
