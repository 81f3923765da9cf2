"""What a finished file really is: loudness and peak of the decoded sound, never of what went into the encoder."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass

from loa.loudspeaker.audio import Audio
from loa.loudspeaker.codec import OPTIONS, UnreadableSoundError, frames, require_av, run

_SILENT = -70.0  # the absolute gate of EBU R 128: there is no reading below it


@dataclass(frozen=True, slots=True)
class Measured:
    """`loudness` is integrated, in LUFS (ITU-R BS.1770); `peak` the true peak in dBTP; `bit_rate` in bit/s."""

    loudness: float
    peak: float
    seconds: float
    rate: int
    channels: int
    bit_rate: int
    tags: Mapping[str, str]


def measure(data: bytes, peak: float | None = None) -> Measured:
    """Measures an encoded file. Raises `UnreadableSoundError` where it holds no sound.

    `peak` is the true peak where it is known already: finding it takes longer than all else.
    """
    require_av()
    import av

    known = peak is not None
    try:
        with av.open(io.BytesIO(data), mode="r", options=OPTIONS) as container:
            if not container.streams.audio:
                raise UnreadableSoundError
            stream = container.streams.audio[0]
            rate, channels, bit_rate = stream.rate, stream.channels, stream.bit_rate or 0
            tags = dict(container.metadata)
            heard = run(
                container.decode(audio=0),
                [("asetnsamples", "n=32768:p=0"), ("ebur128", f"metadata=1{'' if known else ':peak=true'}")],
                keep=False,
            )
            samples = heard.samples
    except (av.FFmpegError, ValueError) as error:
        raise UnreadableSoundError from error
    if not samples:
        raise UnreadableSoundError
    return Measured(
        loudness=_number(heard.notes, "lavfi.r128.I", _SILENT),
        peak=decibels(_number(heard.notes, "lavfi.r128.true_peak", 0.0)) if peak is None else peak,
        seconds=samples / rate,
        rate=rate,
        channels=channels,
        bit_rate=bit_rate,
        tags=tags,
    )


def momentary(sound: Audio) -> tuple[float, ...]:
    """The momentary loudness (EBU R 128: over 400 ms) every tenth of a second, in LUFS; -70 and less is silence."""
    curve: list[float] = []
    run(
        frames(sound.pcm, sound.rate),
        [("ebur128", "metadata=1")],
        keep=False,
        each=lambda notes: curve.append(_number(notes, "lavfi.r128.M", _SILENT)),
    )
    return tuple(curve)


def loudness_of(notes: Mapping[str, str]) -> float:
    """The integrated loudness that `ebur128` noted on the last frame, in LUFS; -70 for silence."""
    return _number(notes, "lavfi.r128.I", _SILENT)


def decibels(amplitude: float) -> float:
    """An amplitude (1 is full scale) in decibels."""
    return 20 * math.log10(amplitude) if amplitude > 0 else -120.0


def _number(notes: Mapping[str, str], key: str, default: float) -> float:
    try:
        value = float(notes[key])
    except (KeyError, ValueError):
        return default
    return value if math.isfinite(value) else default
