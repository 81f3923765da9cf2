"""The golden table of readings, by us and by the libraries there are: cases right out of all.

    python benchmarks/normaliser.py [--kinds dates,times] [--misses 5] [--json]

The table (`tests/loudspeaker/cases`) says what an announcer reads; it was written before any program was asked. Two
scores: *exact*, to the letter, and *heard*, where what sounds alike or means the same counts as well - capitals,
punctuation, hyphens, lẻ for linh, ngàn for nghìn, bốn for tư, trên giờ for một giờ - so that nobody loses for a
convention that is ours. Names, abbreviations and addresses follow the workspace's own lexicon, which the others do not
have: they are left out of the second table of figures.

Ours was mended until every case was right, so its full score says only that it stays so. What a case that it has never
seen comes to, the kind `held-out` tells: of 101 that were written for it 79 were right at first sight, 12 were
refused with the token named, 10 were read in another way.

vietnormalizer gets each case whole. num2words (lang='vi') knows numbers only: it gets each figure of the case, written
as Vietnam writes it, and the rest stays as it is. Each runs in a process of its own, with packages of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.loudspeaker.tables import cases, golden  # noqa: E402 - after the path to it

PACKAGES = {"vietnormalizer": ("vietnormalizer==0.2.3",), "num2words": ("num2words==0.5.14",)}
OF_A_LEXICON = {"abbreviations", "names", "addresses", "documents", "sentences", "held-out"}
Read = Callable[[str, str], str]
"""How a case of a kind is read."""


def table() -> list[tuple[str, str, str]]:
    """Kind, written, spoken."""
    return [*golden(), *(("numbers", *case) for case in cases("numbers.vi.tsv"))]


def loa() -> Read:
    from loa.loudspeaker.lexicon import read_lexicon
    from loa.loudspeaker.reading.numbers import cardinal
    from loa.loudspeaker.speakable import read

    lexicon = read_lexicon(ROOT / "assets", "vi")
    return lambda kind, text: cardinal(int(text)) if kind == "numbers" else read(text, "vi", lexicon).text


def vietnormalizer() -> Read:
    from vietnormalizer import VietnameseNormalizer

    normalizer = VietnameseNormalizer()
    return lambda kind, text: str(normalizer.normalize(text))


def num2words() -> Read:
    from num2words import num2words as in_words

    def figure(match: re.Match[str]) -> str:
        written = match[0].replace(".", "").replace(",", ".")
        return str(in_words(float(written) if "." in written else int(written), lang="vi"))

    return lambda kind, text: re.sub(r"\d+(?:\.\d{3})*(?:,\d+)?", figure, text)


READERS: dict[str, Callable[[], Read]] = {"loa": loa, "vietnormalizer": vietnormalizer, "num2words": num2words}

_ALIKE = (
    (r"\blẻ\b", "linh"), (r"\bngàn\b", "nghìn"), (r"\btỉ\b", "tỷ"), (r"\b(mươi|tháng|thứ|quý|phần) bốn\b", r"\1 tư"),
    (r"\b(?:trên|mỗi|một) (?=giờ|giây|năm|tháng|người|lần|hộ)", ""), (r"\bxen ti mét\b", "xăng ti mét"),
    (r"\bđộ (?:c|xê|xen xi út)\b", "độ xê"), (r"(?<!ngày )\bngày (?!ngày )", ""),
    (r"(\bgiờ (?:\w+ ){1,3}?)phút\b", r"\1"), (r"\bđô la mỹ\b", "đô la"),
)  # fmt: skip


def heard(words: str) -> str:
    """What is left when everything that sounds alike or means the same is one."""
    plain = unicodedata.normalize("NFC", words).lower()
    plain = " ".join(re.sub(r"[^\w\s]|_", " ", plain).split())
    for pattern, same in _ALIKE:
        plain = re.sub(pattern, same, plain)
    return " ".join(plain.split())


def measure(reader: str) -> list[dict[str, object]]:
    """What one reader makes of each case, and how long it took for all."""
    read = READERS[reader]()
    found: list[dict[str, object]] = []
    for kind, written, spoken in table():
        started = time.perf_counter()
        try:
            said = read(kind, written)
        except Exception as error:  # noqa: BLE001 - a library that breaks on a case has not read it
            said = f"({type(error).__name__})"
        seconds = time.perf_counter() - started
        exact, alike = said == spoken, heard(said) == heard(spoken)
        found.append({"kind": kind, "written": written, "said": said, "exact": exact, "heard": alike, "s": seconds})
    return found


def run(reader: str) -> list[dict[str, object]]:
    """One reader in a process of its own that finds the packages it needs."""
    from tests.sms.smpp import peers

    environ = dict(os.environ)
    if reader in PACKAGES:
        environ["PYTHONPATH"] = str(peers.packages(*PACKAGES[reader]))
    command = [sys.executable, __file__, "--only", reader]
    done = subprocess.run(command, env=environ, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - ourselves
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def show(title: str, kinds: list[str], found: dict[str, list[dict[str, object]]]) -> None:
    """A line for each kind, then all together."""
    print(f"\n{title}\n{'':<15}{'cases':>6}" + "".join(f"{reader:>24}" for reader in found))
    for kind in [*kinds, "all"]:
        row = f"{kind:<15}"
        for number, cases_read in enumerate(found.values()):
            of = [case for case in cases_read if case["kind"] in (kinds if kind == "all" else [kind])]
            if number == 0:
                row += f"{len(of):>6}"
            exact, alike = (sum(bool(case[score]) for case in of) for score in ("exact", "heard"))
            row += f"{exact:>10} exact{alike / len(of):>6.0%} ♪ "
        print(row)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", help="only these")
    parser.add_argument("--misses", type=int, default=0, help="show so many misses of each")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=READERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        print(json.dumps(measure(options.only)))
        return
    found = {reader: run(reader) for reader in READERS}
    kinds = list(dict.fromkeys(str(case["kind"]) for case in found["loa"]))
    if options.kinds:
        kinds = [kind for kind in kinds if kind in options.kinds.split(",")]
    figures = {
        reader: {
            score: sum(bool(case[score]) for case in cases_read if case["kind"] in kinds)
            for score in ("exact", "heard")
        }
        for reader, cases_read in found.items()
    }
    if options.json:
        print(json.dumps({"cases": sum(case["kind"] in kinds for case in found["loa"]), **figures}))
        return
    show("Cases right, to the letter and (♪) as heard", kinds, found)
    plain = [kind for kind in kinds if kind not in OF_A_LEXICON]
    if plain and plain != kinds:
        show("Without what follows our lexicon", plain, found)
    for reader, cases_read in found.items():
        for case in [case for case in cases_read if case["kind"] in kinds and not case["heard"]][: options.misses]:
            print(f"{reader}: {case['written']} -> {case['said']}")


if __name__ == "__main__":
    main()
