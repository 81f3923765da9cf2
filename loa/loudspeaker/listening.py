"""A machine listens to a bulletin: what it does not understand, a village does not either. The `listen` extra.

The recogniser hears 7 words in 100 wrong of a person who reads well, 9 through a horn, 83 of the embedded voice. Its
ears are not people's: what it finds are warnings, and places to listen to.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from loa.loudspeaker.audio import WIDTH, Audio
from loa.loudspeaker.codec import frames, run
from loa.loudspeaker.comparing import Token, in_words, tokens, was_heard, word_error
from loa.loudspeaker.levels import STEP, levels
from loa.loudspeaker.lexicon import Lexicon
from loa.loudspeaker.speech.versions import version_of
from loa.model.errors import GatewayError, Unsupported
from loa.model.finding import Finding

if TYPE_CHECKING:
    from vietasr import Pipeline

MOST_WORD_ERROR = 0.25
"""The most that a bulletin fit for broadcast may have."""

_SAME_TEXT = 0.5  # word error; another language, or another text, comes to 0.9 and more
_RATE = 16_000  # what the recogniser takes
_PIECE = 30.0  # seconds at a time: memory grows with the length
_PAUSE = 0.2  # seconds of silence in which a piece may end
_ERRORS_ONLY = 3


class Listener(Protocol):
    """One recogniser."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def languages(self) -> frozenset[str]: ...

    def hear(self, sound: Audio) -> str:
        """What it understands. Raises `Unsupported` where it is not installed, `GatewayError` where it fails."""
        ...


@dataclass
class VietAsr:
    """viet-asr: Vietnamese, offline, its model inside the wheel. Loaded when it is first asked: 2 s and 200 MB."""

    name = "viet-asr"
    languages = frozenset({"vi"})

    _loaded: Pipeline | None = field(default=None, init=False, repr=False)
    _entered: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    @cached_property
    def version(self) -> str:
        return version_of("viet-asr")

    def hear(self, sound: Audio) -> str:
        """About half as long as the sound lasts, on two cores; in pieces that end where nobody speaks."""
        with self._entered:
            pipeline = self._loaded = self._loaded or _load()
            return " ".join(text for piece in pieces(sound) if (text := _heard(pipeline, piece)))


def _load() -> Pipeline:
    try:
        from vietasr import Pipeline
        from vietasr.ffi import native
    except (ImportError, OSError) as error:  # a wheel for another machine brings a library that does not load
        raise Unsupported("listen-missing") from error
    native.lib.vietasr_set_log_level(_ERRORS_ONLY)
    try:
        return Pipeline.new().add("vietasr").build()
    except RuntimeError as error:
        raise GatewayError("listen-failed", {"problem": str(error)}) from error


def _heard(pipeline: Pipeline, sound: Audio) -> str:
    import numpy

    chain = [("aresample", str(_RATE)), ("aformat", f"sample_fmts=s16:sample_rates={_RATE}")]
    pcm = run(frames(sound.pcm, sound.rate), chain).data
    try:
        return str(pipeline.transcribe(numpy.frombuffer(pcm, dtype=numpy.int16), float(_RATE)).text).strip()
    except RuntimeError as error:
        raise GatewayError("listen-failed", {"problem": str(error)}) from error


@dataclass
class MemoryListener:
    """Understands what it was told to, and keeps what it was given. For tests and rehearsals."""

    text: str = ""
    name: str = "memory"
    version: str = "1"
    languages: frozenset[str] = frozenset({"vi"})
    fails: GatewayError | None = None
    heard: list[Audio] = field(default_factory=list)

    def hear(self, sound: Audio) -> str:
        if self.fails is not None:
            raise self.fails
        self.heard.append(sound)
        return self.text


def pieces(sound: Audio, most: float = _PIECE) -> Iterator[Audio]:
    """The sound in pieces of at most `most` seconds, cut in the middle of a silence; where there is none, cut off."""
    rests = [(first + last) / 2 for first, last in levels(sound).silences(_PAUSE)]
    start = 0.0
    while sound.seconds - start > most:
        fitting = [rest for rest in rests if start + STEP < rest <= start + most]
        end = fitting[-1] if fitting else start + most
        yield _between(sound, start, end)
        start = end
    yield _between(sound, start, sound.seconds)


def _between(sound: Audio, start: float, end: float) -> Audio:
    first, last = round(start * sound.rate), round(end * sound.rate)
    return Audio(sound.pcm[WIDTH * first : WIDTH * last], sound.rate)


@dataclass(frozen=True, slots=True)
class Told:
    """A date, time, number or address of the script, and whether it was heard."""

    token: Token
    heard: bool


@dataclass(frozen=True, slots=True)
class Hearing:
    """What was understood of a bulletin. `word_error`: wrong words for every word of it, 0 to 1."""

    transcript: str
    word_error: float
    told: tuple[Told, ...]
    listener: str
    version: str

    @property
    def missed(self) -> tuple[Token, ...]:
        """What nobody would know after hearing it."""
        return tuple(item.token for item in self.told if not item.heard)

    @property
    def clear(self) -> bool:
        """Fit for broadcast, as far as a machine can tell."""
        return self.word_error <= MOST_WORD_ERROR and not self.missed


def listen(sound: Audio, script: str, spoken: str, language: str, lexicon: Lexicon, listener: Listener) -> Hearing:
    """Has `listener` hear a bulletin. `script` is as people write it, `spoken` as it is read aloud.

    Raises `Unsupported` for a language it does not know or where it is not installed, `GatewayError` where it fails.
    """
    if language not in listener.languages:
        known = ", ".join(sorted(listener.languages))
        raise Unsupported("listen-language", {"listener": listener.name, "language": language, "known": known})
    return understood(script, spoken, listener.hear(sound), language, lexicon, listener)


def understood(
    script: str, spoken: str, transcript: str, language: str, lexicon: Lexicon, listener: Listener
) -> Hearing:
    """What a transcript comes to against the words that were to be said."""
    said = in_words(transcript, language, lexicon)
    told = tuple(
        Told(token, was_heard(token, said, spoken) or was_heard(token, transcript, spoken))
        for token in tokens(script, language, lexicon)
    )
    return Hearing(said, word_error(spoken, said), told, listener.name, listener.version)


def sounds_like(transcript: str, text: str) -> bool:
    """Whether what was heard is this text, more or less.

    A recording that was laid into the field of another language and sounds like the Vietnamese words is Vietnamese.
    """
    return bool(transcript.strip()) and word_error(text, transcript) <= _SAME_TEXT


def findings(hearing: Hearing, subject: str) -> Iterator[Finding]:
    """What is to be said of a hearing: warnings, each a place to listen to."""
    if hearing.word_error > MOST_WORD_ERROR:
        share = {"share": round(100 * hearing.word_error), "most": round(100 * MOST_WORD_ERROR)}
        yield Finding("heard-unclear", subject, {**share, "listener": hearing.listener})
    if hearing.missed:
        yield Finding("heard-missed", subject, {"missed": "; ".join(token.written for token in hearing.missed)})


def other_language(
    sound: Audio, vietnamese: str, language: str, listener: Listener, subject: str
) -> tuple[Finding, ...]:
    """A finding where a recording that is filed under `language` is the Vietnamese one.

    `vietnamese`: the words of the Vietnamese bulletin as they are read aloud. Raises what `Listener.hear` raises.
    """
    if language == "vi" or not sounds_like(listener.hear(sound), vietnamese):
        return ()
    return (Finding("recording-language", subject, {"language": language}),)
