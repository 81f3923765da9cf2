"""`loa audience import`: rules of a row, of a list, and of doing it again."""

from __future__ import annotations

import csv
import io
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from loa.audience import Outcome, run
from loa.audience.importing import Imported, import_people
from loa.audience.places import Places
from loa.channel import Desk
from loa.model.audience import Recipient
from loa.model.clock import SystemClock
from loa.model.errors import ContentError, StoreError
from loa.model.finding import Level

Lay = Callable[[str, "str | bytes"], Path]

HEADER = "Họ tên;SĐT;Xã/phường;Tỉnh;Ngôn ngữ;Nhóm;Đồng ý\n"
GOOD = "Người mẫu 1;0912000111;Phường Bách Quang;Thái Nguyên;vi;người dân;có\n"
LANDLINE = "Người mẫu 2;02083000222;Phường Bách Quang;Thái Nguyên;;người dân;có\n"
SPLIT = "Người mẫu 3;0912000333;Phường Gia Sàng;Thái Nguyên;;người dân;có\n"
LIST = HEADER + GOOD + LANDLINE + SPLIT


def imported(text: str, places: Places) -> Imported:
    return import_people(io.BytesIO(text.encode()), "ds.csv", "0" * 64, "thu", places, SystemClock())


def people(made: Imported) -> list[Recipient]:
    return [Recipient(*row) for row in made.people.iter_rows()]


def told(made: Imported) -> list[tuple[int, str]]:
    """(row, codes) of the rejects."""
    return [row for frame in made.rejects() for row in frame.select("number", "code").iter_rows()]


def phones(desk: Desk, name: str = "thu") -> list[str]:
    info = desk.store.audiences.find(name)
    assert info is not None
    return [person.phone for person in desk.store.audiences.people(info)]


def rejects(outcome: Outcome) -> list[dict[str, str]]:
    with outcome.rejects_file.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


# --- one row


@pytest.mark.parametrize("said", ["có", "Có", "đồng ý", "x", "✓", "yes", "1", "TRUE"])
def test_a_clear_yes_is_consent(places: Places, said: str) -> None:
    assert imported(f"SĐT;Đồng ý\n0912000111;{said}\n", places).info.clean == 1


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("không", "consent-missing"),
        ("Khong", "consent-missing"),
        ("no", "consent-missing"),
        ("từ chối", "consent-missing"),
        ("", "consent-missing"),
        ("hỏi lại", "consent-unclear"),
        ("có lẽ", "consent-unclear"),
    ],
)
def test_all_else_is_none(places: Places, said: str, code: str) -> None:
    assert imported(f"SĐT;Đồng ý\n0912000111;{said}\n", places).info.reasons == {code: 1}


@pytest.mark.parametrize(
    ("said", "tag"),
    [
        ("vi", "vi"),
        ("VI", "vi"),
        ("Tiếng Việt", "vi"),
        ("English", "en"),
        ("tiếng Anh", "en"),
        ("tyz", "tyz"),
        ("", ""),
    ],
)
def test_a_language_is_the_person_s_own_choice(places: Places, said: str, tag: str) -> None:
    (person,) = people(imported(f"SĐT;Ngôn ngữ\n0912000111;{said}\n", places))
    assert person.language == tag


def test_a_language_need_not_be_stated(places: Places) -> None:
    assert imported("SĐT;Ngôn ngữ\n0912000111;\n", places).people["language"].to_list() == [""]


@pytest.mark.parametrize("said", ["tiếng Mông", "xx", "vi, en", "Kinh"])
def test_a_language_that_is_not_known_is_a_question(places: Places, said: str) -> None:
    made = imported(f"SĐT;Ngôn ngữ\n0912000111;{said}\n", places)
    assert made.info.reasons == {"language-unknown": 1}
    (frame,) = made.rejects()
    assert "tyz (tiếng Tày), nut (tiếng Nùng)" in frame["vi"][0]
    assert "blt (Tai Dam)" in frame["en"][0]


