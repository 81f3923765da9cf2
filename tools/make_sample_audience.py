#!/usr/bin/env python3
"""Make audiences/samples/thai-nguyen-2000.csv: 2,000 people who do not exist, as untidy as real lists are.

    python tools/make_sample_audience.py                    writes the sample and prints what is in it
    python tools/make_sample_audience.py --truth FILE       also writes what each row should come to

The same seed and the same communes tables always give the same bytes. Nobody is in it: every name says that it is a
sample ("mẫu"), and every number lies in a marked block, subscriber part 000xxxx under its prefix (why this block and
what it is not: audiences/README.md). Only the simulator may be given this file.

The file: UTF-8 with BOM, semicolons, CRLF, a Vietnamese header, 2,000 rows in a drawn order.

What each row should come to
    1,720  clean: a mobile number, a commune of today, consent; all numbers different
       60  duplicate: the same person again, the number spelled otherwise
       40  no phone            40  landline (25 of 0208, 15 of 0209)
       30  not a number (too short, too long, words, Excel's 9,12E+08)
       10  a prefix that no operator holds (095, 060)
       30  no consent ("không")
       24  old commune that was split, 8 each: Gia Sàng, Cam Giá, Thượng Đình (a person decides)
       30  commune missing
        6  commune ambiguous: "xa van lang" is Xã Văn Lăng or Xã Văn Lang
       10  commune not found

Forms of the 1,820 well-formed mobile numbers that are not duplicates
    700 0912000123      180 +84 912 000 123 (90 of them without spaces)      150 84912000123
    170 0912.000.123     70 (091)2000123      60 0084912000123     190 912000123 (Excel took the zero)
    110 0912 000 123     50 0912-000-123      40 letter O for 0 (20 the first only, 20 all)
    100 numbers of before 2018 with 11 digits (0120... for 070...)
The 60 duplicates repeat rows of the first form: 12 each as +84, 84, dots, spaces and without the zero.
Whichever of the two stands first in the file is the clean one. A trap on purpose: nine digits that begin with 84
are prefix 084 without its zero, not a country code.

Forms of the commune in the 1,870 rows that name one which can be found (duplicates repeat theirs)
    780 today's name     60 in small letters      60 P./X. for the kind      40 without the kind      60 unaccented
    150 today's code     20 code without its zero in front
    600 old commune with old district (100 of the districts as H./TP., 100 without the kind)
     40 old commune of Bắc Kạn with old district, but today's province
     60 old commune with old district, unaccented
40 of the communes and 60 of the names are in NFD. 50 names have stray spaces (25 of them no-break). 10 notes hold
a semicolon in quotes. No row names Phường Gia Sàng of today: its name and its code are also those of split old
communes, so that what a row meant could not be known.

Endings. The simulator decides by the last two digits. Of the 1,720 clean numbers:
    34 end in 01 refused     34 in 02 temporary     69 in 03 undelivered     17 in 04 expired     17 in 05 no receipt
     9 in 06 receipt twice    9 in 07 receipt before the answer     3 in 08 no answer, so unknown
    1,528 in 10 to 99 accepted and delivered
All other mobile numbers (but the duplicates) end in 10 to 99.

Languages: 260 "vi", 20 "VI", 24 "en", the rest empty; it is the person's own stated choice. Groups are those of
plan 81/KH-UBND that say nothing sensitive: never ethnicity, and no vulnerability either.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

SEED = 81_2025  # plan 81/KH-UBND of 2025
PROVINCE_CODE = "19"
AUDIENCES = Path(__file__).resolve().parent.parent / "audiences"
OUT = AUDIENCES / "samples" / "thai-nguyen-2000.csv"

HEADER = [
    "Họ và tên",
    "Số điện thoại",
    "Xã/phường",
    "Huyện/thành phố",
    "Tỉnh",
    "Ngôn ngữ",
    "Nhóm",
    "Đồng ý nhận tin",
    "Ghi chú",
]

# Weights: a guess at the market, good enough for a table by operator to have something in each line.
OPERATORS: dict[str, tuple[int, list[str]]] = {
    "Viettel": (48, ["032", "033", "034", "035", "036", "037", "038", "039", "086", "096", "097", "098"]),
    "VinaPhone": (23, ["081", "082", "083", "084", "085", "088", "091", "094"]),
    "MobiFone": (17, ["070", "076", "077", "078", "079", "089", "090", "093"]),
    "Vietnamobile": (5, ["052", "056", "058", "092"]),
    "Gmobile": (2, ["059", "099"]),
    "iTel": (3, ["087"]),
    "Wintel": (2, ["055"]),
}
# Prefixes of 11-digit numbers and what they became in 2018; the seven digits after them stayed.
OLD_PREFIX = {
    "070": "0120", "079": "0121", "077": "0122", "076": "0126", "078": "0128",
    "083": "0123", "084": "0124", "085": "0125", "081": "0127", "082": "0129",
    "032": "0162", "033": "0163", "034": "0164", "035": "0165",
    "036": "0166", "037": "0167", "038": "0168", "039": "0169",
    "056": "0186", "058": "0188", "059": "0199",
}  # fmt: skip
BLOCK = "000"  # the first three of the seven subscriber digits

CLEAN = 1720
ENDINGS = {"01": 34, "02": 34, "03": 69, "04": 17, "05": 17, "06": 9, "07": 9, "08": 3}

FORMS: dict[str, tuple[int, Callable[[str], str]]] = {
    "plain": (700, lambda n: n),
    "+84 spaced": (90, lambda n: f"+84 {n[1:4]} {n[4:7]} {n[7:]}"),
    "+84": (90, lambda n: "+84" + n[1:]),
    "84": (150, lambda n: "84" + n[1:]),
    "dots": (170, lambda n: f"{n[:4]}.{n[4:7]}.{n[7:]}"),
    "brackets": (70, lambda n: f"({n[:3]}){n[3:]}"),
    "0084": (60, lambda n: "0084" + n[1:]),
    "nine digits": (190, lambda n: n[1:]),
    "spaces": (110, lambda n: f"{n[:4]} {n[4:7]} {n[7:]}"),
    "hyphens": (50, lambda n: f"{n[:4]}-{n[4:7]}-{n[7:]}"),
    "letter O first": (20, lambda n: "O" + n[1:]),
    "letter O all": (20, lambda n: n.replace("0", "O")),
    "11 digits": (100, lambda n: OLD_PREFIX[n[:3]] + n[3:]),
}
DUPLICATE_FORMS = {"+84": 12, "84": 12, "dots": 12, "spaces": 12, "nine digits": 12}

GARBAGE = [
    "091200012", "03500012", "0912", "12345", "0", "09120001234", "0977000123456", "8491200", "+84 91 200",
    "không có", "chưa có", "xin sau", "?", "-", "x", "9,12E+08", "9.12E+08", "8,49E+10", "091200012x", "#N/A",
]  # fmt: skip

# The plan's own groups that are neither sensitive nor make anybody so, by their share in a hundred.
GROUPS = {
    "người dân": 58,
    "người cao tuổi": 12,
    "học sinh, sinh viên": 12,
    "doanh nghiệp": 7,
    "Tổ công nghệ số cộng đồng": 6,
    "cán bộ, công chức, viên chức": 5,
}
LANGUAGES = {"vi": 260, "VI": 20, "en": 24}
NAMES = ("Người mẫu", "Nguyễn Thị Mẫu", "Trần Văn Mẫu", "Lê Thị Mẫu", "Phạm Văn Mẫu", "Hoàng Thị Mẫu", "Vũ Văn Mẫu")
FIRMS = ("Công ty TNHH Mẫu", "Hộ kinh doanh Mẫu", "Hợp tác xã Mẫu")
NOTES = (
    "gọi lại buổi tối; nhắc qua tổ trưởng",
    'ghi trong sổ là "mẫu"; đã kiểm tra',
    "số của người nhà; đồng ý nhận thay",
)


@dataclass
class Row:
    """One line of the file, and what it should come to."""

    name: str
    phone: str
    commune: str
    district: str
    province: str
    outcome: str
    number: str = ""  # ten digits as they are today; empty where there is no mobile number
    code: str = ""  # commune of today
    phone_form: str = ""
    commune_form: str = ""
    language: str = ""
    group: str = ""
    consent: str = "có"
    note: str = ""

    def cells(self) -> list[str]:
        return [
            self.name, self.phone, self.commune, self.district, self.province,
            self.language, self.group, self.consent, self.note,
        ]  # fmt: skip


def unaccented(text: str) -> str:
    apart = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def without_kind(name: str) -> str:
    for kind in ("Xã ", "Phường ", "Thị trấn ", "Huyện ", "Thành phố ", "Tỉnh "):
        name = name.removeprefix(kind)
    return name


def dealt(counts: dict[T, int], rng: random.Random) -> list[T]:
    """Each key as often as its count says, in a drawn order."""
    cards = [key for key, count in counts.items() for _ in range(count)]
    rng.shuffle(cards)
    return cards


class Numbers:
    """Draws numbers of the marked block, each once."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._given: set[str] = set()

    def draw(self, ending: str = "", *, from_before_2018: bool = False) -> str:
        while True:
            operator = self._rng.choices(list(OPERATORS), [weight for weight, _ in OPERATORS.values()])[0]
            prefixes = [p for p in OPERATORS[operator][1] if p in OLD_PREFIX or not from_before_2018]
            if not prefixes:
                continue
            tail = ending or str(self._rng.randrange(10, 100))
            number = f"{self._rng.choice(prefixes)}{BLOCK}{self._rng.randrange(100):02}{tail}"
            if number not in self._given:
                self._given.add(number)
                return number


