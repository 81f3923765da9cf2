#!/usr/bin/env python3
"""How fast a list of people is imported, and with how much memory, beside the loop that one would write first.

    python benchmarks/import_people.py                   2,000,000 rows
    python benchmarks/import_people.py --rows 20000      a look at the mechanics
    python benchmarks/import_people.py --quote-all       every cell in quotes, as some programs write
    python benchmarks/import_people.py --xlsx            a workbook (at most 1,048,575 rows)

The list is made here and thrown away: names that are none, numbers that are counted up, in the spellings that real
lists have. Of 100 rows about 3 repeat a number in another spelling, 2 are landlines, 2 have no number or words instead,
half a one is what Excel rounded, 1.5 do not consent, half a one names an old commune that was split, 4 are 11-digit
numbers of before 2018, 3 have a delimiter or a quote in their note; half of the communes are old ones with their
district. One in a hundred numbers is on the opt-out list before. What must come out is counted while the list is made.

The import is `loa audience import` as it is: a process of its own, a store on disk, opt-outs, people, rejects. The loop
is `csv` and `phonenumbers`: parse, valid, mobile, E.164, a set against repetitions; no communes, no consent, nothing
written. It goes through a part of the same list. Both run twice, in turn, and the better time of each counts;
processor seconds are told beside it, for machines that have other work too.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HEADER = ("Họ và tên", "Số điện thoại", "Xã/phường", "Huyện", "Tỉnh", "Ngôn ngữ", "Nhóm", "Đồng ý nhận tin", "Ghi chú")
PROVINCES = ("Tỉnh Thái Nguyên", "Tỉnh Hưng Yên", "Tỉnh Quảng Ngãi", "Tỉnh Lai Châu")
LOOPED = 100_000  # rows that the loop goes through: enough for a rate
SHEET_ROWS = 1_048_575
NAME = "do-thu"

SPELLINGS: Sequence[tuple[int, Callable[[str], str]]] = (
    (46, lambda n: n),
    (10, lambda n: f"+84 {n[1:4]} {n[4:7]} {n[7:]}"),
    (8, lambda n: "84" + n[1:]),
    (9, lambda n: f"{n[:4]}.{n[4:7]}.{n[7:]}"),
    (3, lambda n: f"({n[:3]}){n[3:]}"),
    (3, lambda n: "0084" + n[1:]),
    (10, lambda n: n[1:]),
    (7, lambda n: f"{n[:4]} {n[4:7]} {n[7:]}"),
    (3, lambda n: f"{n[:4]}-{n[4:7]}-{n[7:]}"),
    (1, lambda n: n.replace("0", "O")),
)


class Maker:
    """Makes rows, and counts what they must come to."""

    def __init__(self, seed: int = 1588) -> None:
        from loa.audience.places import Places, Unplaced, Written, read_old_communes
        from loa.model.phone import prefixes
        from loa.workspace import Workspace

        self._random = random.Random(seed)  # noqa: S311  # the same list every time, not a secret
        table = prefixes()
        self._leads = sorted(table.operators)
        self._old = {new: old for old, new in table.renumbered.items()}
        workspace = Workspace(ROOT)
        units = read_old_communes(workspace.audiences / "communes-old.csv", "communes-old.csv")
        places = Places(workspace.communes, units)
        olds = [unit for unit in units if unit.province in PROVINCES and unit.name]
        today = [(unit.name, "", unit.province) for unit in workspace.communes.values() if unit.province in PROVINCES]
        before = [(unit.name, unit.district, unit.province) for unit in olds]
        written = [form for place in (today, before) for form in _forms(place)]
        found = {form: not isinstance(places.find(Written(*form)), Unplaced) for form in written}
        self._today = [form for form in written if found[form] and not form[1]]
        self._before = [form for form in written if found[form] and form[1]]
        self._split = [(unit.name, unit.district, unit.province) for unit in olds if unit.split]
        self._spelled = [spelling for weight, spelling in SPELLINGS for _ in range(weight)]
        self.expected: Counter[str] = Counter()
        self.opted_out: list[str] = []

    def rows(self, count: int) -> Iterator[tuple[str, ...]]:
        draw, choice = self._random.random, self._random.choice
        good: list[str] = []  # some of the numbers that are taken already
        for i in range(count):
            number = f"0{self._leads[i % len(self._leads)]}{i // len(self._leads) * 7919 % 10_000_000:07}"
            place, consent, reason = choice(self._today if draw() < 0.5 else self._before), "có", ""
            kind = draw()
            if kind < 0.03 and good:
                number, reason = choice(good), "phone-duplicate"
            elif kind < 0.045:
                consent, reason = "không", "consent-missing"
            elif kind < 0.05:
                place, reason = choice(self._split), "commune-split"
            elif kind < 0.06:
                self.opted_out.append(number)
                reason = "phone-opted-out"
            written = choice(self._spelled)(number)
            if number[1:3] in self._old and 0.06 < kind < 0.115:  # a tenth and a half of all have such a prefix
                written = f"0{self._old[number[1:3]]}{number[3:]}"
            elif 0.93 < kind < 0.975:
                written, reason = _no_number(kind, number)
            if not reason and (len(good) < 1000 or kind < 0.065):
                good.append(number)
            self.expected[reason] += 1
            note = choice(("tổ 5; xóm 3", 'gọi "sau 17 giờ"', "đã gọi")) if draw() < 0.045 else ""
            language, group = choice(("", "", "vi", "en")), choice(("người dân", "học sinh", "hộ kinh doanh", ""))
            yield (f"Người mẫu {i % 997}", written, *place, language, group, consent, note)


def _forms(places: Sequence[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    """The ways in which people write a place."""
    for commune, district, province in places:
        short = province.removeprefix("Tỉnh ")
        yield commune, district, short
        yield commune.lower(), district.lower(), short
        district = district.replace("Huyện ", "H. ").replace("Thành phố ", "TP. ")
        yield commune.replace("Phường ", "P. "), district, province


def _no_number(kind: float, number: str) -> tuple[str, str]:
    if kind < 0.95:
        return f"0208{number[3:]}", "phone-landline"
    if kind < 0.96:
        return "", "phone-missing"
    if kind < 0.97:
        return "không có", "phone-not-a-number"
    return f"9,12E+{number[-2:]}", "phone-rounded"


def write(path: Path, rows: Iterator[tuple[str, ...]], quote_all: bool) -> None:
    """A list as Excel writes it, or as a workbook by its name."""
    if path.suffix == ".xlsx":
        import xlsxwriter

        with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
            sheet = book.add_worksheet("Danh sách")
            for i, row in enumerate(itertools.chain([HEADER], rows)):
                for j, cell in enumerate(row):
                    if cell:
                        sheet.write_string(i, j, cell)
        return
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        quoting = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n", quoting=quoting)
        writer.writerow(HEADER)
        writer.writerows(rows)


# the import, in a process of its own


def import_list(root: Path, file: Path, opted_out: Path) -> dict[str, Any]:
    """Imports as the command line does. Run in a fresh process: the peak of memory is the process's."""
    from loa import audience
    from loa.channel import Desk
    from loa.model.clock import SystemClock
    from loa.store import Store
    from loa.workspace import Workspace

    clock = SystemClock()
    store = Store.open("sqlite:///var/loa.db", root, clock)
    desk = Desk(Workspace.at(root), store, clock, {})
    begun = time.perf_counter()
    listed = audience.opt_out(opted_out, "5656", desk) if opted_out.stat().st_size else None
    noted = time.perf_counter()
    worked = time.process_time()
    outcome = audience.run(file, NAME, None, desk)
    done, worked = time.perf_counter(), time.process_time() - worked
    again = audience.run(file, NAME, None, desk)
    return {
        "opt_out_seconds": noted - begun,
        "opted_out": listed.added if listed else 0,
        "seconds": done - noted,
        "cpu_seconds": worked,
        "again_seconds": time.perf_counter() - done,
        "unchanged": again.unchanged,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
        "total": outcome.info.total,
        "clean": outcome.info.clean,
        "reasons": dict(outcome.info.reasons),
    }


