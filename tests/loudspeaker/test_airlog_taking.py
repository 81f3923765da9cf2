"""Filled sheets come back into the ledger: all or nothing, once, and the quota counts them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

import pytest

from loa import gate, pipeline
from loa.channel import Desk
from loa.cli import run
from loa.loudspeaker import airlog_figures
from loa.loudspeaker.airlog_reading.taking import bulletins, take
from loa.loudspeaker.quota import period
from loa.model.clock import VIETNAM
from loa.model.errors import ContentError
from loa.model.ledger import PlannedRow
from loa.model.states import RowState
from loa.store.airings import Entered
from tests.conftest import MORNING, SMALL_CAMPAIGN, SMALL_PLAN
from tests.store.ledger_kit import Worker

from .airlog_workbook import workbook

WAVE, PACKAGE = "nho/2027/d-30", "nho-2027-d-30-phat-thanh"
DELIVERABLE = """\
  - id: phat-thanh
    channel: loudspeaker
    title: {vi: Bản tin, en: Bulletin}
    waves: [d-30]
    clauses: ["2.2"]
    topic: III.2
    template: ban-tin
    languages: [vi]
    places: all
    valid_days: 7
"""
TASK = (
    '  - {clause: "2.2", title: Truyền thanh, lead: [các xã], period: {from: 2025, to: 2030}, '
    "channel: loudspeaker, cadence: monthly}\n"
)
HEAD = ["Mã xã", "Ngày phát", "Giờ phát", "Kết quả", "Lý do"]


class Clock(Protocol):
    def forward(self, **by: float) -> object: ...


@pytest.fixture
def root(small: Path) -> Path:
    """The small workspace with a bulletin for two communes, and a plan that wants one every month."""
    start = SMALL_CAMPAIGN[: SMALL_CAMPAIGN.index("  - id: tin")]
    (small / "campaigns" / "nho.yaml").write_text(start + DELIVERABLE, encoding="utf-8")
    plan = SMALL_PLAN.replace("reporting:", TASK + "reporting:")
    (small / "campaigns" / "plans" / "nho.yaml").write_text(plan, encoding="utf-8")
    return small


@pytest.fixture
def desk(root: Path, clock: Clock, database_url: str) -> Iterator[Desk]:
    """The package is handed over, and twelve days have gone by."""
    made = pipeline.open_desk(root, {"LOA_DATABASE_URL": database_url}, clock)  # type: ignore[arg-type] # it tells the time
    hand_over(made)
    clock.forward(days=12)
    yield made
    made.store.close()


def hand_over(desk: Desk) -> None:
    """What a release leaves behind: the approved bundle, and a row with each commune."""
    found = pipeline.occasion(desk, "nho", "d-30", 2027)
    manifest = gate.manifest_of(desk, found, [gate.Prepared(job, (), ()) for job in found.jobs])
    bundle = desk.store.reviews.open(gate.digest_of(manifest), WAVE, manifest, "lan", MORNING)
    number, key = desk.store.reviews.number(bundle.digest), found.jobs[0].key
    rows = [PlannedRow(code, "", code, "vi", "goi", 0) for code in ("05443", "05455")]
    desk.store.ledger.expand(key, number, rows, MORNING)
    worker = Worker.on(desk.store, MORNING, "outbox/phat-thanh")
    worker.answer(worker.claim(10, MORNING, job=key, bundle=number), RowState.ACCEPTED, MORNING)


def sheet(path: Path, *rows: list[str], package: str = PACKAGE) -> Path:
    """A filled sheet as CSV."""
    lines = [[f"Mã gói tin: {package}"] if package else [], HEAD, *rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(";".join(line) for line in lines) + "\n", encoding="utf-8")
    return path


GOOD = ["05443", "12/9/2027", "17:00", "Đã phát", ""]
FAILED = ["05455", "12/9/2027", "17:00", "Không phát được", "Mất điện"]
WRONG = ["05455", "31/2/2027", "17:00", "mất điện", ""]


def states(desk: Desk) -> list[str]:
    return [row.state.value for row in desk.store.airings.rows(WAVE, "phat-thanh")]


def codes(caught: pytest.ExceptionInfo[ContentError]) -> list[tuple[str, int | None]]:
    return [(one.code, one.where.line) for one in caught.value.mistakes]


# --- entering


def test_what_a_sheet_says_is_entered_once(desk: Desk, tmp_path: Path) -> None:
    path = sheet(tmp_path / "so.csv", GOOD, FAILED)
    assert take(desk, [path], "lan").entered == Entered(new=2, moved=2)
    assert states(desk) == ["delivered", "undelivered"]
    assert take(desk, [path, path], "minh").entered == Entered(same=2)


def test_a_correction_is_another_sheet_with_the_same_broadcast(desk: Desk, tmp_path: Path) -> None:
    take(desk, [sheet(tmp_path / "so.csv", FAILED)], "lan")
    mended = [*FAILED[:3], "Đã phát", ""]
    assert take(desk, [sheet(tmp_path / "so-2.csv", mended)], "lan").entered == Entered(corrected=1, moved=1)
    assert states(desk) == ["accepted", "delivered"]


def test_a_sheet_may_take_the_place_of_an_earlier_one(desk: Desk, tmp_path: Path) -> None:
    take(desk, [sheet(tmp_path / "so.csv", GOOD)], "lan")
    other = [GOOD[0], "13/9/2027", *GOOD[2:]]
    done = take(desk, [sheet(tmp_path / "so-2.csv", other)], "lan", instead=True).entered
    assert done == Entered(new=1, taken_back=1)


def test_one_mistake_in_any_file_and_nothing_is_entered(desk: Desk, tmp_path: Path) -> None:
    good, wrong = sheet(tmp_path / "a.csv", GOOD), sheet(tmp_path / "b.csv", WRONG, GOOD)
    with pytest.raises(ContentError) as caught:
        take(desk, [good, wrong, tmp_path / "khong-co.xlsx"], "lan")
    assert codes(caught) == [("airlog-day", 3), ("airlog-result", 3), ("file-missing", None)]
    assert desk.store.airings.told(WAVE, "phat-thanh") == ()
    assert states(desk) == ["accepted", "accepted"]


def test_those_without_mistakes_are_entered_where_that_is_asked_for(desk: Desk, tmp_path: Path) -> None:
    good, wrong = sheet(tmp_path / "a.csv", GOOD), sheet(tmp_path / "b.csv", WRONG, FAILED)
    done = take(desk, [good, wrong], "lan", partly=True)
    assert done.entered == Entered(new=1, moved=1)
    assert [one.where.file for one in done.mistakes] == [str(wrong), str(wrong)]
    assert states(desk) == ["delivered", "accepted"], "nothing of a file that has a mistake"


def test_a_try_enters_nothing(desk: Desk, tmp_path: Path) -> None:
    done = take(desk, [sheet(tmp_path / "a.csv", GOOD)], "", dry_run=True)
    assert (done.entered, len(done.files[0].entries)) == (None, 1)
    assert desk.store.airings.told(WAVE, "phat-thanh") == ()


def test_two_files_that_contradict_each_other_are_told_apart(desk: Desk, tmp_path: Path) -> None:
    first = sheet(tmp_path / "a.csv", GOOD)
    second = sheet(tmp_path / "b.csv", [*GOOD[:3], "không", "hỏng"])
    with pytest.raises(ContentError) as caught:
        take(desk, [first, second], "lan")
    (one,) = caught.value.mistakes
    assert (one.code, one.where.file, one.fields["other"]) == ("airlog-repeated", str(second), f"{first}, 3")


def test_a_sheet_that_nobody_filled_in_is_no_mistake(desk: Desk, tmp_path: Path) -> None:
    done = take(desk, [sheet(tmp_path / "a.csv", ["05443", "", "", "", ""])], "lan")
    assert (done.entered, done.files[0].waiting) == (Entered(), 1)


def test_what_was_approved_counts_though_the_campaign_has_changed_since(desk: Desk, root: Path, tmp_path: Path) -> None:
    (root / "campaigns" / "nho.yaml").write_text("id: khac\n", encoding="utf-8")
    done = take(desk, [sheet(tmp_path / "a.csv", GOOD, ["05455", "17/9/2027", "9h", "x", ""])], "lan")
    assert done.entered == Entered(new=2, moved=2)
    assert [one.code for one in done.files[0].warnings] == ["airlog-day-late"], "seven days, as was approved"


# --- files


def test_folders_and_zips_are_read_with_what_lies_in_them(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "gui-ve"
    sheet(folder / "a" / "so.csv", GOOD)
    (folder / "~$so.xlsx").write_bytes(b"lock")
    (folder / "ghi-chu.txt").write_text("không phải bảng", encoding="utf-8")
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as package:
        package.writestr("so.xlsx", workbook({"Sổ": [[PACKAGE], HEAD, FAILED]}))
        package.writestr("phat-thanh-vi.mp3", b"\0" * 100)
        package.writestr("__MACOSX/._so.xlsx", b"\0")
    with zipfile.ZipFile(folder / "xa.zip", "w") as outer:
        outer.writestr("05455/goi.zip", inner.getvalue())
    done = take(desk, [folder], "lan")
    assert done.entered == Entered(new=2, moved=2)
    assert [file.name.removeprefix(str(folder)) for file in done.files] == [
        "/a/so.csv",
        "/xa.zip/05455/goi.zip/so.xlsx",
    ]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("so.xlsx", b"PK\x03\x04 no workbook", "table-unreadable"),
        ("so.xls", b"\xd0\xcf\x11\xe0 no workbook", "table-unreadable"),
        ("so.csv", b"", "airlog-columns"),
        ("so.csv", "Mã xã;Kết quả\n05443;x\n".encode(), "airlog-columns"),
        ("so.csv", "Kết quả".encode("utf-16-le"), "not-utf-8"),
        ("so.zip", b"PK\x03\x04 no zip", "airlog-zip"),
        ("so.mp3", b"ID3", "airlog-columns"),
    ],
    ids=["xlsx", "xls", "empty", "no day", "coding", "zip", "sound"],
)
def test_a_file_that_is_no_air_log_is_named(desk: Desk, tmp_path: Path, name: str, content: bytes, code: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ContentError) as caught:
        take(desk, [tmp_path / name], "lan")
    assert (caught.value.code, caught.value.where and caught.value.where.file) == (code, str(tmp_path / name))


def test_an_empty_folder_and_an_empty_zip_are_named(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "trong").mkdir()
    with zipfile.ZipFile(tmp_path / "trong.zip", "w"):
        pass
    with pytest.raises(ContentError) as caught:
        take(desk, [tmp_path / "trong", tmp_path / "trong.zip"], "lan")
    assert [one.code for one in caught.value.mistakes] == ["airlog-no-sheet", "airlog-no-sheet"]


def test_a_zip_with_a_password_and_one_that_claims_to_be_huge_are_refused(desk: Desk, tmp_path: Path) -> None:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("so.csv", b"\0" * 101_000_000)
    (tmp_path / "to.zip").write_bytes(raw.getvalue())
    with zipfile.ZipFile(small := io.BytesIO(), "w") as packed:
        packed.writestr("so.csv", b"x")
    locked = bytearray(small.getvalue())
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1  # it says that it is encrypted
    (tmp_path / "khoa.zip").write_bytes(bytes(locked))
    with pytest.raises(ContentError) as caught:
        take(desk, [tmp_path / "to.zip", tmp_path / "khoa.zip"], "lan")
    assert [one.code for one in caught.value.mistakes] == ["file-too-big", "airlog-zip"]


def test_a_cell_far_out_makes_no_huge_table(desk: Desk, tmp_path: Path) -> None:
    raw = workbook({"Sổ": [["x"]]})
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(made, "w") as new:
        for part in old.namelist():
            data = old.read(part)
            far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
            new.writestr(part, data.replace(b"</sheetData>", far) if part.endswith("sheet1.xml") else data)
    (tmp_path / "xa.xlsx").write_bytes(made.getvalue())
    with pytest.raises(ContentError) as caught:
        take(desk, [tmp_path / "xa.xlsx"], "lan")
    assert caught.value.code == "file-too-big"


# --- figures


def test_the_quota_counts_what_logs_say_and_nothing_else(desk: Desk, tmp_path: Path) -> None:
    plan, september = desk.workspace.plan("nho"), period("2027-09")
    assert september is not None
    (before,) = airlog_figures.of_plan(desk, plan, september)
    assert (before.quota.silent, before.packages) == (("05443", "05455"), (PACKAGE,)), "handed over counts for nothing"
    take(desk, [sheet(tmp_path / "a.csv", GOOD, FAILED)], "lan")
    (after,) = airlog_figures.of_plan(desk, plan, september)
    assert (after.quota.met, after.quota.failed, after.quota.reached) == (("05443",), ("05455",), False)
    take(desk, [sheet(tmp_path / "b.csv", ["05455", "13/9/2027", "17h", "x", ""])], "lan")
    assert airlog_figures.of_plan(desk, plan, september)[0].quota.reached
    october = period("2027-10")
    assert october is not None
    assert airlog_figures.of_plan(desk, plan, october)[0].quota.without == ("05443", "05455")


def test_a_bulletin_of_another_plan_or_clause_does_not_count(desk: Desk, tmp_path: Path) -> None:
    take(desk, [sheet(tmp_path / "a.csv", GOOD)], "lan")
    plan, september = desk.workspace.plan("nho"), period("2027-09")
    assert september is not None
    other = plan.model_copy(update={"number": "2/KH-UBND"})
    assert airlog_figures.of_plan(desk, other, september)[0].quota.without == ("05443", "05455")
    tasks = [task.model_copy(update={"clause": "2.3"}) if task.clause == "2.2" else task for task in plan.tasks]
    moved = plan.model_copy(update={"tasks": tuple(tasks)})
    assert airlog_figures.of_plan(desk, moved, september)[0].quota.met == ()


def test_who_has_reported_is_seen_by_commune(desk: Desk, tmp_path: Path) -> None:
    take(desk, [sheet(tmp_path / "a.csv", GOOD, [*GOOD[:2], "18h", *GOOD[3:]])], "lan")
    ((bulletin, communes),) = airlog_figures.of_wave(desk, "nho", "d-30")
    assert bulletin.id == PACKAGE
    assert [(one.row.recipient, one.played, one.waiting) for one in communes] == [
        ("05443", 2, False),
        ("05455", 0, True),
    ]
    with pytest.raises(ContentError) as caught:
        airlog_figures.of_wave(desk, "nho", "d-30", 2026)
    assert (caught.value.code, caught.value.fields["known"]) == ("airlog-bulletin", PACKAGE)


def test_a_package_is_known_with_the_hours_that_were_approved(desk: Desk) -> None:
    (one,) = bulletins(desk)
    assert (one.id, one.valid_from.isoformat(), one.valid_to.isoformat()) == (
        PACKAGE, "2027-09-10T08:00:00+07:00", "2027-09-16",
    )  # fmt: skip


# --- the command line

Loa = Callable[..., tuple[int, str, str]]


@pytest.fixture
def loa(
    desk: Desk, root: Path, database_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Loa:
    """Runs a command in the workspace: (exit code, stdout, stderr)."""
    monkeypatch.delenv("LOA_ACTOR", raising=False)
    monkeypatch.setenv("LOA_WORKSPACE", str(root))
    monkeypatch.setenv("LOA_DATABASE_URL", database_url)
    path = root / "loa.toml"
    now = datetime.now(VIETNAM).isoformat()
    rehearsal = f"\n[rehearsal]\nstarts_at = 2027-09-22T08:00:00+07:00\nset_at = {now}\n"
    path.write_text(path.read_text(encoding="utf-8") + rehearsal, encoding="utf-8")

    def call(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run([str(word) for word in words])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_an_import_says_what_it_did_and_again_changes_nothing(loa: Loa, tmp_path: Path) -> None:
    path = sheet(tmp_path / "a.csv", GOOD, FAILED[:4])
    code, out, _ = loa("airlog", "import", path, "--as", "lan")
    assert code == 0
    assert "Đã ghi 2 lần mới, đính chính 0, bỏ 0, không đổi 0." in out
    assert f"LƯU Ý [airlog-reason-missing] {path}, dòng 4, trường “Lý do”" in out
    code, out, _ = loa("airlog", "import", path, "--as", "lan", "--json")
    assert (code, json.loads(out)["entered"]["same"]) == (0, 2)


def test_mistakes_are_content_with_their_places(loa: Loa, tmp_path: Path) -> None:
    good, wrong = sheet(tmp_path / "a.csv", GOOD), sheet(tmp_path / "b.csv", WRONG)
    code, out, err = loa("airlog", "import", good, wrong, "--as", "lan")
    assert (code, out) == (3, "")
    assert f"LỖI [airlog-result] {wrong}, dòng 3, trường “Kết quả”" in err
    assert "“Đã phát” hoặc “Không phát được”" in err
    code, out, err = loa("airlog", "import", good, wrong, "--as", "lan", "--partly", "--json")
    done = json.loads(out)
    assert (code, done["entered"]["new"]) == (3, 1)
    assert [one["code"] for one in done["files"][1]["mistakes"]] == ["airlog-day", "airlog-result"]
    code, out, err = loa("airlog", "import", good, wrong, "--as", "lan", "--partly")
    assert (code, "không đổi 1" in out, "[airlog-day]" in err) == (3, True, True)


def test_an_import_wants_a_name_and_a_try_does_not(loa: Loa, tmp_path: Path) -> None:
    path = sheet(tmp_path / "a.csv", GOOD, package="")
    assert loa("airlog", "import", path)[0] == 3
    code, out, _ = loa("airlog", "import", path, "--dry-run", "--package", PACKAGE)
    assert (code, "Mới đọc thử, chưa ghi gì." in out) == (0, True)
    assert loa("airlog", "import")[0] == 2


def test_what_came_back_is_shown_by_commune(loa: Loa, tmp_path: Path) -> None:
    loa("airlog", "import", sheet(tmp_path / "a.csv", GOOD), "--as", "lan")
    code, out, _ = loa("airlog", "show", "nho", "d-30")
    assert code == 0
    assert "1/2 xã, phường đã gửi nhật ký; còn chờ 1." in out
    assert "chưa có / none yet" in out
    (found,) = json.loads(loa("airlog", "show", "nho", "d-30", "--json")[1])
    assert [(one["code"], one["played"], one["waiting"]) for one in found["communes"]] == [
        ("05443", 1, False),
        ("05455", 0, True),
    ]
    assert found["communes"][0]["entries"][0]["at_time"] == "17:00"
    code, _, err = loa("airlog", "show", "nho", "d-7")
    assert (code, "[airlog-bulletin]" in err) == (3, True)


def test_the_quota_is_shown_with_who_is_missing_and_why(loa: Loa, tmp_path: Path) -> None:
    loa("airlog", "import", sheet(tmp_path / "a.csv", GOOD, FAILED), "--as", "lan")
    code, out, _ = loa("airlog", "quota", "nho", "--month", "2027-09")
    assert code == 0
    assert "1/2 xã, phường đã phát ít nhất 1 lần: chưa đạt." in out
    assert "Chỉ báo không phát được / reported failure only: 1: Xã Mẫu (05455)" in out
    (found,) = json.loads(loa("airlog", "quota", "nho", "--json")[1])
    assert (found["period"], found["cadence"], found["reached"], found["over"]) == ("2027-09", "monthly", False, False)
    assert [one["code"] for one in found["met"]] == ["05443"]
    assert len(json.loads(loa("airlog", "quota", "nho", "--quarter", "2027-Q3", "--json")[1])) == 3


@pytest.mark.parametrize(
    ("words", "exit_code", "code"),
    [
        (("nho", "--month", "2027-13"), 3, "airlog-period"),
        (("nho", "--month", "2027"), 3, "airlog-period"),
        (("nho", "--month", "2027-10", "--year", "2027"), 2, "airlog-period-two"),
        (("nho", "--times", "0"), 3, "wrong-value"),
        (("khac",), 3, "plan-missing"),
    ],
    ids=["month", "not a month", "two", "times", "plan"],
)
def test_a_quota_that_cannot_be_asked_for_is_said(loa: Loa, words: tuple[str, ...], exit_code: int, code: str) -> None:
    found, _, err = loa("airlog", "quota", *words)
    assert (found, f"[{code}]" in err) == (exit_code, True)


def test_words_of_a_sheet_cannot_steer_a_terminal(loa: Loa, tmp_path: Path) -> None:
    path = sheet(tmp_path / "a.csv", [*FAILED[:4], "[red]\x1b[2Jmất điện"])
    assert loa("airlog", "import", path, "--as", "lan")[0] == 0
    out = loa("airlog", "show", "nho", "d-30")[1]
    assert "\x1b" not in out
    assert "[red][2Jmất điện" in out