def test_a_group_that_tells_ethnic_origin_is_not_kept_and_the_person_is(places: Places) -> None:
    made = imported("SĐT;Nhóm\n0912000111;Người dân tộc thiểu số\n0912000112;người dân\n", places)
    assert made.people["group"].to_list() == ["", "người dân"]
    (warning,) = [warning for warning in made.findings if warning.code == "people-sensitive-group"]
    assert warning.fields == {"rows": 1}


def test_all_faults_of_a_row_are_named_at_once(places: Places) -> None:
    made = imported("SĐT;Xã;Tỉnh;Ngôn ngữ\n0208;;Thái Nguyên;xx\n", places)
    assert told(made) == [(2, "phone-digits, commune-empty, language-unknown")]
    assert made.info.reasons == {"phone-digits": 1}


def test_text_is_kept_composed_and_with_single_spaces(places: Places) -> None:
    made = imported("SĐT;Nhóm\n0912000111;  ngu\u031bo\u031b\u0300i\u00a0da\u0302n \n", places)
    assert made.people["group"].to_list() == ["người dân"]


# --- rows together


def test_the_first_row_of_a_number_has_it(places: Places) -> None:
    made = imported("SĐT;Nhóm\n+84 912 000 111;a\n0912000112;b\n912000111;c\n", places)
    assert [(person.phone, person.group) for person in people(made)] == [("+84912000111", "a"), ("+84912000112", "b")]
    assert told(made) == [(4, "phone-duplicate")]
    (frame,) = made.rejects()
    assert "dòng 2." in frame["vi"][0]
    assert "row 2 " in frame["en"][0]


def test_a_row_that_was_rejected_does_not_hold_its_number(places: Places) -> None:
    made = imported("SĐT;Ngôn ngữ\n0912000111;xx\n0912000111;vi\n", places)
    assert made.people["language"].to_list() == ["vi"]


@pytest.mark.parametrize("rows", ["0912000111;có\n84912000111;không\n", "84912000111;không\n0912000111;có\n"])
def test_a_no_stands_whatever_another_row_says(places: Places, rows: str) -> None:
    made = imported(f"SĐT;Đồng ý\n{rows}0912000112;có\n", places)
    assert made.people["phone"].to_list() == ["+84912000112"]
    assert made.info.reasons == {"consent-contradicted": 1, "consent-missing": 1}


def test_an_empty_cell_is_no_answer_and_takes_no_other_back(places: Places) -> None:
    made = imported("SĐT;Đồng ý\n0912000111;có\n0912000111;\n", places)
    assert made.info.clean == 1


def test_a_list_without_consent_or_communes_is_taken_and_said_so(places: Places) -> None:
    made = imported("SĐT\n0912000111\n", places)
    assert made.info.clean == 1
    assert [finding.code for finding in made.findings] == ["people-no-consent-column", "people-no-commune-column"]
    assert {finding.level for finding in made.findings} == {Level.WARN}


# --- the whole import


def test_people_are_kept_and_rejects_are_written(desk: Desk, lay: Lay) -> None:
    outcome = run(lay("ds.csv", LIST), "thu", None, desk)
    assert phones(desk) == ["+84912000111"]
    assert (outcome.info.total, outcome.info.clean, outcome.rejected, outcome.unchanged) == (3, 1, 2, False)
    assert outcome.info.source_name == "ds.csv"
    assert outcome.info.imported_at == "2027-09-10T08:00:00+07:00"
    assert outcome.rejects_file == desk.workspace.var / "rejects" / "thu-rejects.csv"
    assert [(row["loa:dòng"], row["loa:mã"]) for row in rejects(outcome)] == [
        ("3", "phone-landline"),
        ("4", "commune-split"),
    ]
    assert [reject.row for reject in outcome.first] == [3, 4]


def test_rejects_are_for_one_account_only_and_nothing_else_is_left(desk: Desk, lay: Lay) -> None:
    file = run(lay("ds.csv", LIST), "thu", None, desk).rejects_file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert list(file.parent.iterdir()) == [file]


