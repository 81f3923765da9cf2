"""Mastering for horn loudspeakers, with PyAV alone.

Horns sound from about 300 Hz to 8 kHz, outdoors, over wind: the bass only heats them, consonants carry the words. So
the voice is cut below 180 Hz, thinned at 350 Hz, raised at 2.8 kHz, gently compressed and brought to one loudness.
Encoding changes both loudness and peak, so both are read from the decoded MP3 and corrected there.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from loa.loudspeaker.audio import Audio
from loa.loudspeaker.codec import Filter, frames, require_av, run
from loa.loudspeaker.measure import Measured, loudness_of, measure
from loa.model.artefact import digest
from loa.model.errors import GatewayError

VERSION = "1"
"""Part of every recipe: raise it when the chain changes what comes out."""

_FLOAT = 4  # bytes a sample
_SILENT = -60.0  # LUFS; quieter speech than this is no speech
_OVERSAMPLED = 4
_LAME_LOSES = 0.43  # dB; LAME at 128 kbit/s and below gives back 0.40-0.46 less than it was given
_CLOSE = 0.25  # dB from the target that is not worth another pass; the tolerance is twice that
_MOST_PASSES = 5
_MOST_GUESSES = 6
_NEAR = 0.08  # dB; a guess this near needs no better one
_QUICK = {"compression_level": "7"}  # two thirds of LAME's usual time; one voice needs far less than 128 kbit/s
_CHIME_BELOW = 3.0  # dB under the voice: it calls, it does not startle


@dataclass(frozen=True, slots=True)
class Profile:
    """An export profile. Loudness in LUFS, peak in dBTP, rates in Hz and bit/s.

    No official figure for village loudspeakers was found; these are common ones for broadcast speech.
    """

    name: str = "loa-mp3-128"
    rate: int = 44_100
    bit_rate: int = 128_000
    loudness: float = -16.0
    tolerance: float = 0.5
    peak: float = -1.0

    def holds(self, measured: Measured) -> bool:
        """Whether a file keeps to it."""
        return abs(measured.loudness - self.loudness) <= self.tolerance and measured.peak <= self.peak


VOICE_CHAIN: tuple[Filter, ...] = (
    ("highpass", "f=180"),
    ("highpass", "f=180"),
    ("equalizer", "f=350:t=q:w=1:g=-2"),
    ("equalizer", "f=2800:t=q:w=1:g=4.5"),
    ("lowpass", "f=8500"),
    ("acompressor", "threshold=0.1:ratio=2.5:attack=8:release=120"),
)


@dataclass(frozen=True, slots=True)
class Programme:
    """What is broadcast, in order. Pauses are in seconds."""

    voice: Audio
    chime: Audio | None = None
    pause: float = 0.8
    tail: float = 0.6


@dataclass(frozen=True, slots=True)
class Mastered:
    """A finished MP3 and what was measured on it. `passes`: how often it was encoded."""

    mp3: bytes
    measured: Measured
    passes: int


def recipe(profile: Profile) -> str:
    """What names this way of mastering, the encoder's version included."""
    from loa.loudspeaker.speech.versions import version_of

    chain = [list(item) for item in VOICE_CHAIN]
    return digest(
        [VERSION, version_of("av"), chain, profile.name, profile.rate, profile.bit_rate, profile.loudness, profile.peak]
    )


def master(programme: Programme, tags: dict[str, str], profile: Profile | None = None) -> Mastered:
    """The programme as one MP3 with its tags.

    Returns the closest it came to the profile; whether that is near enough is for the check to say. Raises
    `GatewayError` where the voice is silent, `Unsupported` where the `audio` extra is not installed.
    """
    require_av()
    profile = profile or Profile()
    sound = _assembled(programme, profile)
    gain, limit = _first_guess(sound, profile)
    best: Mastered | None = None
    for count in range(1, _MOST_PASSES + 1):
        mp3 = _encoded(_limited(sound, profile, gain, limit), profile, tags)
        now = Mastered(mp3, measure(mp3), count)
        if best is None or _distance(now.measured, profile) < _distance(best.measured, profile):
            best = now
        off = profile.loudness - now.measured.loudness
        over = now.measured.peak - profile.peak
        if abs(off) <= _CLOSE and over <= 0:
            return now
        gain += off if abs(off) > _CLOSE else 0.0
        limit -= over + 0.1 if over > 0 else 0.0
    assert best is not None  # noqa: S101 - the loop ran
    return best


