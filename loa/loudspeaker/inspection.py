"""A person's recording, looked at before it is used: is it whole, loud enough, clean enough, and as long as its words?

What is measured is the sound by itself; whether the right words were said is for `listening` and for people's ears.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from loa.loudspeaker.audio import WIDTH, Audio
from loa.loudspeaker.codec import (
    TooLongSoundError,
    UnreadableSoundError,
    decode_up_to,
    frames,
    run,
)
from loa.loudspeaker.levels import NOTHING, Levels, crowded_samples, flat_samples, levels
from loa.loudspeaker.measure import decibels, loudness_of
from loa.loudspeaker.script import estimated_seconds
from loa.model.finding import Finding

MOST_SECONDS = 20 * 60.0
_TIDY_EDGE = 0.15  # seconds of silence that stay at both ends
_TIDY_LOUDNESS = -23.0  # LUFS, EBU R 128; mastering brings it to the export profile
_TIDY_PEAK = -1.0  # dBFS; a quiet take with one loud knock stays a little quieter

_CLIPPED, _DISTORTED = 0.0002, 0.01  # share of samples in flat runs: some clicks, and a voice that rattles
_CROWDED, _PACKED = 0.005, 0.03  # share within a tenth of the peak: the same, after an encoder has smoothed it
_QUIET, _SILENT = -40.0, -60.0  # dBFS of speech: raising it raises the room too; nothing that could be raised
_LEAST_ABOVE_NOISE = 20.0  # dB; under it the noise is heard between words, outdoors too
_STILL = 3.0  # dB between soft and loud frames; speech moves by ten and more
_LONG_PAUSE = 3.0  # seconds inside; announcers pause for one
_EDGES = 3.0  # seconds at both ends together that are worth a word
_SHORTEST, _FASTEST, _SLOWEST = 0.5, 0.7, 1.8  # of the length the words need in a usual reading
# words a second where nobody has measured: languages that write syllables apart and languages that do not
_UNMEASURED = (0.8, 6.0)
_MEASURED = frozenset({"vi", "en"})
_FEW_WORDS = 5  # fewer say nothing about a rate
_LEAST_RATE, _GOOD_RATE = 8_000, 16_000  # samples a second: a telephone's, and the least that carries every consonant


@dataclass(frozen=True, slots=True)
class Inspected:
    """What a recording is. Levels in dBFS, lengths in seconds.

    `lead` and `tail` are the silence at its ends; `pauses` the long ones inside (start, end); `clipped` and `crowded`
    the share of samples that are cut off, and that crowd below the peak; `words_a_second` is 0 where no words were
    given. `sound` is nothing where the file holds none that can be used; `container`, `codec` and `channels` are
    known where a file was looked at.
    """

    sound: Audio | None
    findings: tuple[Finding, ...]
    lead: float = 0.0
    tail: float = 0.0
    pauses: tuple[tuple[float, float], ...] = ()
    speech: float = NOTHING
    noise: float = NOTHING
    clipped: float = 0.0
    crowded: float = 0.0
    words_a_second: float = 0.0
    container: str = ""
    codec: str = ""
    channels: int = 1

    @property
    def seconds(self) -> float:
        return self.sound.seconds if self.sound else 0.0

    @property
    def rate(self) -> int:
        return self.sound.rate if self.sound else 0

    @property
    def blocks(self) -> bool:
        return any(finding.blocks for finding in self.findings)


def inspect_file(data: bytes, words: str, language: str, subject: str = "-") -> Inspected:
    """A recording as it was brought, in any format. See `inspect`.

    Raises `Unsupported` where the `audio` extra is not installed.
    """
    if not data:
        return Inspected(None, (Finding("recording-empty", subject),))
    try:
        decoded = decode_up_to(data, MOST_SECONDS)
    except UnreadableSoundError:
        return Inspected(None, (Finding("recording-unreadable", subject),))
    except TooLongSoundError:
        return Inspected(None, (Finding("recording-endless", subject, {"most": round(MOST_SECONDS / 60)}),))
    found = inspect(decoded.audio, words, language, subject)
    damage: tuple[Finding, ...] = ()
    if decoded.damaged:
        damage = (Finding("recording-damaged", subject, {"places": decoded.damaged}),)
    return replace(
        found,
        findings=(*damage, *found.findings),
        container=decoded.container,
        codec=decoded.codec,
        channels=decoded.channels,
    )


def inspect(sound: Audio, words: str, language: str, subject: str = "-") -> Inspected:
    """A recording of `words` (as they are read aloud; empty: not known), with every finding on it."""
    level = levels(sound)
    start, end = level.spoken
    pauses = tuple(pause for pause in level.silences(_LONG_PAUSE) if pause[0] > start and pause[1] < end)
    spoken = end - start - sum(last - first for first, last in pauses)
    count = len(words.split())
    samples = max(1, len(sound.pcm) // WIDTH)
    found = Inspected(
        sound,
        (),
        lead=start,
        tail=max(0.0, sound.seconds - end),
        pauses=pauses,
        speech=level.speech,
        noise=level.noise,
        clipped=flat_samples(sound) / samples,
        crowded=crowded_samples(sound) / samples,
        words_a_second=count / spoken if spoken > 0 else 0.0,
    )
    return replace(found, findings=tuple(_findings(found, level, words, language, subject)))


def _findings(found: Inspected, level: Levels, words: str, language: str, subject: str) -> Iterator[Finding]:
    if found.rate < _LEAST_RATE:
        yield Finding("recording-rate", subject, {"rate": found.rate, "least": _LEAST_RATE})
    elif found.rate < _GOOD_RATE:
        yield Finding("recording-narrow", subject, {"rate": found.rate, "good": _GOOD_RATE})
    if level.speech < _SILENT:
        yield Finding("recording-silent", subject)
        return
    if level.moves < _STILL:
        yield Finding("recording-no-speech", subject)
        return
    yield from _level(found, subject)
    for first, last in found.pauses:
        yield Finding("recording-pause", subject, {"at": clock(first), "seconds": round(last - first)})
    if found.lead + found.tail > _EDGES:
        yield Finding("recording-edges", subject, {"lead": _said(found.lead), "tail": _said(found.tail)})
    if len(words.split()) >= _FEW_WORDS:
        yield from _length(found, words, language, subject)


def _level(found: Inspected, subject: str) -> Iterator[Finding]:
    share = {"share": _said(100 * max(found.clipped, found.crowded), 2)}
    if found.clipped >= _DISTORTED or found.crowded >= _PACKED:
        yield Finding("recording-distorted", subject, share)
    elif found.clipped >= _CLIPPED or found.crowded >= _CROWDED:
        yield Finding("recording-clipped", subject, share)
    if found.speech < _QUIET:
        yield Finding("recording-quiet", subject, {"level": round(found.speech), "least": round(_QUIET)})
    if found.speech - found.noise < _LEAST_ABOVE_NOISE:
        above = {"above": round(found.speech - found.noise), "least": round(_LEAST_ABOVE_NOISE)}
        yield Finding("recording-noisy", subject, above)


def _length(found: Inspected, words: str, language: str, subject: str) -> Iterator[Finding]:
    """Too short for all the words to be in it, or so long that there are others."""
    count = len(words.split())
    spoken = count / found.words_a_second
    if language in _MEASURED:
        usual = estimated_seconds(words, language)
        shortest, fast, longest = _SHORTEST * usual, _FASTEST * usual, _SLOWEST * usual
    else:
        shortest = fast = count / _UNMEASURED[1]
        longest = count / _UNMEASURED[0]
    fields = {"seconds": round(spoken), "words": count, "least": round(fast), "most": round(longest)}
    if spoken < shortest:
        yield Finding("recording-short", subject, fields)
    elif spoken < fast:
        yield Finding("recording-fast", subject, fields)
    elif spoken > longest:
        yield Finding("recording-long", subject, fields)


def tidy(sound: Audio) -> Audio:
    """The take without the silence at its ends, at -23 LUFS by one gain for all of it: no dynamics are touched.

    The same sound gives the same samples, and what is tidy stays as it is but for rounding. A take with a single loud
    knock stays quieter than that, so that nothing is cut off. Raises `Unsupported` without the `audio` extra.
    """
    level = levels(sound)
    if level.speech < _SILENT:
        return sound
    start, end = level.spoken
    kept = _between(sound, start - _TIDY_EDGE, end + _TIDY_EDGE)
    # shorter than one of the meter's 400 ms blocks there is no reading: play it over
    longer = kept.pcm * (1 + WIDTH * kept.rate // len(kept.pcm))
    loudness = loudness_of(run(frames(longer, kept.rate), [("ebur128", "metadata=1")], keep=False).notes)
    gain = min(_TIDY_LOUDNESS - loudness, _TIDY_PEAK - decibels(kept.peak))
    chain = [("volume", f"{gain:.3f}dB:precision=float"), ("aformat", f"sample_fmts=s16:sample_rates={kept.rate}")]
    return Audio(run(frames(kept.pcm, kept.rate), chain).data, kept.rate)


def _between(sound: Audio, start: float, end: float) -> Audio:
    """From a moment to a moment; silence is put where the sound has not that much at its ends."""
    first, last = round(start * sound.rate), round(end * sound.rate)
    inside = sound.pcm[WIDTH * max(0, first) : WIDTH * last]
    before = bytes(WIDTH * max(0, -first))
    after = bytes(WIDTH * max(0, last - len(sound.pcm) // WIDTH))
    return Audio(before + inside + after, sound.rate)


def clock(seconds: float) -> str:
    """A moment as people read it off a player: 02:07."""
    return f"{int(seconds) // 60:02}:{int(seconds) % 60:02}"


def _said(value: float, places: int = 1) -> str:
    """With a decimal comma, as it is written here."""
    return f"{value:.{places}f}".replace(".", ",")
