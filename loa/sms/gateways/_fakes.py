"""Operators that reach nobody: servers on 127.0.0.1 that answer as the real ones do, and keep count of what they took.

For tests and rehearsals. Each knows its account (`USER`, `PASSWORD`, and so on), refuses what the real one would, and
can be told what to answer: for a number (`answers`), or once for whatever comes next (`script`).
"""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from loa.sms.gateways import _xml

HOST = "127.0.0.1"
Reaction = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class Fake(ABC):
    """One operator. Use as `async with FakeViettel() as operator:`; `operator.url` is what a lane's `url` should be.

    `requests` are all that came; `taken` counts how often each number's message was put in the queue.
    """

    path = "/"

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.taken: Counter[str] = Counter()
        self.answers: dict[str, str] = {}
        """Number (digits as this operator writes them) -> the code that it gets instead of success."""
        self.script: deque[Reaction] = deque()
        """What the next requests get, one after the other, whatever they say."""
        self.url = ""
        self.open = 0
        self.most_open = 0
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._receive)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"http://{HOST}:{port}{self.path}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            self.requests.append(Received(request.path, dict(request.headers), await request.read()))
            if self.script:
                return await self.script.popleft()(request)
            return self._answer(self.requests[-1])
        finally:
            self.open -= 1

    @abstractmethod
    def _answer(self, received: Received) -> web.Response: ...


class FakeViettel(Fake):
    """Viettel. Remembers numbers with their texts: the second time it says that the message is a duplicate."""

    path = "/bulkapi"
    USER, PASSWORD, CP_CODE = "tai-khoan-thu", "mat-khau-thu", "MAU"
    OK = "Insert MT_QUEUE: OK"
    REPLY = (
        '<?xml version="1.0" ?><S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>'
        '<ns2:wsCpMtResponse xmlns:ns2="http://impl.bulkSms.ws/"><return><message>{message}</message>'
        "<result>{result}</result></return></ns2:wsCpMtResponse></S:Body></S:Envelope>"
    )
    BALANCE = (
        '<?xml version="1.0" ?><S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>'
        '<ns2:checkBalanceResponse xmlns:ns2="http://impl.bulkSms.ws/"><return><balance>{balance}</balance>'
        "<errCode>{code}</errCode><errDesc>{words}</errDesc></return></ns2:checkBalanceResponse></S:Body></S:Envelope>"
    )

    def __init__(self) -> None:
        super().__init__()
        self.balance = 1_000_000
        self._seen: set[tuple[str, str]] = set()

    def _answer(self, received: Received) -> web.Response:
        fields = {path.rpartition("/")[2]: text for path, text in _xml.texts(received.body).items()}
        wrong = self._account(fields)
        if b"<impl:checkBalance>" in received.body:
            words = wrong or "check balance success"
            text = self.BALANCE.format(balance=0 if wrong else self.balance, code=int(bool(wrong)), words=words)
        else:
            text = self.reply(wrong or self._queue(fields))
        return web.Response(text=text, content_type="text/xml")

    def reply(self, words: str) -> str:
        """The document that says so."""
        return self.REPLY.format(message=words, result=int(words == self.OK))

    def _account(self, fields: Mapping[str, str]) -> str:
        if fields.get("CPCode") != self.CP_CODE:
            return "Authenticate: CP_CODE_NOT_FOUND"
        right = (fields.get("User"), fields.get("Password")) == (self.USER, self.PASSWORD)
        return "" if right else "Authenticate: WRONG_INFORMATION_AUTHENTICATE"

    def _queue(self, fields: Mapping[str, str]) -> str:
        number, text = fields["ReceiverID"], fields["Content"]
        if not fields["RequestID"].isdigit():
            return "Check RequestID: REQUEST_ID_NOT_NUMBER"
        if number in self.answers:
            return self.answers[number]
        if (number, text) in self._seen:
            return "Check ServiceID: DUPLICATE MESSAGE"
        self._seen.add((number, text))
        self.taken[number] += 1
        return self.OK