class Places:
    """Communes of the province, written in the ways people write them."""

    def __init__(self, audiences: Path, rng: random.Random) -> None:
        self._rng = rng
        with (audiences / "communes.csv").open(encoding="utf-8", newline="") as file:
            today = [row for row in csv.DictReader(file) if row["province_code"] == PROVINCE_CODE]
        codes = {row["code"] for row in today}
        with (audiences / "communes-old.csv").open(encoding="utf-8", newline="") as file:
            old = [row for row in csv.DictReader(file) if row["new_code"] in codes]

        self.split = {row["old_commune"]: row for row in old if row["split"] == "1"}
        self._old = [row for row in old if row["split"] == "0"]
        self._old_bac_kan = [row for row in self._old if row["old_province"] == "Tỉnh Bắc Kạn"]
        split_codes = {row["old_code"] for row in self.split.values()}
        # a name or a code of today that is also that of a split old commune may have meant either
        self._today = [row for row in today if row["name"] not in self.split and row["code"] not in split_codes]
        folded = Counter(unaccented(without_kind(row["name"])).lower() for row in today)
        self._today_plain = [row for row in self._today if folded[unaccented(without_kind(row["name"])).lower()] == 1]

    def write(self, form: str) -> tuple[str, str, str, str]:
        """(commune, district, province, code of today) as the form has it."""
        if form.startswith("old"):
            return self._write_old(form)
        plain = form in {"without kind", "unaccented", "small"}
        row = self._rng.choice(self._today_plain if plain else self._today)
        name, province = row["name"], self._rng.choice(["Thái Nguyên", "Thái Nguyên", "Tỉnh Thái Nguyên"])
        written = {
            "name": name,
            "small": name.lower(),
            "abbreviated": name.replace("Phường ", "P. ").replace("Xã ", "X. "),
            "without kind": without_kind(name),
            "unaccented": unaccented(name).lower(),
            "code": row["code"],
            "code without zero": row["code"].lstrip("0"),
        }[form]
        return written, "", unaccented(province) if form == "unaccented" else province, row["code"]

    def _write_old(self, form: str) -> tuple[str, str, str, str]:
        row = self._rng.choice(self._old_bac_kan if form == "old, today's province" else self._old)
        commune, district, province = row["old_commune"], row["old_district"], without_kind(row["old_province"])
        if form == "old, H./TP.":
            district = district.replace("Huyện ", "H. ").replace("Thành phố ", "TP. ")
        elif form == "old, district without kind":
            district = without_kind(district)
        elif form == "old, today's province":
            province = "Thái Nguyên"
        elif form == "old, unaccented":
            commune, district, province = (unaccented(text) for text in (commune, district, province))
        return commune, district, province, row["new_code"]


