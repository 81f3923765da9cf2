"""A folder on an SFTP server. The `sftp` extra (asyncssh).

Options: `host`, `port`, `user`; `folder`, from the login's own folder on where it is relative; `host_key`, the server's
fingerprint (SHA256:…), or `known_hosts`, a file of them; `key`, a private key file, else LOA_TARGET_<NAME>_PASSWORD
is the password; `connect_seconds`, `timeout_seconds` (for one file). A key with a passphrase takes it from
LOA_TARGET_<NAME>_PASSPHRASE.

A server whose key is not known is never spoken to. A file goes up under another name, is read back, and is then
renamed. What is configured for ssh on this machine (agents, ~/.ssh) is left aside: the same settings mean the same
everywhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loa.loudspeaker.targets.base import (
    Account,
    Receipt,
    TargetLater,
    TargetRefuses,
    folders_of,
    safe_name,
    temporary,
)
from loa.model.errors import ContentError, GatewayError, Unsupported

if TYPE_CHECKING:
    import asyncssh

OPTIONS = frozenset(
    {"host", "port", "user", "folder", "host_key", "known_hosts", "key", "connect_seconds", "timeout_seconds"}
)
_HOST = r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?"
_FINGERPRINT = r"SHA256:[A-Za-z0-9+/]{43}=?"


def connect(account: Account) -> Sftp:
    try:
        import asyncssh  # noqa: F401 - heavy, and only here
    except ImportError as error:
        raise Unsupported("sftp-missing") from error
    given = account.options(OPTIONS)
    host = given.text("host", needed=True, pattern=_HOST, example="sftp.example.vn")
    port, user = given.whole("port", 22, least=1, most=65_535), given.text("user", needed=True)
    folder = given.text("folder", ".")
    host_key = given.text("host_key", pattern=_FINGERPRINT, example="SHA256:" + "A" * 43)
    known_hosts, key = given.text("known_hosts"), given.text("key")
    connects = given.number("connect_seconds", 10, least=0.05, most=120)
    total = given.number("timeout_seconds", 120, least=0.05, most=3_600)
    given.done()
    if bool(host_key) == bool(known_hosts):
        raise ContentError.at("target-host-key", "loa.toml", None, f"{account.place}.options")
    server = _Server(
        host, port, user, host_key.rstrip("="), _known(account.path(known_hosts)),
        password="" if key else account.secret("PASSWORD"), key=_key(account, key),
    )  # fmt: skip
    return Sftp(account, server, folder.rstrip("/") or "/", connects, total)


@dataclass(frozen=True)
class _Server:
    """Whom to speak to and as whom. `known` is what asyncssh takes as known hosts."""

    host: str
    port: int
    user: str
    fingerprint: str
    known: Any = field(repr=False)
    password: str = field(repr=False)
    key: asyncssh.SSHKey | None = field(repr=False)


def _known(path: Path | None) -> Any:
    """The known hosts of a file; of none, an empty list: asyncssh takes nothing at all for the machine's own."""
    import asyncssh

    if path is None:
        return [], [], []
    if not path.is_file():
        raise ContentError.at("file-missing", path)
    try:
        return asyncssh.read_known_hosts(str(path))
    except (ValueError, OSError):
        raise ContentError.at("known-hosts-unreadable", path) from None


def _key(account: Account, written: str) -> asyncssh.SSHKey | None:
    import asyncssh

    path = account.path(written)
    if path is None:
        return None
    if not path.is_file():
        raise ContentError.at("file-missing", path)
    passphrase = account.secret("PASSPHRASE") if account.has_secret("PASSPHRASE") else None
    try:
        return asyncssh.read_private_key(str(path), passphrase)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError, OSError):
        raise ContentError.at("target-key-unreadable", path, target=account.name) from None


