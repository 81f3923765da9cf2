"""A folder on a WebDAV server (RFC 4918): Nextcloud, ownCloud, IIS, Apache.

Options: `url`, the folder's https address; `user`, with LOA_TARGET_<NAME>_PASSWORD; `auth`, basic or digest;
`certificates`, a PEM file to trust instead of the machine's; `connect_seconds`, `timeout_seconds` (for one request).

A file goes up under another name, is read back, and is then renamed (MOVE). Where the server cannot rename it is
written in its place: for that moment whoever looks may see a half. Redirects are not followed: they would carry the
login elsewhere.
"""

from __future__ import annotations

import hashlib
import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from yarl import URL

from loa.loudspeaker.targets.base import (
    Account,
    Receipt,
    TargetLater,
    TargetRefuses,
    folders_of,
    safe_name,
    temporary,
)
from loa.model.errors import ContentError, GatewayError
from loa.wire import retry_after, trusting, why

OPTIONS = frozenset({"url", "user", "auth", "certificates", "connect_seconds", "timeout_seconds"})
_NO_MOVE = {405, 501, 502}  # 502: behind a proxy a server does not know its own address in Destination (9.9.4)
_NO_FOLDER = {404, 409}  # 9.7.1 says 409; some servers say 404
_BUSY = {408, 423, 425, 429}
# what is compared are the bytes themselves, as the server has them
_HEADERS = {"User-Agent": "loa", "Accept-Encoding": "identity", "Cache-Control": "no-cache"}
_CHUNK = 64 * 1024


def connect(account: Account) -> WebDav:
    options = account.options(OPTIONS)
    url, certificates = options.url("url"), options.text("certificates")
    user, auth = options.text("user"), options.one_of("auth", ("basic", "digest"), "basic")
    timeout = aiohttp.ClientTimeout(
        connect=options.number("connect_seconds", 10, least=0.05, most=120),
        total=options.number("timeout_seconds", 120, least=0.05, most=3_600),
    )
    options.done()
    if "?" in url:  # a path is to follow
        raise ContentError.at("gateway-url", "loa.toml", None, f"{account.place}.options.url")
    login = _Login(user, account.secret("PASSWORD"), auth == "digest") if user else None
    return WebDav(account, URL(url), login, trusting(account.path(certificates)), timeout)


@dataclass(frozen=True)
class _Login:
    user: str
    password: str = field(repr=False)
    digest: bool

    def session(self) -> dict[str, object]:
        """What an HTTP session is made with."""
        if self.digest:
            return {"middlewares": (aiohttp.DigestAuthMiddleware(self.user, self.password),)}
        pair = b64encode(f"{self.user}:{self.password}".encode()).decode()  # RFC 7617
        return {"headers": {**_HEADERS, "Authorization": f"Basic {pair}"}}


@dataclass(frozen=True, slots=True)
class _Answer:
    """A status, and the seconds after which to come again; `sha256` and `size` of what a GET brought."""

    status: int
    later: float | None = None
    size: int = 0
    sha256: str = ""

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300


