"""What a bulletin is held against before people approve it. Everything is read from the bytes that were made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from loa.channel import Desk, Job
from loa.loudspeaker import station_list
from loa.loudspeaker.measure import Measured
from loa.loudspeaker.order import ordered
from loa.loudspeaker.profile import Profile
from loa.loudspeaker.reading.leftovers import leftovers
from loa.loudspeaker.script import unheaded
from loa.loudspeaker.speech.engine import Fit
from loa.loudspeaker.stations import station_findings
from loa.model.finding import Finding
from loa.model.languages import language_words
from loa.text.lint import Rules, lint

# One voice is a quarter slower than another; beyond that the words are too many or too few.
_LONGEST, _SHORTEST = 1.3, 0.6
_NAMED = 3  # places that a finding names; the rest are counted


@dataclass(frozen=True, slots=True)
class Made:
    """One bulletin as it was made: its words, its words as they are read, its sound (none: it cannot be read) and whose
    voice it is."""

    language: str
    script: str
    spoken: str
    sound: Measured | None
    fit: Fit
    engine: str


def check(made: Made, subject: str, seconds: int, rules: Rules, profile: Profile) -> tuple[Finding, ...]:
    """Every finding on one bulletin. `seconds` is the length that was asked for."""
    return (
        *word_findings(made.language, made.script, made.spoken, subject, rules),
        *sound_findings(made, subject, seconds, profile),
    )


def word_findings(language: str, script: str, spoken: str, subject: str, rules: Rules) -> Iterator[Finding]:
    """What is to be said of the words by themselves, before anybody speaks them."""
    yield from lint(unheaded(script), subject, rules)
    if language != "vi":
        return  # an English voice reads figures itself, and so does a person
    for _, token in leftovers(unheaded(spoken)):
        yield Finding("token-unreadable", subject, {"token": token, "language": language})


def sound_findings(made: Made, subject: str, seconds: int, profile: Profile) -> Iterator[Finding]:
    """What is to be said of the sound."""
    if made.fit is Fit.DRAFT:
        yield Finding("draft-speech", subject, {"engine": made.engine})
    found = made.sound
    if found is None:
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


def folded(
    found: Iterable[tuple[str, Iterable[Finding]]], *, by_code: bool = False, everywhere: int = 0
) -> tuple[Finding, ...]:
    """Findings on many communes' bulletins, each once, with the places it was found at.

    `found` is a place's name with its findings. `by_code`: findings of one code are one, whatever figures they give
    (the first one's stand for all). A finding that is the same in all (`everywhere`) places names none.
    """
    first: dict[tuple[str, str], Finding] = {}
    places: dict[tuple[str, str], list[str]] = {}
    count = 0
    for place, findings in found:
        count += 1
        for finding in findings:
            key = (finding.code, "" if by_code else str(sorted((k, str(v)) for k, v in finding.fields.items())))
            first.setdefault(key, finding)
            if place not in places.setdefault(key, []):
                places[key].append(place)
    return tuple(_placed(finding, places[key], everywhere or count) for key, finding in first.items())


def _placed(finding: Finding, places: list[str], everywhere: int) -> Finding:
    if len(places) >= everywhere:
        return finding
    rest = len(places) - _NAMED
    named = ", ".join(places[:_NAMED]) + (f", +{rest}" if rest > 0 else "")
    return replace(finding, subject=f"{finding.subject} ({named})")


def order_findings(job: Job, desk: Desk) -> Iterator[Finding]:
    """What is to be said of hours and languages, before any word is looked at."""
    item, found = ordered(job), station_list.of_job(job, desk)
    urgent = item.level == "khan-cap"
    if urgent and item.slots:
        yield Finding("urgent-with-slots", job.subject)
    placed = [(desk.workspace.communes[station.commune], station) for station in found]
    yield from station_findings(placed, job.subject, urgent=urgent)
    for language in item.languages:
        if not any(language in station.languages for station in found):
            yield Finding("language-unheard", job.subject, {"language": language_words(language).vi})