def test_rejects_go_where_they_are_asked_to(desk: Desk, lay: Lay, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere" / "sửa.csv"
    assert run(lay("ds.csv", LIST), "thu", target, desk).rejects_file == target
    assert len(target.read_text(encoding="utf-8-sig").splitlines()) == 3
    assert not (desk.workspace.var / "rejects").exists()


def test_the_same_file_again_says_so_and_does_nothing(desk: Desk, lay: Lay) -> None:
    file = lay("ds.csv", LIST.replace(";Đồng ý", ";Ghi chú"))
    first = run(file, "thu", None, desk)
    before = first.rejects_file.stat().st_mtime_ns
    again = run(file, "thu", None, desk)
    assert again.unchanged
    assert (again.info, again.rejected, again.findings) == (first.info, first.rejected, first.findings)
    assert [finding.code for finding in again.findings] == ["people-no-consent-column"]
    assert "Đồng ý nhận tin" in again.warnings[0].vi
    assert first.rejects_file.stat().st_mtime_ns == before


def test_it_is_work_again_where_anything_differs(desk: Desk, lay: Lay) -> None:
    file = lay("ds.csv", LIST)
    first = run(file, "thu", None, desk)
    assert not run(file, "khac", None, desk).unchanged
    first.rejects_file.unlink()
    assert not run(file, "thu", None, desk).unchanged
    table = desk.workspace.audiences / "communes-old.csv"
    table.write_bytes(table.read_bytes() + b"99999,x,y,z,05528,0\n")
    assert not run(file, "thu", None, desk).unchanged


def test_another_list_replaces_the_people(desk: Desk, lay: Lay) -> None:
    run(lay("ds.csv", LIST), "thu", None, desk)
    outcome = run(lay("ds.csv", LIST.replace("0912000111", "0912000999")), "thu", None, desk)
    assert not outcome.unchanged
    assert phones(desk) == ["+84912000999"]


def test_the_first_rejects_are_described_without_their_numbers(desk: Desk, lay: Lay) -> None:
    text = HEADER + GOOD + LANDLINE * 60
    outcome = run(lay("ds.csv", text), "thu", None, desk)
    assert [reject.row for reject in outcome.first] == list(range(3, 53))
    assert {(reject.value, reject.code) for reject in outcome.first} == {("xxxxxxxxx22", "phone-landline")}
    assert len(rejects(outcome)) == 60


def test_a_list_that_is_changed_while_it_is_read_is_not_taken(desk: Desk, lay: Lay) -> None:
    file = lay("ds.csv", LIST)

    class Meddling:
        """A clock that is looked at in the middle of an import, and somebody who writes to the list just then."""

        def now(self) -> datetime:
            file.write_bytes(file.read_bytes() + GOOD.encode())
            return desk.clock.now()

    with pytest.raises(ContentError) as raised:
        run(file, "thu", None, replace(desk, clock=Meddling()))
    assert raised.value.code == "people-changed"
    assert desk.store.audiences.find("thu") is None
    assert not list((desk.workspace.var / "rejects").iterdir())


# --- mended and fed back


def test_a_mended_rejects_file_is_added_and_what_is_left_is_written_again(desk: Desk, lay: Lay) -> None:
    source = lay("ds.csv", LIST)
    first = run(source, "thu", None, desk)
    text = first.rejects_file.read_text(encoding="utf-8-sig")
    head, _, rest = text.partition("Người mẫu 3")
    mended = lay("mended.csv", head + "Người mẫu 3" + rest.replace("Phường Gia Sàng;", "Phường Gia Sàng (mới);"))

    outcome = run(mended, "thu", None, desk)
    assert phones(desk) == ["+84912000111", "+84912000333"]
    assert [(row["loa:dòng"], row["loa:mã"], row["Họ tên"]) for row in rejects(outcome)] == [
        ("3", "phone-landline", "Người mẫu 2")
    ]
    assert outcome.info.source_name == "ds.csv + mended.csv"
    assert (outcome.info.clean, outcome.rejected) == (2, 1)

    assert run(mended, "thu", None, desk).unchanged
    assert run(source, "thu", None, desk).unchanged  # its people are there, and so are the mended ones
    assert phones(desk) == ["+84912000111", "+84912000333"]


def test_of_a_list_of_nobody_the_most_frequent_reasons_are_said(desk: Desk, lay: Lay) -> None:
    rows = ["02083000222", "02083000223", "02083000224", "", "", "9123456789", "1"]
    with pytest.raises(ContentError) as raised:
        run(lay("ds.csv", "SĐT;Tên\n" + "".join(f"{phone};x\n" for phone in rows)), "thu", None, desk)
    said = raised.value.words.vi
    assert (
        said.index("[phone-landline] 3 dòng")
        < said.index("[phone-missing] 2 dòng")
        < said.index("[phone-digits] 1 dòng: Số có 1 chữ số")
    )
    assert "phone-no-zero" not in said


def test_a_change_in_the_helper_column_is_not_taken_and_said_so(desk: Desk, lay: Lay) -> None:
    file = run(lay("ds.csv", LIST), "thu", None, desk).rejects_file
    text = file.read_text(encoding="utf-8-sig")
    # the first one of both: the helper column stands before the list's own
    mended = text.replace("02083000222", "0912000222", 1).replace("Phường Gia Sàng", "Phường Gia Sàng (mới)", 1)
    outcome = run(lay("mended.csv", mended), "thu", None, desk)
    assert phones(desk) == ["+84912000111"]
    (warning,) = [finding for finding in outcome.findings if finding.code == "people-helper-edited"]
    assert warning.fields == {"rows": 2}


@pytest.mark.parametrize("wrong", ["0912", "0912000222", "02083000999"])
def test_a_mend_in_the_right_column_is_no_change_of_the_helper_even_where_it_is_wrong(
    desk: Desk, lay: Lay, wrong: str
) -> None:
    file = run(lay("ds.csv", LIST), "thu", None, desk).rejects_file
    before, number, after = file.read_text(encoding="utf-8-sig").rpartition("02083000222")
    assert number
    outcome = run(lay("mended.csv", before + wrong + after), "thu", None, desk)
    assert "people-helper-edited" not in {finding.code for finding in outcome.findings}


def test_the_sums_of_a_mended_file_are_those_of_its_own_rows(desk: Desk, lay: Lay) -> None:
    file = run(lay("ds.csv", LIST), "thu", None, desk).rejects_file
    text = file.read_text(encoding="utf-8-sig").replace("02083000222;Phường", "0912000222;Phường")
    width = text.partition("\n")[0].count(";") - HEADER.count(";")
    outcome = run(lay("mended.csv", text + ";" * width + GOOD), "thu", None, desk)
    added = outcome.added
    assert added is not None
    assert (added.rows, added.new, added.known, added.taken_back, outcome.rejected) == (3, 1, 1, 0, 1)
    assert added.rows == added.new + added.known + outcome.rejected
    assert run(lay("other.csv", HEADER + GOOD), "khac", None, desk).added is None


def test_whoever_is_taken_back_by_a_mended_file_is_counted(desk: Desk, lay: Lay) -> None:
    file = run(lay("ds.csv", LIST), "thu", None, desk).rejects_file
    text = file.read_text(encoding="utf-8-sig")
    width = text.partition("\n")[0].count(";") - HEADER.count(";")
    no = GOOD.replace(";có", ";không")
    other = GOOD.replace("0912000111", "0912000444")
    added = run(lay("mended.csv", f"{text}{';' * width}{no}{';' * width}{other}"), "thu", None, desk).added
    assert added is not None
    assert (added.rows, added.new, added.known, added.taken_back) == (4, 1, 0, 1)


def test_it_may_be_mended_where_it_lies(desk: Desk, lay: Lay) -> None:
    file = run(lay("ds.csv", LIST), "thu", None, desk).rejects_file
    file.write_bytes(file.read_bytes().replace(b"02083000222;", b"0912 000 222;"))
    outcome = run(file, "thu", None, desk)
    assert phones(desk) == ["+84912000111", "+84912000222"]
    assert [row["loa:mã"] for row in rejects(outcome)] == ["commune-split"]


def test_a_row_that_is_there_already_is_no_reject(desk: Desk, lay: Lay) -> None:
    run(lay("ds.csv", LIST), "thu", None, desk)
    again = lay("mended.csv", f"loa:dòng;{HEADER}2;{GOOD}3;{GOOD.replace('người dân', 'học sinh')}")
    outcome = run(again, "thu", None, desk)
    assert phones(desk) == ["+84912000111"]
    assert outcome.info.reasons == {"phone-known": 1}


# --- what is refused


@pytest.mark.parametrize("name", ["", "../x", "Thái Nguyên", "a b", "A", "-x", "x" * 61])
def test_a_name_that_cannot_be_a_file_s_name_is_refused(desk: Desk, lay: Lay, name: str) -> None:
    with pytest.raises(ContentError) as raised:
        run(lay("ds.csv", LIST), name, None, desk)
    assert raised.value.code == "audience-name"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file-empty"),
        (LIST.encode("utf-16-le"), "people-zero-byte"),
        (b"\xff\xfe\xff", "not-utf-8"),
        (HEADER.encode(), "people-no-rows"),
        (b"name;address\nx;y\n", "people-no-phone-column"),
    ],
)
def test_a_file_that_cannot_be_used_leaves_nothing_behind(desk: Desk, lay: Lay, content: bytes, code: str) -> None:
    run(lay("good.csv", LIST), "thu", None, desk)
    kept = (desk.workspace.var / "rejects" / "thu-rejects.csv").read_bytes()
    with pytest.raises(ContentError) as raised:
        run(lay("ds.csv", content), "thu", None, desk)
    assert (raised.value.code, raised.value.exit_code) == (code, 3)
    assert phones(desk) == ["+84912000111"]
    assert (desk.workspace.var / "rejects" / "thu-rejects.csv").read_bytes() == kept


