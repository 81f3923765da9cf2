"""One bulletin of two minutes for every commune of a province, each with its own name, beside making each whole.

    python benchmarks/bulletins.py [--communes 92] [--whole 8] [--json]

The bulletin is the campaign's own, its greeting and closing naming the commune. *family* is what `prepare` does: what
the communes hear alike is spoken and mastered once. *whole* speaks and masters the whole of a bulletin by itself, as if
there were no other; it is taken on some of the communes, spread over the list, and reckoned up to all. Each runs in a
process of its own, with the embedded voice; every file is measured, decoded, in both.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))


def pieces(count: int) -> list[object]:
    """A bulletin for each of the first communes of Thái Nguyên."""
    from loa.loudspeaker.bulletin import Piece, Titles
    from loa.loudspeaker.lexicon import read_lexicon
    from loa.loudspeaker.script import parse
    from loa.loudspeaker.voice import to_speech
    from loa.workspace import Workspace

    workspace = Workspace.at(ROOT)
    lexicon = read_lexicon(workspace.assets, "vi")
    communes = workspace.communes_of(workspace.plan("thai-nguyen"))[:count]
    source = (ROOT / "benchmarks" / "data" / "bulletin.vi.txt").read_text(encoding="utf-8")
    made: list[object] = []
    for commune in communes:
        words = source.replace("{name}", commune.name[:1].lower() + commune.name[1:])
        made.append(Piece(to_speech(parse(words, "vi", "-"), lexicon), Titles(commune.name), body_times=2))
    return made


def studio() -> object:
    from loa.loudspeaker.bulletin import Studio, read_chime
    from loa.loudspeaker.profile import read_profile
    from loa.loudspeaker.speech.espeak import EspeakEngine

    return Studio([EspeakEngine()], read_chime(ROOT / "assets")[0], read_profile(ROOT / "templates"))


def family(count: int) -> dict[str, float]:
    """All of them together. Only figures are held, as the artefact store would hold the files."""
    wanted, room = pieces(count), studio()
    begun = time.perf_counter()
    found = room.make_all(wanted, lambda place, made: made.mastered.measured)  # type: ignore[attr-defined]
    return {**_figures(found), "seconds": time.perf_counter() - begun, "pieces": len(found)}


def whole(count: int, sample: int) -> dict[str, float]:
    """Some of them, each by itself."""
    wanted, room = pieces(count), studio()
    chosen = wanted[:: max(1, len(wanted) // sample)][:sample]
    begun = time.perf_counter()
    found = [room.make(piece).mastered.measured for piece in chosen]  # type: ignore[attr-defined]
    return {**_figures(found), "seconds": time.perf_counter() - begun, "pieces": len(found)}


def _figures(found: object) -> dict[str, float]:
    measured = list(found)  # type: ignore[call-overload]
    return {
        "length": sum(item.seconds for item in measured) / len(measured),
        "off": max(abs(item.loudness + 16) for item in measured),
        "peak": max(item.peak for item in measured),
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def apart(*words: str) -> dict[str, float]:
    """Runs one of them in a process of its own."""
    done = subprocess.run(  # noqa: S603 - this very script
        [sys.executable, __file__, *words], capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--communes", type=int, default=92)
    parser.add_argument("--whole", type=int, default=8)
    parser.add_argument("--only", choices=["family", "whole"])
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    size = ("--communes", str(given.communes), "--whole", str(given.whole))
    if given.only:
        print(json.dumps(family(given.communes) if given.only == "family" else whole(given.communes, given.whole)))
        return
    together, alone = apart("--only", "family", *size), apart("--only", "whole", *size)
    each = alone["seconds"] / alone["pieces"]
    ratio = each * together["pieces"] / together["seconds"]
    if given.json:
        print(json.dumps({"family": together, "whole": alone, "ratio": ratio}))
        return
    print(f"{together['pieces']:.0f} bulletins of {together['length']:.0f} s, each with its commune's name")
    print(f"  whole   {each:.2f} s each ({alone['pieces']:.0f} made)  {alone['memory']:.0f} MB")
    print(f"  family  {together['seconds'] / together['pieces']:.2f} s each  {together['memory']:.0f} MB")
    print(f"  ratio   {ratio:.1f}")
    print(f"  furthest from -16 LUFS: {together['off']:.2f}; highest peak {together['peak']:.2f} dBTP")


if __name__ == "__main__":
    main()
