"""The words of air logs: what a column's name means, and what stands in the result's column."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from loa.text.normal import fold

LONGEST = 80  # characters of a column's name, a day, an hour: what is longer is a sentence
TABLE = Path(__file__).parents[1] / "data" / "airlog.toml"


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def bare(text: str) -> str:
    """Words for comparing: without marks, capitals, or what stands around them."""
    plain = fold(unicodedata.normalize("NFKC", text))
    return re.sub(r"\s+", " ", re.sub(r"\s*([,/.;:-])\s*", r"\1", plain)).strip(" .:;*!,-'\"“”")


@cache
def _columns() -> Mapping[str, str]:
    return {bare(name): column for column, names in _table()["columns"].items() for name in names}


def column_meant(name: str) -> str | None:
    """Which column a name means: `Thời lượng (phút)`, `THOI LUONG`, `Duration` -> `seconds`."""
    words = " ".join(name.split())
    if len(words) > LONGEST:
        return None
    known = _columns()
    return known.get(bare(words)) or known.get(bare(re.sub(r"\([^)]*\)", " ", words)))


@cache
def _results() -> Mapping[str, bool]:
    said = _table()["results"]
    played = {fold(word): True for word in (*said["played"], *said["marks"])}
    return played | {fold(word): False for word in said["failed"]}


def result_meant(text: str) -> bool | None:
    """Whether the result's column says that a broadcast was played; none where it says neither."""
    known = _results()
    found = known.get(fold(text))
    return known.get(bare(text)) if found is None else found


def mark_meant(text: str, played: bool) -> bool | None:
    """What a cell says in a column that is called `đã phát` (`played`) or `không phát được`: whether that is so."""
    words = fold(text)
    if words in _folded("results", "marks"):
        return True
    if not words or words in _folded("results", "no_marks"):
        return False
    said = result_meant(text)
    if said is None:
        return None
    # "đã phát" below "đã phát" says yes; so does "không phát được" below its own name, and "có" below either
    return said is played or bare(text) in {"co", "yes", "ok", "y"}


@cache
def _folded(section: str, name: str) -> tuple[str, ...]:
    return tuple(fold(word) for word in _table()[section][name])


def is_footer(text: str) -> bool:
    """Whether a row begins as those do that sum up or sign."""
    return fold(text).startswith(_folded("footers", "starts")) or bare(text) in _folded("footers", "whole")


def is_ditto(text: str) -> bool:
    """Whether a cell says: the same as above."""
    return len(text) <= LONGEST and fold(text) in _folded("ditto", "marks")
