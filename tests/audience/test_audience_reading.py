"""Files as offices have them: what can be read, and what is said of what cannot."""

from __future__ import annotations

import io
import unicodedata

import polars as pl
import pytest

from loa.audience.encoding import read_lines
from loa.audience.reading import Sheet, read
from loa.audience.records import MAX_CELL
from loa.model.errors import ContentError

HEADER = "Họ và tên;Số điện thoại;Xã/phường;Tỉnh"
LINE = "Người mẫu;0912000123;Phường Bách Quang;Thái Nguyên"
TABLE = f"{HEADER}\r\n{LINE}\r\n"


def cp1258(text: str) -> bytes:
    """As Windows-1258 wrote it: the letter, then its tone."""
    out = bytearray()
    for char in text:
        try:
            out += char.encode("cp1258")
        except UnicodeEncodeError:
            loose = unicodedata.normalize("NFD", char)
            tone = next(mark for mark in loose if mark in "\u0300\u0301\u0303\u0309\u0323")
            out += unicodedata.normalize("NFC", loose.replace(tone, "")).encode("cp1258") + tone.encode("cp1258")
    return bytes(out)


def opened(data: bytes) -> Sheet:
    return read(io.BytesIO(data), "ds.csv")


def rows(sheet: Sheet) -> pl.DataFrame:
    return pl.concat(sheet.frames()).sort("seq")


def cells(sheet: Sheet) -> list[tuple[str, ...]]:
    return list(rows(sheet).select(pl.col("^cell .*$")).iter_rows())


@pytest.mark.parametrize(
    "data",
    [
        TABLE.encode(),
        TABLE.encode("utf-8-sig"),
        TABLE.encode("utf-16"),
        b"\xff\xfe" + TABLE.encode("utf-16-le"),
        b"\xfe\xff" + TABLE.encode("utf-16-be"),
        unicodedata.normalize("NFD", TABLE).encode(),
        TABLE.replace("\r\n", "\n").encode(),
        TABLE.replace("\r\n", "\r").encode(),
        TABLE.replace(";", ",").encode(),
        TABLE.replace(";", "\t").encode(),
        TABLE.replace(";", "|").encode(),
        f"sep=;\r\n{TABLE}".encode(),
        f"\r\n{TABLE}\r\n\r\n".encode(),
        TABLE.replace("0912000123", '"0912000123"').encode(),
    ],
)
def test_one_table_in_the_forms_that_programs_write(data: bytes) -> None:
    sheet = opened(data)
    assert sheet.columns == {"phone": 1, "commune": 2, "province": 3}
    assert [tuple(unicodedata.normalize("NFC", cell) for cell in row) for row in cells(sheet)] == [
        tuple(LINE.split(";"))
    ]


@pytest.mark.parametrize(
    ("header", "column"),
    [
        *((name, "phone") for name in ("Số điện thoại", "SĐT", "sđt:", "Số ĐT", "ĐIỆN THOẠI", "Di động", "ĐTDĐ")),
        *((name, "phone") for name in ("phone", "Phone Number", "mobile", "so dien thoai", "Số điện thoại (*)")),
        *((name, "commune") for name in ("Xã/phường", "Xã, phường, đặc khu", "commune", "Ward")),
        *((name, "commune_today") for name in ("Xã/phường mới", "Xã (mới)")),
        *((name, "code") for name in ("Mã xã", "commune_code")),
        *((name, "district") for name in ("Huyện/thành phố", "Quận/Huyện", "District")),
        *((name, "province") for name in ("Tỉnh", "Tỉnh/Thành phố", "province")),
        *((name, "language") for name in ("Ngôn ngữ", "Language")),
        *((name, "group") for name in ("Nhóm", "Đối tượng", "group")),
        *((name, "consent") for name in ("Đồng ý nhận tin", "Đồng ý", "consent", "opt-in")),
    ],
)  # fmt: skip
def test_a_column_is_known_in_vietnamese_and_english(header: str, column: str) -> None:
    other = "phone" if column != "phone" else "ghi chú"
    assert opened(f"{header};{other}\n0912000123;x\n".encode()).columns[column] == 0


def test_a_single_column_of_numbers_is_a_list() -> None:
    assert cells(opened(b"phone\n0912000123\n0912,000,124\n")) == [("0912000123",), ("0912,000,124",)]


def test_row_numbers_are_those_a_spreadsheet_shows() -> None:
    text = 'SĐT;Ghi chú\n0912000123;"hai\ndòng"\n\n0912000124;x\n'
    assert rows(opened(text.encode()))["number"].to_list() == [2, 4]


def test_a_short_row_lacks_only_what_is_empty_at_its_end() -> None:
    sheet = opened(b"phone;commune;note\n0912000123\n0912000124;x;y;;\n")
    assert cells(sheet) == [("0912000123", "", ""), ("0912000124", "x", "y")]
    assert rows(sheet)["fault"].to_list() == ["", ""]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("0912000124;x;y;z", "row-too-long"),
        ("SĐT;Xã;Ghi chú", "row-header-again"),
        ('"0912000124;x;y\n0912000125";x;y', "row-swallowed"),
    ],
)
def test_a_broken_row_is_a_reject_and_the_others_stand(line: str, fault: str) -> None:
    sheet = opened(f"SĐT;Xã;Ghi chú\n0912000123;x;y\n{line}\n0912000126;x;y\n".encode())
    assert rows(sheet)["fault"].to_list() == ["", fault, ""]


