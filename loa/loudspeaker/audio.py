"""Sound in memory: one channel of 16-bit samples."""

from __future__ import annotations

import array
import io
import wave
from collections.abc import Iterable
from dataclasses import dataclass

WIDTH = 2  # bytes a sample


@dataclass(frozen=True, slots=True)
class Audio:
    """Mono PCM: signed 16-bit little-endian samples, `rate` of them a second."""

    pcm: bytes
    rate: int

    @property
    def seconds(self) -> float:
        return len(self.pcm) / WIDTH / self.rate

    @property
    def peak(self) -> float:
        """The largest sample, 0 to 1."""
        samples = array.array("h", self.pcm)
        return max((abs(max(samples)), abs(min(samples)))) / 32768 if samples else 0.0

    @property
    def clipped(self) -> int:
        """Samples that stand at the end of the scale: what a recording that was too loud leaves behind."""
        samples = array.array("h", self.pcm)
        return samples.count(32767) + samples.count(-32768)


def silence(seconds: float, rate: int) -> Audio:
    return Audio(bytes(WIDTH * round(seconds * rate)), rate)


def joined(parts: Iterable[Audio]) -> Audio:
    """One after the other. Raises `ValueError` for parts of different rates: one voice has one rate."""
    parts = list(parts)
    rates = {part.rate for part in parts}
    if len(rates) != 1:
        raise ValueError(f"one rate expected, not {sorted(rates)}")
    return Audio(b"".join(part.pcm for part in parts), rates.pop())


def to_wav(audio: Audio) -> bytes:
    """As a WAV file: lossless, and readable by everything."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(WIDTH)
        file.setframerate(audio.rate)
        file.writeframes(audio.pcm)
    return buffer.getvalue()


def from_wav(data: bytes) -> Audio:
    """What `to_wav` wrote. Raises `ValueError` for anything else: `codec.decode` reads what others wrote."""
    try:
        with wave.open(io.BytesIO(data), "rb") as file:
            if (file.getnchannels(), file.getsampwidth()) != (1, WIDTH):
                raise ValueError("one channel of 16 bits expected")
            return Audio(file.readframes(file.getnframes()), file.getframerate())
    except (wave.Error, EOFError) as error:
        raise ValueError("not a WAV file") from error
