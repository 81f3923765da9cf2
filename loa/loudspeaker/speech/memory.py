"""An engine that needs nothing: a tone per word, and a record of what it was asked. For tests and rehearsals."""

from __future__ import annotations

import array
import math
from dataclasses import dataclass, field

from loa.loudspeaker.audio import Audio
from loa.loudspeaker.speech.engine import Fit, Grain, refuse_other_languages, refuse_silence
from loa.model.errors import GatewayError

_RATE = 22_050
_WORD_SECONDS = 0.25


@dataclass
class MemoryEngine:
    """Says every word as a quarter of a second of tone. `fails` is raised instead, where it is set."""

    name: str = "memory"
    version: str = "1"
    languages: frozenset[str] = frozenset({"vi", "en"})
    fit: Fit = Fit.BROADCAST
    online: bool = False
    grains: tuple[Grain, ...] = (Grain.SENTENCE,)
    fails: GatewayError | None = None
    said: list[tuple[str, str]] = field(default_factory=list)

    def speak(self, text: str, language: str) -> Audio:
        refuse_other_languages(self, language)
        refuse_silence(self, text)
        if self.fails is not None:
            raise self.fails
        self.said.append((language, text))
        samples = array.array("h")
        for word in text.split():
            samples.extend(_tone(220 + 20 * (sum(map(ord, word)) % 20)))
        return Audio(samples.tobytes(), _RATE)


def _tone(hertz: int) -> list[int]:
    """A tone that swells and fades, so that it has something of a syllable's shape."""
    count = round(_RATE * _WORD_SECONDS)
    return [
        round(12_000 * math.sin(math.pi * i / count) * math.sin(2 * math.pi * hertz * i / _RATE)) for i in range(count)
    ]