@pytest.mark.parametrize("name", ["missing.csv", "audiences"])
def test_a_file_that_is_not_there_is_named(desk: Desk, tmp_path: Path, name: str) -> None:
    with pytest.raises(ContentError) as raised:
        run(tmp_path / name, "thu", None, desk)
    assert raised.value.code == "file-missing"
    assert raised.value.where is not None
    assert raised.value.where.file == name


def test_a_list_of_nobody_keeps_the_people_that_were_there_and_says_why(desk: Desk, lay: Lay) -> None:
    run(lay("good.csv", LIST), "thu", None, desk)
    with pytest.raises(ContentError) as raised:
        run(lay("ds.csv", HEADER + LANDLINE), "thu", None, desk)
    assert raised.value.code == "people-nobody"
    assert "var/rejects/thu-rejects.csv" in raised.value.words.vi
    assert "[phone-landline] 1 dòng: Số máy cố định không nhận được tin nhắn." in raised.value.words.vi
    assert "[phone-landline] rows: 1. A landline takes no SMS." in raised.value.words.en
    assert phones(desk) == ["+84912000111"]


def test_rejects_never_overwrite_the_list(desk: Desk, lay: Lay) -> None:
    file = lay("ds.csv", LIST)
    with pytest.raises(ContentError) as raised:
        run(file, "thu", file, desk)
    assert raised.value.code == "rejects-over-source"
    assert file.read_bytes() == LIST.encode("utf-8-sig")
    assert desk.store.audiences.find("thu") is None


def test_a_folder_that_cannot_be_written_to_is_a_store_error(desk: Desk, lay: Lay, tmp_path: Path) -> None:
    lay("in-the-way", "x")
    with pytest.raises(StoreError) as raised:
        run(lay("ds.csv", LIST), "thu", tmp_path / "in-the-way" / "rejects.csv", desk)
    assert raised.value.code == "file-not-written"


def test_no_error_holds_a_number(desk: Desk, lay: Lay) -> None:
    with pytest.raises(ContentError) as raised:
        run(lay("ds.csv", GOOD + LANDLINE), "thu", None, desk)
    assert raised.value.code == "people-no-header"
    assert "0912000111" not in str(raised.value)
