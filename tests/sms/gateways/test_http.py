"""What certainly did not leave is sent again; what may have left is in doubt and never sent again by itself."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from loa.model.errors import GatewayError
from loa.sms.gateways._codes import codes
from loa.sms.gateways._fakes import Fake, FakeEsms, Reaction, hang, hang_up, say
from loa.sms.gateways._http import LARGEST, TIMERS, Timers
from loa.sms.gateways._operator import UNREACHABLE, Operator
from loa.sms.gateways.base import Outcome, Verdict
from tests.conftest import MovingClock

from .operators import FAKES, OPERATORS, gateway_at, line, message

OK = b'{"CodeResult":"100","SMSID":"abc"}'


def submit(clock: MovingClock, *script: Reaction, count: int = 1, timers: Timers = TIMERS) -> Sequence[Outcome]:
    """What becomes of messages when the operator reacts so."""

    async def run() -> Sequence[Outcome]:
        async with FakeEsms() as operator:
            operator.script.extend(script)
            gateway = gateway_at("esms", operator.url, clock, timers, connections=1)
            try:
                return await gateway.submit([message(clock, f"+8491200{number:04}") for number in range(count)])
            finally:
                await gateway.close()

    return asyncio.run(run())


# --- nothing has left


def unused_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.parametrize("name", FAKES)
def test_where_nobody_listens_nothing_has_left(name: str, clock: MovingClock) -> None:
    async def run() -> None:
        gateway = gateway_at(name, f"http://127.0.0.1:{unused_port()}/x", clock)
        with pytest.raises(GatewayError) as caught:
            await gateway.submit([message(clock), message(clock, "+84912000124")])
        assert (caught.value.code, caught.value.fields["raw"]) == (UNREACHABLE, "connect")
        await gateway.close()

    asyncio.run(run())


def test_a_name_that_there_is_none_of_means_that_nothing_has_left(
    clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)  # asking for a name would leave this machine

    async def run() -> None:
        gateway = gateway_at("esms", "https://khong-co.invalid/json", clock)
        with pytest.raises(GatewayError) as caught:
            await gateway.submit([message(clock)])
        assert caught.value.fields["raw"] == "dns"
        await gateway.close()

    asyncio.run(run())


@asynccontextmanager
async def self_signed(folder: Path, received: list[bytes]) -> AsyncIterator[int]:
    """A server whose certificate nobody has signed; what it reads of a request is kept."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    async def read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read(1000))
        writer.close()

    server = await asyncio.start_server(read, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


def test_a_certificate_that_nobody_signed_gets_nothing(tmp_path: Path, clock: MovingClock) -> None:
    received: list[bytes] = []

    async def run() -> None:
        async with self_signed(tmp_path, received) as port:
            gateway = gateway_at("esms", f"https://localhost:{port}/json", clock)
            with pytest.raises(GatewayError) as caught:
                await gateway.submit([message(clock)])
            assert (caught.value.code, caught.value.fields["raw"]) == (UNREACHABLE, "tls")
            await gateway.close()

    asyncio.run(run())
    assert received == []


def test_what_found_no_time_beside_others_is_sent_again_and_costs_nothing(clock: MovingClock) -> None:
    """One connection, and before it a message that is never answered."""
    (outcome,) = submit(clock, hang, count=2, timers=Timers(batch=0.5, request=0.4))
    assert (outcome.verdict, outcome.reason) == (Verdict.THROTTLED, "busy")


def test_no_request_is_begun_that_could_not_have_all_of_its_time(clock: MovingClock) -> None:
    """A server that is slow, but within its time, leaves nothing in doubt, and the lane is not out of order."""

    async def slow(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.3)
        return web.Response(body=OK)

    outcomes = submit(clock, *[slow] * 5, count=5, timers=Timers(batch=1.5, request=1.0))
    told = [(outcome.verdict, outcome.reason) for outcome in outcomes]
    assert len(told) == 5
    assert set(told) == {(Verdict.ACCEPTED, ""), (Verdict.THROTTLED, "busy")}


def test_a_batch_that_finds_no_connection_at_all_is_no_trouble_of_the_lane(clock: MovingClock) -> None:
    async def run() -> None:
        async with FakeEsms() as operator:
            operator.script.append(hang)
            gateway = gateway_at("esms", operator.url, clock, Timers(batch=1.0, request=0.8), connections=1)
            first = asyncio.create_task(gateway.submit([message(clock)]))
            while not operator.most_open:  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.01)
            (outcome,) = await gateway.submit([message(clock, "+84912000124")])
            assert (outcome.verdict, outcome.reason) == (Verdict.THROTTLED, "busy")
            assert list(await first) == []
            await gateway.close()

    asyncio.run(run())


@pytest.mark.parametrize("name", FAKES)
@pytest.mark.parametrize(("window", "most"), [(7, 7), (100, 100)])
def test_a_whole_window_may_be_on_its_way(name: str, window: int, most: int, clock: MovingClock) -> None:
    async def run() -> None:
        async with FAKES[name]() as operator:
            found = line(name, operator.url, clock)
            found = replace(found, lane=found.lane.model_copy(update={"window": window}))
            gateway = OPERATORS[name](found)
            together = asyncio.Event()

            async def wait(_: web.Request) -> web.StreamResponse:
                if operator.most_open == most:
                    together.set()
                await together.wait()
                return web.Response(status=429)

            operator.script.extend([wait] * 120)
            outcomes = await gateway.submit([message(clock, f"+8491200{number:04}") for number in range(120)])
            assert [outcome.verdict for outcome in outcomes] == [Verdict.THROTTLED] * 120
            assert operator.most_open == most
            await gateway.close()

    asyncio.run(run())