class Sftp:
    """See `loa.loudspeaker.targets.base.Target`."""

    def __init__(self, account: Account, server: _Server, folder: str, connects: float, total: float) -> None:
        self.name = account.name
        self._account = account
        self._server = server
        self._folder = folder
        self._connects = connects
        self._total = total
        self._connecting = asyncio.Lock()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None

    async def put(self, name: str, data: bytes) -> Receipt:
        digest = hashlib.sha256(data).hexdigest()
        async with self._speaking(safe_name(name)) as client:
            await self._require_folder(client)
            if not await self._same(client, name, digest, len(data)):
                await self._write(client, name, data)
                if not await self._same(client, temporary(name), digest, len(data)):
                    raise TargetLater("target-not-whole", {"target": self.name, "name": name})
                await self._into_place(client, name)
        return self._account.receipt(self._path(name), digest, len(data))

    async def has(self, name: str, sha256: str, size: int) -> Receipt | None:
        async with self._speaking(safe_name(name)) as client:
            await self._require_folder(client)
            same = await self._same(client, name, sha256, size)
        return self._account.receipt(self._path(name), sha256, size) if same else None

    async def close(self) -> None:
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            connection.close()
            with contextlib.suppress(Exception):  # the other side may have gone first
                async with asyncio.timeout(self._connects):
                    await connection.wait_closed()

    async def _require_folder(self, client: asyncssh.SFTPClient) -> None:
        if not await client.isdir(self._folder):
            raise TargetRefuses("target-folder-gone", {"target": self.name, "folder": self._folder})

    async def _write(self, client: asyncssh.SFTPClient, name: str, data: bytes) -> None:
        import asyncssh

        for folder in folders_of(name):
            if not await client.isdir(self._path(folder)):
                # somebody else may be making it at the same time
                with contextlib.suppress(asyncssh.SFTPFailure, asyncssh.SFTPFileAlreadyExists):
                    await client.mkdir(self._path(folder))
        async with _opened(client, self._path(temporary(name)), "wb") as file:
            await file.write(data)
            with contextlib.suppress(asyncssh.SFTPOpUnsupported):  # an extension of OpenSSH
                await file.fsync()

    async def _same(self, client: asyncssh.SFTPClient, name: str, sha256: str, size: int) -> bool:
        """Whether a file is there with exactly these bytes; it is read back."""
        import asyncssh

        path = self._path(name)
        try:
            if await client.getsize(path) != size:
                return False
            async with _opened(client, path, "rb") as file:
                found = await file.read(size + 1)
                assert isinstance(found, bytes)  # noqa: S101 - opened as such
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
            return False
        return hashlib.sha256(found).hexdigest() == sha256

    async def _into_place(self, client: asyncssh.SFTPClient, name: str) -> None:
        import asyncssh

        part, path = self._path(temporary(name)), self._path(name)
        try:
            await client.posix_rename(part, path)
        except asyncssh.SFTPOpUnsupported:
            # the plain rename of SFTP 3 does not replace: for a moment the file is not there, but never half
            with contextlib.suppress(asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
                await client.remove(path)
            await client.rename(part, path)

    def _path(self, name: str) -> str:
        return f"{self._folder.rstrip('/')}/{name}"

    @contextlib.asynccontextmanager
    async def _speaking(self, name: str) -> AsyncIterator[asyncssh.SFTPClient]:
        """The client, connected; what goes wrong in the block in words of ours."""
        import asyncssh

        try:
            async with asyncio.timeout(self._total):
                yield await self._connected()
        except asyncssh.SFTPError as error:
            raise self._meaning(error, name) from None
        except TimeoutError:
            self._drop()
            raise TargetLater("target-timeout", {"target": self.name}) from None
        except asyncio.CancelledError:
            self._drop()  # requests are on their way whose answers nobody waits for
            raise
        except asyncssh.PermissionDenied:
            raise TargetRefuses("target-login", {"target": self.name}) from None
        except (asyncssh.Error, OSError, EOFError) as error:
            connected = self._client is not None
            self._drop()
            if connected:
                raise TargetLater("target-broken-off", {"target": self.name}) from None
            problem = type(error).__name__
            raise TargetLater("target-unreachable", {"target": self.name, "problem": problem}) from None

    async def _connected(self) -> asyncssh.SFTPClient:
        async with self._connecting:
            if self._connection is not None and self._connection.is_closed():
                self._drop()
            if self._client is None:
                self._connection = await self._dial()
                self._client = await self._connection.start_sftp_client()
            return self._client

    async def _dial(self) -> asyncssh.SSHClientConnection:
        """Raises `TargetRefuses` where the server's key is not the one that is known."""
        import asyncssh

        server = self._server
        shown: list[str] = []

        class Client(asyncssh.SSHClient):
            def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
                """Asked about a key that is among no known hosts."""
                shown.append(key.get_fingerprint("sha256"))
                return bool(server.fingerprint) and hmac.compare_digest(shown[-1].rstrip("="), server.fingerprint)

        try:
            return await asyncssh.connect(
                server.host, server.port, username=server.user, client_factory=Client, known_hosts=server.known,
                client_keys=[server.key] if server.key else None, password=server.password or None,
                preferred_auth=("publickey",) if server.key else ("password", "keyboard-interactive"),
                agent_path=None, config=None, gss_auth=False, gss_kex=False, x509_trusted_certs=None,
                connect_timeout=self._connects, login_timeout=self._connects,
            )  # fmt: skip
        except (asyncssh.HostKeyNotVerifiable, asyncssh.KeyExchangeFailed):
            fields = {"target": self.name, "host": server.host, "fingerprint": shown[-1] if shown else "-"}
            raise TargetRefuses("target-host-unknown", fields) from None

    def _drop(self) -> None:
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            connection.abort()

    def _meaning(self, error: asyncssh.SFTPError, name: str) -> GatewayError:
        import asyncssh

        target = {"target": self.name}
        if isinstance(error, asyncssh.SFTPNoSpaceOnFilesystem | asyncssh.SFTPQuotaExceeded):
            return TargetLater("target-full", target)
        if isinstance(error, asyncssh.SFTPPermissionDenied | asyncssh.SFTPWriteProtect):
            return TargetRefuses("target-forbidden", {**target, "name": name})
        if isinstance(error, asyncssh.SFTPConnectionLost | asyncssh.SFTPNoConnection):
            self._drop()
            return TargetLater("target-broken-off", target)
        if isinstance(error, asyncssh.SFTPNoSuchFile | asyncssh.SFTPNoSuchPath):
            return TargetRefuses("target-folder-gone", {**target, "folder": self._folder})
        if isinstance(error, asyncssh.SFTPInvalidFilename | asyncssh.SFTPFileIsADirectory | asyncssh.SFTPNotADirectory):
            return TargetRefuses("target-name", {**target, "name": name, "problem": type(error).__name__})
        # SFTP 3 has one word, “failure”, for most of what can happen, a full disk among it
        return TargetLater("target-busy", {**target, "status": type(error).__name__})


@contextlib.asynccontextmanager
async def _opened(client: asyncssh.SFTPClient, path: str, mode: str) -> AsyncIterator[asyncssh.SFTPClientFile]:
    """A file of the other side. Not closed where time is up: a server that hangs would hold us there as well."""
    import asyncssh

    file = await client.open(path, mode)
    try:
        yield file
    except asyncssh.SFTPError:
        with contextlib.suppress(asyncssh.SFTPError):
            await file.close()
        raise
    await file.close()
