"""What no voice may be left to guess: a figure, an abbreviation, a symbol."""

from __future__ import annotations

import re
from collections.abc import Iterator

# a token is figures and letters with the marks that hold one together: 22/2021/TT-BTTTT, 1.5, a@b.vn
_TOKEN = re.compile(r"[^\W_](?:[^\s()\[\]“”\"'‘’…]*[^\W_])?")
_DOTTED = re.compile(r"[^\W\d_]\.[^\W\d_]")
_INNER_CAPITAL = re.compile(r"[a-z][A-Z]")
_SYMBOL = re.compile(r"[%‰@#$€£¥₫&+=<>≥≤±×÷°²³^~|←-⇿∀-⋿■-◿☀-➿\U0001F000-\U0001FAFF\\{}_*/]+|[①-⓿]")


def leftovers(text: str, *, foreign: bool = False) -> Iterator[tuple[int, str]]:
    """Every token nobody can read, with its place from 0.

    A token with a figure, with a part of two capitals or more and no small letter, or with a dot inside it (an
    address); and every symbol. With `foreign`, also a token with a capital after a small letter (`PayNow`): no
    Vietnamese word has one.
    """
    taken: list[tuple[int, int]] = []
    for match in _TOKEN.finditer(text):
        if _unreadable(match[0]) or (foreign and _INNER_CAPITAL.search(match[0])):
            taken.append(match.span())
            yield match.start(), match[0]
    for match in _SYMBOL.finditer(text):
        if not any(start <= match.start() < end for start, end in taken):
            yield match.start(), match[0]


def _unreadable(token: str) -> bool:
    return (
        any(char.isdigit() for char in token)
        or any(map(_abbreviation, re.split(r"[\W_]", token)))
        or _DOTTED.search(token) is not None
    )


def _abbreviation(part: str) -> bool:
    return len(part) > 1 and part.isupper()