COMMUNE_FORMS = {
    "name": 780,
    "small": 60,
    "abbreviated": 60,
    "without kind": 40,
    "unaccented": 60,
    "code": 150,
    "code without zero": 20,
    "old": 400,
    "old, H./TP.": 100,
    "old, district without kind": 100,
    "old, today's province": 40,
    "old, unaccented": 60,
}


def unfindable(places: Places) -> Iterator[tuple[str, str, tuple[str, str, str]]]:
    """(outcome, form, cells) of the rows whose commune cannot be told, though the phone is good."""
    for name, row in sorted(places.split.items()):
        for _ in range(8):
            yield "commune split", "old, split", (name, row["old_district"], "Thái Nguyên")
    for _ in range(30):
        yield "commune missing", "missing", ("", "", "Thái Nguyên")
    for _ in range(6):
        yield "commune ambiguous", "ambiguous", ("xa van lang", "", "thai nguyen")
    for n in range(1, 11):
        yield "commune not found", "not found", (f"Xã Không Có Thật {n}", "", "Thái Nguyên")


def bad_phones(rng: random.Random) -> Iterator[tuple[str, str]]:
    """(outcome, cell) of the rows that have no mobile number."""
    for _ in range(40):
        yield "phone missing", ""
    for prefix, count in (("0208", 25), ("0209", 15)):
        for _ in range(count):
            yield "landline", f"{prefix}{BLOCK}{rng.randrange(10_000):04}"
    for n in range(30):
        yield "not a number", GARBAGE[n % len(GARBAGE)]
    for n in range(10):
        yield "unknown prefix", f"{('095', '060')[n % 2]}{BLOCK}{rng.randrange(10_000):04}"


