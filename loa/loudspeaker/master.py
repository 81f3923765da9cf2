"""Mastering for horn loudspeakers, with PyAV alone.

A bulletin is a row of takes - chime, sentences, pauses. Each take goes through the profile's chain, is brought to one
level, limited and encoded by itself; the finished file is their packets one after the other. Encoding changes both
loudness and peak, so both are read from the decoded file and corrected there.

Pieces that differ from one another in a sentence - the commune's name, its hotline - share everything else: the level
is found on the first piece, every take is worked on once, and each finished file is measured by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain

from loa.loudspeaker.audio import Audio, silence
from loa.loudspeaker.codec import frames, require_av, run
from loa.loudspeaker.encoding import FLOAT, assembled, encoded, seconds_of
from loa.loudspeaker.measure import Measured, loudness_of, measure
from loa.loudspeaker.profile import Profile, Step
from loa.model.artefact import digest
from loa.model.errors import GatewayError

VERSION = "2"
"""Part of every recipe: raise it when mastering changes what comes out."""

_SILENT = -60.0  # LUFS; quieter speech than this is no speech
_UNHEARD = 0.001  # of full scale; what is softer all the way through says nothing
_OVERSAMPLED = 4
_LAME_LOSES = 0.43  # dB; LAME at 128 kbit/s and below gives back 0.40-0.46 less than it was given
_CLOSE = 0.25  # dB from the target that is not worth another pass; the tolerance is twice that
_MOST_PASSES = 5
_MOST_GUESSES = 6
_NEAR = 0.08  # dB; a guess this near needs no better one
_CHIME_BELOW = 3.0  # dB under the voice: it calls, it does not startle


@dataclass(frozen=True, slots=True)
class Take:
    """One stretch of a programme and the silence after it, in seconds. `key` names its sound: same key, same samples.

    The sound is asked for only when this take was not worked on before.
    """

    key: str
    sound: Callable[[], Audio]
    pause: float = 0.35
    chime: bool = False


@dataclass(frozen=True, slots=True)
class Mastered:
    """A finished file, what was measured on it decoded, how often it was encoded, and where each take starts (s)."""

    data: bytes
    measured: Measured
    passes: int
    starts: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Level:
    """What brings takes to the profile's loudness, all in dB: `voice` and `chime` beforehand, then `gain` and a
    limiter at `limit`."""

    voice: float
    chime: float
    gain: float
    limit: float


_Packets = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _Stretch:
    packets: _Packets
    peak: float


def recipe(profile: Profile) -> str:
    """What names this way of mastering, the encoder's version included."""
    from loa.loudspeaker.speech.versions import version_of

    return digest([VERSION, version_of("av"), profile.digest])


