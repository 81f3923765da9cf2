"""The communes tables and the sample audience, as they stand in the folder."""

from __future__ import annotations

import csv
import importlib.util
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
AUDIENCES = ROOT / "audiences"
SAMPLE = AUDIENCES / "samples" / "thai-nguyen-2000.csv"


def read(name: str) -> list[dict[str, str]]:
    with (AUDIENCES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


COMMUNES = read("communes.csv")
OLD = read("communes-old.csv")
BY_CODE = {row["code"]: row for row in COMMUNES}


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


# --- today's communes


def test_the_country_has_3321_communes_in_34_provinces() -> None:
    assert len(COMMUNES) == len(BY_CODE) == 3321
    assert len({row["province_code"] for row in COMMUNES}) == len({row["province"] for row in COMMUNES}) == 34


@pytest.mark.parametrize(
    ("code", "province", "count"),
    [
        ("19", "Tỉnh Thái Nguyên", 92),
        ("12", "Tỉnh Lai Châu", 38),
        ("33", "Tỉnh Hưng Yên", 104),
        ("51", "Tỉnh Quảng Ngãi", 96),
    ],
)
def test_the_provinces_of_the_plans_have_all_their_communes(code: str, province: str, count: int) -> None:
    assert {row["province"] for row in COMMUNES if row["province_code"] == code} == {province}
    assert sum(row["province"] == province for row in COMMUNES) == count


def test_each_name_begins_with_its_kind() -> None:
    assert all(row["name"].lower().startswith(row["kind"] + " ") for row in COMMUNES)
    assert Counter(row["kind"] for row in COMMUNES) == {"xã": 2621, "phường": 687, "đặc khu": 13}


def test_the_island_of_ly_son_is_a_special_zone_of_quang_ngai() -> None:
    found = [row for row in COMMUNES if row["name"] == "Đặc khu Lý Sơn"]
    assert [(row["code"], row["province"], row["old_units"]) for row in found] == [
        ("21548", "Tỉnh Quảng Ngãi", "Huyện Lý Sơn, Tỉnh Quảng Ngãi")
    ]


def test_codes_are_text_of_five_digits_and_keep_their_zeros() -> None:
    assert all(re.fullmatch(r"\d{5}", row["code"]) for row in COMMUNES)
    assert all(re.fullmatch(r"\d{2}", row["province_code"]) for row in COMMUNES)
    assert BY_CODE["05443"]["name"] == "Phường Phan Đình Phùng"


@pytest.mark.parametrize("name", ["communes.csv", "communes-old.csv"])
def test_the_tables_are_sorted_nfc_utf8_without_bom_and_with_lf(name: str) -> None:
    content = (AUDIENCES / name).read_bytes()
    text = content.decode("utf-8")
    assert not content.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in content
    assert text.endswith("\n")
    assert unicodedata.is_normalized("NFC", text)
    key = "code" if name == "communes.csv" else "old_code"
    codes = [row[key] for row in read(name)]
    assert codes == sorted(codes)


# --- the old units


def test_each_old_unit_leads_somewhere_and_each_commune_came_from_somewhere() -> None:
    assert {row["new_code"] for row in OLD} == set(BY_CODE)
    assert len({row["old_code"] for row in OLD if row["old_code"]}) == 10035
    assert {row["old_district"] for row in OLD if not row["old_code"]} == {
        "Huyện Bạch Long Vĩ",
        "Huyện Cồn Cỏ",
        "Huyện Hoàng Sa",
        "Huyện Lý Sơn",
        "Huyện Côn Đảo",
    }


def targets_of_old() -> dict[tuple[str, str, str], set[str]]:
    targets: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for row in OLD:
        targets[row["old_province"], row["old_district"], row["old_commune"]].add(row["new_code"])
    return targets


def test_an_old_commune_is_marked_split_exactly_when_it_has_several_targets() -> None:
    targets = targets_of_old()
    for row in OLD:
        several = len(targets[row["old_province"], row["old_district"], row["old_commune"]]) > 1
        assert row["split"] == ("1" if several else "0"), row
    assert sum(len(codes) > 1 for codes in targets.values()) == 471


SPLITS = [
    ("Tỉnh Thái Nguyên", "Thành phố Thái Nguyên", "Phường Gia Sàng", {"Phường Gia Sàng", "Phường Phan Đình Phùng"}),
    ("Tỉnh Thái Nguyên", "Thành phố Thái Nguyên", "Phường Cam Giá", {"Phường Gia Sàng", "Phường Tích Lương"}),
    ("Tỉnh Thái Nguyên", "Huyện Phú Bình", "Xã Thượng Đình", {"Xã Phú Bình", "Xã Điềm Thụy"}),
    ("Tỉnh Hưng Yên", "Huyện Văn Lâm", "Xã Lạc Đạo", {"Xã Lạc Đạo", "Xã Đại Đồng"}),
    ("Tỉnh Hưng Yên", "Huyện Văn Lâm", "Xã Đình Dù", {"Xã Đại Đồng", "Xã Như Quỳnh"}),
    ("Tỉnh Hưng Yên", "Huyện Kim Động", "Xã Ngọc Thanh", {"Phường Sơn Nam", "Xã Hiệp Cường"}),
    ("Tỉnh Quảng Ngãi", "Huyện Trà Bồng", "Xã Trà Bùi", {"Xã Cà Đam", "Xã Tây Trà Bồng"}),
]


@pytest.mark.parametrize(("province", "district", "commune", "today"), SPLITS)
def test_the_seven_splits_are_marked_with_both_their_parts(
    province: str, district: str, commune: str, today: set[str]
) -> None:
    codes = targets_of_old()[province, district, commune]
    assert {BY_CODE[code]["name"] for code in codes} == today
    written = f"{commune}, {district}, {province}"
    for code in codes:
        assert written in BY_CODE[code]["old_units"].split("; ")
        assert written in BY_CODE[code]["split_units"].split("; ")


def test_no_other_old_commune_of_the_plans_provinces_was_split() -> None:
    of_plans = {"Tỉnh Thái Nguyên", "Tỉnh Lai Châu", "Tỉnh Hưng Yên", "Tỉnh Quảng Ngãi"}
    split = {
        (row["old_province"], row["old_district"], row["old_commune"])
        for row in OLD
        if row["split"] == "1" and BY_CODE[row["new_code"]]["province"] in of_plans
    }
    assert split == {(province, district, commune) for province, district, commune, _ in SPLITS}


def test_the_readable_old_units_say_the_same_as_the_table_of_old_units() -> None:
    wanted: dict[str, set[str]] = defaultdict(set)
    split: dict[str, set[str]] = defaultdict(set)
    for row in OLD:
        parts = [row["old_commune"], row["old_district"], row["old_province"]]
        written = ", ".join(part for part in parts if part)
        wanted[row["new_code"]].add(written)
        if row["split"] == "1":
            split[row["new_code"]].add(written)
    for row in COMMUNES:
        assert set(row["old_units"].split("; ")) == wanted[row["code"]]
        assert set(filter(None, row["split_units"].split("; "))) == split[row["code"]]


def test_a_code_that_is_old_and_new_means_two_things_only_where_the_old_commune_was_split() -> None:
    shared = [row for row in OLD if row["old_code"] in BY_CODE]
    assert all(row["new_code"] == row["old_code"] for row in shared if row["split"] == "0")
    assert len({row["old_code"] for row in shared}) == 3316
    assert len({row["old_code"] for row in shared if row["split"] == "1"}) == 151


def test_the_old_province_of_bac_kan_is_in_thai_nguyen_today() -> None:
    today = {BY_CODE[row["new_code"]]["province"] for row in OLD if row["old_province"] == "Tỉnh Bắc Kạn"}
    assert today == {"Tỉnh Thái Nguyên"}


# --- the sample

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
PREFIXES = set(
    "032 033 034 035 036 037 038 039 086 096 097 098 081 082 083 084 085 088 091 094 "  # noqa: SIM905 - a table
    "070 076 077 078 079 089 090 093 052 056 058 092 059 099 087 055".split()
)
OF_2018 = {
    "0120": "070", "0121": "079", "0122": "077", "0126": "076", "0128": "078",
    "0123": "083", "0124": "084", "0125": "085", "0127": "081", "0129": "082",
    "0162": "032", "0163": "033", "0164": "034", "0165": "035",
    "0166": "036", "0167": "037", "0168": "038", "0169": "039",
    "0186": "056", "0188": "058", "0199": "059",
}  # fmt: skip


def mobile(cell: str) -> str | None:
    """Ten digits as they are today, or None: a second reading of phone numbers, apart from the library's."""
    digits = re.sub(r"[\s.()+-]", "", cell.replace("O", "0"))
    digits = re.sub(r"^(00)?84(?=\d{9}$)", "0", digits)
    if re.fullmatch(r"[1-9]\d{8}", digits):
        digits = "0" + digits
    if len(digits) == 11 and digits[:4] in OF_2018:
        digits = OF_2018[digits[:4]] + digits[4:]
    return digits if re.fullmatch(r"0\d{9}", digits) and digits[:3] in PREFIXES else None


def sample_rows() -> list[dict[str, str]]:
    with SAMPLE.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


SAMPLE_ROWS = sample_rows()
SAMPLE_NUMBERS = [number for row in SAMPLE_ROWS if (number := mobile(row["Số điện thoại"]))]


def test_the_sample_is_what_a_spreadsheet_saves() -> None:
    content = SAMPLE.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert list(SAMPLE_ROWS[0]) == HEADER
    assert len(SAMPLE_ROWS) == 2000
    assert all(set(row) == set(HEADER) and None not in row.values() for row in SAMPLE_ROWS)


def test_every_number_that_could_be_anybodys_is_in_the_marked_block() -> None:
    assert len(SAMPLE_NUMBERS) == 1880
    assert {number[3:6] for number in SAMPLE_NUMBERS} == {"000"}


def test_every_name_says_that_it_is_a_sample() -> None:
    names = [unicodedata.normalize("NFC", row["Họ và tên"]).lower() for row in SAMPLE_ROWS]
    assert all(re.search(r"mẫu\s+\d{4}", name) for name in names)


def test_the_endings_ask_the_simulator_for_every_outcome() -> None:
    endings = Counter(number[-2:] for number in set(SAMPLE_NUMBERS))
    wanted = {"01": 34, "02": 34, "03": 69, "04": 17, "05": 17, "06": 9, "07": 9, "08": 3}
    assert {ending: count for ending, count in endings.items() if ending < "10"} == wanted


def test_every_operator_is_in_the_sample() -> None:
    assert {number[:3] for number in SAMPLE_NUMBERS} == PREFIXES


def test_the_sample_holds_no_ethnic_origin() -> None:
    words = " ".join(cell for row in SAMPLE_ROWS for cell in (row["Nhóm"], row["Ghi chú"], row["Ngôn ngữ"])).lower()
    assert "dân tộc" not in words
    assert {row["Ngôn ngữ"] for row in SAMPLE_ROWS} == {"", "vi", "VI", "en"}
    assert {row["Nhóm"] for row in SAMPLE_ROWS} == {
        "người dân",
        "người cao tuổi",
        "học sinh, sinh viên",
        "doanh nghiệp",
        "Tổ công nghệ số cộng đồng",
        "cán bộ, công chức, viên chức",
    }


def test_the_sample_is_what_its_script_makes() -> None:
    maker = tool("make_sample_audience")
    rows = maker.make(AUDIENCES)
    written = maker.to_bytes(rows).decode("utf-8-sig").splitlines()
    assert SAMPLE.read_text(encoding="utf-8-sig").splitlines() == written


def test_what_each_row_should_come_to() -> None:
    rows = tool("make_sample_audience").make(AUDIENCES)
    assert Counter(row.outcome for row in rows) == {
        "clean": 1720,
        "duplicate": 60,
        "phone missing": 40,
        "landline": 40,
        "not a number": 30,
        "unknown prefix": 10,
        "no consent": 30,
        "commune split": 24,
        "commune missing": 30,
        "commune ambiguous": 6,
        "commune not found": 10,
    }
    # two readings of the same cells agree: the script's intention and the rules above
    assert [mobile(row.phone) or "" for row in rows] == [row.number for row in rows]
    clean = [row for row in rows if row.outcome == "clean"]
    assert len({row.number for row in clean}) == 1720
    assert all(BY_CODE[row.code]["province_code"] == "19" for row in clean)


def test_the_docstring_counts_its_dirt_rightly() -> None:
    maker = tool("make_sample_audience")
    rows = [row for row in maker.make(AUDIENCES) if row.outcome != "duplicate"]
    decomposed = [row for row in rows if not unicodedata.is_normalized("NFC", row.name)]
    stray = [row for row in rows if row.name != re.sub(r"\s+", " ", row.name).strip() or "\u00a0" in row.name]
    assert len(decomposed) == 60
    assert len(stray) == 50
    assert sum("\u00a0" in row.name for row in rows) == 25
    assert sum(not unicodedata.is_normalized("NFC", row.commune) for row in rows) == 40
    assert sum(bool(row.note) for row in rows) == 10
    assert Counter(row.language for row in rows if row.language) == {"vi": 260, "VI": 20, "en": 24}


# --- the script that makes the tables


def test_the_communes_script_refuses_a_source_that_is_not_the_pinned_one(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"vietnamadminunits 1\.0\.4"):
        tool("make_communes").main(["--source", str(tmp_path), "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


def test_the_communes_script_writes_back_the_tables_it_would_check() -> None:
    maker = tool("make_communes")
    communes = [maker.Commune(*(row[field] for field in maker.Commune._fields)) for row in COMMUNES]
    links = [maker.Link(*(row[field] for field in maker.Link._fields)) for row in OLD]
    maker.check(communes, links)
    for name, content in maker.tables(communes, links).items():
        assert (AUDIENCES / name).read_bytes() == content


def test_the_communes_script_stops_when_a_commune_is_missing() -> None:
    maker = tool("make_communes")
    communes = [maker.Commune(*(row[field] for field in maker.Commune._fields)) for row in COMMUNES[1:]]
    links = [maker.Link(*(row[field] for field in maker.Link._fields)) for row in OLD]
    with pytest.raises(SystemExit, match="communes: 3320, must be 3321"):
        maker.check(communes, links)
