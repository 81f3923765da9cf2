"""Whatever goes wrong, no secret, number or text is in an error, an outcome, a log or what a debugger shows."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from loa.model.errors import LoaError
from loa.sms.gateways import read_callback
from loa.sms.gateways._codes import codes
from loa.sms.gateways._fakes import Reaction, hang, hang_up, say
from loa.sms.gateways._http import Timers
from loa.sms.gateways.base import Call, Line
from tests.conftest import MovingClock

from .operators import FAKES, OPERATORS, SECRETS, line, message
from .test_golden import GOLDEN, cases
from .test_http import unused_port

NUMBER = "+84912000777"
TEXT = "Noi dung khong ai duoc thay"


@dataclass
class Shown:
    """All that somebody could have seen."""

    words: list[str] = field(default_factory=list)

    def error(self, error: BaseException) -> None:
        self.words += traceback.format_exception(error)
        seen: BaseException | None = error
        while seen is not None:
            self.words += [str(seen), repr(seen), repr(seen.args), repr(vars(seen))]
            seen = seen.__cause__ or seen.__context__

    def of(self, secrets: Any) -> set[str]:
        everything = "\n".join(self.words)
        return {secret for secret in secrets if secret in everything}


@pytest.fixture
def logs(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


def hidden(name: str) -> set[str]:
    return {*SECRETS[name].values(), NUMBER, NUMBER[1:], "0" + NUMBER[3:], TEXT}


REACTIONS: dict[str, Reaction] = {
    "hang": hang,
    "hang-up": hang_up,
    "nothing": say(200),
    "garbage": say(200, b"\x00\xff<<<"),
    "large": say(200, b"x" * 100_000),
    # a provider that repeats what it was sent
    "echo": say(200, f'{{"CodeResult":"{NUMBER[1:]}","RPLY":{{"ERROR":"{TEXT}"}}}}'.encode()),
    "echo-words": say(200, (GOLDEN / "viettel/unlisted.reply.xml").read_bytes().replace(b"84912000123", TEXT.encode())),
    **{raw: say(int(raw.removeprefix("HTTP ")), b"", {"Location": "/x"}) for raw in codes("http").answers},
    **{
        param.id or "": say(param.values[1].get("status", 200), (GOLDEN / name / param.values[1]["reply"]).read_bytes())
        for name in FAKES
        for param in cases()
        if param.values[0] == name
    },
}


@pytest.mark.parametrize("name", FAKES)
def test_no_answer_of_a_provider_brings_anything_to_light(
    name: str, clock: MovingClock, logs: pytest.LogCaptureFixture
) -> None:
    shown = Shown()

    async def one(reaction: Reaction) -> None:
        async with FAKES[name]() as operator:
            operator.script.append(reaction)
            gateway = OPERATORS[name](line(name, operator.url, clock), Timers(request=0.2))
            sent = message(clock, NUMBER, TEXT)
            shown.words.append(repr([gateway, sent, gateway._request([sent])]))
            try:
                shown.words.append(repr(await gateway.submit([sent])))
            except LoaError as error:
                shown.error(error)
            await gateway.close()

    for reaction in REACTIONS.values():
        asyncio.run(one(reaction), debug=True)
    assert shown.of(hidden(name)) == set()
    # asyncio, in debug, names the addresses of its sockets; nobody names what went over them
    shown.words.append(logs.text)
    assert shown.of(hidden(name)) == set()


@pytest.mark.parametrize("name", FAKES)
def test_a_line_that_cannot_be_made_brings_nothing_to_light(
    name: str, clock: MovingClock, logs: pytest.LogCaptureFixture
) -> None:
    shown = Shown()

    async def run() -> None:
        gateway = OPERATORS[name](line(name, f"http://127.0.0.1:{unused_port()}/", clock))
        try:
            await gateway.submit([message(clock, NUMBER, TEXT)])
        except LoaError as error:
            shown.error(error)
        await gateway.close()

    asyncio.run(run(), debug=True)
    assert shown.words
    shown.words.append(logs.text)
    assert shown.of(hidden(name)) == set()


@pytest.mark.parametrize("name", FAKES)
def test_a_missing_secret_is_named_by_its_variable_alone(name: str, clock: MovingClock) -> None:
    whole = line(name, "https://operator.example/", clock)
    for variable in SECRETS[name]:
        shown = Shown()
        environ = {other: value for other, value in whole.environ.items() if other != variable}
        try:
            OPERATORS[name](Line(whole.lane, environ, clock, whole.folder, whole.sink))
        except LoaError as error:
            shown.error(error)
        assert shown.of(hidden(name)) == set()
        assert shown.of({variable}) == {variable}


@pytest.mark.parametrize("name", FAKES)
def test_a_secret_that_cannot_be_sent_is_named_by_its_variable_alone(name: str, clock: MovingClock) -> None:
    whole = line(name, "https://operator.example/", clock)
    for variable in SECRETS[name]:
        for broken in ("giu-kin\udcff", "giu-kin\x07"):
            shown = Shown()
            try:
                OPERATORS[name](Line(whole.lane, {**whole.environ, variable: broken}, clock, whole.folder, whole.sink))
            except LoaError as error:
                shown.error(error)
            assert shown.of({variable, "giu-kin"}) == {variable}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("key", [SECRETS["esms"]["LOA_OP_CALLBACK_SECRET"], "doan-mo"])
def test_a_callback_that_is_refused_shows_nothing(key: str, method: str, clock: MovingClock) -> None:
    shown = Shown()
    fields = (("SMSID", "khong dung"), ("phonenumber", NUMBER), ("SendStatus", TEXT), ("loa_key", key))
    call = Call(method, "https://loa.example/sms", fields, {}, b"")
    shown.words.append(repr(call))
    try:
        read_callback(line("esms", "https://operator.example/", clock), call)
    except LoaError as error:
        shown.error(error)
    assert len(shown.words) > 1
    assert shown.of({*hidden("esms"), key}) == set()


def test_the_search_finds_what_is_there() -> None:
    """A rule that finds nothing proves nothing."""
    shown = Shown()
    try:
        try:
            raise ValueError(TEXT)
        except ValueError:
            raise RuntimeError from None
    except RuntimeError as error:
        shown.error(error)
    assert shown.of({TEXT, NUMBER}) == {TEXT}