def in_a_process(*words: object) -> dict[str, Any]:
    """Runs this file again with words, and reads what it prints."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, __file__, *map(str, words)], check=True, capture_output=True, text=True, cwd=ROOT
    )
    made: dict[str, Any] = json.loads(done.stdout)
    return made


# the loop beside it


def loop(file: Path, rows: int) -> dict[str, Any]:
    """Numbers of a list through `csv` and `phonenumbers`; the seconds for one."""
    import phonenumbers

    mobile = phonenumbers.PhoneNumberType.MOBILE
    found: set[str] = set()
    count = 0
    begun, worked = time.perf_counter(), time.process_time()
    with file.open(encoding="utf-8-sig", newline="") as lines:
        for row in itertools.islice(csv.reader(lines, delimiter=";"), 1, rows + 1):
            count += 1
            try:
                number = phonenumbers.parse(row[1], "VN")
            except phonenumbers.NumberParseException:
                continue
            if phonenumbers.is_valid_number(number) and phonenumbers.number_type(number) == mobile:
                found.add(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    seconds, worked = time.perf_counter() - begun, time.process_time() - worked
    return {"seconds": seconds / count, "cpu_seconds": worked / count, "numbers": len(found)}


def measure(rows: int, *, quote_all: bool = False, xlsx: bool = False) -> dict[str, Any]:
    """Makes a list and goes through it both ways. `wrong`: what did not come to what it must, empty if all did."""
    with tempfile.TemporaryDirectory(prefix="loa-import-") as name:
        folder = Path(name)
        maker = Maker()
        file, plain = folder / ("ds.xlsx" if xlsx else "ds.csv"), folder / "ds.csv"
        write(file, maker.rows(rows), quote_all)
        if xlsx:
            write(plain, Maker().rows(min(rows, LOOPED)), quote_all)
        opted_out = folder / "dnc.txt"
        opted_out.write_text("".join(f"{number}\n" for number in maker.opted_out), encoding="utf-8")
        loops, imports = [], []
        for turn in ("1", "2"):
            loops.append(in_a_process("--loop", plain, "--rows", min(rows, LOOPED)))
            root = workspace(folder / turn)
            imports.append(in_a_process("--import", root, "--file", file, "--opted-out", opted_out))
        size = file.stat().st_size
    made = min(imports, key=itemgetter("seconds"))
    expected = {code: count for code, count in maker.expected.items() if code}
    made["wrong"] = {
        code: (made["reasons"].get(code, 0), expected.get(code, 0))
        for code in {*made["reasons"], *expected}
        if made["reasons"].get(code, 0) != expected.get(code, 0)
    }
    made["bytes"] = size
    made["peak_mb"] = max(one["peak_mb"] for one in imports)
    made["loop_seconds"] = rows * min(one["seconds"] for one in loops)
    made["loop_cpu_seconds"] = rows * min(one["cpu_seconds"] for one in loops)
    made["cpu_seconds"] = min(one["cpu_seconds"] for one in imports)
    return made


def workspace(root: Path) -> Path:
    """A workspace with what an import needs."""
    (root / "audiences").mkdir(parents=True)
    for table in ("audiences/communes.csv", "audiences/communes-old.csv", "loa.toml"):
        shutil.copyfile(ROOT / table, root / table)
    return root


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--quote-all", action="store_true")
    parser.add_argument("--xlsx", action="store_true")
    parser.add_argument("--loop", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--import", dest="root", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--opted-out", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(words)
    if given.loop:
        print(json.dumps(loop(given.loop, given.rows)))
        return 0
    if given.root:
        print(json.dumps(import_list(given.root, given.file, given.opted_out)))
        return 0
    rows = min(given.rows, SHEET_ROWS) if given.xlsx else given.rows
    made = measure(rows, quote_all=given.quote_all, xlsx=given.xlsx)
    seconds, cpu, loop_seconds, loop_cpu = (
        made[name] for name in ("seconds", "cpu_seconds", "loop_seconds", "loop_cpu_seconds")
    )
    print(f"{rows:,} rows, {made['bytes'] / 1e6:,.0f} MB, {made['clean']:,} people, {rows - made['clean']:,} rejects")
    print(f"import            {seconds:7.1f} s {rows / seconds:11,.0f} rows/s {cpu:7.1f} s of processor")
    print(f"csv+phonenumbers  {loop_seconds:7.1f} s {rows / loop_seconds:11,.0f} rows/s {loop_cpu:7.1f} s of processor")
    print(f"times the rate    {loop_seconds / seconds:7.1f}   by processor time {loop_cpu / cpu:.1f}")
    print(f"peak of memory    {made['peak_mb']:7,.0f} MB")
    print(f"the same again    {made['again_seconds']:7.1f} s")
    print(f"opt-out list      {made['opt_out_seconds']:7.1f} s {made['opted_out']:11,} numbers")
    if made["wrong"] or not made["unchanged"]:
        print(f"WRONG: {made['wrong']}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    raise SystemExit(main())
