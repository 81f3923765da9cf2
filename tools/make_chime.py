"""Writes assets/sounds/chime.wav: the rising call before a bulletin. Ours, synthesised; the same bytes every time.

Run it from the root of the workspace: python tools/make_chime.py
"""

from __future__ import annotations

import array
import math
import sys
import wave
from pathlib import Path

TARGET = Path("assets/sounds/chime.wav")
RATE = 44_100
# G5, C6, E6, G6: an open rising chord in the band where a horn is loudest; start and length in seconds
NOTES = ((783.99, 0.00, 1.1), (1046.50, 0.32, 1.1), (1318.51, 0.64, 1.1), (1567.98, 0.96, 1.7))
# a struck bar: its third partial rings faster away than the note itself
PARTIALS = ((1.0, 0.70, 3.2), (2.0, 0.18, 5.0), (3.93, 0.12, 11.0))
SECONDS = 2.7
PEAK = 0.5


def sample(moment: float) -> float:
    """The sum of the notes that sound at a moment."""
    value = 0.0
    for pitch, start, length in NOTES:
        since = moment - start
        if 0 <= since < length:
            # 5 ms to swell and 80 ms to leave, so that no edge clicks
            edge = min(1.0, since / 0.005, (length - since) / 0.08)
            for ratio, weight, decay in PARTIALS:
                value += edge * weight * math.exp(-decay * since) * math.sin(2 * math.pi * pitch * ratio * since)
    return value


def samples() -> array.array[int]:
    values = [sample(i / RATE) for i in range(round(RATE * SECONDS))]
    loudest = max(map(abs, values))
    made = array.array("h", (round(32_767 * PEAK * value / loudest) for value in values))
    if sys.byteorder == "big":
        made.byteswap()
    return made


def main() -> None:
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(TARGET), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples().tobytes())
    print(f"{TARGET}: {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
