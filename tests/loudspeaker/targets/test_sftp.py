"""An SFTP server that misbehaves, and one that is not who it should be."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from loa.loudspeaker.targets.base import Target, TargetLater, TargetRefuses
from loa.loudspeaker.targets.catalogue import open_target
from loa.loudspeaker.targets.push import push
from loa.model.clock import Clock
from loa.model.errors import ContentError, Unsupported
from loa.model.settings import OptionValue
from tests.loudspeaker.targets.peers import ENVIRON, HOST_KEY, serving_sftp, settings
from tests.loudspeaker.targets.test_push import Waits

NAME, DATA = "goi.zip", b"0123456789" * 20_000
FINGERPRINT = HOST_KEY.get_fingerprint("sha256")


def target(port: int, clock: Clock, environ: dict[str, str] = ENVIRON, **options: OptionValue) -> Target:
    given: dict[str, OptionValue] = {"host": "127.0.0.1", "port": port, "user": "loa", "host_key": FINGERPRINT}
    chosen = {key: value for key, value in {**given, **options}.items() if value != ""}
    return open_target(settings("sftp", **chosen), environ, clock)


def served(
    shared: Path,
    work: Callable[[int], Awaitable[None]],
    factory: type[asyncssh.SFTPServer] = asyncssh.SFTPServer,
    **options: Any,
) -> None:
    """Runs `work` beside a server that serves a folder; it is given the port."""

    async def run() -> None:
        async with serving_sftp(shared, factory, **options) as port:
            await work(port)

    asyncio.run(run())


async def attempt(to: Target, attempts: int = 1) -> str:
    """The code of what a push came to; `ok` where it worked."""
    try:
        await push(to, NAME, DATA, sleep=Waits(), attempts=attempts)
    except (TargetLater, TargetRefuses) as error:
        return error.code
    finally:
        await to.close()
    return "ok"


# who it is


def test_a_server_whose_key_is_another_is_not_spoken_to_and_its_key_is_shown(tmp_path: Path, clock: Clock) -> None:
    async def work(port: int) -> None:
        to = target(port, clock, host_key="SHA256:" + "A" * 43)
        with pytest.raises(TargetRefuses) as caught:
            await to.put(NAME, DATA)
        await to.close()
        assert caught.value.code == "target-host-unknown"
        assert FINGERPRINT in caught.value.words.vi

    served(tmp_path, work)
    assert list(tmp_path.iterdir()) == []


def test_known_hosts_are_a_file(tmp_path: Path, clock: Clock) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    public = HOST_KEY.export_public_key().decode()
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    known = tmp_path / "known_hosts"

    async def work(port: int) -> None:
        for written, expected in (
            (f"[127.0.0.1]:{port} {public}", "ok"),
            (f"[127.0.0.1]:{port} {other}", "target-host-unknown"),
            (f"sftp.example.vn {public}", "target-host-unknown"),
            ("# none\n", "target-host-unknown"),
            ("", "target-host-unknown"),
            (f"@revoked [127.0.0.1]:{port} {public}", "target-host-unknown"),
        ):
            known.write_text(written)
            assert await attempt(target(port, clock, host_key="", known_hosts=str(known))) == expected

    served(shared, work)


def test_a_key_file_lets_us_in_and_a_passphrase_opens_it(tmp_path: Path, clock: Clock) -> None:
    shared, key, locked = tmp_path / "shared", asyncssh.generate_private_key("ssh-ed25519"), tmp_path / "locked"
    shared.mkdir()
    key.write_private_key(str(tmp_path / "plain"))
    key.write_private_key(str(locked), passphrase="câu mật khẩu")
    allowed = tmp_path / "allowed"
    allowed.write_bytes(key.export_public_key())

    async def work(port: int) -> None:
        assert await attempt(target(port, clock, {}, key=str(tmp_path / "plain"))) == "ok"
        opened = {"LOA_TARGET_THU_PASSPHRASE": "câu mật khẩu"}
        assert await attempt(target(port, clock, opened, key=str(locked))) == "ok"
        for environ in ({}, {"LOA_TARGET_THU_PASSPHRASE": "sai"}):
            with pytest.raises(ContentError) as caught:
                target(port, clock, environ, key=str(locked))
            assert caught.value.code == "target-key-unreadable"

    served(shared, work, server_factory=asyncssh.SSHServer, authorized_client_keys=str(allowed))


# what can go wrong


class Full(asyncssh.SFTPServer):
    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        raise asyncssh.SFTPNoSpaceOnFilesystem("full")


class Failing(asyncssh.SFTPServer):
    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        raise asyncssh.SFTPFailure("Failure")


class Forbidding(asyncssh.SFTPServer):
    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        raise asyncssh.SFTPPermissionDenied("no")


class Hanging(asyncssh.SFTPServer):
    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        await asyncio.sleep(3_600)
        return 0


class Losing(asyncssh.SFTPServer):
    """Says that it wrote, and writes half."""

    def write(self, file_obj: Any, offset: int, data: bytes) -> int:
        super().write(file_obj, offset, data[: len(data) // 2])
        return len(data)


class Breaking(asyncssh.SFTPServer):
    """Ends the connection in the middle of the first file."""

    broken = False

    async def write(self, file_obj: Any, offset: int, data: bytes) -> int:
        if not Breaking.broken:
            Breaking.broken = True
            data = data[: len(data) // 2]
            self.channel.get_connection().abort()
        written = super().write(file_obj, offset, data)
        assert isinstance(written, int)
        return written


class NotReplacing(asyncssh.SFTPServer):
    """SFTP 3 without OpenSSH's extensions: a rename does not replace."""

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        raise asyncssh.SFTPOpUnsupported("no")

    def fsync(self, file_obj: object) -> None:
        raise asyncssh.SFTPOpUnsupported("no")