def make(audiences: Path = AUDIENCES, seed: int = SEED) -> list[Row]:
    """The 2,000 rows in the order of the file. Of two rows with one number the first is clean."""
    rng = random.Random(seed)  # noqa: S311 - sample data, to be the same every time
    numbers, places = Numbers(rng), Places(audiences, rng)
    commune_forms = iter(dealt(COMMUNE_FORMS, rng))
    phone_forms = iter(dealt({form: count for form, (count, _) in FORMS.items()}, rng))
    rows: list[Row] = []

    def add(outcome: str, cells: tuple[str, str, str], code: str, form: str, ending: str = "") -> None:
        phone_form = next(phone_forms)
        number = numbers.draw(ending, from_before_2018=phone_form == "11 digits")
        phone = FORMS[phone_form][1](number)
        rows.append(Row("", phone, *cells, outcome, number, code, phone_form, form))

    def add_findable(outcome: str, ending: str = "") -> None:
        form = next(commune_forms)
        *cells, code = places.write(form)
        add(outcome, (cells[0], cells[1], cells[2]), code, form, ending)

    for ending in dealt({**ENDINGS, "": CLEAN - sum(ENDINGS.values())}, rng):
        add_findable("clean", ending)
    for _ in range(30):
        add_findable("no consent")
        rows[-1].consent = "không"
    for outcome, form, cells in unfindable(places):
        add(outcome, cells, "", form)
    for outcome, phone in bad_phones(rng):
        form = next(commune_forms)
        *cells, code = places.write(form)
        rows.append(Row("", phone, *cells, outcome, "", code, outcome, form))

    finish(rows, rng)
    twins = rng.sample([row for row in rows if repeatable(row)], sum(DUPLICATE_FORMS.values()))
    for row, form in zip(twins, dealt(DUPLICATE_FORMS, rng), strict=True):
        rows.append(replace(row, phone=FORMS[form][1](row.number), phone_form=form, outcome="duplicate"))
    rng.shuffle(rows)
    name_outcomes(rows)
    return rows


