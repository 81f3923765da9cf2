#!/usr/bin/env python3
"""Generate audiences/communes.csv and audiences/communes-old.csv, once, from a public data set.

Source
    ``vietnamadminunits`` 1.0.4, released on PyPI on 2025-10-08, MIT licence,
    Copyright (c) 2025 Tran Ngoc Minh Hieu,
    https://github.com/tranngocminhhieu/vietnamadminunits
    Its data files are dated 2025-08-23. Only the data is read: the package is never imported, so its
    dependencies (shapely, geopy) are not needed here, and nothing of it is needed at run time.

Use
    pip download --no-deps vietnamadminunits==1.0.4 --dest DIR
    python tools/make_communes.py --source DIR --out audiences

``--source`` is the wheel, a folder that holds the wheel, or an unpacked wheel. The same source always gives the
same bytes: rows sorted by code, LF line ends, UTF-8 without BOM, NFC.

communes.csv: one row for each commune of today (after 1 July 2025)
    code           official commune code, five digits: text, the zeros in front count
    name           full name with its kind: "Xã ...", "Phường ...", "Đặc khu ..."
    kind           xã | phường | đặc khu
    province_code  official province code, two digits, text
    province       full official name with its kind: "Tỉnh Thái Nguyên", "Thành phố Huế"
    old_units      the old units it came from, "; "-joined, each "commune, district, province"
                   ("district, province" for the five island districts that had no communes)
    split_units    those of old_units that were split between more than one commune of today

communes-old.csv: one row for each (old commune -> commune of today)
    old_code       old commune code, five digits; empty for the five island districts
    old_province, old_district, old_commune
                   full names with their kinds, as they stood on 30 June 2025; old_commune is empty for those five
    new_code       code of the commune of today
    split          1 if that old commune went to more than one commune of today, else 0: such a row goes to a person
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sqlite3
import sys
import unicodedata
import zipfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

PACKAGE = "vietnamadminunits"
VERSION = "1.0.4"

DATASET = f"{PACKAGE}/data/dataset.db"
CONVERTER = f"{PACKAGE}/data/converter_2025.json"
METADATA = f"{PACKAGE}-{VERSION}.dist-info/METADATA"

# What the tables must hold. A figure that differs stops the script: nothing is written.
PROVINCES = 34
COMMUNES = 3321
KINDS = {"xã": 2621, "phường": 687, "đặc khu": 13}
COMMUNES_OF = {"Tỉnh Thái Nguyên": 92, "Tỉnh Lai Châu": 38, "Tỉnh Hưng Yên": 104, "Tỉnh Quảng Ngãi": 96}
OLD_COMMUNES = 10035
ISLAND_DISTRICTS = 5  # Bạch Long Vĩ, Cồn Cỏ, Hoàng Sa, Lý Sơn, Côn Đảo: districts without communes
SPLIT_IN_PLAN_PROVINCES = {
    ("Tỉnh Thái Nguyên", "Thành phố Thái Nguyên", "Phường Gia Sàng"),
    ("Tỉnh Thái Nguyên", "Thành phố Thái Nguyên", "Phường Cam Giá"),
    ("Tỉnh Thái Nguyên", "Huyện Phú Bình", "Xã Thượng Đình"),
    ("Tỉnh Hưng Yên", "Huyện Văn Lâm", "Xã Lạc Đạo"),
    ("Tỉnh Hưng Yên", "Huyện Văn Lâm", "Xã Đình Dù"),
    ("Tỉnh Hưng Yên", "Huyện Kim Động", "Xã Ngọc Thanh"),
    ("Tỉnh Quảng Ngãi", "Huyện Trà Bồng", "Xã Trà Bùi"),
}


class Commune(NamedTuple):
    code: str
    name: str
    kind: str
    province_code: str
    province: str


class Link(NamedTuple):
    """One old commune going, whole or in part, to one commune of today."""

    old_code: str
    old_province: str
    old_district: str
    old_commune: str
    new_code: str
    split: str

    @property
    def old(self) -> tuple[str, str, str]:
        return self.old_province, self.old_district, self.old_commune


def read_source(source: Path) -> tuple[bytes, bytes]:
    """Return (dataset.db, converter_2025.json) of the pinned version, from a wheel or a folder."""
    if source.is_dir() and not (source / DATASET).exists():
        wheels = sorted(source.glob(f"{PACKAGE}-{VERSION}-*.whl"))
        if len(wheels) != 1:
            raise SystemExit(f"{source}: no unpacked {PACKAGE} {VERSION} and not exactly one wheel of it")
        source = wheels[0]
    try:
        if source.is_dir():
            read = {name: (source / name).read_bytes() for name in (METADATA, DATASET, CONVERTER)}
        else:
            with zipfile.ZipFile(source) as wheel:
                read = {name: wheel.read(name) for name in (METADATA, DATASET, CONVERTER)}
    except (KeyError, FileNotFoundError, zipfile.BadZipFile) as error:
        raise SystemExit(f"{source}: this is not {PACKAGE} {VERSION}: {error}") from error
    return read[DATASET], read[CONVERTER]


def clean(name: str | None) -> str:
    """NFC, single spaces, kinds spelled alike: the source has "Thành Phố Bắc Kạn" beside "Thành phố Huế"."""
    text = " ".join(unicodedata.normalize("NFC", name or "").split())
    for kind in ("Thành phố", "Thị xã", "Thị trấn"):
        if text.lower().startswith(kind.lower() + " "):
            return kind + text[len(kind) :]
    return text


def kind_of(name: str) -> str:
    """The kind as the name says it: the source's own column of kinds is wrong for four communes of today."""
    return next((kind for kind in KINDS if name.lower().startswith(kind + " ")), "")


