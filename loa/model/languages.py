"""The languages that stations broadcast, by their tags, with the names people read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from loa.model.campaign import Localised
from loa.model.sentences import Words

TABLE = Path(__file__).with_name("data") / "languages.toml"


@cache
def languages() -> Mapping[str, Localised]:
    """Every language by its tag, without a script."""
    return {tag: Localised(**names) for tag, names in tomllib.loads(TABLE.read_text(encoding="utf-8")).items()}


def is_known(tag: str) -> bool:
    """Whether a tag, its script left aside, is in the table."""
    return tag.partition("-")[0] in languages()


def language_words(tag: str) -> Words:
    """How people call a language; a tag that is not in the table is shown as it is. A script is named beside it."""
    bare, _, script = tag.partition("-")
    found = languages().get(bare)
    if found is None:
        return Words(tag, tag)
    beside = f" ({script})" if script else ""
    return Words(found.vi + beside, found.en + beside)