@pytest.mark.parametrize(
    "header", ["Dân tộc", "Thành phần dân tộc", "DÂN TỘC", "Tôn giáo", "ethnicity", "Ethnic group"]
)
def test_a_sensitive_column_goes_no_further_than_reading(header: str) -> None:
    sheet = opened(f"SĐT;{header};Xã\n0912000123;Tày;Phường Bách Quang\n".encode())
    assert sheet.sensitive == (header,)
    assert sheet.header == ("SĐT", "Xã")
    assert sheet.columns == {"phone": 0, "commune": 1}
    assert cells(sheet) == [("0912000123", "Phường Bách Quang")]


# bytes, code, line, and words that the sentence must hold
BAD = [
    (b"", "file-empty", None, ""),
    (b"\xef\xbb\xbf", "file-empty", None, ""),
    (b" \r\n;;\r\n", "file-empty", None, ""),
    (HEADER.encode(), "people-no-rows", 1, ""),
    (f"{HEADER}\r\n;;;\r\n\r\n".encode(), "people-no-rows", 1, ""),
    (f"{TABLE}Ng".encode() + b"\xe1\xbb", "not-utf-8", 3, "UTF-8"),
    (b"name,phone\nabc,0912000123\n\xff\xfa,0912000124\n", "not-utf-8", 3, ""),
    (cp1258(TABLE), "people-old-encoding", 1, "Windows-1258"),
    ("Hä tªn;Sè ®iÖn tho¹i\nx;0912000123\n".encode("latin-1"), "people-old-encoding", 1, "TCVN3"),
    ("Hä tªn;Sè ®iÖn tho¹i\nx;0912000123\n".encode(), "people-old-encoding", 1, "TCVN3"),
    ("Hoï teân;Soá ñieän thoaïi\nx;0912000123\n".encode(), "people-old-encoding", 1, "VNI"),
    (TABLE.encode("utf-16-le"), "people-zero-byte", 1, "UTF-16"),
    (f"{TABLE}x;09120\0;y;z\n".encode(), "people-zero-byte", 3, ""),
    (b"\xff\xfeS\x00\xd0", "not-utf-8", None, ""),
    (b"PK\x03\x04\x14\x00\x06\x00", "people-workbook", None, "CSV UTF-8"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00", "people-workbook", None, "Excel"),
    ("Họ tên;Địa chỉ\nA;B\n".encode(), "people-no-phone-column", 1, "Họ tên, Địa chỉ"),
    (f"\n\n{LINE}\n".encode(), "people-no-header", 3, "Số điện thoại"),
    ("SĐT;Điện thoại\n0912000123;\n".encode(), "people-column-repeated", 1, "“SĐT” và “Điện thoại”"),
    ("SĐT;SĐT\n0912000123;\n".encode(), "people-column-repeated", 1, ""),
    (f"{TABLE}x;0912000124;y;\"{'a' * (MAX_CELL + 1)}\n".encode(), "people-quote-open", 3, ""),
    (f"{TABLE}x;\"0912000124;y;z\n{LINE * 4000}".encode(), "people-quote-open", 3, ""),
    (f"{TABLE}\"x;0912000124;y;z\n{TABLE * 30}".encode(), "people-quote-open", 3, "ngoặc kép"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "code", "line", "said"), BAD)
def test_a_file_that_cannot_be_used_is_one_clear_error(data: bytes, code: str, line: int | None, said: str) -> None:
    with pytest.raises(ContentError) as raised:
        list(opened(data).frames())
    error = raised.value
    assert error.code == code
    assert error.where is not None
    assert (error.where.file, error.where.line) == ("ds.csv", line)
    assert said in error.words.vi
    assert "{" not in error.words.vi + error.words.en


def test_an_error_shows_no_number_that_stands_in_the_header() -> None:
    with pytest.raises(ContentError) as raised:
        opened(b"Nguyen Van Mau;CCCD 019200001234\nA;B\n")
    assert "019200001234" not in str(raised.value)
    assert "CCCD xxxxxxxxxx34" in str(raised.value)
    assert "N… V… M…" in str(raised.value)
    assert "Nguyen" not in str(raised.value)


def test_a_file_beyond_the_limit_is_refused_before_it_is_read() -> None:
    assert [lines.text.to_list() for lines in read_lines(io.BytesIO(b"phone\n"), "ds.csv", most=6)] == [["phone"]]
    with pytest.raises(ContentError) as raised:
        list(read_lines(io.BytesIO(b"\xff\xff\xff\xff\xff\xff\xff"), "ds.csv", most=6))
    assert raised.value.code == "file-too-big"
