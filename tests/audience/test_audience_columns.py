"""The quick import comes to what the plain one comes to, row by row and letter by letter."""

from __future__ import annotations

import csv
import io

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from loa.audience.columns import Columns
from loa.audience.importing import Before, Imported, import_people
from loa.audience.numbers import e164, national, of_e164, operators
from loa.audience.places import Places
from loa.audience.reading import ROW_COLUMN, read
from loa.audience.rejects import COLUMNS, to_bytes
from loa.audience.rows import clean
from loa.model.audience import AudienceInfo, Recipient
from loa.model.clock import SystemClock
from loa.model.phone import Number, parse, prefixes
from loa.store.audiences import COLUMNS as PEOPLE

from .plain import Plain, import_plainly
from .plain import rows as plain_rows

# --- numbers

PREFIX = st.sampled_from(sorted(prefixes().operators) + sorted(prefixes().renumbered) + ["95", "208", "130", "61", "0"])
START = st.sampled_from(
    ["0", "", "+84", "84", "0084", "+840", "00840", "840", "+", "++84", "+0", "00", "+0084", "0+84"]
)
BETWEEN = st.lists(
    st.sampled_from(["", "", "", "", " ", ".", "-", "\u00a0", "(", ")", ",", "/", "'", "+"]), min_size=20
)
END = st.sampled_from(["", "", "", " ", ".0", ".0 ", ".0)", ".00", "\u200b", ".0\u200b", "0", "x"])


@st.composite
def numbers(draw: st.DrawFn) -> str:
    digits = draw(START) + draw(PREFIX) + draw(st.text("0123456789", min_size=6, max_size=8))
    digits = digits.replace("0", draw(st.sampled_from("000oO")))
    mixed = "".join(mark + digit for mark, digit in zip(draw(BETWEEN), digits, strict=False))
    return mixed + draw(END)


@settings(deadline=None, max_examples=500)
@given(st.lists(numbers() | st.text("0123456789+84 .()-oO/,", max_size=20) | st.text(max_size=20), min_size=1))
def test_a_number_that_is_decided_at_once_is_the_one_that_parse_reads(cells: list[str]) -> None:
    for cell, found in zip(cells, national(pl.Series(cells, dtype=pl.String)), strict=True):
        if found is not None:
            assert parse(clean(cell)) == Number(f"+84{found}", prefixes().operators[f"{found // 10_000_000}"])


@pytest.mark.parametrize("text", ["0912000123", "+84 912 000 123", "84912000123", "0084912000123", "(091) 200.0123",
                                  "912000123", "O912OOO123", "+84 (0)912 000 123", " 0912-000-123\u00a0"])  # fmt: skip
def test_the_spellings_that_nearly_all_rows_have_are_decided_at_once(text: str) -> None:
    assert national(pl.Series([text])).to_list() == [912000123]


@pytest.mark.parametrize(("old", "new"), prefixes().renumbered.items())
def test_numbers_of_before_2018_are_decided_at_once(old: str, new: str) -> None:
    spelled = pl.Series([f"0{old}0001234", f"+84{old}0001234", f"{old}0001234", f"0084{old}0001234"])
    assert national(spelled).to_list() == [int(f"{new}0001234")] * 4


def test_a_number_goes_to_e164_and_back() -> None:
    numbers = pl.Series([912000123, 320001234], dtype=pl.UInt32)
    assert e164(numbers).to_list() == ["+84912000123", "+84320001234"]
    assert of_e164(e164(numbers)).to_list() == numbers.to_list()
    assert operators(numbers).to_list() == ["VinaPhone", "Viettel"]


# --- whole lists

SOME = ["0912000111", "+84 912 000 111", "912000112", "0912.000.113", "84912000114", "01230000115", "0912000116.0"]
WRONG = ["", "02083000222", "không có", "9,12E+08", "0912000111/0912000112", "0950000123", "SĐT", "'=1", "2000-12-09"]
PHONE = st.sampled_from(SOME * 3 + WRONG) | st.text(max_size=5)
COMMUNES = [
    ("Phường Bách Quang", "", "Thái Nguyên"),
    ("phuong bach quang", "", "tỉnh thái nguyên"),
    ("05528", "", ""),
    ("Phường Đông Cao", "TP. Phổ Yên", "Thái Nguyên"),
    ("Phường Gia Sàng", "", "Thái Nguyên"),
    ("xa van lang", "", "thai nguyen"),
    ("Xã Không Có Thật", "", "Thái Nguyên"),
    ("", "", "Thái Nguyên"),
    ("Phường\x1fBách Quang", "", "Thái\x1fNguyên"),
    ("Phường Bách Quang", "\x1f", "Thái Nguyên"),
]
PLACE = st.sampled_from(COMMUNES * 2) | st.tuples(st.text(max_size=4), st.text(max_size=2), st.text(max_size=4))
LANGUAGE = st.sampled_from(["", "", "vi", "VI", "tiếng Anh", "xx"])
GROUP = st.sampled_from(["", "người dân", "  ngu\u031bo\u031b\u0300i  da\u0302n", "dân tộc thiểu số", "x" * 81, "a;b"])
CONSENT = st.sampled_from(["có", "có", "x", "không", "", "hỏi lại"])
NOTE = st.sampled_from(["", "", "a;b", 'nói "có"', "hai\ndòng", "0912;x;y;z;t;u;v", "=1+1", "'"]) | st.text(max_size=6)
NAMES = ("SĐT", "Xã/phường", "Huyện", "Tỉnh", "Ngôn ngữ", "Nhóm", "Đồng ý", "Ghi chú")
LEFT_OUT = st.sets(st.sampled_from(NAMES[1:]), max_size=5)
ODD = st.sampled_from(["", "", "", "", "", "header", "long", "short", "blank", "open", "old mac"])