def _distance(measured: Measured, profile: Profile) -> float:
    # a peak over the mark distorts, which is worse than being a little off in loudness
    return abs(measured.loudness - profile.loudness) + 10 * max(0.0, measured.peak - profile.peak)


def _assembled(programme: Programme, profile: Profile) -> bytes:
    """Chime, pause, voice and tail as 32-bit floats at the profile's rate, the voice near its final loudness."""
    voice = _filtered(programme.voice, VOICE_CHAIN, profile)
    level = _loudness(voice, profile)
    if level < _SILENT:
        raise GatewayError("speech-silent")
    parts = [_amplified(voice, profile, profile.loudness - level)]
    if programme.chime is not None:
        chime = _filtered(programme.chime, (), profile)
        wanted = profile.loudness - _CHIME_BELOW - _loudness(chime, profile)
        parts = [_amplified(chime, profile, wanted), _pause(programme.pause, profile), *parts]
    return b"".join([*parts, _pause(programme.tail, profile)])


def _filtered(audio: Audio, chain: Sequence[Filter], profile: Profile) -> bytes:
    whole = [("aresample", str(profile.rate)), *chain, ("aformat", f"sample_fmts=flt:sample_rates={profile.rate}")]
    return run(frames(audio.pcm, audio.rate), whole).data


def _again(sound: bytes, chain: Sequence[Filter], profile: Profile) -> bytes:
    return run(frames(sound, profile.rate, "flt", _FLOAT), [*chain, ("aformat", "sample_fmts=flt")]).data


def _amplified(sound: bytes, profile: Profile, gain: float) -> bytes:
    return _again(sound, [("volume", f"{gain:.3f}dB:precision=float")], profile)


def _pause(seconds: float, profile: Profile) -> bytes:
    return bytes(_FLOAT * round(seconds * profile.rate))


def _loudness(sound: bytes, profile: Profile) -> float:
    # shorter than one of the meter's 400 ms blocks there is no reading: play it over
    least = _FLOAT * profile.rate
    longer = sound * (1 + least // max(1, len(sound)))
    return loudness_of(run(frames(longer, profile.rate, "flt", _FLOAT), [("ebur128", "metadata=1")], keep=False).notes)


def _limited(sound: bytes, profile: Profile, gain: float, limit: float, times: int = _OVERSAMPLED) -> bytes:
    """Amplified and limited, as floats. Peaks between samples are only seen, and held, at `times` the rate."""
    ceiling = 10 ** (limit / 20)
    limiter = [("alimiter", f"limit={ceiling:.5f}:level=0:attack=4:release=60")]
    if times > 1:
        limiter = [("aresample", str(times * profile.rate)), *limiter, ("aresample", str(profile.rate))]
    return _again(sound, [("volume", f"{gain:.3f}dB:precision=float"), *limiter], profile)


def _first_guess(sound: bytes, profile: Profile) -> tuple[float, float]:
    """Gain and limit in dB that land on the target in one pass, most times.

    The limiter takes back a part of every decibel, so the gain is found by secants on the limiter alone: at the plain
    rate and without encoding a step costs a twentieth of a pass.
    """
    limit = profile.peak - 0.6  # what the encoder may add to the peaks
    wanted = profile.loudness + _LAME_LOSES
    gain, slope = wanted - profile.loudness, 1.0
    before: tuple[float, float] | None = None
    for _ in range(_MOST_GUESSES):
        level = _loudness(_limited(sound, profile, gain, limit, times=1), profile)
        if before is not None and abs(gain - before[0]) > 0.01:
            slope = min(1.0, max(0.1, (level - before[1]) / (gain - before[0])))
        if abs(wanted - level) <= _NEAR:
            break
        before = (gain, level)
        gain += (wanted - level) / slope
    return gain, limit


def _encoded(sound: bytes, profile: Profile, tags: dict[str, str]) -> bytes:
    import av

    buffer = io.BytesIO()
    # 2.3 is the version of ID3 that Windows and car radios read
    with av.open(buffer, "w", format="mp3", options={"id3v2_version": "3", "fflags": "+bitexact"}) as container:
        container.metadata.update(tags)
        stream = container.add_stream("libmp3lame", rate=profile.rate, layout="mono", options=_QUICK)
        stream.bit_rate = profile.bit_rate
        for frame in frames(sound, profile.rate, "flt", _FLOAT):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()
