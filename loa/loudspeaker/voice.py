"""A script spoken by one voice from its first word to its last."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from loa.loudspeaker.audio import Audio, joined, silence
from loa.loudspeaker.lexicon import Lexicon
from loa.loudspeaker.script import Passage, Script, printed
from loa.loudspeaker.speakable import read
from loa.loudspeaker.speech.engine import Engine
from loa.model.errors import ContentError, GatewayError, Mistake, Unsupported, Where

_BETWEEN_PARAGRAPHS = 0.5  # seconds
_BETWEEN_PARTS = 0.9


@dataclass(frozen=True, slots=True)
class Spoken:
    """A script in the words that are read aloud, part by part."""

    language: str
    passages: tuple[Passage, ...]

    @property
    def text(self) -> str:
        return "\n\n".join(paragraph for passage in self.passages for paragraph in passage.paragraphs)

    @property
    def printed(self) -> str:
        """For a human announcer: under the headings, every figure and abbreviation written out."""
        return printed(self.passages, self.language)


@dataclass(frozen=True, slots=True)
class Voiced:
    """The sound of a whole script, whose voice it is, and which engines were tried before and why they were not it."""

    audio: Audio
    engine: Engine
    passed_over: tuple[tuple[str, str], ...] = ()


def to_speech(script: Script, lexicon: Lexicon) -> Spoken:
    """The script as it will be read. Raises `ContentError` with every token that cannot be, each at its line."""
    mistakes: list[Mistake] = []
    passages = []
    for passage in script.passages:
        paragraphs = []
        for line, paragraph in zip(passage.lines, passage.paragraphs, strict=True):
            reading = read(paragraph, script.language, lexicon)
            paragraphs.append(_sentences(" ".join(reading.text.split())))
            mistakes += [
                Mistake(
                    "token-unreadable",
                    Where(script.name, line + item.line - 1),
                    {"token": item.token, "language": script.language},
                )
                for item in reading.unread
            ]
        passages.append(Passage(passage.part, tuple(paragraphs), passage.lines))
    if mistakes:
        raise ContentError(mistakes)
    return Spoken(script.language, tuple(passages))


def _sentences(text: str) -> str:
    """With a capital where a sentence starts: `ủy ban nhân dân` stood there as UBND."""
    return re.sub(r"(?:^|(?<=[.!?…] ))[^\W\d_]", lambda match: match[0].upper(), text)


def speak(spoken: Spoken, engines: Sequence[Engine], *, online: bool = True) -> Voiced:
    """The script by the first engine that can say all of it: voices are never mixed in one piece.

    Raises `Unsupported` where no engine has the language, else `GatewayError` saying what became of each.
    """
    able = [engine for engine in engines if spoken.language in engine.languages]
    if not able:
        known = "; ".join(f"{engine.name}: {', '.join(sorted(engine.languages))}" for engine in engines)
        raise Unsupported("speech-no-language", {"language": spoken.language, "known": known or "-"})
    passed: list[tuple[str, str]] = []
    for engine in able:
        if engine.online and not online:
            passed.append((engine.name, "offline"))
            continue
        try:
            return Voiced(_whole(spoken, engine), engine, tuple(passed))
        except GatewayError as error:
            passed.append((engine.name, error.code))
            last = error
    if len(passed) == 1 and passed[0][1] != "offline":
        raise last
    raise GatewayError("speech-none", {"tried": ", ".join(f"{name}: {code}" for name, code in passed)})


def _whole(spoken: Spoken, engine: Engine) -> Audio:
    parts: list[Audio] = []
    for passage in spoken.passages:
        for place, paragraph in enumerate(passage.paragraphs):
            said = engine.speak(paragraph, spoken.language)
            if parts:
                parts.append(silence(_BETWEEN_PARAGRAPHS if place else _BETWEEN_PARTS, said.rate))
            parts.append(said)
    return joined(parts)