def finish(rows: list[Row], rng: random.Random) -> None:
    """Names, groups, languages, notes, and the marks that decomposed letters and stray spaces leave."""
    languages = dealt({**LANGUAGES, "": len(rows) - sum(LANGUAGES.values())}, rng)
    for serial, (row, language) in enumerate(zip(rows, languages, strict=True), start=1):
        row.language = language
        row.group = rng.choices(list(GROUPS), list(GROUPS.values()))[0]
        row.name = f"{rng.choice(FIRMS if row.group == 'doanh nghiệp' else NAMES)} {serial:04}"
        if row.consent == "có" and rng.random() < 0.1:
            row.consent = "Có"
    for row in rng.sample(rows, 60):
        row.name = unicodedata.normalize("NFD", row.name)
    for n, row in enumerate(rng.sample(rows, 50)):
        row.name = row.name.replace(" ", "\u00a0" if n % 2 else "  ") + (" " if n % 4 else "")
    accented = [row for row in rows if row.code and unicodedata.normalize("NFD", row.commune) != row.commune]
    for row in rng.sample(accented, 40):
        row.commune = unicodedata.normalize("NFD", row.commune)
    for n, row in enumerate(rng.sample(rows, 10)):
        row.note = NOTES[n % len(NOTES)]


def repeatable(row: Row) -> bool:
    """Plain in all but its commune, so that the duplicates leave the counts of the docstring as they are."""
    plain = unicodedata.is_normalized("NFC", row.name + row.commune) and row.name == " ".join(row.name.split())
    return plain and row.outcome == "clean" and row.phone_form == "plain" and not (row.language or row.note)


def name_outcomes(rows: list[Row]) -> None:
    """In the order of the file the first row of a number is the clean one, whichever was made first."""
    seen: set[str] = set()
    for row in rows:
        if row.outcome in {"clean", "duplicate"}:
            row.outcome = "duplicate" if row.number in seen else "clean"
            seen.add(row.number)


def to_bytes(rows: list[Row]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(HEADER)
    writer.writerows(row.cells() for row in rows)
    return out.getvalue().encode("utf-8-sig")


def truth(rows: list[Row]) -> bytes:
    """What each row should come to: line, outcome, the number as ten digits, the commune of today."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["line", "outcome", "number", "commune", "phone_form", "commune_form"])
    for line, row in enumerate(rows, start=2):
        writer.writerow([line, row.outcome, row.number, row.code, row.phone_form, row.commune_form])
    return out.getvalue().encode("utf-8")


def summary(rows: list[Row]) -> str:
    prefix_of = {prefix: name for name, (_, prefixes) in OPERATORS.items() for prefix in prefixes}
    clean = [row for row in rows if row.outcome == "clean"]
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        counts["should come to"][row.outcome] += 1
        counts["phone"][row.phone_form] += 1
        counts["commune"][row.commune_form] += 1
        counts["language"][row.language or "(empty)"] += 1
        counts["group"][row.group] += 1
    for row in clean:
        counts["clean, by operator"][prefix_of[row.number[:3]]] += 1
        counts["clean, by ending"][row.number[-2:] if row.number[-2:] in ENDINGS else "10-99"] += 1
    lines = [f"{len(rows)} rows; clean rows name {len({row.code for row in clean})} communes"]
    for title, counter in counts.items():
        lines.append(f"{title}: " + ", ".join(f"{key} {count}" for key, count in counter.most_common()))
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Make the synthetic sample audience of Thái Nguyên.")
    parser.add_argument("--audiences", type=Path, default=AUDIENCES, help="the folder with the communes tables")
    parser.add_argument("--out", type=Path, default=OUT, help="the file to write")
    parser.add_argument("--truth", type=Path, help="also write what each row should come to")
    arguments = parser.parse_args(argv)
    rows = make(arguments.audiences)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_bytes(to_bytes(rows))
    if arguments.truth:
        arguments.truth.write_bytes(truth(rows))
    print(summary(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
