"""What was to be said against what was heard: word for word, and every date, number and address. Pure.

Both sides are folded the same way, so that only what a listener would hear differently counts as different.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from loa.loudspeaker.lexicon import Lexicon
from loa.loudspeaker.reading.numbers import digits
from loa.loudspeaker.reading.segments import Piece, apply
from loa.loudspeaker.script import unheaded
from loa.loudspeaker.speakable import RULES, read
from loa.text.normal import nfc

_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
# one word said in several ways: each is understood as the first
_ALIKE = {
    word: words[0]
    for words in (
        ("một", "mốt"),
        ("bốn", "tư"),
        ("lăm", "nhăm"),
        ("bảy", "bẩy"),
        ("mười", "mươi"),
        ("linh", "lẻ"),
        ("nghìn", "ngàn"),
        ("tỷ", "tỉ"),
        ("ngày", "mùng", "mồng"),
    )
    for word in words
}


class Kind(StrEnum):
    """What must come across in a bulletin, whatever else is lost."""

    DATE = "date"
    TIME = "time"
    PHONE = "phone"
    ADDRESS = "address"


_KINDS = {
    **dict.fromkeys(("date", "date-range", "day", "month", "month-range", "quarter"), Kind.DATE),
    **dict.fromkeys(("time", "time-range"), Kind.TIME),
    **dict.fromkeys(("phone", "hotline"), Kind.PHONE),
    "address": Kind.ADDRESS,
}
_FOREIGN = (1, 4)  # words that a part of an address may be heard as
_ANY_ONE = (0, 1)
_Part = str | tuple[int, int]
"""A word, or from so many to so many words that may be any."""

_LONG = 4  # words from which on one may be wrong
_JOINED = frozenset({"day", "month"})


@dataclass(frozen=True, slots=True)
class Token:
    """One date, time, number or address: as the script writes it, and in the words that are said."""

    kind: Kind
    written: str
    spoken: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step from the words that were to be said to those that were heard; nothing on a side: left out, or added."""

    wanted: str | None
    heard: str | None

    @property
    def right(self) -> bool:
        return self.wanted == self.heard


def fold(text: str) -> tuple[str, ...]:
    """A text as the words a listener hears: small letters, no punctuation, one spelling for one sound.

    `hoà` and `hòa`, `lí` and `lý`, `tư` and `bốn` are the same word.
    """
    words = re.findall(r"[^\W_]+", nfc(text).lower())
    return tuple(_alike(word) for word in words)


def _alike(word: str) -> str:
    return _spelled(_ALIKE.get(word, word))


def _spelled(word: str) -> str:
    """The tone last and i for a lone y: `hoà` -> `hoa` and its grave."""
    loose = unicodedata.normalize("NFD", word)
    tone = "".join(char for char in loose if char in _TONES)
    base = unicodedata.normalize("NFC", "".join(char for char in loose if char not in _TONES))
    return re.sub(r"^([^aeiouyăâêôơư]*|qu)y$", r"\1i", base) + tone


_NUMBERS = frozenset(
    _alike(word)
    for word in (
        "không", "một", "hai", "ba", "bốn", "năm", "lăm", "sáu", "bảy", "tám", "chín", "mười", "trăm", "nghìn", "linh",
        "triệu", "tỷ",
    )
)  # fmt: skip
# after a month stands "năm" where the year follows: not the figure
_FIGURES = _NUMBERS - {_alike("năm")}
_DIGITS = frozenset(_alike(word) for word in digits("0123456789").split())


def tokens(script: str, language: str, lexicon: Lexicon) -> tuple[Token, ...]:
    """What a script says that must come across, each once, in its order. Raises what `speakable.read` raises."""
    pieces = apply(RULES[language], nfc(unheaded(script)), lexicon)
    found: list[Token] = []
    for group in _grouped(pieces):
        kind = _KINDS[group[0].kind]
        written = " ".join("".join(piece.written for piece in group).split())
        spoken = " ".join(" ".join(piece.spoken or "" for piece in group).split())
        found += _numbers(written, spoken) if kind is Kind.PHONE else [Token(kind, written, spoken)]
    return tuple(dict.fromkeys(found))


