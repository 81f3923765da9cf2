"""What a bulletin is held against before people approve it. Everything is read from the bytes that were made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loa.loudspeaker.codec import UnreadableSoundError
from loa.loudspeaker.master import Profile
from loa.loudspeaker.measure import Measured, measure
from loa.loudspeaker.reading.leftovers import leftovers
from loa.loudspeaker.script import unheaded
from loa.loudspeaker.speech.engine import Fit
from loa.model.finding import Finding
from loa.text.lint import Rules, lint

# One voice is a quarter slower than another; beyond that the words are too many or too few.
_LONGEST, _SHORTEST = 1.3, 0.6


@dataclass(frozen=True, slots=True)
class Made:
    """One language of a bulletin as it was made: its words, its words as they are read, its sound and whose it is."""

    language: str
    script: str
    spoken: str
    audio: bytes
    fit: Fit
    engine: str


def check(made: Made, subject: str, seconds: int, rules: Rules, profile: Profile) -> tuple[Finding, ...]:
    """Every finding on one language. `seconds` is the length that was asked for."""
    return (
        *word_findings(made.language, made.script, made.spoken, subject, rules),
        *_voice(made, subject),
        *_sound(made, subject, seconds, profile),
    )


def word_findings(language: str, script: str, spoken: str, subject: str, rules: Rules) -> Iterator[Finding]:
    """What is to be said of the words by themselves, before anybody speaks them."""
    yield from lint(unheaded(script), subject, rules)
    if language == "en":
        return  # an English voice reads figures itself
    for _, token in leftovers(unheaded(spoken)):
        yield Finding("token-unreadable", subject, {"token": token, "language": language})


def _voice(made: Made, subject: str) -> Iterator[Finding]:
    if made.fit is Fit.DRAFT:
        yield Finding("draft-speech", subject, {"engine": made.engine})


def _sound(made: Made, subject: str, seconds: int, profile: Profile) -> Iterator[Finding]:
    try:
        found = measure(made.audio)
    except UnreadableSoundError:
        yield Finding("audio-unreadable", subject)
        return
    yield from _length(found, subject, seconds)
    if abs(found.loudness - profile.loudness) > profile.tolerance:
        fields = {"loudness": f"{found.loudness:.1f}", "wanted": f"{profile.loudness:.1f} ±{profile.tolerance:.1f}"}
        yield Finding("loudness-off", subject, fields)
    if found.peak > profile.peak:
        yield Finding("peak-over", subject, {"peak": f"{found.peak:.1f}", "most": f"{profile.peak:.1f}"})
    if (found.channels, found.rate) != (1, profile.rate):
        yield Finding("audio-format", subject, {"channels": found.channels, "rate": found.rate, "wanted": profile.rate})


def _length(found: Measured, subject: str, seconds: int) -> Iterator[Finding]:
    fields = {"seconds": round(found.seconds), "wanted": seconds}
    if found.seconds > seconds * _LONGEST:
        yield Finding("bulletin-too-long", subject, fields)
    elif found.seconds < seconds * _SHORTEST:
        yield Finding("bulletin-too-short", subject, fields)
