"""What an entry of `loa.toml` (a lane, a delivery target) brings of its own: its `options`, by kind, and its secrets.

Every mistake names its field, like sms.lanes.<lane>.options.<name>.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

from loa.model.errors import ContentError, Mistake, Where
from loa.model.settings import OptionValue

LONGEST = 1_000  # characters of an option that is text
T = TypeVar("T")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


IN_PREFECT = "prefect:"
"""A variable `LOA_…=prefect:name` is the Secret block of that name, which only a flow can read."""


def secret(environ: Mapping[str, str], variable: str, owner: str, field: str) -> str:
    """A secret from the environment. `owner` is the name of the entry that needs it, `field` where it stands.

    Raises `ContentError` with the variable's name where it is not set; its value is never in an error or a log.
    """
    value = environ.get(variable, "")
    if value.startswith(IN_PREFECT):  # whoever sees this runs outside Prefect
        raise ContentError.at("secret-in-prefect", variable, variable=variable, name=owner)
    if not value:
        raise ContentError.at("secret-missing", "loa.toml", None, field, variable=variable, name=owner)
    return value


def refuse_unknown(given: Mapping[str, OptionValue], field: str, known: Iterable[str]) -> None:
    """Raises `ContentError` with every option that is not known. `field` is the place of the options in `loa.toml`."""
    names = sorted(known)
    mistakes = [_unknown(field, name, names) for name in given if name not in names]
    if mistakes:
        raise ContentError(mistakes)


class Options:
    """Reads options one by one and keeps what is wrong; `done` raises it all at once.

    What is wrong reads as its default meanwhile, so nothing that was read may be used before `done`.
    """

    def __init__(self, given: Mapping[str, OptionValue], field: str) -> None:
        self._given = given
        self._field = field
        self._mistakes: list[Mistake] = []

    def done(self) -> None:
        """Raises `ContentError` with every mistake that was found."""
        if self._mistakes:
            raise ContentError(self._mistakes)

    def text(
        self,
        name: str,
        default: str = "",
        *,
        needed: bool = False,
        most: int = LONGEST,
        pattern: str = "",
        example: str = "",
    ) -> str:
        """A text of at most `most` characters; whole numbers are taken as they are written (an id may be one).

        `needed`: neither missing nor empty. `pattern` must match all of it, and `example` then shows one that does.
        """
        value = self._given.get(name, default)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            return self._wrong(name, "not-text", default, value=value)
        if needed and not value:
            return self._wrong(name, "text-empty" if name in self._given else "key-missing", default, key=name)
        if not value.isprintable():
            return self._wrong(name, "wrong-value", default, value=ascii(value[:20]), expected="chữ / plain text")
        if len(value) > most:
            return self._wrong(name, "text-too-long", default, value=f"{value[:20]}…", limit=most)
        if pattern and value and not re.fullmatch(pattern, value):
            return self._wrong(name, "wrong-form", default, value=value, example=example)
        return value

    def parsed(self, name: str, default: T, parse: Callable[[str], T | None], *, example: str) -> T:
        """What `parse` makes of a text; for a wrong one it gives nothing, and `example` shows a right one."""
        if name not in self._given:
            return default
        value = self._given[name]
        found = parse(value) if isinstance(value, str) else None
        return self._wrong(name, "wrong-form", default, value=value, example=example) if found is None else found

    def one_of(self, name: str, choices: Sequence[str], default: str) -> str:
        """One of a few words."""
        value = self._given.get(name, default)
        if isinstance(value, str) and value in choices:
            return value
        return self._wrong(name, "not-one-of", default, value=value, expected=", ".join(choices))

    def whole(self, name: str, default: int, *, least: int, most: int) -> int:
        """A whole number within bounds."""
        value = self._given.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            return self._wrong(name, "not-whole-number", default, value=value)
        return value if self._within(name, value, least, most) else default

    def number(self, name: str, default: float, *, least: float, most: float) -> float:
        """A number within bounds."""
        value = self._given.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self._wrong(name, "not-number", default, value=value)
        return float(value) if self._within(name, value, least, most) else default

    def flag(self, name: str, default: bool = False) -> bool:
        """True or false."""
        value = self._given.get(name, default)
        if not isinstance(value, bool):
            return self._wrong(name, "not-boolean", default, value=value)
        return value

    def url(self, name: str, *, needed: bool = True) -> str:
        """An https address; plain http only on this machine, for a tunnel or a rehearsal. Empty where not needed.

        It may hold neither a user nor a password: those are secrets. The value is not shown where it is refused.
        """
        value = self._given.get(name)
        if isinstance(value, str) and value and not is_address(value):
            return self._wrong(name, "gateway-url", "")
        return self.text(name, needed=needed)

    def _within(self, name: str, value: float, least: float, most: float) -> bool:
        if value < least:
            self._wrong(name, "too-small", None, value=value, limit=least)
        elif not value <= most:  # nan is neither
            self._wrong(name, "too-big", None, value=value, limit=most)
        return least <= value <= most

    def _wrong(self, name: str, code: str, default: T, **fields: object) -> T:
        self._mistakes.append(Mistake(code, _where(self._field, name), fields))
        return default


def is_address(value: str) -> bool:
    """Whether this is an https address without user and password; plain http is for this machine only."""
    if not value.isascii() or not value.isprintable() or " " in value:
        return False
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or "@" in parts.netloc or "#" in value:
        return False
    if len(host) > 253 or not all(0 < len(label) <= 63 for label in host.rstrip(".").split(".")):  # RFC 1035, 2.3.4
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)


def _unknown(field: str, name: str, known: Sequence[str]) -> Mistake:
    fields = {"key": name, "known": ", ".join(known) or "-"}
    close = difflib.get_close_matches(name, known, 1)
    if close:
        return Mistake("unknown-key-close", _where(field, name), {**fields, "close": close[0]})
    return Mistake("unknown-key", _where(field, name), fields)


def _where(field: str, name: str) -> Where:
    return Where("loa.toml", None, f"{field}.{name}")
