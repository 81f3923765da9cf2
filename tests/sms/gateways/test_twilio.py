"""Sending through Twilio: what is asked for, what each answer means, and that no request is ever made twice."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import traceback
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from loa.model.clock import Clock
from loa.model.errors import ContentError, GatewayError, Unsupported
from loa.model.ledger import row_id
from loa.model.sentences import table
from loa.sms.gateways import connect
from loa.sms.gateways._codes import codes
from loa.sms.gateways._twilio import Twilio
from loa.sms.gateways.base import Gateway, Message, Outcome, Verdict
from loa.sms.gateways.twilio import Account, Settings
from loa.sms.parts import split

from .twilio_service import SECRETS, SID, TOKEN, Answer, TwilioService, line_to, problem, serving

CALLBACK = "https://loa.example.gov.vn/sms/tw"


def message(clock: Clock, index: int = 0, text: str = "Xin chào", hours: float = 2) -> Message:
    number = f"+84912000{index:03}"
    parts = split(text)
    until = clock.now() + timedelta(hours=hours)
    return Message(row_id("w", "d", number), number, text, "DVC-MAU", parts.count, parts.alphabet, until)


@asynccontextmanager
async def talking(clock: Clock, **line: Any) -> AsyncIterator[tuple[TwilioService, Gateway]]:
    """A service and a gateway that talks to it."""
    async with serving() as service:
        made = line_to(service.url, clock, **line)
        gateway = Twilio(made, Account.of(made), Settings.of(made))
        try:
            yield service, gateway
        finally:
            await gateway.close()


def asking(clock: Clock, answer: Answer, count: int = 1, **talk: Any) -> tuple[TwilioService, Sequence[Outcome]]:
    """Sends so many messages to a service that always answers so."""

    async def run() -> tuple[TwilioService, Sequence[Outcome]]:
        async with talking(clock, **talk) as (service, gateway):
            service.answer = lambda form: answer
            return service, await gateway.submit([message(clock, index) for index in range(count)])

    return asyncio.run(run())


# --- what is asked for


def test_a_request_is_what_was_approved_and_nothing_else(clock: Clock) -> None:
    service, (outcome,) = asking(clock, Answer(), callback_url=CALLBACK)
    reference = message(clock).reference
    assert service.asked == [
        {
            "To": "+84912000000",
            "From": "DVC-MAU",
            "Body": "Xin chào",
            "ValidityPeriod": "7200",
            "SmartEncoded": "false",
            "StatusCallback": f"{CALLBACK}?ref={reference}#rc=5&rp=5xx,ct,rt",
        }
    ]
    assert service.users == [("Basic", SID, TOKEN)]
    assert outcome == Outcome(reference, Verdict.ACCEPTED, f"SM{1:032x}", raw="queued")


def test_without_an_address_no_callback_is_asked_for(clock: Clock) -> None:
    service, _ = asking(clock, Answer())
    assert "StatusCallback" not in service.asked[0]


def test_an_address_may_have_a_query_of_its_own(clock: Clock) -> None:
    service, _ = asking(clock, Answer(), callback_url=f"{CALLBACK}?x=1")
    assert service.asked[0]["StatusCallback"].startswith(f"{CALLBACK}?x=1&ref={message(clock).reference}#")


def test_a_messaging_service_sends_as_the_sender_that_was_approved(clock: Clock) -> None:
    service, (outcome,) = asking(clock, Answer(), messaging_service="MG" + "a" * 32)
    assert service.asked[0]["MessagingServiceSid"] == "MG" + "a" * 32
    assert service.asked[0]["From"] == "DVC-MAU"
    assert outcome.verdict is Verdict.ACCEPTED


def test_requests_may_be_made_with_a_key(clock: Clock) -> None:
    environ = {**SECRETS, "LOA_TW_API_KEY": "SK1", "LOA_TW_API_SECRET": "its-secret"}
    service, (outcome,) = asking(clock, Answer(), environ=environ)
    assert service.users == [("Basic", "SK1", "its-secret")]
    assert outcome.verdict is Verdict.ACCEPTED, "the address still names the account"


@pytest.mark.parametrize(
    "text",
    ["Dịch vụ công: nộp hồ sơ tại https://dichvucong.gov.vn?a=1&b=%20+", "Dong\r\nhai", "Giá 5 € {a} 👍🏽", "x" * 1530],
    ids=["accents", "lines", "pairs", "long"],
)
def test_a_body_arrives_as_it_was_given(clock: Clock, text: str) -> None:
    async def run() -> TwilioService:
        async with talking(clock) as (service, gateway):
            await gateway.submit([message(clock, text=text)])
            return service

    assert asyncio.run(run()).asked[0]["Body"] == text


@pytest.mark.parametrize(("hours", "seconds"), [(2, "7200"), (10, "36000"), (15, "36000"), (1 / 3600, "1")])
def test_a_message_waits_at_twilio_no_longer_than_it_may(clock: Clock, hours: float, seconds: str) -> None:
    async def run() -> TwilioService:
        async with talking(clock) as (service, gateway):
            await gateway.submit([message(clock, hours=hours)])
            return service

    assert asyncio.run(run()).asked[0]["ValidityPeriod"] == seconds


@pytest.mark.parametrize("hours", [0, -1])
def test_a_message_whose_time_is_over_does_not_leave(clock: Clock, hours: float) -> None:
    async def run() -> tuple[TwilioService, Sequence[Outcome]]:
        async with talking(clock) as (service, gateway):
            return service, await gateway.submit([message(clock, hours=hours)])

    service, (outcome,) = asyncio.run(run())
    assert service.asked == []
    assert (outcome.verdict, outcome.reason) == (Verdict.THROTTLED, "validity-over")


def test_the_stand_in_refuses_what_twilios_document_does_not_allow() -> None:
    """A service that takes everything would prove nothing."""
    path = f"/2010-04-01/Accounts/{SID}/Messages.json"
    good = {"To": "+84912000123", "From": "DVC-MAU", "Body": "chao"}
    assert problem(path, good) == ""
    for bad in (
        {"From": "DVC-MAU"},
        {**good, "To": "0912000123"},
        {**good, "MessagingServiceSid": "MG1"},
        {**good, "SmartEncoded": "False"},
        {**good, "ValidityPeriod": "0"},
        {**good, "ValidityPeriod": "1.5"},
        {**good, "validity_period": "1"},
        {**good, "StatusCallback": "loa.example"},
    ):
        assert problem(path, bad)
    assert problem("/2010-04-01/Accounts/AC1/Messages.json", good) == "path"


# --- what answers mean


@pytest.mark.parametrize("code", codes("twilio").answers)
def test_every_code_of_the_table_is_understood(clock: Clock, code: str) -> None:
    meant = codes("twilio").answers[code]
    if meant.error:
        assert "{raw}" in table()[meant.error].vi
        with pytest.raises(GatewayError) as caught:
            asking(clock, Answer.error(400, int(code)))
        assert (caught.value.code, caught.value.fields["raw"]) == (meant.error, code)
        return
    service, (outcome,) = asking(clock, Answer.error(400, int(code)))
    assert (outcome.verdict, outcome.reason) == (meant.verdict, meant.reason)
    assert (outcome.raw, outcome.retry_after) == (code, meant.retry_after)
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    ("status", "code", "verdict", "reason"),
    [
        (400, 29999, Verdict.REFUSED, "code-unknown"),
        (400, 21610, Verdict.REFUSED, "opted-out"),
        (429, 20429, Verdict.THROTTLED, "too-fast"),
        (429, 29999, Verdict.THROTTLED, "too-fast"),
        (429, 21211, Verdict.THROTTLED, "too-fast"),
        (302, 0, Verdict.UNKNOWN, "answer-unreadable"),
        (500, 20500, Verdict.UNKNOWN, "server-error"),
        (500, 21211, Verdict.UNKNOWN, "server-error"),
        (502, 0, Verdict.UNKNOWN, "server-error"),
        (503, 20503, Verdict.UNKNOWN, "server-error"),
        (504, 20504, Verdict.UNKNOWN, "server-error"),
    ],
)
def test_a_status_goes_before_a_code(clock: Clock, status: int, code: int, verdict: Verdict, reason: str) -> None:
    service, (outcome,) = asking(clock, Answer.error(status, code, Location="/elsewhere"))
    assert (outcome.verdict, outcome.reason) == (verdict, reason)
    assert len(service.asked) == 1, "what may have been taken is not asked for again"


@pytest.mark.parametrize(
    ("status", "code"), [(401, 20003), (403, 29999), (404, 20404), (407, 0), (307, 0), (400, 63038)]
)
def test_trouble_with_the_account_is_the_lanes_and_no_messages(clock: Clock, status: int, code: int) -> None:
    with pytest.raises(GatewayError) as caught:
        asking(clock, Answer.error(status, code), count=3)
    assert caught.value.fields["raw"] in {str(code), f"HTTP {status}"}
    assert caught.value.words.vi


def test_an_error_that_is_not_twilios_is_the_lanes(clock: Clock) -> None:
    with pytest.raises(GatewayError) as caught:
        asking(clock, Answer(400, "<html>Blocked by your administrator</html>"))
    assert caught.value.code == "gateway-unexpected"


def test_where_only_some_are_in_trouble_they_come_again_and_the_others_count(clock: Clock) -> None:
    async def run() -> Sequence[Outcome]:
        async with talking(clock) as (service, gateway):
            service.answer = lambda form: Answer.error(401, 20003) if form["To"].endswith("1") else Answer()
            return await gateway.submit([message(clock, index) for index in range(3)])

    first, second, third = asyncio.run(run())
    assert [first.verdict, third.verdict] == [Verdict.ACCEPTED] * 2
    assert (second.verdict, second.reason) == (Verdict.LATER, "gateway-credentials")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("Fri, 10 Sep 2027 01:02:00 GMT", 120.0), ("Fri, 10 Sep 2027 00:00:00 GMT", 0.0)]
    + [(odd, None) for odd in ("soon", "", "nan", "-5", "Fri, 99 Sep 2027 01:02:00 GMT")],
)
def test_how_long_to_wait_is_kept(clock: Clock, header: str, seconds: float | None) -> None:
    """It is 01:00 UTC."""
    _, (outcome,) = asking(clock, Answer.error(429, 20429, Retry_After=header))
    assert (outcome.verdict, outcome.retry_after) == (Verdict.THROTTLED, seconds)


@pytest.mark.parametrize(
    "body", ["", "null", "[]", "not json", "{}", '{"sid": null}', '{"sid": "X", "error_code": []}']
)
def test_an_acceptance_that_cannot_be_read_leaves_the_message_in_doubt(clock: Clock, body: str) -> None:
    service, (outcome,) = asking(clock, Answer(201, body))
    assert (outcome.verdict, outcome.reason) == (Verdict.UNKNOWN, "answer-unreadable")
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    ("changed", "verdict", "reason"),
    [
        ({"status": "queued"}, Verdict.ACCEPTED, ""),
        ({"status": "accepted"}, Verdict.ACCEPTED, ""),
        ({"status": "sent"}, Verdict.ACCEPTED, ""),
        ({"status": "failed", "error_code": 21610}, Verdict.REFUSED, "opted-out"),
        ({"status": "failed", "error_code": 30007}, Verdict.REFUSED, "code-unknown"),
        ({"status": "failed", "error_code": 20003}, Verdict.REFUSED, "gateway-credentials"),
        ({"status": "undelivered", "error_code": None}, Verdict.REFUSED, "code-unknown"),
    ],
)
def test_what_failed_at_once_is_refused(clock: Clock, changed: dict[str, Any], verdict: Verdict, reason: str) -> None:
    form = {"To": "+84912000000", "Body": "Xin chào"}
    body = json.dumps(TwilioService(asked=[form]).made(form, **changed))
    _, (outcome,) = asking(clock, Answer(201, body))
    assert (outcome.verdict, outcome.reason, outcome.gateway_id) == (verdict, reason, f"SM{1:032x}")


# --- no answer


def test_a_connection_that_breaks_after_the_request_leaves_the_message_in_doubt(clock: Clock) -> None:
    service, outcomes = asking(clock, Answer(cut=True), count=5)
    assert list(outcomes) == [], "a message without an outcome is in doubt"
    assert len(service.asked) == 5, "each once"


def test_an_answer_is_not_waited_for_again_on_a_connection_that_was_used_before(clock: Clock) -> None:
    """HTTP clients like to repeat what fails on a connection they kept."""

    async def run() -> tuple[TwilioService, list[Verdict]]:
        async with talking(clock, window=1) as (service, gateway):
            verdicts = []
            for answer in (Answer(), Answer(cut=True), Answer()):
                service.answer = lambda form, answer=answer: answer  # type: ignore[misc]
                verdicts += [outcome.verdict for outcome in await gateway.submit([message(clock)])]
            return service, verdicts

    service, verdicts = asyncio.run(run())
    assert verdicts == [Verdict.ACCEPTED, Verdict.ACCEPTED], "of the second nothing is known"
    assert len(service.asked) == 3


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_connection_that_cannot_be_made_is_the_lanes_trouble(clock: Clock) -> None:
    async def run() -> None:
        gateway = connect(line_to(f"http://127.0.0.1:{closed_port()}", clock))
        try:
            await gateway.submit([message(clock, index) for index in range(3)])
        finally:
            await gateway.close()

    with pytest.raises(GatewayError) as caught:
        asyncio.run(run())
    assert caught.value.code == "gateway-unreachable"


def test_a_server_that_cannot_prove_who_it_is_gets_nothing(clock: Clock) -> None:
    async def run() -> TwilioService:
        async with serving() as service:  # speaks no TLS, as good as a wrong certificate
            gateway = connect(line_to(service.url.replace("http:", "https:"), clock))
            with pytest.raises(GatewayError, match="gateway-unreachable"):
                await gateway.submit([message(clock)])
            await gateway.close()
            return service

    assert asyncio.run(run()).asked == []


def test_as_many_are_on_their_way_as_the_window_allows(clock: Clock) -> None:
    async def run() -> TwilioService:
        async with talking(clock, window=5) as (service, gateway):
            enough = asyncio.Event()

            def answer(_: object) -> Answer:
                if service.now == 5:
                    enough.set()
                return Answer(after=enough)

            service.answer = answer
            batches = [[message(clock, 10 * batch + index) for index in range(10)] for batch in range(3)]
            answers = await asyncio.gather(*(gateway.submit(batch) for batch in batches))
            assert [outcome.verdict for outcomes in answers for outcome in outcomes] == [Verdict.ACCEPTED] * 30
            return service

    assert asyncio.run(run()).most == 5


def test_a_gateway_that_was_closed_opens_again(clock: Clock) -> None:
    async def run() -> list[Verdict]:
        async with talking(clock) as (_, gateway):
            verdicts = []
            for index in range(2):
                verdicts += [outcome.verdict for outcome in await gateway.submit([message(clock, index)])]
                await gateway.close()
            return verdicts

    assert asyncio.run(run()) == [Verdict.ACCEPTED] * 2


@pytest.mark.parametrize("ask", ["status", "poll", "listen"])
def test_what_twilio_cannot_be_asked_is_said(clock: Clock, ask: str) -> None:
    gateway = connect(line_to("", clock))
    calls: dict[str, Coroutine[Any, Any, Any]] = {
        "status": gateway.status(["x"]), "poll": gateway.poll(""), "listen": gateway.listen(1),
    }  # fmt: skip
    with pytest.raises(Unsupported):
        asyncio.run(calls.pop(ask))
    for other in calls.values():
        other.close()


# --- settings


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"url": "http://api.twilio.com"}, "url"),
        ({"url": "https://user:secret@proxy.example"}, "url"),
        ({"callback_url": "http://loa.example.gov.vn/sms/tw"}, "callback_url"),
        ({"callback_url": "https://loa.example.gov.vn/sms/tw#x"}, "callback_url"),
        ({"messaging_service": "MG12"}, "messaging_service"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(clock: Clock, options: dict[str, str], field: str) -> None:
    line = line_to("", clock)
    lane = line.lane.model_copy(update={"options": options})
    with pytest.raises(ContentError) as caught:
        connect(replace(line, lane=lane))
    assert caught.value.where is not None
    assert caught.value.where.field == f"sms.lanes.tw.options.{field}"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("missing", ["LOA_TW_ACCOUNT_SID", "LOA_TW_AUTH_TOKEN", "LOA_TW_API_SECRET"])
def test_a_secret_that_is_not_set_is_named(clock: Clock, missing: str) -> None:
    environ = {**SECRETS, "LOA_TW_API_KEY": "SK1", "LOA_TW_API_SECRET": "s"}
    del environ[missing]
    with pytest.raises(ContentError) as caught:
        connect(line_to("", clock, environ=environ))
    assert caught.value.fields["variable"] == missing
    assert TOKEN not in str(caught.value)


# --- what nobody may read


FAILURES = [
    *(Answer.error(status, code) for status, code in [(400, 21211), (401, 20003), (429, 20429), (500, 20500)]),
    Answer(400, "<html>+84912000000</html>"),
    Answer(201, "not json +84912000000"),
    Answer(201, '{"sid": 5, "date_created": []}'),
    Answer(307, "", {"Location": "https://elsewhere.example/+84912000000"}),
    Answer(cut=True),
]


@pytest.mark.parametrize("answer", FAILURES, ids=range(len(FAILURES)))
def test_no_failure_tells_a_secret_a_number_or_words(
    clock: Clock, answer: Answer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    environ = {**SECRETS, "LOA_TW_API_KEY": "SK-key-of-nobody", "LOA_TW_API_SECRET": "its-own-secret"}
    told: list[str] = []

    async def run() -> None:
        async with talking(clock, environ=environ, callback_url=CALLBACK) as (service, gateway):
            service.answer = lambda form: Answer(answer.status, answer.body, answer.headers, answer.cut, answer.after)
            sent = message(clock, text="lời riêng tư")
            told.extend(repr(item) for item in (gateway, sent, line_to(service.url, clock, environ=environ)))
            try:
                told.extend(repr(outcome) for outcome in await gateway.submit([sent]))
            except GatewayError as error:
                told.append("".join(traceback.format_exception(error)) + repr(error) + repr(error.__context__))
                told.append(str(error.fields))

    asyncio.run(run())
    told += [str(Account("AC1", "SK", "its-own-secret")), *(record.getMessage() for record in caplog.records)]
    told += [str(record.exc_info) for record in caplog.records]
    everything = "\n".join(told) + "".join(capfd.readouterr())
    secrets = [*environ.values(), "U0st", "912000", "riêng tư", "elsewhere"]
    assert [secret for secret in secrets if secret in everything] == []
    assert row_id("w", "d", "+84912000000") in everything, "the test saw something"


def test_a_connection_that_cannot_be_made_tells_none_either(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def run() -> str:
        gateway = connect(line_to(f"http://127.0.0.1:{closed_port()}", clock))
        try:
            await gateway.submit([message(clock)])
        except GatewayError as error:
            return "".join(traceback.format_exception(error)) + repr(error.__context__)
        return ""

    everything = asyncio.run(run()) + caplog.text
    assert "gateway-unreachable" in everything
    assert [word for word in (SID, TOKEN, "912000", "Xin") if word in everything] == []