@pytest.mark.parametrize(
    ("factory", "code"),
    [
        (Full, {"target-full", "target-busy"}),  # asyncssh's version 3 has one word for both
        (Failing, {"target-busy"}),
        (Forbidding, {"target-forbidden"}),
        (Hanging, {"target-timeout"}),
        (Losing, {"target-not-whole"}),
    ],
)
def test_what_goes_wrong_is_named_and_nothing_half_shows(
    factory: type[asyncssh.SFTPServer], code: set[str], tmp_path: Path, clock: Clock
) -> None:
    async def work(port: int) -> None:
        assert await attempt(target(port, clock, timeout_seconds=0.5)) in code

    served(tmp_path, work, factory)
    assert not (tmp_path / NAME).exists()


def test_a_connection_that_breaks_is_made_again(tmp_path: Path, clock: Clock) -> None:
    async def work(port: int) -> None:
        Breaking.broken = False
        assert await attempt(target(port, clock), attempts=2) == "ok"
        assert Breaking.broken

    served(tmp_path, work, Breaking)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {NAME: DATA}


def test_where_a_rename_does_not_replace_the_former_file_goes_first(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / NAME).write_bytes(b"former")

    async def work(port: int) -> None:
        assert await attempt(target(port, clock)) == "ok"

    served(tmp_path, work, NotReplacing)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {NAME: DATA}


def test_who_does_not_listen_is_unreachable_and_who_only_listens_times_out(tmp_path: Path, clock: Clock) -> None:
    async def silent() -> None:
        server = await asyncio.start_server(lambda reader, writer: asyncio.sleep(3_600), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        assert await attempt(target(port, clock, connect_seconds=0.3)) in {"target-unreachable", "target-timeout"}
        server.close()
        assert await attempt(target(port, clock, connect_seconds=0.3)) == "target-unreachable"

    asyncio.run(silent())


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"host": ""}, "key-missing"),
        ({"host": "a b"}, "wrong-form"),
        ({"user": ""}, "key-missing"),
        ({"connect_seconds": 0}, "too-small"),
        ({"host_key": "MD5:aa"}, "wrong-form"),
        ({"host_key": ""}, "target-host-key"),
        ({"known_hosts": "x"}, "target-host-key"),
        ({"host_key": "", "known_hosts": "khong-co"}, "file-missing"),
        ({"key": "khong-co"}, "file-missing"),
    ],
    ids=str,
)
def test_options_that_cannot_be_used_are_named(options: dict[str, OptionValue], code: str, clock: Clock) -> None:
    with pytest.raises(ContentError) as caught:
        target(22, clock, ENVIRON, **options)
    assert caught.value.code == code


def test_known_hosts_that_nobody_can_read_are_named(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "x").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ContentError) as caught:
        target(22, clock, host_key="", known_hosts=str(tmp_path / "x"))
    assert caught.value.code == "known-hosts-unreadable"


def test_without_the_extra_it_says_what_to_install(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncssh", None)
    with pytest.raises(Unsupported) as caught:
        target(22, clock)
    assert caught.value.code == "sftp-missing"