# --- it may have left


def test_a_server_that_never_answers_leaves_it_in_doubt(clock: MovingClock) -> None:
    assert list(submit(clock, hang, timers=Timers(request=0.3))) == []


def test_a_connection_that_ends_without_an_answer_leaves_it_in_doubt(clock: MovingClock) -> None:
    assert list(submit(clock, hang_up)) == []


@pytest.mark.parametrize("status", [302, 303, 418, 500, 502, 503, 504, 520])
def test_a_status_that_does_not_say_for_certain_leaves_it_in_doubt(status: int, clock: MovingClock) -> None:
    headers = {"Retry-After": "1", "Location": "http://127.0.0.1:9/"}
    (outcome,) = submit(clock, say(status, b"", headers))
    assert (outcome.verdict, outcome.raw, outcome.retry_after) == (Verdict.UNKNOWN, f"HTTP {status}", None)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", {}),
        (b"\xff\xfe\x00", {}),
        (b"[" * 50_000, {}),
        (OK[:-1], {}),
        (OK + b" " * LARGEST, {}),
        (gzip.compress(OK), {"Content-Encoding": "gzip"}),
        (b'{"CodeResult":' + b"1" * 5_000 + b"}", {}),
    ],
    ids=["nothing", "binary", "deep", "cut", "large", "compressed", "huge-number"],
)
def test_an_answer_that_nobody_can_read_leaves_it_in_doubt(
    body: bytes, headers: dict[str, str], clock: MovingClock
) -> None:
    (outcome,) = submit(clock, say(200, body, headers))
    assert outcome.verdict is Verdict.UNKNOWN


# --- the provider certainly did not take it


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), ("0", 0.0), ("Fri, 10 Sep 2027 01:00:30 GMT", 30.0), ("Fri, 10 Sep 2020 01:00:00 GMT", 0.0),
     ("soon", None), ("-3", None), ("", None), ("9" * 400, 999_999_999.0)],
)  # fmt: skip
def test_too_many_requests_wait_as_long_as_the_answer_says(
    value: str, seconds: float | None, clock: MovingClock
) -> None:
    (outcome,) = submit(clock, say(429, OK, {"Retry-After": value}))
    assert (outcome.verdict, outcome.retry_after) == (Verdict.THROTTLED, seconds)


def test_every_status_of_the_table_does_what_it_says(clock: MovingClock) -> None:
    for raw, code in codes("http").answers.items():
        reaction = say(int(raw.removeprefix("HTTP ")), b"", {"Location": "/elsewhere"})
        if code.error:
            with pytest.raises(GatewayError, match=code.error):
                submit(clock, reaction)
        else:
            (outcome,) = submit(clock, reaction)
            assert (outcome.verdict, outcome.reason, outcome.raw) == (code.verdict, code.reason, raw)


def test_trouble_of_the_account_beside_successes_spends_an_attempt(clock: MovingClock) -> None:
    """Else a message that the provider always answers so would go round for ever."""
    first, second = submit(clock, say(200, OK), say(200, b'{"CodeResult":"103"}'), count=2)
    assert first.verdict is Verdict.ACCEPTED
    assert (second.verdict, second.reason) == (Verdict.LATER, "gateway-account")


# --- one question, one answer


def test_a_redirect_is_not_followed(clock: MovingClock) -> None:
    async def run() -> None:
        async with FakeEsms() as operator, FakeEsms() as elsewhere:
            operator.script.append(say(307, b"", {"Location": elsewhere.url}))
            gateway = gateway_at("esms", operator.url, clock)
            with pytest.raises(GatewayError, match="gateway-settings"):
                await gateway.submit([message(clock)])
            await gateway.close()
            assert (len(operator.requests), elsewhere.requests) == (1, [])

    asyncio.run(run())


@pytest.mark.parametrize("name", FAKES)
def test_nothing_is_ever_asked_twice(name: str, clock: MovingClock) -> None:
    """Also where the connection was used before, and the client cannot know whether the server saw the request."""

    async def run(operator: Fake, gateway: Operator) -> None:
        await gateway.submit([message(clock)])
        operator.script.append(hang_up)
        assert list(await gateway.submit([message(clock, "+84912000124")])) == []
        assert len(operator.requests) == 2

    async def within() -> None:
        async with FAKES[name]() as operator:
            gateway = gateway_at(name, operator.url, clock)
            await run(operator, gateway)
            await gateway.close()

    asyncio.run(within())


def test_no_more_requests_are_under_way_than_the_lane_allows(clock: MovingClock) -> None:
    async def slow(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.01)
        return web.Response(body=OK)

    async def run() -> None:
        async with FakeEsms() as operator:
            operator.script.extend([slow] * 40)
            gateway = gateway_at("esms", operator.url, clock, connections=3)
            batches = [[message(clock, f"+84912{batch}{number:05}") for number in range(20)] for batch in range(2)]
            outcomes = await asyncio.gather(*(gateway.submit(batch) for batch in batches))
            await gateway.close()
            assert [outcome.verdict for batch in outcomes for outcome in batch] == [Verdict.ACCEPTED] * 40
            assert operator.most_open == 3

    asyncio.run(run())


def test_it_can_be_used_again_after_it_was_closed(clock: MovingClock) -> None:
    async def run() -> None:
        async with FakeEsms() as operator:
            gateway = gateway_at("esms", operator.url, clock)
            for number in ("+84912000123", "+84912000124"):
                (outcome,) = await gateway.submit([message(clock, number)])
                assert outcome.verdict is Verdict.ACCEPTED
                await gateway.close()

    asyncio.run(run())
