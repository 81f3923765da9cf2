"""A script in the words that are read aloud, and in the stretches in which a voice is asked for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from loa.loudspeaker.lexicon import Lexicon
from loa.loudspeaker.script import Part, Passage, Script, printed
from loa.loudspeaker.speakable import RULES, read
from loa.loudspeaker.speech.engine import Grain
from loa.model.errors import ContentError, Mistake, Where

# seconds of silence, in the order in which they grow
_BETWEEN_SENTENCES = 0.35
_BETWEEN_PARAGRAPHS = 0.6
_BETWEEN_PARTS = 0.9
_AROUND_THE_BODY = 1.4
"""After the body, said for the first time or again: a listener hears that it ended."""

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")


@dataclass(frozen=True, slots=True)
class Spoken:
    """A script in the words that are read aloud, part by part."""

    language: str
    passages: tuple[Passage, ...]

    @property
    def text(self) -> str:
        return "\n\n".join(map(_words, self.passages))

    @property
    def printed(self) -> str:
        """For a human announcer: under the headings, every figure and abbreviation written out."""
        return printed(self.passages, self.language)


@dataclass(frozen=True, slots=True)
class Line:
    """What a voice says in one go, the silence after it in seconds, and the part it belongs to. `again`: the body, said
    once more."""

    text: str
    pause: float
    part: Part
    again: bool = False


def to_speech(script: Script, lexicon: Lexicon) -> Spoken:
    """The script as it will be read. Raises `ContentError` with every token that cannot be, each at its line.

    A language without rules of its own is read by a person, as it is written.
    """
    if script.language not in RULES:
        return Spoken(script.language, script.passages)
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


def lines(spoken: Spoken, grain: Grain, body_times: int = 1) -> tuple[Line, ...]:
    """The script in the order it is heard: opening, body, body again, reminder, closing.

    A recording of the whole is heard as it was made.
    """
    if grain is Grain.WHOLE:
        return (Line(spoken.text, 0.0, spoken.passages[0].part),)
    heard: list[Line] = []
    body = [passage for passage in spoken.passages if passage.part is Part.BODY]
    for passage in spoken.passages:
        heard += _passage(passage, grain)
        if body and passage is body[-1]:
            once = [line for part in body for line in _passage(part, grain)]
            heard += [replace(line, again=True) for line in once * (body_times - 1)]
    return tuple(heard)


def _passage(passage: Passage, grain: Grain) -> Iterator[Line]:
    after = _AROUND_THE_BODY if passage.part is Part.BODY else _BETWEEN_PARTS
    if grain is Grain.PART:
        yield Line(_words(passage), after, passage.part)
        return
    for i, paragraph in enumerate(passage.paragraphs, 1):
        sentences = _SENTENCE_END.split(paragraph)
        for j, sentence in enumerate(sentences, 1):
            last = after if i == len(passage.paragraphs) else _BETWEEN_PARAGRAPHS
            yield Line(sentence, last if j == len(sentences) else _BETWEEN_SENTENCES, passage.part)


def _words(passage: Passage) -> str:
    return "\n\n".join(passage.paragraphs)
