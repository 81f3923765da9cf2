"""Text -> what is read aloud.

Typed tokens are taken in a fixed order, so that a phone number is never read as a date nor a document number as a
share; what is left at the end and is not plain words - a figure, an abbreviation, a symbol - is a hard failure that
lists each with its place. A voice would guess at it, and guess wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

from loa.loudspeaker.lexicon import Lexicon
from loa.loudspeaker.reading import addresses, amounts, dates, documents, english, words
from loa.loudspeaker.reading.leftovers import leftovers
from loa.loudspeaker.reading.segments import Rule, apply, joined
from loa.model.errors import ContentError, Mistake, Unsupported, Where
from loa.text.normal import nfc

# The order matters: each rule sees only what those before it left.
VIETNAMESE: tuple[Rule, ...] = (
    words.BULLET,
    addresses.ADDRESS,
    *documents.DOCUMENTS,
    addresses.PHONE,
    addresses.SERVICE_NUMBER,
    addresses.KNOWN_HOTLINE,
    *addresses.CUED_NUMBERS,
    *dates.DATES,
    words.SLASHED,
    amounts.TIMES,
    amounts.TO,
    amounts.MONEY,
    amounts.PERCENT_RANGE,
    amounts.PERCENT,
    amounts.UNIT,
    amounts.SO_OFTEN,
    words.SLASH,
    words.LEXICON,
    words.CAPITALS,
    amounts.MIXED,
    *amounts.NUMBERS,
    words.AMPERSAND,
)
ENGLISH: tuple[Rule, ...] = (words.BULLET, addresses.ADDRESS, *english.RULES, words.SLASH, words.AMPERSAND)
RULES = {"vi": VIETNAMESE, "en": ENGLISH}


@dataclass(frozen=True, slots=True)
class Unread:
    """A token that nothing could read. `line` counts from 1."""

    token: str
    line: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read aloud, and what could not be. Tokens that could not be read still stand in `text`."""

    text: str
    unread: tuple[Unread, ...]


def require_rules(language: str) -> None:
    """Raises `Unsupported` for a language that cannot be turned into speech: a person's recording is its way."""
    if language not in RULES:
        raise Unsupported("speakable-language", {"language": language, "known": ", ".join(RULES)})


def read(text: str, language: str, lexicon: Lexicon) -> Reading:
    """How `text` is read aloud. Raises `Unsupported` for a language that has no rules here."""
    require_rules(language)
    text = nfc(text)
    pieces = apply(RULES[language], text, lexicon)
    said = joined(pieces)
    done = [(piece.start, piece.start + len(piece.written)) for piece in pieces if piece.spoken is not None]
    # looked for in what was written, so that a token is shown whole and not as what a rule left of it
    vietnamese = language == "vi"
    unread = [_unread(text, place) for place, _ in leftovers(_masked(text, done), foreign=vietnamese)]
    if not unread and vietnamese:
        # and once more in what comes out: two pieces that were read apart must not make a riddle together
        unread = [_unread(said, place) for place, _ in leftovers(said)]
    return Reading(said, tuple(dict.fromkeys(unread)))


def speakable(text: str, language: str, lexicon: Lexicon, name: str = "-") -> str:
    """What is read aloud. Raises `ContentError` with every token that cannot be, each at its line of `name`."""
    reading = read(text, language, lexicon)
    if reading.unread:
        raise ContentError(
            [
                Mistake("token-unreadable", Where(name, item.line), {"token": item.token, "language": language})
                for item in reading.unread
            ]
        )
    return reading.text


def _masked(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with what has been read blanked out, everything else in its place."""
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _unread(text: str, place: int) -> Unread:
    """The whole token at a place, from white space or a bracket to the next."""
    start = max(text.rfind(space, 0, place) for space in ' \n\t(“"') + 1
    ends = [end for space in ' \n\t)”"' if (end := text.find(space, place)) >= 0]
    return Unread(text[start : min(ends, default=len(text))].strip(".,;:!?…"), text.count("\n", 0, place) + 1)
