"""The benchmarks run, small: their figures are for people, but what they count is held here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def run(name: str, *words: str) -> str:
    command = [sys.executable, str(BENCHMARKS / f"{name}.py"), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_rate_is_never_above_what_was_set() -> None:
    said = run("rate", "--rate", "50", "--seconds", "3")
    (busiest,) = re.findall(r"busiest second: (\d+) parts", said)
    assert 0 < int(busiest) <= 50


@pytest.mark.parametrize("through", ["simulator", "smpp"])
def test_nothing_is_lost_or_sent_twice_however_a_wave_is_killed(through: str) -> None:
    said = run("kill", "--kills", "4", "--people", "400", "--rate", "400", "--on", "sqlite", "--through", through)
    (people, lost, twice, doubt, unlisted) = re.findall(
        r"(\d+) people  lost (\d+)  sent twice (\d+)  in doubt (\d+) .*not listed (\d+)", said
    )[0]
    assert (people, lost, twice, unlisted) == ("400", "0", "0", "0")
    assert int(doubt) <= 4 * 50


def test_what_communes_hear_alike_is_made_once_and_every_file_keeps_to_the_profile() -> None:
    found = json.loads(run("bulletins", "--communes", "6", "--whole", "2", "--json"))
    assert (found["family"]["pieces"], found["whole"]["pieces"]) == (6, 2)
    assert found["family"]["off"] <= 0.5
    assert found["family"]["peak"] <= -1.0


def test_voices_as_they_should_not_be_come_out_as_they_should() -> None:
    found = json.loads(run("mastering", "--pieces", "3", "--json"))
    assert (found["pieces"], found["inside"]) == (3, 3)