def build(dataset: bytes, converter: bytes) -> tuple[list[Commune], list[Link]]:
    """Join today's communes, the old ones and the conversion by the source's own keys."""
    database = sqlite3.connect(":memory:")
    database.deserialize(dataset)
    database.row_factory = sqlite3.Row

    communes: dict[tuple[str, str], Commune] = {}
    for row in database.execute("SELECT * FROM admin_units"):
        communes[row["provinceKey"], row["wardKey"]] = Commune(
            row["wardCode"],
            clean(row["ward"]),
            kind_of(clean(row["ward"])),
            row["provinceCode"],
            clean(row["province"]),
        )

    new_codes: dict[str, set[str]] = defaultdict(set)
    conversion = json.loads(converter)
    for province, wards in conversion["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for ward, old_keys in wards.items():
            for old_key in old_keys:
                new_codes[old_key].add(communes[province, ward].code)
    for province, old_wards in conversion["DICT_PROVINCE_WARD_DIVIDED"].items():
        for old_key, wards in old_wards.items():
            new_codes[old_key] |= {communes[province, ward["newWardKey"]].code for ward in wards}

    links = []
    for row in database.execute("SELECT * FROM admin_units_legacy"):
        key = f"{row['provinceKey']}_{row['districtKey']}_{row['wardKey'] or ''}"
        targets = new_codes.pop(key)
        links += [
            Link(
                row["wardCode"] or "",
                clean(row["province"]),
                clean(row["district"]),
                clean(row["ward"]),
                code,
                "1" if len(targets) > 1 else "0",
            )
            for code in targets
        ]
    if new_codes:
        raise SystemExit(f"the conversion names old communes that the old table lacks: {sorted(new_codes)[:5]}")
    database.close()
    return sorted(communes.values()), sorted(links)


def check(communes: list[Commune], links: list[Link]) -> None:
    """Stop with every figure that is not what it must be."""
    wrong: list[str] = []

    def expect(what: str, seen: object, wanted: object) -> None:
        if seen != wanted:
            wrong.append(f"{what}: {seen!r}, must be {wanted!r}")

    codes = {commune.code for commune in communes}
    provinces = Counter(commune.province for commune in communes)
    expect("communes", len(communes), COMMUNES)
    expect("different commune codes", len(codes), COMMUNES)
    expect("provinces", len(provinces), PROVINCES)
    expect("province codes", len({(c.province_code, c.province) for c in communes}), PROVINCES)
    expect("communes by kind", dict(Counter(c.kind for c in communes)), KINDS)
    for province, count in COMMUNES_OF.items():
        expect(f"communes of {province}", provinces[province], count)
    expect("names without their kind", [c.name for c in communes if not c.kind], [])
    expect("codes that are not five digits", [c for c in codes if not (len(c) == 5 and c.isdigit())], [])
    lyson = [c.province for c in communes if c.name == "Đặc khu Lý Sơn"]
    expect("province of Đặc khu Lý Sơn", lyson, ["Tỉnh Quảng Ngãi"])

    expect("old communes", len({link.old for link in links if link.old_code}), OLD_COMMUNES)
    expect("old commune codes", len({link.old_code for link in links if link.old_code}), OLD_COMMUNES)
    expect("old districts without communes", len({link.old for link in links if not link.old_code}), ISLAND_DISTRICTS)
    expect("communes of today that came from nowhere", codes - {link.new_code for link in links}, set())
    expect("links to codes that do not exist", {link.new_code for link in links} - codes, set())
    of_province = {commune.code: commune.province for commune in communes}
    split = {link.old for link in links if link.split == "1" and of_province.get(link.new_code) in COMMUNES_OF}
    expect("split old communes in the provinces of the plans", split, SPLIT_IN_PLAN_PROVINCES)
    texts = [text for row in [*communes, *links] for text in row]
    expect("texts not in NFC", [text for text in texts if not unicodedata.is_normalized("NFC", text)], [])

    if wrong:
        raise SystemExit("nothing written:\n  " + "\n  ".join(wrong))


def readable(link: Link) -> str:
    return ", ".join(part for part in (link.old_commune, link.old_district, link.old_province) if part)


def to_csv(header: list[str], rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode("utf-8")


def tables(communes: list[Commune], links: list[Link]) -> dict[str, bytes]:
    """File name -> bytes."""
    came_from: dict[str, list[Link]] = defaultdict(list)
    for link in links:
        came_from[link.new_code].append(link)
    rows = []
    for commune in communes:
        olds = came_from[commune.code]
        split = [readable(link) for link in olds if link.split == "1"]
        rows.append([*commune, "; ".join(map(readable, olds)), "; ".join(split)])
    return {
        "communes.csv": to_csv([*Commune._fields, "old_units", "split_units"], rows),
        "communes-old.csv": to_csv(list(Link._fields), [list(link) for link in links]),
    }


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Generate the communes tables from the vietnamadminunits wheel.")
    parser.add_argument("--source", type=Path, required=True, help="the wheel, a folder with it, or it unpacked")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write the two tables to")
    arguments = parser.parse_args(argv)

    communes, links = build(*read_source(arguments.source))
    check(communes, links)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, content in tables(communes, links).items():
        (arguments.out / name).write_bytes(content)

    olds = {link.old for link in links}
    split = {link.old for link in links if link.split == "1"}
    print(f"communes.csv: {len(communes)} communes, {len({c.province for c in communes})} provinces")
    print(f"communes-old.csv: {len(links)} rows, {len(olds)} old units, {len(split)} of them split")
    return 0


if __name__ == "__main__":
    sys.exit(main())
