"""A WebDAV server that misbehaves: every way ends in one clear error, or in the file whole."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from loa.loudspeaker.targets.base import Receipt, Target, TargetLater, TargetRefuses
from loa.loudspeaker.targets.catalogue import open_target
from loa.loudspeaker.targets.push import push
from loa.model.clock import Clock
from loa.model.errors import ContentError, GatewayError
from loa.model.settings import OptionValue
from tests.loudspeaker.targets.odd_dav import OddDav, odd_dav
from tests.loudspeaker.targets.peers import ENVIRON, PASSWORD, settings
from tests.loudspeaker.targets.test_push import Waits
from tests.loudspeaker.test_gtts import certificate

NAME, DATA = "goi.zip", b"0123456789" * 5000


def target(url: str, clock: Clock, **options: OptionValue) -> Target:
    return open_target(settings("webdav", url=url, user="loa", **options), ENVIRON, clock)


def pushed(
    clock: Clock, script: dict[str, list[int | str]], attempts: int = 1, headers: dict[str, str] | None = None
) -> tuple[Receipt | GatewayError, OddDav, Waits]:
    """What a push to such a server comes to."""

    async def run() -> tuple[Receipt | GatewayError, OddDav, Waits]:
        waits = Waits()
        async with odd_dav() as server:
            server.script, server.headers = script, headers or {}
            to = target(server.url, clock, timeout_seconds=0.4)
            try:
                return await push(to, NAME, DATA, sleep=waits, attempts=attempts), server, waits
            except GatewayError as error:
                return error, server, waits
            finally:
                await to.close()

    return asyncio.run(run())


@pytest.mark.parametrize(
    "script",
    [
        {"PUT": [500]},
        {"PUT": [503, 423]},
        {"PUT": ["hang"]},
        {"PUT": ["cut", "cut"]},  # aiohttp itself tries once more
        {"PUT": [507]},
        {"PUT": ["html"]},
        {"GET": [502]},
        {"GET": ["html"]},
        {"GET": ["endless"]},
        {"GET": [404, "short"]},
        {"GET": [404, "wrong"]},
        {"GET": [404, "cut"]},
        {"GET": [404, 404]},
        {"MOVE": [500]},
        {"MOVE": ["cut"]},
        {"MOVE": ["hang"]},
        {"MOVE": ["html"]},
    ],
    ids=str,
)
def test_what_may_pass_passes_and_the_file_is_whole_and_alone(script: dict[str, list[int | str]], clock: Clock) -> None:
    found, server, _ = pushed(clock, script, attempts=4)
    assert isinstance(found, Receipt)
    assert server.kept == {NAME: DATA}


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ({"PUT": [500]}, "target-busy"),
        ({"PUT": [423]}, "target-busy"),
        ({"PUT": ["hang"]}, "target-timeout"),
        ({"PUT": ["cut", "cut"]}, "target-broken-off"),
        ({"PUT": [507]}, "target-full"),
        ({"PUT": ["html"]}, "target-not-whole"),
        ({"GET": ["html", "html", "html"]}, "target-not-whole"),
        ({"GET": [404, "short"]}, "target-not-whole"),
        ({"GET": [404, "endless"]}, "target-not-whole"),
    ],
    ids=str,
)
def test_what_may_pass_is_named_and_nothing_half_shows(
    script: dict[str, list[int | str]], code: str, clock: Clock
) -> None:
    found, server, _ = pushed(clock, script)
    assert isinstance(found, TargetLater)
    assert found.code == code
    assert NAME not in server.kept


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ({"GET": [401]}, "target-login"),
        ({"PUT": [401]}, "target-login"),
        ({"PUT": [403]}, "target-forbidden"),
        ({"GET": [404, 403]}, "target-forbidden"),
        ({"PUT": [404]}, "target-folder-gone"),
        ({"PUT": [409]}, "target-folder-gone"),
        ({"PUT": [405]}, "target-answer"),
        ({"PUT": [413]}, "target-answer"),
        ({"MOVE": [403]}, "target-forbidden"),
        ({"MOVE": [412]}, "target-answer"),
        ({"GET": [301]}, "target-answer"),
    ],
    ids=str,
)
def test_what_needs_a_person_is_asked_once(script: dict[str, list[int | str]], code: str, clock: Clock) -> None:
    found, server, waits = pushed(clock, script, attempts=4)
    assert isinstance(found, TargetRefuses)
    assert (found.code, waits.asked) == (code, [])
    assert PASSWORD not in f"{found} {found!r}"
    assert NAME not in server.kept


@pytest.mark.parametrize("status", [405, 501, 502])
def test_where_nothing_can_be_renamed_it_is_written_in_its_place_and_read_back(status: int, clock: Clock) -> None:
    found, server, _ = pushed(clock, {"MOVE": [status]})
    assert isinstance(found, Receipt)
    assert server.kept == {NAME: DATA}
    assert [method for method, name in server.asked if name == NAME] == ["GET", "PUT", "GET"]


def test_a_retry_after_is_waited_for(clock: Clock) -> None:
    _, _, waits = pushed(clock, {"PUT": [429]}, attempts=2, headers={"Retry-After": "17"})
    assert waits.asked == [17]


def test_a_redirect_to_another_host_is_not_followed_and_gets_no_login(clock: Clock) -> None:
    async def run() -> tuple[OddDav, str]:
        async with odd_dav() as other, odd_dav() as server:
            server.script = {"GET": [f"{other.url}/x"]}
            to = target(server.url, clock)
            with pytest.raises(TargetRefuses) as caught:
                await to.put(NAME, DATA)
            await to.close()
            return other, caught.value.code

    other, code = asyncio.run(run())
    assert (other.asked, code) == ([], "target-answer")


def test_who_does_not_listen_is_unreachable(clock: Clock) -> None:
    async def run() -> str:
        async with odd_dav() as server:
            url = server.url
        to = target(url, clock)
        with pytest.raises(TargetLater) as caught:
            await to.put(NAME, DATA)
        await to.close()
        return caught.value.code

    assert asyncio.run(run()) == "target-unreachable"


def test_a_certificate_is_checked_and_one_of_the_provinces_own_can_be_named(clock: Clock, tmp_path: Path) -> None:
    chain, key = certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(chain, key)

    async def run() -> None:
        async with odd_dav(tls) as server:
            strange = target(server.url, clock)
            with pytest.raises(TargetRefuses) as caught:
                await strange.put(NAME, DATA)
            await strange.close()
            assert caught.value.code == "target-untrusted"
            assert server.asked == []
            known = target(server.url, clock, certificates=chain)
            assert (await known.put(NAME, DATA)).size == len(DATA)
            await known.close()

    asyncio.run(run())


def test_accents_in_a_login_are_sent_as_they_are(clock: Clock) -> None:
    async def run() -> str:
        async with odd_dav() as server:
            to = open_target(
                settings("webdav", url=server.url, user="đài"), {"LOA_TARGET_THU_PASSWORD": "mật:khẩu"}, clock
            )
            await to.put(NAME, DATA)
            await to.close()
            return server.heads[0]["Authorization"]

    assert asyncio.run(run()) == "Basic xJHDoGk6beG6rXQ6a2jhuql1"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"url": "http://tep.example.vn/x"}, "gateway-url"),
        ({"url": "https://loa:mat@tep.example.vn/x"}, "gateway-url"),
        ({"url": "https://tep.example.vn/x?y=1"}, "gateway-url"),
        ({"url": ""}, "text-empty"),
        ({"auth": "ntlm"}, "not-one-of"),
        ({"timeout_seconds": 0}, "too-small"),
        ({"certificates": "khong-co.pem"}, "file-missing"),
        ({"certificates": "rong.pem"}, "certificates-unreadable"),
    ],
    ids=str,
)
def test_options_that_cannot_be_used_are_named(
    options: dict[str, OptionValue], code: str, clock: Clock, tmp_path: Path
) -> None:
    (tmp_path / "rong.pem").touch()
    given = settings("webdav", **{"url": "https://tep.example.vn/dav", "user": "loa", **options})
    with pytest.raises(ContentError) as caught:
        open_target(given, ENVIRON, clock, tmp_path)
    assert caught.value.code == code
    assert "mat@" not in str(caught.value)
