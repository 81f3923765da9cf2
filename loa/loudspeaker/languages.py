"""The names of languages as officers say them, and the words by which a clerk may name one."""

from __future__ import annotations

from collections.abc import Mapping

from loa.model.languages import language_words
from loa.text.normal import fold

_OTHERS: Mapping[str, tuple[str, ...]] = {
    "vi": ("vietnamese", "kinh", "phổ thông"),
    "en": ("english",),
    "tyz": ("thổ",),
    "jra": ("jarai", "jrai"),
    "bdq": ("bahnar", "bana"),
    "sed": ("xê đăng", "xơđăng"),
}


def language_name(tag: str) -> str:
    """The Vietnamese name of a language, as it stands by itself; its tag where it has none here."""
    name = language_words(tag).vi
    return name if name == tag else name[:1].upper() + name[1:]


def language_meant(words: str, known: tuple[str, ...]) -> str | None:
    """Which of `known` a clerk means: by tag, by name with or without marks and `tiếng`; none where it is none or
    several of them."""
    said = fold(words).removeprefix("tieng ").strip()
    found = {tag for tag in known if said in _called(tag)}
    if not found:  # "Mông" of a package that has one of its scripts
        found = {tag for tag in known if said and any(name.startswith(f"{said} ") for name in _called(tag))}
    return found.pop() if len(found) == 1 else None


def _called(tag: str) -> set[str]:
    base = tag.partition("-")[0]
    names = {tag, base, language_name(tag), *_OTHERS.get(base, ())}
    return {fold(name).removeprefix("tieng ") for name in names}
