"""The script of a bulletin: greeting, body, reminder, sign-off, in paragraphs.

A template marks its parts with lines like `## Lời chào`; those lines are for people and are never spoken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from loa.model.errors import ContentError, Mistake, Where
from loa.text.normal import fold


class Part(StrEnum):
    """The parts of a bulletin, in the order they are heard."""

    GREETING = "greeting"
    BODY = "body"
    REMINDER = "reminder"
    SIGN_OFF = "sign-off"


HEADINGS: Mapping[Part, Mapping[str, str]] = {
    Part.GREETING: {"vi": "Lời chào", "en": "Greeting"},
    Part.BODY: {"vi": "Nội dung", "en": "Body"},
    Part.REMINDER: {"vi": "Lời nhắc", "en": "Reminder"},
    Part.SIGN_OFF: {"vi": "Lời kết", "en": "Sign-off"},
}
_BY_HEADING = {fold(words): part for part, named in HEADINGS.items() for words in named.values()}
_BULLET = re.compile(r"[-–—•*+]\s")
_HEADING = re.compile(r"^##\s*(?P<words>.*?)\s*$")

# Measured on the embedded voice with these pauses: words (in Vietnamese, syllables) a second.
_WORDS_A_SECOND = {"vi": 3.5, "en": 2.6}
MOST_CHARACTERS = 12_000  # about a quarter of an hour: longer is a programme, not a bulletin


@dataclass(frozen=True, slots=True)
class Passage:
    """One part: its paragraphs, lines as they were written, and where each starts in its text (from 1)."""

    part: Part
    paragraphs: tuple[str, ...]
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """A bulletin in one language. `name` is where it was read from, for mistakes."""

    language: str
    passages: tuple[Passage, ...]
    name: str = "-"

    @property
    def text(self) -> str:
        """What is said, without the headings: paragraphs parted by empty lines."""
        return "\n\n".join(paragraph for passage in self.passages for paragraph in passage.paragraphs)

    @property
    def printed(self) -> str:
        """What a person reads: with the headings."""
        return printed(self.passages, self.language)


def printed(passages: Sequence[Passage], language: str) -> str:
    """Passages under their headings."""
    blocks = []
    for passage in passages:
        blocks += [f"## {heading(passage.part, language)}", *passage.paragraphs]
    return "\n\n".join(blocks) + "\n"


def unheaded(text: str) -> str:
    """A printed script without its headings."""
    return "\n".join(line for line in text.splitlines() if not _HEADING.match(line))


def heading(part: Part, language: str) -> str:
    return HEADINGS[part]["en" if language == "en" else "vi"]


def parse(text: str, language: str, name: str) -> Script:
    """A rendered template as a script.

    Raises `ContentError` for a heading that is not known, words before the first one, and a part that is missing.
    """
    blocks = _blocks(text, name)
    known = ", ".join(heading(part, language) for part in Part)
    mistakes: list[Mistake] = []
    passages: list[Passage] = []
    part: Part | None = None
    for line, block in blocks:
        match = _HEADING.match(block)
        if match:
            part = _BY_HEADING.get(fold(match["words"]))
            if part is None:
                mistakes.append(
                    Mistake("script-heading", Where(name, line), {"heading": match["words"], "known": known})
                )
        elif part is None and not mistakes:
            mistakes.append(Mistake("script-no-heading", Where(name, line), {"known": known}))
        elif part is not None:
            passages = _added(passages, part, line, block)
    have = {passage.part for passage in passages}
    mistakes += [
        Mistake("script-part-missing", Where(name), {"heading": heading(part, language)})
        for part in Part
        if part not in have
    ]
    if mistakes:
        raise ContentError(mistakes)
    return Script(language, tuple(passages), name)


def plain(text: str, language: str, name: str) -> Script:
    """Any text as a script: all of it body. Raises `ContentError` where there is nothing to say."""
    body: list[Passage] = []
    for line, block in _blocks(text, name):
        if not _HEADING.match(block):
            body = _added(body, Part.BODY, line, block)
    if not body:
        raise ContentError.at("template-empty", name)
    return Script(language, tuple(body), name)


def _added(passages: list[Passage], part: Part, line: int, block: str) -> list[Passage]:
    if passages and passages[-1].part is part:
        last = passages[-1]
        return [*passages[:-1], Passage(part, (*last.paragraphs, block), (*last.lines, line))]
    return [*passages, Passage(part, (block,), (line,))]


def _blocks(text: str, name: str) -> list[tuple[int, str]]:
    """Headings, paragraphs and items of lists, each with the line it starts at. Raises `ContentError`: too long."""
    if len(text) > MOST_CHARACTERS:
        raise ContentError.at("script-too-long", name, size=len(text), most=MOST_CHARACTERS)
    blocks: list[tuple[int, str]] = []
    open_ = False
    for number, line in enumerate(text.splitlines(), 1):
        words = line.strip()
        if not words:
            open_ = False
        elif _HEADING.match(words):
            blocks.append((number, words))
            open_ = False
        elif open_ and not _BULLET.match(words):
            start, so_far = blocks[-1]
            blocks[-1] = (start, f"{so_far}\n{words}")
        else:
            blocks.append((number, words))
            open_ = True
    return blocks


def estimated_seconds(spoken: str, language: str) -> float:
    """About how long a speakable text takes to read aloud, without chime: for forecasts, before there is sound."""
    return len(spoken.split()) / _WORDS_A_SECOND.get(language, _WORDS_A_SECOND["vi"])