@st.composite
def lists(draw: st.DrawFn) -> str:
    """A list of people as `;`-separated text, some of its lines broken."""
    kept = [name not in (left := draw(LEFT_OUT)) for name in NAMES]
    header = [name for name in NAMES if name not in left]
    style = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", quoting=style, lineterminator=draw(st.sampled_from(["\n", "\r\n"])))
    writer.writerow(header)
    for _ in range(draw(st.integers(1, 8))):
        row = (draw(PHONE), *draw(PLACE), draw(LANGUAGE), draw(GROUP), draw(CONSENT), draw(NOTE))
        cells = [cell.replace("\0", "") for cell, keep in zip(row, kept, strict=True) if keep]
        match draw(ODD):
            case "header":
                writer.writerow(header)
            case "long":
                writer.writerow([*cells, draw(NOTE).replace("\0", ""), "", "+x"])
            case "short":
                writer.writerow(cells[:-1] or cells)
            case "blank":
                out.write(draw(st.sampled_from(["\n", ";;\n", '"";""\n', " \n"])))
            case "open":
                out.write(f'{";".join(cells)};"\n'.replace("\0", ""))
            case "old mac":
                out.write("\r")
        writer.writerow(cells)
    return out.getvalue()


def quickly(text: str, places: Places, known: list[Recipient], opted_out: list[str]) -> Imported:
    info = AudienceInfo("thu", "", "cu.csv", "1" * 64, "", 0, 0, 0)
    people = pl.DataFrame(
        [(p.phone, p.operator, p.commune, p.language, p.group) for p in known],
        schema=dict.fromkeys(PEOPLE, pl.String), orient="row",
    )  # fmt: skip
    phones = pl.Series(opted_out, dtype=pl.String)
    before = Before(info, lambda: people)
    return import_people(io.BytesIO(text.encode()), "ds.csv", "0" * 64, "thu", places, SystemClock(), before, phones)


def same(made: Imported, plain: Plain) -> None:
    assert [Recipient(*row) for row in made.people.iter_rows()] == plain.people
    table = b"".join(to_bytes(made.sheet, made.rejects())).decode("utf-8-sig")
    header, *rejects = csv.reader(io.StringIO(table, newline=""), delimiter=";")
    assert header[: len(COLUMNS)] == list(COLUMNS)
    assert rejects == plain.rejects
    assert (made.info.clean, made.info.rejected) == (len(plain.people), len(plain.rejects))
    assert dict(made.info.reasons) == plain.reasons
    dropped = [finding.fields["rows"] for finding in made.findings if finding.code == "people-sensitive-group"]
    assert dropped == ([plain.groups_dropped] if plain.groups_dropped else [])


@settings(deadline=None, max_examples=300)
@given(text=lists(), opted_out=st.sets(st.sampled_from(["+84912000111", "+84912000114", "+84977000999"])))
def test_a_list_comes_to_the_same(places: Places, text: str, opted_out: set[str]) -> None:
    assume(plain_rows(text, ";")[1])
    same(quickly(text, places, [], sorted(opted_out)), import_plainly(text, ";", places, [], sorted(opted_out)))


@settings(deadline=None, max_examples=150)
@given(text=lists(), data=st.data())
def test_a_mended_list_comes_to_the_same(places: Places, text: str, data: st.DataObject) -> None:
    """With a column of row numbers before it, and people who are there already."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    first, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    writer.writerow([ROW_COLUMN, *first])
    for row in rows:
        writer.writerow([data.draw(st.sampled_from(["7", " 12 ", "", "x", "1234567890"])), *row])
    assume(plain_rows(out.getvalue(), ";")[1])
    known = [Recipient("+84912000111", "VinaPhone", *data.draw(st.sampled_from([("05528", "", ""), ("", "vi", "a")])))]
    known += [Recipient("+84977000999", "Viettel", "05528")]
    made = quickly(out.getvalue(), places, known, [])
    same(made, import_plainly(out.getvalue(), ";", places, known))


def test_what_rows_said_may_be_forgotten_at_any_time(places: Places) -> None:
    texts = (f"SĐT;Nhóm\n0912000{i:03};nhóm {i % 7}\n0912000{i:03};{'x' * 81}\n" for i in range(20))
    frames = [frame for text in texts for frame in read(io.BytesIO(text.encode()), "ds.csv").frames()]
    found = []
    for remembered in (2, 1000):
        columns = Columns({"phone": 0, "group": 1}, ("SĐT", "Nhóm"), places, remembered)
        decided = pl.concat(columns.decide(frame) for frame in frames)
        found.append(decided.with_columns(group=columns.said["group"].gather(decided["said"])))
    assert found[0].equals(found[1])
    assert found[0]["group"].to_list() == [group for i in range(20) for group in (f"nhóm {i % 7}", "")]
