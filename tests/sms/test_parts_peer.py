"""Counting parts, against the npm package that browsers' counters are made of."""

from __future__ import annotations

import json
import random
import subprocess

from loa.sms.parts import Alphabet, split
from loa.text.normal import nfc
from tests import npm

STRINGS = 6_000
POOLS = (
    "abcdefghij XYZ.,:;0123456789\n",
    "aé@£ÉàÇ" + "^{}[]~|€\\\f",
    "Dịch vụ công trực tuyến, đúng hẹn, không phải đi lại",
    "ab😀🇻𝒜 ",
    "ạđ😀€\t\u00a0“–\0\u0306",
)
PEER = """
const peer = require('split-sms');
let given = '';
process.stdin.on('data', chunk => given += chunk).on('end', () => {
  const answers = JSON.parse(given).map(text => {
    const found = peer.split(text);
    return [found.characterSet, found.parts.map(part => part.content), found.remainingInPart];
  });
  process.stdout.write(JSON.stringify(answers));
});
"""


def texts() -> list[str]:
    """The same strings in every run, of all lengths up to seven parts, most of them about where a part ends."""
    chance = random.Random(20261122)  # noqa: S311 - for tests
    edges = [limit * n + d for n in range(1, 4) for limit in (67, 70, 153, 160) for d in (-2, -1, 0, 1, 2)]
    made = []
    for i in range(STRINGS):
        length = chance.choice(edges) if i % 2 else chance.randrange(1, 480)
        pool = chance.choice(POOLS)
        # mostly plain, with something dear in it: where a part ends then depends on where that stands
        plain = "".join(chance.choices("ab ", k=length))
        mixed = "".join(chance.choice(pool) if chance.random() < 0.3 else char for char in plain)
        made.append(nfc(mixed))
    return made


def test_agrees_with_split_sms_on_thousands_of_strings() -> None:
    folder = npm.installed("split-sms", "0.1.7")
    given = texts()
    done = subprocess.run(
        [npm.program("node"), "-e", PEER],
        cwd=folder, input=json.dumps(given), capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    answers = json.loads(done.stdout)
    ours = [split(text) for text in given]
    assert len({part.count for part in ours}) >= 5, "the strings must reach beyond one part"
    assert [
        ["Unicode" if part.alphabet is Alphabet.UCS2 else "GSM", list(part.pieces), part.left] for part in ours
    ] == answers
