"""Which characters make a message UCS-2, what could stand in their place, and what that would save."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from loa.sms.alphabet import in_gsm7
from loa.sms.parts import Parts, split
from loa.text.normal import unaccent

TABLE = Path(__file__).with_name("data") / "plain-forms.toml"


@dataclass(frozen=True, slots=True)
class Forcing:
    """A character that is outside GSM-7.

    `positions` count from 1 in the text as it is sent; `name` is what officers read, `unicode` what it is called by
    everybody else; `plain` may stand in its place (empty: nothing does, it would be left out); `letter` is set for a
    letter with marks, or a loose mark, which `encoding: unaccented` takes care of.
    """

    char: str
    name: str
    unicode: str
    positions: tuple[int, ...]
    plain: str
    letter: bool


@dataclass(frozen=True, slots=True)
class Saving:
    """What a text would cost without the characters that force UCS-2: `text` has each in its plain form.

    Where one of them is a letter with marks, all marks go: a half-stripped text changes its meaning.
    """

    forcing: tuple[Forcing, ...]
    text: str
    now: int
    then: int

    @property
    def saved(self) -> int:
        """Parts a message. Never negative: where the plain forms are so long that they cost more, nothing is saved."""
        return max(0, self.now - self.then)

    @property
    def alone(self) -> Forcing | None:
        """The one character that by itself makes the whole message UCS-2, where there is just one."""
        return self.forcing[0] if len(self.forcing) == 1 else None


def saving(parts: Parts) -> Saving:
    """The characters of a text that force UCS-2, in the order they first come, and what it costs without them."""
    places: dict[str, list[int]] = {char: [] for char in parts.forcing}
    for place, char in enumerate(parts.text, 1):
        if char in places:
            places[char].append(place)
    found = tuple(_forcing(char, tuple(positions)) for char, positions in places.items())
    bare = unaccent(parts.text) if any(item.letter for item in found) else parts.text
    plain = "".join(char if in_gsm7(char) else plain_form(char) for char in bare)
    return Saving(found, plain, parts.count, split(plain).count)


def plain_form(char: str) -> str:
    """How a character may be written in GSM-7; empty where nothing says the same (an emoji, another script)."""
    row = _table().get(char)
    if row is not None:
        return row["plain"]
    bare = unaccent(char)
    if not all(map(in_gsm7, bare)):
        apart = unaccent(unicodedata.normalize("NFKD", char))
        bare = "".join(piece if in_gsm7(piece) else _table().get(piece, {"plain": ""})["plain"] for piece in apart)
    return bare


@cache
def _table() -> Mapping[str, Mapping[str, str]]:
    forms: Mapping[str, Mapping[str, str]] = tomllib.loads(TABLE.read_text(encoding="utf-8"))["forms"]
    return forms


def _forcing(char: str, positions: tuple[int, ...]) -> Forcing:
    unicode = unicodedata.name(char, f"U+{ord(char):04X}")
    row = _table().get(char)
    letter = row is None and unaccent(char) != char and (char.isalpha() or unicodedata.combining(char) > 0)
    return Forcing(char, row["vi"] if row else unicode, unicode, positions, plain_form(char), letter)
