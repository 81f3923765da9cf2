"""A text in stretches that an engine speaks at a time, and keeps."""

from __future__ import annotations

import re


def pack(text: str, most: int) -> tuple[str, ...]:
    """The text in as few stretches of up to `most` characters as its clauses allow; sentences are kept apart.

    A voice falls at the end of a stretch, so it ends where a sentence or a clause does, and inside one only where a
    single clause is too long. Stretches without a letter or a figure are left out.
    """
    chunks: list[str] = []
    for sentence in re.split(r"(?<=[.!?…])\s+|\n+", text.strip()):
        chunks += _fill(re.split(r"(?<=[,;:])\s+", sentence), most)
    return tuple(chunk for chunk in chunks if any(char.isalnum() for char in chunk))


def _fill(clauses: list[str], most: int) -> list[str]:
    chunks: list[str] = []
    now = ""
    for clause in clauses:
        pieces = [clause] if len(clause) <= most else clause.split()
        for piece in pieces:
            joint = f"{now} {piece}" if now else piece
            if len(joint) <= most:
                now = joint
                continue
            if now:
                chunks.append(now)
            # a single "word" that is too long: cut, since nothing better can be done with it
            while len(piece) > most:
                chunks.append(piece[:most])
                piece = piece[most:]
            now = piece
    return [*chunks, now] if now else chunks
