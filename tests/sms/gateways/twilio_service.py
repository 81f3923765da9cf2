"""A stand-in for Twilio on loopback: takes what Twilio's own OpenAPI document allows, and answers as it is told.

`twilio_openapi.json` says where that document is from. A request that it does not allow is answered with 400.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jsonschema
from aiohttp import web

from loa.model.clock import Clock
from loa.model.ledger import Receipt
from loa.model.settings import LaneSettings
from loa.sms.gateways import connect
from loa.sms.gateways.base import Gateway, Line

DOCUMENT: dict[str, Any] = json.loads(Path(__file__).with_name("twilio_openapi.json").read_text(encoding="utf-8"))
SID = "AC" + "0" * 32
TOKEN = "token-that-is-nobodys"
SECRETS = {"LOA_TW_ACCOUNT_SID": SID, "LOA_TW_AUTH_TOKEN": TOKEN}


@dataclass(frozen=True)
class Answer:
    """What the service does with a request. `cut`: closes the connection instead; `after`: waits for that first."""

    status: int = 201
    body: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    after: asyncio.Event | None = None

    @classmethod
    def error(cls, status: int, code: int, **headers: str) -> Answer:
        """As Twilio words it, with the number in it."""
        words = {"code": code, "message": "The number +84912000123 is not valid", "status": status, "more_info": ""}
        return cls(status, json.dumps(words), {name.replace("_", "-"): value for name, value in headers.items()})


@dataclass
class TwilioService:
    """`answer` is asked for each request; `asked` are the forms that came, `users` who sent them, `most` at once."""

    url: str = ""
    answer: Callable[[Mapping[str, str]], Answer] = lambda form: Answer()
    asked: list[dict[str, str]] = field(default_factory=list)
    users: list[tuple[str, str, str]] = field(default_factory=list)
    now: int = 0
    most: int = 0

    async def create(self, request: web.Request) -> web.StreamResponse:
        form = dict(parse_qsl(await request.text(), keep_blank_values=True, strict_parsing=True))
        self.asked.append(form)
        kind, credentials = request.headers["Authorization"].split(" ")
        user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
        self.users.append((kind, user, password))
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            return await self._answer(request, form)
        finally:
            self.now -= 1

    async def _answer(self, request: web.Request, form: dict[str, str]) -> web.StreamResponse:
        if wrong := problem(request.path, form):
            return web.json_response({"code": 20001, "message": wrong, "status": 400, "more_info": ""}, status=400)
        answer = self.answer(form)
        if answer.after is not None:
            await answer.after.wait()
        if answer.cut:
            assert request.transport is not None
            request.transport.close()
        body = answer.body if answer.body is not None else json.dumps(self.made(form))
        return web.Response(status=answer.status, text=body, headers=dict(answer.headers))

    def made(self, form: Mapping[str, str], **changed: object) -> dict[str, Any]:
        """The message resource that Twilio's document gives as an example, for this request."""
        made = copy.deepcopy(DOCUMENT["example"]) | changed
        made |= {"sid": f"SM{len(self.asked):032x}", "to": form["To"], "body": form["Body"]}
        jsonschema.validate(made, _nullable(DOCUMENT["response"]))
        return dict(made)


def problem(path: str, form: Mapping[str, str]) -> str:
    """Why Twilio's document does not allow a request, or nothing."""
    found = re.fullmatch(DOCUMENT["path"].replace("{AccountSid}", "([^/]+)").replace(".", r"\."), path)
    if found is None or not re.fullmatch(DOCUMENT["parameters"][0]["schema"]["pattern"], found[1]):
        return "path"
    schema = {**DOCUMENT["request"], "additionalProperties": False}
    try:
        jsonschema.validate({name: _typed(schema, name, value) for name, value in form.items()}, schema)
    except jsonschema.ValidationError as error:
        return str(error.message)
    # the formats that the document names, and validators leave alone
    if not re.fullmatch(r"\+[1-9]\d{1,14}", form["To"]):
        return "To"
    if not re.fullmatch(r"https?://[!-~]+", form.get("StatusCallback", "https://host")):
        return "StatusCallback"
    return "" if 1 <= int(form.get("ValidityPeriod", 1)) <= 36_000 else "ValidityPeriod"


def _typed(schema: Mapping[str, Any], name: str, value: str) -> object:
    """A form's field as the type that the document gives it; as text where it is not written like one."""
    kind = schema["properties"].get(name, {}).get("type")
    if kind == "boolean" and value in {"true", "false"}:
        return value == "true"
    return int(value) if kind == "integer" and value.lstrip("-").isdigit() else value


def _nullable(schema: Any) -> Any:
    """OpenAPI 3.0 says `nullable` where JSON Schema says that the type may be null."""
    if isinstance(schema, list):
        return [_nullable(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _nullable(value) for key, value in schema.items()}
    return {"anyOf": [made, {"type": "null"}]} if made.pop("nullable", False) else made


@asynccontextmanager
async def serving() -> AsyncIterator[TwilioService]:
    """The service on a free port, for the length of a block."""
    service = TwilioService()
    app = web.Application()
    app.router.add_post("/{path:.*}", service.create)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield service
    finally:
        await runner.cleanup()


async def nothing(_: Sequence[Receipt]) -> None:
    """A sink for what never comes."""


def line_to(url: str, clock: Clock, window: int = 100, environ: Mapping[str, str] = SECRETS, **options: str) -> Line:
    """A lane's line to a service."""
    lane = LaneSettings(name="tw", gateway="twilio", sender="DVC-MAU", window=window, options={"url": url, **options})
    return Line(lane, environ, clock, Path("nowhere"), nothing)


@asynccontextmanager
async def peer(clock: Clock) -> AsyncIterator[tuple[Gateway, Line]]:
    """A gateway and its line, connected to a service."""
    async with serving() as service:
        line = line_to(service.url, clock)
        yield connect(line), line
