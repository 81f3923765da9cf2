"""What a delivery target is: a place that packages are put into, whole or not at all.

A new kind - a vendor's API - is one module in this folder with `connect(account) -> Target`. It reads its options with
`account.options(...)` and its secrets with `account.secret(...)`, offline; speaks to its server only in the methods of
`Target`; turns every failure into `TargetLater` or `TargetRefuses`; and gets a peer in tests/contracts/test_target.py,
which refuses a kind without one. Where the vendor answers with a checksum, the receipt says so in `verified`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from loa.model.clock import Clock
from loa.model.errors import GatewayError
from loa.model.settings import TargetSettings
from loa.options import Options, refuse_unknown, secret


class Verified(StrEnum):
    """How it is known that the bytes are there."""

    READ_BACK = "read-back"
    """Every byte was read again from the other side, and its hash compared."""
    CHECKSUM = "checksum"
    """The other side computed a hash of what it keeps."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A file that is at a target, whole. `path` is where, as people there find it; `size` in bytes."""

    target: str
    path: str
    size: int
    sha256: str
    at: datetime
    verified: Verified

    def as_json(self) -> dict[str, str | int]:
        """For the ledger."""
        return {**asdict(self), "at": self.at.isoformat(), "verified": self.verified.value}


class TargetLater(GatewayError):
    """It did not work and may work later: unreachable, timed out, busy, full, cut off.

    `retry_after` in seconds, where the other side named a time.
    """

    def __init__(self, code: str, fields: Mapping[str, object], retry_after: float | None = None) -> None:
        super().__init__(code, fields)
        self.retry_after = retry_after


class TargetRefuses(GatewayError):
    """It will not work until a person mends something: login, certificate, host key, folder, right, name."""


class Target(Protocol):
    """One place that packages are pushed to. Lives in one event loop; several files may be on their way at once.

    Names are relative (`safe_name`); a folder in a name is made where it is missing, the target's own root never is.
    Neither errors nor logs hold a credential. Every method may raise `TargetLater` and `TargetRefuses`.
    """

    @property
    def name(self) -> str: ...

    async def put(self, name: str, data: bytes) -> Receipt:
        """Puts a file there; when this returns it is there whole and has been read back.

        Until then whoever looks sees the former file or none, never a half (but see `webdav` for servers that cannot
        rename). The same bytes again do nothing. Raises `ValueError` for a name that is not safe: that is our bug.
        """
        ...

    async def has(self, name: str, sha256: str, size: int) -> Receipt | None:
        """The receipt of a file if exactly these bytes are there. Settles a doubt after a crash."""
        ...

    async def close(self) -> None:
        """Ends connections. May be called twice."""
        ...


@dataclass(frozen=True)
class Account:
    """What a target is built from. Relative paths in its options start at `folder`."""

    settings: TargetSettings
    environ: Mapping[str, str] = field(repr=False)  # it holds secrets
    clock: Clock
    folder: Path

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def place(self) -> str:
        """Where it stands in `loa.toml`."""
        return f"loudspeaker.targets.{self.name}"

    def options(self, known: Iterable[str]) -> Options:
        """A reader of its options. Raises `ContentError` for those that are not known."""
        field_ = f"{self.place}.options"
        refuse_unknown(self.settings.options, field_, known)
        return Options(self.settings.options, field_)

    def secret(self, name: str) -> str:
        """A secret from the environment, like LOA_TARGET_DAI_TINH_PASSWORD. Raises `ContentError`."""
        return secret(self.environ, secret_variable(self.name, name), self.name, self.place)

    def has_secret(self, name: str) -> bool:
        return bool(self.environ.get(secret_variable(self.name, name)))

    def path(self, written: str) -> Path | None:
        """A path of its options; nothing where none is written."""
        return Path(self.folder, written).expanduser() if written else None

    def receipt(self, path: str, sha256: str, size: int, verified: Verified = Verified.READ_BACK) -> Receipt:
        return Receipt(self.name, path, size, sha256, self.clock.now(), verified)


def secret_variable(target: str, name: str) -> str:
    """The environment variable that holds a secret of a target."""
    return f"LOA_TARGET_{target}_{name}".upper().replace("-", "_")


# what Windows keeps for itself (a share or a clerk's machine may be one), and what WebDAV servers lose in an address
# that they unescape before they take it apart (WsgiDAV 4.4 does)
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f<>:"\\|?*%#;]')
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
LONGEST = 180  # bytes of a part of a name: file systems take 255, and a temporary name is longer


def safe_name(name: str) -> str:
    """The name, if it is a relative path that every file system takes and that stays below the target's root.

    Raises `ValueError` for anything else: names are made by us, so that is our bug.
    """
    for part in name.split("/"):
        if not part or part.startswith((".", " ")) or part.endswith((".", " ")):
            raise ValueError(f"a file name with an empty, hidden, upward or trailing part: {name!r}")
        if _NOT_IN_NAMES.search(part) or _DEVICES.fullmatch(part):
            raise ValueError(f"a file name that not every file system takes: {name!r}")
        if len(part.encode("utf-8", "replace")) > LONGEST:
            raise ValueError(f"a file name that is too long: {name!r}")
    if not unicodedata.is_normalized("NFC", name) or any(unicodedata.category(sign) in {"Cf", "Cs"} for sign in name):
        raise ValueError(f"a file name that two systems read differently: {name!r}")
    return name


def temporary(name: str) -> str:
    """The name that a file has while it is on its way. Always the same one: what a crash left is written over."""
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}.{last}.part"


def folders_of(name: str) -> tuple[str, ...]:
    """The folders that a name needs, from the outermost on."""
    parts = name.split("/")[:-1]
    return tuple("/".join(parts[: i + 1]) for i in range(len(parts)))
