"""A text on its way to speech: pieces that are read already, and pieces that are not yet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from loa.loudspeaker.lexicon import Lexicon


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the text. `start` counts characters from the text's beginning; `spoken` once it has been read,
    and then `kind` is that of the rule that read it."""

    written: str
    start: int
    spoken: str | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of token. `read` gives its words, or `None` where it looks like the kind and is not."""

    kind: str
    pattern: Callable[[Lexicon], re.Pattern[str] | None]
    read: Callable[[re.Match[str], Lexicon], str | None]


def always(pattern: str, flags: re.RegexFlag = re.NOFLAG) -> Callable[[Lexicon], re.Pattern[str] | None]:
    """A pattern that does not depend on the lexicon."""
    compiled = re.compile(pattern, flags)
    return lambda _lexicon: compiled


def apply(rules: Iterable[Rule], text: str, lexicon: Lexicon) -> tuple[Piece, ...]:
    """The text after every rule, in their order: what an earlier rule has read, a later one cannot touch."""
    pieces: tuple[Piece, ...] = (Piece(text, 0),)
    for rule in rules:
        pattern = rule.pattern(lexicon)
        if pattern is None:
            continue
        pieces = tuple(
            part
            for piece in pieces
            for part in ((piece,) if piece.spoken is not None else _split(piece, pattern, rule, lexicon, text))
        )
    return pieces


def _split(piece: Piece, pattern: re.Pattern[str], rule: Rule, lexicon: Lexicon, text: str) -> Iterator[Piece]:
    done = 0
    glued = piece.start > 0 and text[piece.start - 1].isalnum()
    for match in pattern.finditer(piece.written):
        if glued and match.start() == 0 and match[0][:1] in "-−":
            continue  # a hyphen after something that has been read: it stands between the two and is no minus
        spoken = rule.read(match, lexicon)
        if spoken is None:
            continue
        if match.start() > done:
            yield Piece(piece.written[done : match.start()], piece.start + done)
        yield Piece(match[0], piece.start + match.start(), spoken, rule.kind)
        done = match.end()
    if done < len(piece.written):
        yield Piece(piece.written[done:], piece.start + done)


def joined(pieces: Iterable[Piece]) -> str:
    """The pieces as one text. Words that were written without a space between them (`80%`) get one."""
    said = ""
    for piece in pieces:
        part = piece.written if piece.spoken is None else piece.spoken
        if said and part and said[-1].isalnum() and part[0].isalnum():
            said += " "
        said += part
    said = re.sub(r"[ \t\u00a0]+", " ", said)
    said = re.sub(r" +([,.;:!?…])", r"\1", said)
    said = re.sub(r",(?:\s*,)+", ",", said)
    return re.sub(r" *\n *", "\n", said).strip()