class WebDav:
    """See `loa.loudspeaker.targets.base.Target`."""

    def __init__(
        self, account: Account, root: URL, login: _Login | None, tls: ssl.SSLContext, timeout: aiohttp.ClientTimeout
    ) -> None:
        self.name = account.name
        self._account = account
        self._root = root
        self._login = login
        self._tls = tls
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def put(self, name: str, data: bytes) -> Receipt:
        digest = hashlib.sha256(data).hexdigest()
        found = await self.has(name, digest, len(data))
        if found is not None:
            return found
        part = temporary(name)
        await self._upload(part, name, data)
        await self._hold_against(part, name, digest, len(data))
        await self._into_place(part, name, data)
        return await self._hold_against(name, name, digest, len(data))

    async def has(self, name: str, sha256: str, size: int) -> Receipt | None:
        safe_name(name)
        answer = await self._ask("GET", name, most=size)
        if answer.status in {*_NO_FOLDER, 410}:
            return None
        if not answer.good:
            raise self._meaning(answer, name)
        same = (answer.size, answer.sha256) == (size, sha256)
        return self._account.receipt(str(self._url(name)), sha256, size) if same else None

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _upload(self, path: str, name: str, data: bytes) -> None:
        """One PUT, after the folders of the name are made where they are missing."""
        answer = await self._ask("PUT", path, data)
        if answer.status in _NO_FOLDER and folders_of(name):
            for folder in folders_of(name):
                made = await self._ask("MKCOL", f"{folder}/")
                if not made.good and made.status != 405:  # 405: it is there (9.3.1)
                    answer = made
                    break
            else:
                answer = await self._ask("PUT", path, data)
        if answer.status in _NO_FOLDER:
            # the folder of the target itself is never made: a wrong address would only be seen later
            raise TargetRefuses("target-folder-gone", {"target": self.name, "folder": str(self._root)})
        if not answer.good:
            raise self._meaning(answer, name)

    async def _into_place(self, part: str, name: str, data: bytes) -> None:
        moved = await self._ask("MOVE", part, headers={"Destination": str(self._url(name)), "Overwrite": "T"})
        if moved.status in _NO_MOVE:
            await self._upload(name, name, data)
            await self._ask("DELETE", part)  # what it answers changes nothing: the next upload writes over it
        elif not moved.good:
            raise self._meaning(moved, name)

    async def _hold_against(self, path: str, name: str, sha256: str, size: int) -> Receipt:
        answer = await self._ask("GET", path, most=size)
        if answer.good and (answer.size, answer.sha256) == (size, sha256):
            return self._account.receipt(str(self._url(name)), sha256, size)
        if answer.good or answer.status in _NO_FOLDER:
            raise TargetLater("target-not-whole", {"target": self.name, "name": name})
        raise self._meaning(answer, name)

    async def _ask(
        self,
        method: str,
        path: str,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        most: int = 0,
    ) -> _Answer:
        """One request. Of what it brings, `most` bytes and one more are read: a longer answer is another file."""
        try:
            async with self._open().request(
                method, self._url(path), data=data, headers=headers, allow_redirects=False, timeout=self._timeout
            ) as response:
                later = retry_after(response.headers.get("Retry-After", ""), self._account.clock)
                if method != "GET" or response.status != 200:
                    return _Answer(response.status, later)
                digest, size = hashlib.sha256(), 0
                async for chunk in response.content.iter_chunked(_CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    if size > most:
                        break
                return _Answer(response.status, later, size, digest.hexdigest())
        except TimeoutError:
            raise TargetLater("target-timeout", {"target": self.name}) from None
        except aiohttp.ClientConnectorCertificateError:
            raise TargetRefuses("target-untrusted", {"target": self.name, "host": self._root.host or "-"}) from None
        except aiohttp.ClientConnectorError as error:
            raise TargetLater("target-unreachable", {"target": self.name, "problem": why(error)}) from None
        except (aiohttp.ClientError, OSError, ValueError):  # ValueError: an answer that is none
            raise TargetLater("target-broken-off", {"target": self.name}) from None

    def _meaning(self, answer: _Answer, name: str) -> GatewayError:
        """The error that a status stands for."""
        status, target = answer.status, {"target": self.name}
        if status in {401, 407}:
            return TargetRefuses("target-login", target)
        if status == 403:
            return TargetRefuses("target-forbidden", {**target, "name": name})
        if status in {404, 410}:
            return TargetRefuses("target-folder-gone", {**target, "folder": str(self._root)})
        if status == 507:
            return TargetLater("target-full", target, answer.later)
        if status in _BUSY or (status >= 500 and status not in {501, 505}):
            return TargetLater("target-busy", {**target, "status": status}, answer.later)
        return TargetRefuses("target-answer", {**target, "name": name, "status": status})

    def _url(self, path: str) -> URL:
        folder = self._root if self._root.path.endswith("/") else self._root.with_path(f"{self._root.path}/")
        url = folder.joinpath(*path.rstrip("/").split("/"))
        return url / "" if path.endswith("/") else url

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            options: dict[str, Any] = {"headers": _HEADERS, **(self._login.session() if self._login else {})}
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=4, ssl=self._tls),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                **options,
            )
        return self._session
