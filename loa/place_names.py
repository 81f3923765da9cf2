"""Names of places as people write them, made comparable: kind apart, tone marks in one place, accents kept beside.

`P. Hoà Bình`, `phường hòa bình` and `Phường Hòa Bình` are one name; `Văn Lăng` and `Văn Lang` are two, and `van lang`
may be either: letters without accents agree with any accents, letters with accents only with their own.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Generic, TypeVar

Unit = TypeVar("Unit")

COMMUNE_KINDS: Mapping[str, str] = {
    "xã": "xã", "xa": "xã", "x": "xã",
    "phường": "phường", "phuong": "phường", "p": "phường",
    "thị trấn": "thị trấn", "thi tran": "thị trấn", "tt": "thị trấn",
    "đặc khu": "đặc khu", "dac khu": "đặc khu", "đk": "đặc khu", "dk": "đặc khu",
}  # fmt: skip
DISTRICT_KINDS: Mapping[str, str] = {
    "huyện": "huyện", "huyen": "huyện", "h": "huyện",
    "quận": "quận", "quan": "quận", "q": "quận",
    "thị xã": "thị xã", "thi xa": "thị xã", "tx": "thị xã",
    "thành phố": "thành phố", "thanh pho": "thành phố", "tp": "thành phố",
}  # fmt: skip
# a province may have become a city since: Tỉnh and Thành phố are not held against each other
PROVINCE_KINDS: Mapping[str, str] = dict.fromkeys(
    ("tỉnh", "tinh", "t", "thành phố", "thanh pho", "tp"),
    "",
)

REMEMBERED = 20_000  # names that were looked up, kept: people of one commune write it in a handful of ways
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_SAME_SOUND = frozenset({"hi", "ki", "li", "mi", "si", "ti", "qui"})  # Mĩ and Mỹ, Lí and Lý: one word, two schools
_APOSTROPHES = str.maketrans(dict.fromkeys("'’‘`ʼ´"))
_WORD = re.compile(r"[^\W_]+(?:[\u0300-\u036f]+[^\W_]*)*")


@dataclass(frozen=True, slots=True)
class Word:
    """One syllable: its letters (with circumflex, breve, horn or stroke) and its tone, wherever it was put."""

    letters: tuple[str, ...]
    tone: str

    @property
    def plain(self) -> str:
        return _plain(self.letters)

    def agrees(self, other: Word) -> bool:
        """Whether this word, as far as it has accents, has those of `other`."""
        return self.tone in ("", other.tone) and all(
            mine in (theirs, _base(theirs)) for mine, theirs in zip(self.letters, other.letters, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Name:
    """A name without its kind. `bare`: written without any accent, the kind included."""

    kind: str
    words: tuple[Word, ...]
    bare: bool = False

    @property
    def plain(self) -> str:
        return " ".join(word.plain for word in self.words)

    def agrees(self, other: Name) -> bool:
        return all(mine.agrees(theirs) for mine, theirs in zip(self.words, other.words, strict=True))


def read_names(text: str, kinds: Mapping[str, str]) -> tuple[Name, ...]:
    """The ways to read a name: with its first word as a kind, and whole (`xa phien` may be Xà Phiên)."""
    parts = [part for word in _WORD.findall(_flat(text)) for part in _apart(word, kinds)]
    words = tuple(_word(part) for part in parts)
    if not words:
        return ()
    bare = not any(word.tone or word.plain != "".join(word.letters) for word in words)
    read = [Name("", words, bare)]
    for length in (1, 2):
        kind = kinds.get(" ".join(parts[:length]))
        if kind is not None and len(words) > length:
            read.insert(0, Name(kind, words[length:], bare))
    return tuple(read)


class Index(Generic[Unit]):
    """Units by name."""

    def __init__(self, units: Iterable[tuple[str, Unit]], kinds: Mapping[str, str]) -> None:
        self._kinds = kinds
        self._found: dict[str, list[Unit]] = {}
        self._units: dict[str, list[tuple[Name, Unit]]] = defaultdict(list)
        for text, unit in units:
            for name in read_names(text, kinds)[:1]:
                self._units[name.plain].append((name, unit))

    def find(self, text: str) -> list[Unit]:
        """Every unit that `text` may name: those with its very accents first and alone, else those it agrees with."""
        known = self._found.get(text)
        if known is None:
            if len(self._found) >= REMEMBERED:
                self._found.clear()
            known = self._found[text] = self._find(text)
        return known

    def _find(self, text: str) -> list[Unit]:
        exact: list[Unit] = []
        agreeing: list[Unit] = []
        for name in read_names(text, self._kinds):
            for known, unit in self._units.get(name.plain, ()):
                if name.kind not in ("", known.kind):
                    continue
                if name.words == known.words and not name.bare:
                    exact.append(unit)
                elif name.agrees(known):
                    agreeing.append(unit)
        return exact or agreeing

    @cached_property
    def plain_names(self) -> tuple[str, ...]:
        return tuple(self._units)

    def named(self, plain: str) -> list[Unit]:
        """The units behind one of `plain_names`."""
        return [unit for _, unit in self._units[plain]]


def plain_name(text: str, kinds: Mapping[str, str]) -> str:
    """The likeliest reading without accents or kind; empty for an empty text."""
    return next((name.plain for name in read_names(text, kinds)), "")


def _flat(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold().translate(_APOSTROPHES)


def _apart(word: str, kinds: Mapping[str, str]) -> tuple[str, ...]:
    """`p12` is phường 12; `03` is 3."""
    found = re.fullmatch(r"([a-zđ]{1,2})([0-9]{1,2})", word)
    if found and found[1] in kinds:
        return found[1], str(int(found[2]))
    return (str(int(word)),) if re.fullmatch(r"[0-9]{1,3}", word) else (word,)


@lru_cache(maxsize=1 << 14)  # a language has some thousands of syllables, a list has them a thousand times each
def _word(text: str) -> Word:
    letters: list[str] = []
    tone = ""
    for char in unicodedata.normalize("NFD", text):
        if char in _TONES:
            tone = char
        elif unicodedata.combining(char) and letters:
            letters[-1] = unicodedata.normalize("NFC", letters[-1] + char)
        else:
            letters.append(char)
    if _plain(tuple(letters)) in _SAME_SOUND:
        letters[-1] = "y"
    return Word(tuple(letters), tone)


@lru_cache(maxsize=1 << 14)
def _plain(letters: tuple[str, ...]) -> str:
    return "".join(map(_base, letters))


@lru_cache(maxsize=1024)
def _base(letter: str) -> str:
    return "d" if letter == "đ" else unicodedata.normalize("NFD", letter)[:1]
