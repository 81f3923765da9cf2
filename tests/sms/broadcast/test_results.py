"""Results come back from the operator's letter: plausible or not at all, once, corrected with a trace."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loa.channel import Desk
from loa.filled import a_moment, whole_number
from loa.model.clock import VIETNAM
from loa.model.errors import ContentError, Mistake
from loa.model.states import RowState
from loa.sms.broadcast.form import COLUMNS
from loa.sms.broadcast.reading import Entry, read_form
from loa.sms.broadcast.results import take
from loa.store.broadcasts import Entered

from .conftest import WAVE, Release, job_of, write

ROW = {
    "operator": "Viettel", "area": "19", "subscribers": "300000", "sent": "290000", "delivered": "280000",
    "start": "08:00 17/09/2027", "end": "19:30 17/09/2027", "letter": "12/VTTN", "letter_date": "20/09/2027",
    "note": "",
}  # fmt: skip


class Clock(Protocol):
    def forward(self, **by: float) -> datetime: ...


@pytest.fixture
def waiting(desk: Desk, clock: Clock, release: Release) -> Desk:
    """Handed over, and twelve days later."""
    release()
    clock.forward(days=12)
    return desk


def entry(**changes: str) -> Entry:
    return Entry({**ROW, **changes}, "bieu.xlsx", 7)


def mistakes(desk: Desk, *entries: Entry, replaces: str = "") -> list[Mistake]:
    with pytest.raises(ContentError) as caught:
        take(desk, job_of(desk), entries, "lan", replaces)
    return list(caught.value.mistakes)


def states(desk: Desk) -> dict[str, RowState]:
    return {row.recipient: row.state for row in desk.store.figures.rows(WAVE)}


# --- what is entered


def test_a_letter_is_entered_and_its_row_is_done(waiting: Desk) -> None:
    assert take(waiting, job_of(waiting), [entry()], "lan") == Entered(new=1, moved=1)
    assert states(waiting) == {"Viettel/19": RowState.DELIVERED, "VinaPhone/19": RowState.ACCEPTED}
    told = waiting.store.broadcasts.told(WAVE, "nha-mang")[0]
    assert (told.letter, told.subscribers, told.sent, told.delivered) == ("12/VTTN", 300_000, 290_000, 280_000)
    assert told.note == "08:00 17/09/2027 - 19:30 17/09/2027", "when it was really sent"


def test_a_letter_that_says_nothing_was_sent_is_a_result_too(waiting: Desk) -> None:
    take(waiting, job_of(waiting), [entry(sent="0", delivered="0")], "lan")
    assert states(waiting)["Viettel/19"] is RowState.UNDELIVERED


@pytest.mark.parametrize("operator", ["viettel", " VIETTEL "])
def test_an_operator_is_known_however_it_is_written(waiting: Desk, operator: str) -> None:
    assert take(waiting, job_of(waiting), [entry(operator=operator, area="")], "lan").new == 1


def test_a_code_that_lost_its_zeros_in_a_spreadsheet_is_found(root: Path, desk: Desk, waiting: Desk) -> None:
    assert take(waiting, job_of(waiting), [entry(area="19")], "lan").new == 1
    wrong = mistakes(waiting, entry(area="5443"))
    assert [one.code for one in wrong] == ["results-area"]


def test_communes_are_answered_for_one_by_one(root: Path, desk: Desk, clock: Clock, release: Release) -> None:
    write(root, places='["05443", "05455"]')
    release()
    clock.forward(days=12)
    assert take(desk, job_of(desk), [entry(area="5443"), entry(area="05455")], "lan").moved == 2
    assert [one.code for one in mistakes(desk, entry(area=""))] == ["results-area"], "which of the two?"


# --- what cannot be


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"delivered": "290001"}, "results-more-than", "delivered"),
        ({"sent": "300001"}, "results-more-than", "sent"),
        ({"sent": "nhiều"}, "results-number", "sent"),
        ({"sent": "-1"}, "results-number", "sent"),
        ({"sent": "1.5"}, "results-number", "sent"),
        ({"subscribers": ""}, "results-number", "subscribers"),
        ({"subscribers": "9999999999"}, "results-number", "subscribers"),
        ({"letter": " "}, "results-letter-missing", "letter"),
        ({"letter": "x" * 101}, "text-too-long", "letter"),
        ({"letter_date": ""}, "results-date", "letter_date"),
        ({"letter_date": "31/02/2027"}, "results-date", "letter_date"),
        ({"letter_date": "23/09/2027"}, "results-date-out", "letter_date"),  # tomorrow
        ({"letter_date": "09/09/2027"}, "results-date-out", "letter_date"),  # before it was asked for
        ({"start": "sáng"}, "results-date", "start"),
        ({"end": "08:00 30/09/2027"}, "results-date-out", "end"),
        ({"start": "20:00 17/09/2027"}, "results-window", "end"),
        ({"operator": "MobiFone"}, "results-operator", "operator"),
        ({"area": "20"}, "results-area", "area"),
    ],
)
def test_a_figure_that_cannot_be_is_named_with_its_place(
    waiting: Desk, changes: dict[str, str], code: str, field: str
) -> None:
    found = mistakes(waiting, entry(operator="VinaPhone"), entry(**changes))
    assert code in [one.code for one in found]
    wrong = next(one for one in found if one.code == code)
    assert (wrong.where.file, wrong.where.line, wrong.where.field) == ("bieu.xlsx", 7, COLUMNS[field][0])
    assert waiting.store.broadcasts.told(WAVE, "nha-mang") == (), "nothing is half entered"


def test_a_request_that_was_not_handed_over_has_no_results(desk: Desk, clock: Clock) -> None:
    from loa.sms.broadcast.channel import OperatorPackageChannel

    channel, job = OperatorPackageChannel(), job_of(desk)
    channel.expand(job, channel.prepare(job, desk), desk)
    clock.forward(days=12)
    assert [one.code for one in mistakes(desk, entry())] == ["results-not-handed-over"]


def test_one_letter_speaks_of_a_row_once(waiting: Desk) -> None:
    assert [one.code for one in mistakes(waiting, entry(), entry(sent="1", delivered="1"))] == ["results-repeated"]


def test_what_a_flag_says_wrongly_is_said_once_and_at_the_flag(waiting: Desk) -> None:
    typed = {"letter": "12/VTTN", "letter_date": "1/1/2020"}
    said = {name: value for name, value in ROW.items() if name not in typed}
    rows = [
        Entry({**said, "operator": name}, "bieu.csv", line, typed) for line, name in ((2, "Viettel"), (3, "VinaPhone"))
    ]
    found = mistakes(waiting, *rows)
    assert [(one.code, one.where.file, one.where.line) for one in found] == [("results-date-out", "--date", None)]


def test_replacing_a_letter_that_was_never_entered_is_a_slip(waiting: Desk) -> None:
    take(waiting, job_of(waiting), [entry(letter="21/VTTN")], "lan")
    wrong = mistakes(waiting, entry(), replaces="22/VTTN")
    assert (wrong[0].code, wrong[0].fields["known"]) == ("results-nothing-replaced", "21/VTTN")
    assert take(waiting, job_of(waiting), [entry()], "lan", "21/VTTN").corrected == 1
    assert [one.letter for one in waiting.store.broadcasts.told(WAVE, "nha-mang")] == ["12/VTTN"]


# --- the form


def filled(path: Path, rows: Mapping[str, Any]) -> None:
    """Fills the form of the package as a clerk does: cells of the row, by their column's name."""
    table = pl.read_excel(path, has_header=False, infer_schema_length=0, drop_empty_rows=False).rows()
    names = [name for name, _, _ in COLUMNS.values()]
    with import_module("xlsxwriter").Workbook(path, {"remove_timezone": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(table):
            for place, cell in enumerate(row):
                sheet.write(number, place, cell)
        date = book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
        for name, value in rows.items():
            place = names.index(COLUMNS[name][0])
            style = [date] if isinstance(value, datetime) else []
            sheet.write(len(table) - 1, place, value, *style)


def test_the_form_of_the_package_is_read_back(desk: Desk, clock: Clock, release: Release) -> None:
    form = release() / "viettel" / "bieu-ket-qua-viettel.xlsx"
    clock.forward(days=12)
    with pytest.raises(ContentError) as caught:
        read_form(form, form.name, {})
    assert caught.value.code == "results-none", "nobody has filled it in yet"
    filled(
        form,
        {
            "subscribers": 300_000, "sent": 290_000.0, "delivered": "280.000", "letter": "12/VTTN",
            "start": datetime(2027, 9, 17, 8, tzinfo=VIETNAM), "letter_date": datetime(2027, 9, 20, tzinfo=VIETNAM),
        },
    )  # fmt: skip
    entries = read_form(form, form.name, {})
    assert take(desk, job_of(desk), entries, "lan").new == 1
    told = desk.store.broadcasts.told(WAVE, "nha-mang")[0]
    assert (told.subscribers, told.sent, told.delivered) == (300_000, 290_000, 280_000)
    assert (told.letter_date.isoformat(), told.note) == ("2027-09-20", "08:00 17/09/2027 - …")


HEAD = "Doanh nghiệp;Mã địa bàn;Thuê bao thuộc đối tượng;Số tin đã gửi;Gửi thành công"


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("mark", [";", ",", "\t"])
def test_a_table_saved_as_text_is_read_as_well(tmp_path: Path, coding: str, mark: str) -> None:
    path = tmp_path / "bieu.csv"
    lines = ["KẾT QUẢ", "", HEAD, "Viettel;19;300 000;290 000;280 000", "VinaPhone;19;;;"]
    path.write_text("\r\n".join(lines).replace(";", mark), encoding=coding, newline="")
    entries = read_form(path, "bieu.csv", {"letter": "12/VTTN", "letter_date": "20/9/2027"})
    assert [(item.line, item.get("operator"), item.get("sent")) for item in entries] == [(4, "Viettel", "290 000")]
    assert entries[0].get("letter") == "12/VTTN", "what the file does not say, the flags do"


def test_english_names_of_columns_will_do(tmp_path: Path) -> None:
    path = tmp_path / "form.csv"
    path.write_text("Operator,Subscribers,Sent,Delivered,Letter number\nViettel,3,2,1,9/X\n", encoding="utf-8")
    assert read_form(path, "form.csv", {})[0].get("letter") == "9/X"


def test_flags_do_not_overrule_the_form(tmp_path: Path) -> None:
    path = tmp_path / "bieu.csv"
    path.write_text(f"{HEAD};Ngày công văn\nViettel;19;3;2;1;20/09/2027\n", encoding="utf-8")
    assert read_form(path, "bieu.csv", {"letter_date": "2027-09-20"}), "the same day, written otherwise"
    with pytest.raises(ContentError) as caught:
        read_form(path, "bieu.csv", {"letter_date": "21/09/2027"})
    assert (caught.value.code, caught.value.where and caught.value.where.line) == ("results-contradicted", 2)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "results-columns"),
        ("Doanh nghiệp;Số tin đã gửi\nViettel;1\n".encode(), "results-columns"),
        ("Tên;Số\n".encode("utf-16-le"), "not-utf-8"),
        ("Doanh nghiệp".encode("cp1258", "replace") + b"\xff\n", "not-utf-8"),
        (b"PK\x03\x04 no workbook", "table-unreadable"),
    ],
)
def test_a_file_that_is_no_form_is_refused(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "bieu.xlsx"
    path.write_bytes(content)
    with pytest.raises(ContentError) as caught:
        read_form(path, "bieu.xlsx", {})
    assert (caught.value.code, caught.value.where and caught.value.where.file) == (code, "bieu.xlsx")


def test_the_columns_that_are_missing_are_named(tmp_path: Path) -> None:
    path = tmp_path / "bieu.csv"
    path.write_text("Doanh nghiệp;Số tin đã gửi\nViettel;1\n", encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        read_form(path, "bieu.csv", {})
    assert caught.value.fields["missing"] == "Thuê bao thuộc đối tượng, Gửi thành công"


def test_a_letter_instead_of_the_form_is_refused(release: Release, tmp_path: Path) -> None:
    letter = release() / "viettel" / "cong-van-viettel.docx"
    for path in (letter, tmp_path / "khong-co.xlsx"):
        with pytest.raises(ContentError) as caught:
            read_form(path, path.name, {})
        assert caught.value.code in {"table-unreadable", "file-missing"}


# --- words


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0), ("120000", 120_000), ("120.000", 120_000), ("1.200.000", 1_200_000), ("120,000", 120_000),
        ("120 000", 120_000), ("120000.0", 120_000), ("5.0", 5), ("007", 7),
        ("", None), ("1.5", None), ("12.00", None), ("1.200,000", None), ("-5", None), ("1e5", None), ("12 0", None),
        ("200000001", None), ("١٢", None),
    ],
)  # fmt: skip
def test_numbers_as_people_group_them(text: str, number: int | None) -> None:
    assert whole_number(text) == number


@given(st.integers(min_value=0, max_value=200_000_000), st.sampled_from([",", ".", " "]))
def test_every_number_is_read_however_it_is_grouped(number: int, mark: str) -> None:
    assert whole_number(f"{number:,}".replace(",", mark)) == number == whole_number(str(number))


MOMENT = datetime(2027, 12, 31, 8, 5, tzinfo=VIETNAM)
DAY = MOMENT.replace(hour=0, minute=0)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("31/12/2027", DAY), ("31-12-2027", DAY), ("2027-12-31", DAY), ("2027-12-31 00:00:00", DAY),
        ("08:05 31/12/2027", MOMENT), ("8h05 ngày 31/12/2027", MOMENT), ("31/12/2027 08:05", MOMENT),
        ("2027-12-31T08:05:00", MOMENT),
        ("12/31/2027", None), ("31/12/27", None), ("25:00 31/12/2027", None), ("hôm qua", None), ("", None),
    ],
)  # fmt: skip
def test_dates_as_people_write_them(text: str, moment: datetime | None) -> None:
    assert a_moment(text) == moment
