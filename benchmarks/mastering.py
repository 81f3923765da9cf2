"""Mastering: seconds of sound a second, and what twenty different pieces come to, decoded.

    python benchmarks/mastering.py [--pieces 20] [--json]

Each piece is a whole bulletin - chime, opening, body, body again, closing - by itself: the script templates that ship,
in Vietnamese and English, and then voices as they should not be: far too soft, clipped, with a hum and noise, of a
telephone's rate, with one shout, with minutes of silence. Speaking is not counted, encoding and measuring are.
"""

from __future__ import annotations

import argparse
import array
import json
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from loa.loudspeaker.audio import Audio, silence  # noqa: E402 - after the path to it
from loa.loudspeaker.bulletin import read_chime  # noqa: E402
from loa.loudspeaker.lexicon import read_lexicon  # noqa: E402
from loa.loudspeaker.master import Mastering, Take  # noqa: E402
from loa.loudspeaker.measure import measure  # noqa: E402
from loa.loudspeaker.profile import read_profile  # noqa: E402
from loa.loudspeaker.script import parse  # noqa: E402
from loa.loudspeaker.speech.engine import Grain  # noqa: E402
from loa.loudspeaker.speech.espeak import EspeakEngine  # noqa: E402
from loa.loudspeaker.voice import lines, to_speech  # noqa: E402

PROFILE = read_profile(ROOT / "templates")
CHIME = read_chime(ROOT / "assets")[0]
SCRIPT = (
    (ROOT / "benchmarks" / "data" / "bulletin.vi.txt").read_text(encoding="utf-8").replace("{name}", "xã Tân Cương")
)
VALUES = {
    "{{ commune | uncapitalize }}": "xã Tân Cương", "{{ commune }}": "Xã Tân Cương", "{{ hotline }}": "1022",
    "{{ local_hotline }}": "1022", "{{ issuer }}": "UBND tỉnh Thái Nguyên", "{{ portal_host }}": "dichvucong.gov.vn",
}  # fmt: skip
Change = Callable[[Audio], Audio]


def changed(audio: Audio, sample: Callable[[int, int], float]) -> Audio:
    """Every sample (its place, its value) made another one, held within 16 bits."""
    new = (max(-32768, min(32767, round(sample(i, value)))) for i, value in enumerate(array.array("h", audio.pcm)))
    return Audio(array.array("h", new).tobytes(), audio.rate)


def noisy(audio: Audio) -> Audio:
    dice = random.Random(1)  # noqa: S311 - noise, not secrets
    return changed(audio, lambda i, value: 0.6 * value + dice.gauss(0, 400) + 900 * ((i // 220) % 2))


def shouted(audio: Audio) -> Audio:
    first, last = len(audio.pcm) // 6, len(audio.pcm) // 5
    return changed(audio, lambda i, value: value if first < i < last else 0.08 * value)


VOICES: dict[str, Change] = {
    "thirty decibels too soft": lambda audio: changed(audio, lambda i, value: value / 32),
    "clipped": lambda audio: changed(audio, lambda i, value: 8 * value),
    "noise and a hum": noisy,
    "a telephone's rate": lambda audio: Audio(
        array.array("h", array.array("h", audio.pcm)[::3]).tobytes(), audio.rate // 3
    ),
    "one shout": shouted,
    "long silences": lambda audio: Audio(audio.pcm + silence(4, audio.rate).pcm, audio.rate),
}


def takes(script: str, language: str, change: Change) -> list[Take]:
    engine = EspeakEngine()
    spoken = to_speech(parse(script, language, "-"), read_lexicon(ROOT / "assets", language))
    said = {line.text: change(engine.speak(line.text, language)) for line in lines(spoken, Grain.SENTENCE)}
    row = [Take(line.text, lambda text=line.text: said[text], line.pause) for line in lines(spoken, Grain.SENTENCE, 2)]  # type: ignore[misc]
    return [Take("", lambda: CHIME, 0.8, chime=True), *row]


def pieces() -> Iterator[tuple[str, list[Take]]]:
    for path in sorted((ROOT / "templates" / "loudspeaker").glob("[ck]*/*.j2")):
        name, language, _ = path.name.split(".")
        script = path.read_text(encoding="utf-8")
        for placeholder, value in VALUES.items():
            script = script.replace(placeholder, value)
        script = "\n".join(line for line in script.splitlines() if not line.startswith("{#"))
        if "{%" not in script:
            yield f"{name} ({language})", takes(script, language, lambda audio: audio)
    for name, change in VOICES.items():
        yield name, takes(SCRIPT, "vi", change)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pieces", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    rows, sound, spent = [], 0.0, 0.0
    for name, wanted in list(pieces())[-given.pieces :]:
        begun = time.perf_counter()
        made = Mastering(PROFILE, lambda key: False).master(wanted, {"title": name})
        spent += time.perf_counter() - begun
        found = measure(made.data)  # once more, by itself
        sound += found.seconds
        rows.append(
            (name, found.seconds, found.loudness, found.peak, made.passes, PROFILE.holds(found.loudness, found.peak))
        )
    inside = sum(row[-1] for row in rows)
    if given.json:
        print(json.dumps({"pieces": len(rows), "inside": inside, "speed": sound / spent}))
        return
    for name, seconds, loudness, peak, passes, holds in rows:
        kept = "" if holds else "  OUTSIDE"
        print(f"{name:28} {seconds:5.0f} s  {loudness:6.2f} LUFS  {peak:5.2f} dBTP  {passes} passes{kept}")
    print(f"{inside} of {len(rows)} within {PROFILE.loudness} ±{PROFILE.tolerance} LUFS and {PROFILE.peak} dBTP")
    print(f"{sound / spent:.0f} seconds of sound a second")


if __name__ == "__main__":
    main()
