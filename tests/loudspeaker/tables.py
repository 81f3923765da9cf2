"""Reads the tables of cases: two columns with a tab between, `#` starts a remark."""

from __future__ import annotations

from pathlib import Path

CASES = Path(__file__).with_name("cases")
ROOT = Path(__file__).parents[2]


KINDS = sorted(path.stem for path in (CASES / "vi").glob("*.tsv"))
"""The kinds of the golden table: what an announcer reads, each case thought of before the program was asked."""


def golden() -> list[tuple[str, str, str]]:
    """Every case of the golden table: kind, written, spoken."""
    return [(kind, *case) for kind in KINDS for case in cases(f"vi/{kind}.tsv")]


def cases(name: str) -> list[tuple[str, str]]:
    lines = (CASES / name).read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [(written, spoken) for written, spoken in rows]
