"""The words of lists of people: column names, yes and no, languages. They stand in `vocabulary.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from loa.model.sentences import Words
from loa.text.normal import fold

TABLE = Path(__file__).with_name("vocabulary.toml")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every word in the form of `plain`."""

    columns: Mapping[str, str]
    sensitive: tuple[str, ...]
    yes: frozenset[str]
    no: frozenset[str]
    languages: Mapping[str, str]
    language_names: Words
    """Every tag with the language's name, for people."""

    def is_sensitive(self, text: str) -> bool:
        """Whether a column's name or a group speaks of ethnic origin or religion."""
        words = f" {plain(text)} "
        return any(f" {word} " in words for word in self.sensitive)


@cache
def vocabulary() -> Vocabulary:
    """The table, read once."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return Vocabulary(
        columns={name: column for column, names in table["columns"].items() for name in names},
        sensitive=tuple(table["sensitive"]["words"]),
        yes=frozenset(table["consent"]["yes"]),
        no=frozenset(table["consent"]["no"]),
        languages={word: tag for tag, words in table["languages"].items() for word in words},
        language_names=Words(
            ", ".join(f"{tag} ({table['language_names'][tag][0]})" for tag in table["languages"]),
            ", ".join(f"{tag} ({table['language_names'][tag][1]})" for tag in table["languages"]),
        ),
    )


@lru_cache(maxsize=4096)  # a list says “có” and “người dân” a million times
def plain(text: str) -> str:
    """A name as it is compared: `Số ĐT (Zalo)` -> `so dt zalo`."""
    return " ".join(_WORDS.findall(fold(text)))


_WORDS = re.compile(r"[^\W_]+|[✓✔☑]")
