"""Texts that were registered as templates: `{P1}`, `{P2}` … stand for what changes."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PLACE = re.compile(r"\{P(\d{1,2})\}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Template:
    """Fixed pieces of a text, with a value between each two; the first and the last may be empty."""

    pieces: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Template | None:
        """Reads a template, or nothing where its places are not P1, P2 … in order, or two of them touch."""
        parts = _PLACE.split(text)
        pieces, numbers = parts[::2], parts[1::2]
        in_order = numbers == [str(number) for number in range(1, len(numbers) + 1)]
        return cls(tuple(pieces)) if numbers and in_order and all(pieces[1:-1]) else None

    def values(self, text: str) -> tuple[str, ...] | None:
        """What stands at the places, none of it empty; or nothing where the text is not made from this template."""
        first, *between, last = self.pieces
        if not text.startswith(first):
            return None
        at = len(first)
        end = len(text) - len(last)
        found: list[str] = []
        for piece in between:
            following = text.find(piece, at + 1, end)
            if following < 0:
                return None
            found.append(text[at:following])
            at = following + len(piece)
        if not text.endswith(last) or at >= end:
            return None
        return (*found, text[at:end])


WHOLE = Template(("", ""))
"""`{P1}`: any text is made from it."""
