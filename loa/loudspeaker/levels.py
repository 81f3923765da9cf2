"""How loud a sound is from moment to moment, and where nobody speaks. Pure; levels are in dBFS, moments in seconds."""

from __future__ import annotations

import array
import math
from collections.abc import Iterator
from dataclasses import dataclass
from operator import mul

from loa.loudspeaker.audio import WIDTH, Audio

STEP = 0.05  # seconds a frame: shorter than a syllable, longer than a period of any voice
NOTHING = -96.0  # the least that 16 bits can say
_STEADY = 12.0  # dB between frames of one noise
_AUDIBLE = 20.0  # dB below the loudest frames that still are speech


@dataclass(frozen=True, slots=True)
class Levels:
    """The level of every frame, and what they come to.

    `speech`: the mean level of what is spoken. `noise`: the mean level of the quietest tenth, digital silence (an
    editor's work, or a telephone's) left out. `moves`: how far the spoken frames lie apart, in dB; a tone and a hiss
    stand still.
    """

    frames: tuple[float, ...]
    speech: float
    noise: float
    moves: float

    @property
    def threshold(self) -> float:
        """Below it, a frame is silence: well under the speech, and not far over the noise."""
        return max(self.speech - 30, min(self.noise + 6, self.speech - 12))

    def silences(self, least: float) -> tuple[tuple[float, float], ...]:
        """Every stretch of at least so many seconds without speech: start and end."""
        return tuple(
            (first * STEP, last * STEP)
            for first, last in _quiet(self.frames, self.threshold)
            if last - first >= least / STEP
        )

    @property
    def spoken(self) -> tuple[float, float]:
        """From the first frame that is no silence to the end of the last one; `(0, 0)` where all is silence."""
        loud = [i for i, level in enumerate(self.frames) if level >= self.threshold]
        return (loud[0] * STEP, (loud[-1] + 1) * STEP) if loud and self.speech > NOTHING else (0.0, 0.0)


def levels(sound: Audio) -> Levels:
    """The levels of a sound. 20 minutes take some seconds."""
    found = tuple(_frames(sound))
    sounding = sorted(level for level in found if level > NOTHING)
    if not sounding:
        return Levels(found, NOTHING, NOTHING, 0.0)
    loudest = sounding[round(0.95 * (len(sounding) - 1))]
    speech = [level for level in sounding if level > loudest - _AUDIBLE]
    quietest = sounding[: max(1, len(sounding) // 10)]
    if quietest[-1] - quietest[0] > _STEADY:
        # somebody who never pauses: what is quiet there is speech too, and only the quietest of it may be the room
        quietest = quietest[: max(1, len(quietest) // 5)]
    moves = speech[round(0.9 * (len(speech) - 1))] - speech[round(0.1 * (len(speech) - 1))]
    return Levels(found, _mean(speech), _mean(quietest), moves)


def _frames(sound: Audio) -> Iterator[float]:
    samples = array.array("h", sound.pcm)
    step = round(STEP * sound.rate)
    for place in range(0, len(samples), step):
        part = samples[place : place + step]
        yield decibels_of_power(sum(map(mul, part, part)) / len(part) / 32_768**2)


def decibels_of_power(power: float) -> float:
    return max(NOTHING, 10 * math.log10(power)) if power > 0 else NOTHING


def _mean(found: list[float]) -> float:
    return decibels_of_power(sum(10 ** (level / 10) for level in found) / len(found))


def _quiet(frames: tuple[float, ...], threshold: float) -> Iterator[tuple[int, int]]:
    first: int | None = None
    for place, level in enumerate((*frames, math.inf)):
        if level < threshold and first is None:
            first = place
        elif level >= threshold and first is not None:
            yield first, place
            first = None


def flat_samples(sound: Audio) -> int:
    """Samples in runs of three and more at the very end of what the sound reaches: where it was cut off.

    Also of a recording that was turned down after it was clipped: a voice does not stand still at its peak. Below a
    quarter of full scale nothing is clipped.
    """
    samples = array.array("h", sound.pcm)
    if not samples:
        return 0
    ends = {end for end in (max(samples), min(samples)) if abs(end) > 8_192}
    return sum(run for end in ends for run in _runs(samples, end) if run >= 3)


def crowded_samples(sound: Audio) -> int:
    """Samples within a tenth of the peak: many of them where a voice was cut off before an encoder smoothed the cuts.

    A clean voice has 1 in 20,000 there, one that went through a limiter 3 in 1,000, a clipped one 1 in 100 and more.
    Where the peak is below half of full scale nothing was cut off.
    """
    if sound.peak < 0.5:
        return 0
    # the upper byte of a sample is its size in steps of 256, and bytes are counted quickly
    steps = sound.pcm[1::WIDTH]
    least = math.ceil(0.9 * sound.peak * 128)
    inside = bytes(step for step in range(256) if min(step, 255 - step) < least)
    return len(steps.translate(None, inside))


def _runs(samples: array.array[int], value: int) -> Iterator[int]:
    """The length of every run of one value."""
    place = 0
    while True:
        try:
            place = samples.index(value, place)
        except ValueError:
            return
        start = place
        while place < len(samples) and samples[place] == value:
            place += 1
        yield place - start
