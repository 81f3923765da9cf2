"""The letter as a provincial office reads it: the layout of Decree 30/2020, and every fact that an operator needs."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import docx
import pytest
from docx.shared import Mm

from loa.model.campaign import Localised
from loa.model.clock import VIETNAM
from loa.model.phone import prefixes
from loa.sms.broadcast import wording
from loa.sms.broadcast.deliverable import Contact
from loa.sms.broadcast.letter import letter, said_in
from loa.sms.broadcast.request import Area, Region, Request, Text, Times, data, may_request
from loa.workspace import Workspace

ROOT = Path(__file__).resolve().parents[3]
PLAN = Workspace.at(ROOT).plan("thai-nguyen")
COMMUNES = tuple(Area(f"{number:05d}", f"Xã Số {number}", f"{number:05d}") for number in range(1, 41))
REQUEST = Request(
    id="dvc-10-10-2027-d-7-nha-mang-viettel",
    wave="dvc-10-10/2027/d-7",
    deliverable="nha-mang",
    operator="Viettel",
    addressee="Viettel Thái Nguyên",
    company="",
    issuer="UBND tỉnh Thái Nguyên",
    office="Sở Khoa học và Công nghệ",
    campaign=Localised(vi="Ngày Chuyển đổi số quốc gia", en="Digital Transformation Day"),
    message_class="notice",
    plan=PLAN,
    clauses=("3.4", "3.3"),
    text=Text(
        payload="UBND tinh Thai Nguyen: moi nop ho so.",
        accented="UBND tỉnh Thái Nguyên: mời nộp hồ sơ.",
        encoding="unaccented",
        alphabet="gsm7",
        parts=1,
        units=37,
        left=123,
    ),
    sender="DVC-DIENTU",
    region=Region(("tỉnh Thái Nguyên",), (Area("19", "tỉnh Thái Nguyên"),), True),
    times=Times(
        datetime(2027, 10, 10, 8, tzinfo=VIETNAM), datetime(2027, 10, 10, 20, tzinfo=VIETNAM), date(2027, 10, 20)
    ),
    contact=Contact(name="Phòng Bưu chính", phone="0912 000 123", email="phong@coquan.gov.vn"),
    sign_as=("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"),
)


def cells(made: bytes) -> list[str]:
    return [cell.text for table in docx.Document(io.BytesIO(made)).tables for row in table.rows for cell in row.cells]


def communes(number: int) -> Request:
    return replace(REQUEST, region=Region(("tỉnh Thái Nguyên",), COMMUNES[:number], False))


def test_the_text_stands_alone_and_word_for_word() -> None:
    assert REQUEST.text.payload in said_in(letter(REQUEST))


@pytest.mark.parametrize(
    "said",
    [
        "Kính gửi: Viettel Thái Nguyên",
        "Nghị định số 49/2024/NĐ-CP ngày 10/5/2024 của Chính phủ quy định hoạt động thông tin cơ sở",
        "Nghị định số 91/2020/NĐ-CP ngày 14/8/2020 của Chính phủ về chống tin nhắn rác",
        "Kế hoạch số 81/KH-UBND ngày 05/4/2025 của UBND tỉnh Thái Nguyên",
        "Quyết định số 1588/QĐ-TTg của Thủ tướng Chính phủ (nhiệm vụ 3.3, 3.4)",
        "Tin nhắn không dấu, bảng mã GSM 7 bit, 37 ký tự, 01 bản tin cho mỗi thuê bao.",
        "Bản có dấu để đối chiếu, không gửi: “UBND tỉnh Thái Nguyên: mời nộp hồ sơ.”",
        "2. Tên định danh của người gửi (brandname): DVC-DIENTU.",
        "các thuê bao di động của Quý doanh nghiệp trên địa bàn tỉnh Thái Nguyên.",
        "từ 08 giờ 00 phút ngày 10/10/2027 đến 20 giờ 00 phút ngày 10/10/2027; mỗi thuê bao nhận một lần",
        "không phải tin nhắn quảng cáo",
        "gửi về Sở Khoa học và Công nghệ trước ngày 20/10/2027",
        "liên hệ Phòng Bưu chính, điện thoại 0912 000 123, thư điện tử phong@coquan.gov.vn",
        "Quý doanh nghiệp./.",
    ],
)
def test_an_operator_finds_what_it_needs(said: str) -> None:
    assert said in "\n".join(said_in(letter(REQUEST)))


def test_the_head_is_that_of_an_official_document() -> None:
    head = cells(letter(REQUEST))
    assert head[0].split("\n")[:2] == ["ỦY BAN NHÂN DÂN", "TỈNH THÁI NGUYÊN"]
    assert head[1].split("\n")[:2] == ["CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"]
    number, subject = head[2].split("\n")
    assert number.split() == ["Số:", "/UBND-……"], "the office writes the number"
    assert subject == "V/v nhắn tin tuyên truyền ngày Chuyển đổi số quốc gia"
    assert head[3].split() == ["Thái", "Nguyên,", "ngày", "tháng", "năm", "20……"], "and the date"


def test_a_department_stands_below_its_committee() -> None:
    request = replace(REQUEST, issuer="Sở Khoa học và Công nghệ")
    assert wording.heading(request) == (("UBND TỈNH THÁI NGUYÊN",), ("SỞ KHOA HỌC VÀ CÔNG NGHỆ",))
    assert wording.recipients(request) == ("- Như trên;", "- Lưu: VT."), "it does not write to itself"


def test_a_ministry_stands_below_nobody() -> None:
    request = replace(REQUEST, issuer="Bộ Khoa học và Công nghệ")
    assert wording.heading(request) == ((), ("BỘ KHOA HỌC VÀ CÔNG NGHỆ",))


def test_the_foot_names_recipients_and_whoever_signs() -> None:
    left, right = cells(letter(REQUEST))[4:6]
    assert left.split("\n") == ["Nơi nhận:", "- Như trên;", "- Sở Khoa học và Công nghệ;", "- Lưu: VT."]
    assert right.split("\n") == ["TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH", "Họ và tên"]


def test_the_page_is_as_the_decree_wants_it() -> None:
    section = docx.Document(io.BytesIO(letter(REQUEST))).sections[0]
    page = section.page_width, section.page_height
    assert [round(side.mm) for side in page if side is not None] == [210, 297]
    assert Mm(20) <= section.top_margin <= Mm(25)
    assert Mm(20) <= section.bottom_margin <= Mm(25)
    assert Mm(30) <= section.left_margin <= Mm(35)
    assert Mm(15) <= section.right_margin <= Mm(20)
    assert section.different_first_page_header_footer, "the first page has no number"
    assert not section.first_page_header.paragraphs[0].text
    assert "PAGE" in section.header.paragraphs[0]._p.xml
    document = docx.Document(io.BytesIO(letter(REQUEST)))
    assert document.styles["Normal"].font.name == "Times New Roman"
    layout = data("letter")["layout"]
    for field, (least, most) in {
        "state_name": (12, 13),
        "motto": (13, 14),
        "issuer": (12, 13),
        "body": (13, 14),
    }.items():
        assert least <= layout[field] <= most


def test_few_communes_are_named_in_the_sentence_and_many_in_an_annex() -> None:
    few, many = letter(communes(3)), letter(communes(40))
    assert "tại xã Số 1, xã Số 2 và xã Số 3, tỉnh Thái Nguyên." in "\n".join(said_in(few))
    assert "PHỤ LỤC" not in said_in(few)
    assert "tại 40 xã, phường thuộc tỉnh Thái Nguyên (danh sách tại Phụ lục kèm theo)." in "\n".join(said_in(many))
    listed = cells(many)[6:]
    assert listed[:6] == ["STT", "Mã", "Xã, phường", "1", "00001", "Xã Số 1"]
    assert len(listed) == 3 * 41
    annex = docx.Document(io.BytesIO(many)).sections[1]
    assert 'w:start="1"' in annex._sectPr.xml, "an annex is numbered by itself"


def test_a_window_of_several_days_says_the_hours_of_each() -> None:
    times = REQUEST.times
    request = replace(REQUEST, times=replace(times, end=times.end + timedelta(days=2)))
    assert wording.when(request) == (
        "từ 08 giờ 00 phút ngày 10/10/2027 đến 20 giờ 00 phút ngày 12/10/2027, "
        "mỗi ngày chỉ gửi từ 08 giờ 00 phút đến 20 giờ 00 phút"
    )


@pytest.mark.parametrize(
    ("day", "said"),
    [(date(2027, 1, 5), "05/01/2027"), (date(2027, 2, 10), "10/02/2027"), (date(2027, 4, 5), "05/4/2027")],
)
def test_days_are_written_as_offices_write_them(day: date, said: str) -> None:
    assert wording.day(day) == said


def test_the_bytes_depend_on_nothing_but_the_request() -> None:
    made = letter(REQUEST)
    assert made == letter(REQUEST)
    assert made != letter(replace(REQUEST, addressee="VNPT Thái Nguyên"))
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert {item.date_time for item in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_character_that_no_file_can_hold_does_not_break_the_letter() -> None:
    """The lint blocks it; until then somebody must be able to look at what was made."""
    title = Localised(vi="Chiến dịch\x01" * 40, en="x")
    request = replace(REQUEST, text=replace(REQUEST.text, payload="a\x01b"), campaign=title)
    assert "a�b" in said_in(letter(request))


# --- data


@pytest.mark.parametrize("operator", data("operators")["operators"])
def test_every_addressee_is_an_operators_that_exists(operator: str) -> None:
    assert operator in prefixes().operators.values()
    known = data("operators")["operators"][operator]
    assert known["company"]
    assert "{" not in known["addressee"].format(province="Mẫu")


@pytest.mark.parametrize(
    ("issuer", "may"),
    [
        ("UBND tỉnh Thái Nguyên", True),
        ("Ủy ban nhân dân thành phố Hải Phòng", True),
        ("Bộ Khoa học và Công nghệ", True),
        ("Sở Khoa học và Công nghệ", False),
        ("UBND xã Mẫu", False),
    ],
)
def test_who_may_ask_is_read_from_the_name(issuer: str, may: bool) -> None:
    assert may_request(issuer) is may