@dataclass
class Mastering:
    """The mastering of one family of pieces: one voice, one chime, one level.

    `again` says which takes more than one piece has: only these are kept. Raises `Unsupported` where the `audio` extra
    is not installed.
    """

    profile: Profile
    again: Callable[[str], bool] = lambda key: True
    _level: _Level | None = field(default=None, init=False)
    _kept: dict[tuple[str, float], _Stretch] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        require_av()

    def master(self, takes: Sequence[Take], tags: Mapping[str, str]) -> Mastered:
        """The takes as one file with its tags.

        Returns the closest it came to the profile; whether that is near enough is for the check to say. Raises
        `GatewayError` where the voice is silent.
        """
        if self._level is not None:
            made = self._alike(takes, tags, self._level)
            if self.profile.holds(made.measured.loudness, made.measured.peak):
                return made
            # its own sentence is much louder or softer than the rest: it gets a level of its own
        made, level, packets = self._levelled(takes, tags)
        if self._level is None:
            self._level = level
            self._kept = {key: self._measured(found) for key, found in packets.items() if self.again(key[0])}
        return made

    def _alike(self, takes: Sequence[Take], tags: Mapping[str, str], level: _Level) -> Mastered:
        """At the level of the first piece."""
        stretches = [self._stretch(take, level) for take in takes]
        data = assembled(chain.from_iterable(stretch.packets for stretch in stretches), self.profile, tags)
        # a peak lies inside a take, never in the silence between two; loudness is a matter of the whole
        measured = measure(data, peak=max(stretch.peak for stretch in stretches))
        return Mastered(data, measured, 1, self._starts([stretch.packets for stretch in stretches]))

    def _stretch(self, take: Take, level: _Level) -> _Stretch:
        key = (take.key, take.pause)
        if key in self._kept:
            return self._kept[key]
        made = self._measured(self._packets(self._raised(take, self._filtered(take), level), level))
        if self.again(take.key):
            self._kept[key] = made
        return made

    def _measured(self, packets: _Packets) -> _Stretch:
        return _Stretch(packets, measure(assembled(packets, self.profile, {})).peak)

    def _levelled(
        self, takes: Sequence[Take], tags: Mapping[str, str]
    ) -> tuple[Mastered, _Level, Mapping[tuple[str, float], _Packets]]:
        """At a level found on this piece itself; with that level, and every take at it."""
        done: dict[tuple[str, float], bytes] = {}
        for take in takes:
            if (take.key, take.pause) not in done:
                done[take.key, take.pause] = self._filtered(take)
        level = self._first_guess(takes, done)
        raised = {key: self._raised(take, done[key], level) for take in takes if (key := (take.key, take.pause))}
        best: tuple[Mastered, _Level, Mapping[tuple[str, float], _Packets]] | None = None
        for count in range(1, _MOST_PASSES + 1):
            packets = {key: self._packets(sound, level) for key, sound in raised.items()}
            ordered = [packets[take.key, take.pause] for take in takes]
            data = assembled(chain.from_iterable(ordered), self.profile, tags)
            now = Mastered(data, measure(data), count, self._starts(ordered))
            if best is None or self._distance(now) < self._distance(best[0]):
                best = now, level, packets
            off = self.profile.loudness - now.measured.loudness
            over = now.measured.peak - self.profile.peak
            if abs(off) <= min(_CLOSE, self.profile.tolerance / 2) and over <= 0:
                break
            gain = level.gain + (off if abs(off) > _CLOSE else 0.0)
            level = _Level(level.voice, level.chime, gain, level.limit - (over + 0.1 if over > 0 else 0.0))
        assert best is not None  # noqa: S101 - the loop ran
        return best

    def _distance(self, made: Mastered) -> float:
        # a peak over the mark distorts, which is worse than being a little off in loudness
        found = made.measured
        return abs(found.loudness - self.profile.loudness) + 10 * max(0.0, found.peak - self.profile.peak)

    def _starts(self, ordered: Sequence[_Packets]) -> tuple[float, ...]:
        return tuple(accumulate((seconds_of(packets, self.profile) for packets in ordered[:-1]), initial=0.0))

    # --- one take ---

    def _filtered(self, take: Take) -> bytes:
        """Through the profile's chain (a chime is not a voice: it stays as it is), as 32-bit floats at its rate."""
        audio = take.sound()
        if not take.chime and audio.peak < _UNHEARD:
            raise GatewayError("speech-silent")  # one sentence that nobody hears may be the one that matters
        pcm = audio.pcm + silence(take.pause, audio.rate).pcm
        rate = self.profile.rate
        steps: tuple[Step, ...] = () if take.chime else self.profile.filters
        whole = [("aresample", str(rate)), *steps, ("aformat", f"sample_fmts=flt:sample_rates={rate}")]
        return run(frames(pcm, audio.rate), whole).data

    def _raised(self, take: Take, sound: bytes, level: _Level) -> bytes:
        return self._again(sound, [_volume(level.chime if take.chime else level.voice)])

    def _packets(self, sound: bytes, level: _Level) -> _Packets:
        return encoded(self._limited(sound, level.gain, level.limit), self.profile)

    def _limited(self, sound: bytes, gain: float, limit: float, times: int = _OVERSAMPLED) -> bytes:
        """Amplified and limited, as floats. Peaks between samples are only seen, and held, at `times` the rate."""
        ceiling = 10 ** (limit / 20)
        limiter = [("alimiter", f"limit={ceiling:.5f}:level=0:attack=4:release=60")]
        if times > 1:
            rate = self.profile.rate
            limiter = [("aresample", str(times * rate)), *limiter, ("aresample", str(rate))]
        return self._again(sound, [_volume(gain), *limiter])

    def _again(self, sound: bytes, steps: Sequence[Step]) -> bytes:
        return run(frames(sound, self.profile.rate, "flt", FLOAT), [*steps, ("aformat", "sample_fmts=flt")]).data

    # --- the level ---

    def _loudness(self, sound: bytes) -> float:
        # shorter than one of the meter's 400 ms blocks there is no reading: play it over
        least = FLOAT * self.profile.rate
        longer = sound * (1 + least // max(1, len(sound)))
        metered = run(frames(longer, self.profile.rate, "flt", FLOAT), [("ebur128", "metadata=1")], keep=False)
        return loudness_of(metered.notes)

    def _first_guess(self, takes: Sequence[Take], done: Mapping[tuple[str, float], bytes]) -> _Level:
        """Gain and limit that land on the target in one pass, most times.

        The limiter takes back a part of every decibel, so the gain is found by secants on the limiter alone: at the
        plain rate and without encoding a step costs a twentieth of a pass.
        """
        target = self.profile.loudness
        loud = self._loudness(b"".join(done[take.key, take.pause] for take in takes if not take.chime))
        if loud < _SILENT:
            raise GatewayError("speech-silent")
        chimes = [self._loudness(done[take.key, take.pause]) for take in takes if take.chime]
        level = _Level(
            voice=target - loud,
            chime=target - _CHIME_BELOW - chimes[0] if chimes else 0.0,
            gain=0.0,
            limit=self.profile.peak - 0.6,  # what the encoder may add to the peaks
        )
        sound = b"".join(self._raised(take, done[take.key, take.pause], level) for take in takes)
        wanted = target + (_LAME_LOSES if self.profile.codec == "mp3" else 0.0)
        gain, slope = wanted - target, 1.0
        before: tuple[float, float] | None = None
        for _ in range(_MOST_GUESSES):
            now = self._loudness(self._limited(sound, gain, level.limit, times=1))
            if before is not None and abs(gain - before[0]) > 0.01:
                slope = min(1.0, max(0.1, (now - before[1]) / (gain - before[0])))
            if abs(wanted - now) <= _NEAR:
                break
            before = (gain, now)
            gain += (wanted - now) / slope
        return _Level(level.voice, level.chime, gain, level.limit)


def _volume(decibels: float) -> Step:
    return ("volume", f"{decibels:.3f}dB:precision=float")