def _grouped(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Pieces that are tokens; `ngày 1` and `tháng 7` with nothing but a space between them are one date."""
    groups: list[list[Piece]] = []
    gap = True
    for piece in pieces:
        if piece.kind not in _KINDS:
            gap = gap or bool(piece.written.strip())
        elif groups and not gap and {groups[-1][-1].kind, piece.kind} == _JOINED:
            groups[-1] += [Piece(" ", 0), piece]
        else:
            groups.append([piece])
            gap = False
    return groups


def _numbers(written: str, spoken: str) -> list[Token]:
    """The numbers of a piece, without what calls for them: `gọi 113 hoặc 115` has two."""
    numbers = re.findall(r"[+(]?\d[\d .()-]*\d", written)
    if len(numbers) == 1:
        said = " ".join(word for word in re.findall(r"[^\W_]+", spoken) if _alike(word.lower()) in _DIGITS)
        return [Token(Kind.PHONE, numbers[0], said)]
    return [Token(Kind.PHONE, number, digits(number)) for number in numbers]


def was_heard(token: Token, transcript: str, spoken: str) -> bool:
    """Whether a token of the bulletin (`spoken`: all of it, as it is read) is in what was heard.

    Every figure must be right, and no other figure may stand beside them: “tháng mười hai” is not October. In a date
    or a time of four words and more one other word may be wrong or missing; of an address what is no Vietnamese word
    (`gov`, `vn`) may be heard as up to four others.
    """
    if token.kind is Kind.PHONE and _dialled(token) in re.sub(r"(?<=\d)[ .-]+(?=\d)", "", transcript):
        return True
    words, heard = fold(token.spoken), fold(transcript)
    beside = _beside(words, fold(spoken))
    return any(
        _alone(words, heard, start, end, beside)
        for pattern in _patterns(token.kind, words)
        for start in range(len(heard))
        for end in _ends(pattern, heard, start)
    )


def _patterns(kind: Kind, words: Sequence[str]) -> list[list[_Part]]:
    """What may be heard for these words."""
    exact: list[_Part] = [
        _FOREIGN if kind is Kind.ADDRESS and not _VIETNAMESE.fullmatch(word) else word for word in words
    ]
    loose = [place for place, word in enumerate(words) if word not in _NUMBERS]
    if kind is Kind.PHONE or len(words) < _LONG:
        return [exact]
    return [exact, *([*exact[:place], _ANY_ONE, *exact[place + 1 :]] for place in loose)]


def _ends(pattern: Sequence[_Part], heard: Sequence[str], at: int) -> Iterator[int]:
    """Every place where a pattern that starts at a place can end."""
    if not pattern:
        yield at
    elif isinstance(pattern[0], str):
        if at < len(heard) and heard[at] == pattern[0]:
            yield from _ends(pattern[1:], heard, at + 1)
    else:
        least, most = pattern[0]
        for skipped in range(least, min(most, len(heard) - at) + 1):
            yield from _ends(pattern[1:], heard, at + skipped)


def _beside(words: Sequence[str], spoken: Sequence[str]) -> set[str]:
    """The words that stand before and after these in the bulletin itself."""
    places = [at for at in range(len(spoken)) if tuple(spoken[at : at + len(words)]) == tuple(words)]
    near = {spoken[at - 1] for at in places if at}
    return near | {spoken[at + len(words)] for at in places if at + len(words) < len(spoken)}


def _alone(words: Sequence[str], heard: Sequence[str], start: int, end: int, beside: set[str]) -> bool:
    """Whether no figure that is not the bulletin's own was heard right beside figures."""
    before = heard[start - 1] if start and words[0] in _NUMBERS else ""
    after = heard[end] if end < len(heard) and words[-1] in _NUMBERS else ""
    return not {before, after} & (_FIGURES - beside)


# a folded syllable: onset, vowels, coda, tone; every one ends as Vietnamese ones do
_VIETNAMESE = re.compile(
    r"(?:ngh|ng|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdđghklmnpqrstvx])?[aeiouyăâêôơư]{1,3}(?:ng|nh|ch|[cmnpt])?"
    "[\u0300\u0301\u0303\u0309\u0323]?"
)


def _dialled(token: Token) -> str:
    order = [_alike(word) for word in digits("0123456789").split()]
    return "".join(str(order.index(word)) for word in fold(token.spoken))


def in_words(transcript: str, language: str, lexicon: Lexicon) -> str:
    """A transcript with its figures in words, where a recogniser writes figures; else as it is."""
    return read(transcript, language, lexicon).text if re.search(r"\d", transcript) else transcript


_BOTH, _SKIP, _ADD = range(3)


def steps(wanted: Sequence[str], heard: Sequence[str]) -> tuple[Step, ...]:
    """The shortest way from one to the other, word by word (Levenshtein). Both are folded."""
    above = list(range(len(heard) + 1))
    moves = [bytes([_ADD]) * len(above)]  # one byte a cell: a quarter of an hour against another are seven million
    for number, word in enumerate(wanted, 1):
        row, moved = [number], bytearray([_SKIP])
        for place, other in enumerate(heard):
            both = above[place] + (word != other)
            skipped, added = above[place + 1] + 1, row[place] + 1
            best = min(both, skipped, added)
            row.append(best)
            moved.append(_BOTH if best == both else _SKIP if best == skipped else _ADD)
        above = row
        moves.append(bytes(moved))
    way: list[Step] = []
    i, j = len(wanted), len(heard)
    while i or j:
        move = moves[i][j]
        i, j = i - (move != _ADD), j - (move != _SKIP)
        way.append(Step(wanted[i] if move != _ADD else None, heard[j] if move != _SKIP else None))
    return tuple(reversed(way))


def word_error(wanted: str, heard: str) -> float:
    """Wrong, missing and added words for every word that was to be said; 0 where both are empty, at most 1."""
    words = fold(wanted)
    other = fold(heard)
    wrong = sum(not step.right for step in steps(words, other))
    return min(1.0, wrong / len(words)) if words else float(bool(other))