class FakeVnpt(Fake):
    """VNPT. `networks` are the networks of numbers that are not on VinaPhone; REQIDs are remembered for ever."""

    path = "/smsmarketing/api"
    APIUSER, APIPASS = "tai-khoan-thu", "mat-khau-thu"
    WORDS: Mapping[str, str] = {"0": "success"}

    def __init__(self) -> None:
        super().__init__()
        self.networks: dict[str, str] = {}
        self._seen: set[str] = set()

    def _answer(self, received: Received) -> web.Response:
        code = self._queue(json.loads(received.body)["RQST"])
        return web.Response(text=self.reply(code), content_type="application/json")

    def reply(self, code: str) -> str:
        """The document that says so."""
        words = self.WORDS.get(code, "error")
        return json.dumps({"RPLY": {"name": "send_sms_list", "ERROR": code, "ERROR_DESC": words}})

    def _queue(self, fields: Mapping[str, Any]) -> str:
        numbers = fields["MOBILELIST"].split(",")
        if (fields["APIUSER"], fields["APIPASS"]) != (self.APIUSER, self.APIPASS):
            return "1"
        if len({self.networks.get(number, "VinaPhone") for number in numbers}) > 1:
            return "23"
        for number in numbers:
            if number in self.answers:
                return self.answers[number]
        if fields["REQID"] in self._seen:
            return "33"
        self._seen.add(fields["REQID"])
        self.taken.update(numbers)
        return "0"


class FakeEsms(Fake):
    """eSMS. Brings receipts when it is told to, as often as it would, until they are taken."""

    path = "/MainService.svc/json"
    API_KEY, SECRET_KEY = "khoa-thu", "mat-khau-thu"
    TRIES = 5
    ERRORS: Mapping[str, str] = {
        "101": "Authorize Failed",
        "104": "Brand name code is not exist",
        "124": "Request exist 1",
        "146": "Sai template Brandname CSKH",
    }

    def __init__(self) -> None:
        super().__init__()
        self.balance = 36_693
        self._ids: dict[str, str] = {}
        self._callbacks: dict[str, tuple[str, dict[str, str]]] = {}

    def _answer(self, received: Received) -> web.Response:
        fields = json.loads(received.body)
        wrong = (fields["ApiKey"], fields["SecretKey"]) != (self.API_KEY, self.SECRET_KEY)
        if received.path.endswith("/GetBalance_json"):
            answer: dict[str, Any] = {
                "Balance": 0 if wrong else self.balance,
                "CodeResponse": "101" if wrong else "100",
            }
            return web.Response(text=json.dumps(answer), content_type="application/json")
        number, request_id = fields["Phone"], fields["RequestId"]
        code = "101" if wrong else "124" if request_id in self._ids else self.answers.get(number, "100")
        return web.Response(text=self.reply(code, self._queue(fields) if code == "100" else ""))

    def reply(self, code: str, sms_id: str = "") -> str:
        """The document that says so."""
        answer: dict[str, Any] = {"CodeResult": code, "CountRegenerate": 0}
        if sms_id:
            answer["SMSID"] = sms_id
        if code != "100":
            answer["ErrorMessage"] = self.ERRORS.get(code, "error")
        if code == "124":
            answer["SendStatus"] = "5"
        return json.dumps(answer)

    def _queue(self, fields: Mapping[str, str]) -> str:
        sms_id = f"{len(self._ids) + 1:032x}"
        self._ids[fields["RequestId"]] = sms_id
        if fields.get("Sandbox") != "1":
            self.taken[fields["Phone"]] += 1
        if address := fields.get("CallbackUrl"):
            told = {"RequestId": fields["RequestId"], "TypeId": "2", "phonenumber": fields["Phone"]}
            self._callbacks[sms_id] = (address, told)
        return sms_id

    def callback(self, sms_id: str, delivered: bool = True, telcoid: str = "3") -> str:
        """The address that it asks to tell what became of a message."""
        address, told = self._callbacks[sms_id]
        counts = {"SendFailed": str(int(not delivered)), "SendStatus": "5", "SendSuccess": str(int(delivered))}
        totals = {"TotalPrice": "0.0000", "TotalReceiver": "1", "TotalSent": "1"}
        query = urlencode({"SMSID": sms_id} | counts | totals | told | {"telcoid": telcoid})
        return f"{address}{'&' if '?' in address else '?'}{query}"

    async def call_back(self, sms_id: str, delivered: bool = True, telcoid: str = "3", pause: float = 0.0) -> int:
        """Tells it, up to five times. Returns the status that it got at last; 0 where nobody answered."""
        status = 0
        async with aiohttp.ClientSession() as session:
            for _ in range(self.TRIES):
                try:
                    async with session.get(self.callback(sms_id, delivered, telcoid)) as response:
                        status = response.status
                except aiohttp.ClientError:
                    status = 0
                if 200 <= status < 300:
                    break
                await asyncio.sleep(pause)
        return status


async def hang(_request: web.Request) -> web.StreamResponse:
    """Never answers. It ends with the connection, or with the server."""
    await asyncio.Event().wait()
    raise AssertionError


async def hang_up(request: web.Request) -> web.StreamResponse:
    """Ends the connection without a word, after the request was read."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def say(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Reaction:
    """Answers with just that."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body, headers=dict(headers or {}))

    return answer
