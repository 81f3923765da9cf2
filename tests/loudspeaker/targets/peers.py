"""The other side of each kind of target: real servers on loopback, and what lies on them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh

from loa.loudspeaker.targets.base import Target
from loa.loudspeaker.targets.catalogue import open_target
from loa.loudspeaker.targets.memory import Memory
from loa.model.clock import Clock
from loa.model.settings import OptionValue, TargetSettings

PASSWORD = "mat-khau-thu"
ENVIRON = {"LOA_TARGET_THU_PASSWORD": PASSWORD}


def settings(kind: str, **options: OptionValue) -> TargetSettings:
    return TargetSettings(name="thu", kind=kind, options=options)


@dataclass
class Peer:
    """One target under test. `root` is the folder that it writes to, as the other side sees it."""

    settings: TargetSettings
    root: Path
    clock: Clock
    folder: Path
    """Where relative options start."""
    opened: list[Target] = field(default_factory=list)

    def open(self, environ: Mapping[str, str] = ENVIRON, **options: OptionValue) -> Target:
        given = self.settings.model_copy(update={"options": {**self.settings.options, **options}})
        self.opened.append(open_target(given, environ, self.clock, self.folder))
        return self.opened[-1]

    def files(self) -> dict[str, bytes]:
        """Every file that is there, hidden ones too."""
        return {str(path.relative_to(self.root)): path.read_bytes() for path in self.root.rglob("*") if path.is_file()}

    def stamp(self, name: str) -> object:
        """Changes when a file is written again."""
        found = (self.root / name).stat()
        return found.st_ino, found.st_mtime_ns

    def leave(self, name: str, data: bytes) -> None:
        """What a process that died left half-written on its way to a name."""
        (self.root / f".{name}.part").write_bytes(data)

    def vanish(self) -> None:
        for path in sorted(self.root.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        self.root.rmdir()


class FolderPeer(Peer):
    def leave(self, name: str, data: bytes) -> None:
        import os

        path = self.root / f".{name[:40]}.abcdefgh.part"
        path.write_bytes(data)
        os.utime(path, (0, 0))  # long ago


class MemoryPeer(Peer):
    @property
    def _memory(self) -> Memory:
        if not self.opened:
            self.open()
        first = self.opened[0]
        assert isinstance(first, Memory)
        for later in self.opened[1:]:
            assert isinstance(later, Memory)
            later.kept, later.parts = first.kept, first.parts
        return first

    def files(self) -> dict[str, bytes]:
        return {**self._memory.kept, **self._memory.parts}

    def stamp(self, name: str) -> object:
        return id(self._memory.kept[name])

    def leave(self, name: str, data: bytes) -> None:
        self._memory.parts[f".{name}.part"] = data

    def vanish(self) -> None:
        """It has no root that could."""


Maker = Callable[[Path, Clock], AbstractAsyncContextManager[Peer]]


@asynccontextmanager
async def folder(tmp: Path, clock: Clock) -> AsyncIterator[Peer]:
    root = tmp / "chung"
    root.mkdir()
    yield FolderPeer(settings("folder", path="chung"), root, clock, tmp)


@asynccontextmanager
async def memory(tmp: Path, clock: Clock) -> AsyncIterator[Peer]:
    yield MemoryPeer(settings("memory"), tmp, clock, tmp)


# --- WebDAV: WsgiDAV, which is not ours


@contextlib.contextmanager
def serving_webdav(shared: Path, *, digest: bool = False) -> Iterator[str]:
    """Serves a folder on a free port; gives its address."""
    from cheroot import wsgi
    from wsgidav.wsgidav_app import WsgiDAVApp

    app = WsgiDAVApp(
        {
            "provider_mapping": {"/": str(shared)},
            "simple_dc": {"user_mapping": {"*": {"loa": {"password": PASSWORD}}}},
            "http_authenticator": {
                "accept_basic": not digest, "accept_digest": digest, "default_to_digest": digest,
            },
            "lock_storage": True, "property_manager": True, "verbose": 0, "logging": {"enable": False},
            "dir_browser": {"enable": False},
        }
    )  # fmt: skip
    server = wsgi.Server(("127.0.0.1", 0), app, numthreads=4)
    server.prepare()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.bind_addr[1]}"
    finally:
        server.stop()
        thread.join()


@asynccontextmanager
async def webdav(tmp: Path, clock: Clock, *, digest: bool = False) -> AsyncIterator[Peer]:
    shared = tmp / "dav"
    (shared / "phat thanh").mkdir(parents=True)
    with serving_webdav(shared, digest=digest) as url:
        given = settings("webdav", url=f"{url}/phat%20thanh", user="loa", auth="digest" if digest else "basic")
        yield Peer(given, shared / "phat thanh", clock, tmp)


@asynccontextmanager
async def webdav_digest(tmp: Path, clock: Clock) -> AsyncIterator[Peer]:
    async with webdav(tmp, clock, digest=True) as peer:
        yield peer


# --- SFTP: asyncssh's own server


class _Guard(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("loa", PASSWORD)

    def public_key_auth_supported(self) -> bool:
        return False


HOST_KEY = asyncssh.generate_private_key("ssh-ed25519")


@asynccontextmanager
async def serving_sftp(
    shared: Path, factory: type[asyncssh.SFTPServer] = asyncssh.SFTPServer, **options: Any
) -> AsyncIterator[int]:
    """Serves a folder on a free port; gives the port. `options` are asyncssh's."""
    accepted: list[asyncssh.SSHServerConnection] = []
    given = {"server_factory": _Guard, **options}
    server = await asyncssh.listen(
        "127.0.0.1", 0, server_host_keys=[HOST_KEY], acceptor=accepted.append,
        sftp_factory=lambda channel: factory(channel, chroot=str(shared).encode()), **given,
    )  # fmt: skip
    try:
        yield server.get_port()
    finally:
        server.close()
        for connection in accepted:
            connection.abort()
        await server.wait_closed()


@asynccontextmanager
async def sftp(tmp: Path, clock: Clock) -> AsyncIterator[Peer]:
    shared = tmp / "sftp"
    (shared / "phat-thanh").mkdir(parents=True)
    async with serving_sftp(shared) as port:
        given = settings(
            "sftp", host="127.0.0.1", port=port, user="loa", folder="/phat-thanh",
            host_key=HOST_KEY.get_fingerprint("sha256"),
        )  # fmt: skip
        yield Peer(given, shared / "phat-thanh", clock, tmp)


# kind -> how to reach one whose other side is under the test's control
PEERS: Mapping[str, Maker] = {
    "folder": folder,
    "memory": memory,
    "sftp": sftp,
    "webdav": webdav,
    "webdav digest": webdav_digest,
}
