"""A folder that is mounted on this machine: a share of the province, a disk, a folder that another program carries on.

Options: `path`, the folder; `marker`, a file that must be in it. A share that is not mounted often leaves an empty
folder behind, and packages would pile up on the local disk: with a marker on the share, that is an error.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from loa.loudspeaker.targets.base import Account, Receipt, TargetLater, TargetRefuses, folders_of, safe_name
from loa.model.errors import GatewayError, StoreError
from loa.store.artefacts import write_whole

OPTIONS = frozenset({"path", "marker", "timeout_seconds"})
T = TypeVar("T")
# nobody writes for so long: what is this much older than a file that was just written was left by a process that died
_LEFT_BEHIND = 3_600.0  # seconds
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_GONE = {errno.ENOENT}
_NAME = {errno.ENOTDIR, errno.EINVAL, errno.ENAMETOOLONG, errno.EILSEQ, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY}


def connect(account: Account) -> Folder:
    options = account.options(OPTIONS)
    path, marker = options.text("path", needed=True), options.text("marker")
    seconds = options.number("timeout_seconds", 120, least=0.05, most=3_600)
    options.done()
    return Folder(account, account.path(path) or Path(), marker, seconds)


class Folder:
    """See `loa.loudspeaker.targets.base.Target`."""

    def __init__(self, account: Account, root: Path, marker: str, seconds: float) -> None:
        self.name = account.name
        self._account = account
        self._root = root
        self._marker = marker
        self._seconds = seconds

    async def put(self, name: str, data: bytes) -> Receipt:
        safe_name(name)
        return await self._aside(lambda: self._put(name, data), name)

    async def has(self, name: str, sha256: str, size: int) -> Receipt | None:
        safe_name(name)
        return await self._aside(lambda: self._has(name, sha256, size), name)

    async def close(self) -> None:
        """There is nothing to end."""

    async def _aside(self, work: Callable[[], T], name: str) -> T:
        """In a thread: a share may hang. One that is given up goes on by itself, and ends whole or not at all."""
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.to_thread(work)
        except TimeoutError:
            raise TargetLater("target-timeout", {"target": self.name}) from None
        except StoreError as error:
            raise self._meaning(error.__cause__, name) from None
        except OSError as error:
            raise self._meaning(error, name) from None

    def _put(self, name: str, data: bytes) -> Receipt:
        digest = hashlib.sha256(data).hexdigest()
        found = self._has(name, digest, len(data))
        if found is not None:
            return found
        for folder in folders_of(name):
            # one by one, and never with its parents: the root may have vanished meanwhile
            with contextlib.suppress(FileExistsError):
                (self._root / folder).mkdir()
        path = self._root / name
        write_whole(path, data)
        self._tidy(path)
        found = self._has(name, digest, len(data))
        if found is None:
            raise TargetLater("target-not-whole", {"target": self.name, "name": name})
        return found

    def _has(self, name: str, sha256: str, size: int) -> Receipt | None:
        self._require_root()
        path = self._root / name
        try:
            if path.stat().st_size != size:
                return None
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return None
        return self._account.receipt(str(path), sha256, size) if found == sha256 else None

    def _require_root(self) -> None:
        if not self._root.is_dir() or (self._marker and not (self._root / self._marker).exists()):
            raise TargetRefuses("target-folder-gone", {"target": self.name, "folder": str(self._root)})

    def _tidy(self, path: Path) -> None:
        """Removes what an earlier process left half-written beside this file. Never fails: the file is there."""
        with contextlib.suppress(OSError):
            written = path.stat().st_mtime  # the share's own clock
            for left in path.parent.iterdir():
                if left.name.startswith(f".{path.name[:40]}.") and left.suffix == ".part":
                    with contextlib.suppress(OSError):
                        if left.stat().st_mtime < written - _LEFT_BEHIND:
                            left.unlink()

    def _meaning(self, error: BaseException | None, name: str) -> GatewayError:
        number = error.errno if isinstance(error, OSError) else None
        if number in _FULL:
            return TargetLater("target-full", {"target": self.name})
        if number in _FORBIDDEN:
            return TargetRefuses("target-forbidden", {"target": self.name, "name": name})
        if number in _GONE:
            return TargetRefuses("target-folder-gone", {"target": self.name, "folder": str(self._root)})
        problem = errno.errorcode.get(number or 0, "?")
        if number in _NAME:
            return TargetRefuses("target-name", {"target": self.name, "name": name, "problem": problem})
        return TargetLater("target-unreachable", {"target": self.name, "problem": problem})
