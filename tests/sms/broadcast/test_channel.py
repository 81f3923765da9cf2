"""From a campaign's file to a folder for each operator: what is laid there, who has a row, what is stopped."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from loa import handover, pipeline
from loa.channel import Desk
from loa.model.errors import ContentError
from loa.model.states import RowState, words_of
from loa.registry import CHANNELS
from loa.sms.broadcast.channel import OperatorPackageChannel
from loa.sms.parts import split

from .conftest import WAVE, Release, job_of, write

TEXT = "UBND tinh Mau: nop ho so tai dichvucong.gov.vn. Hoi 1022."
CHANNEL = OperatorPackageChannel()
Codes = Callable[[], list[str]]


@pytest.fixture
def codes(desk: Desk) -> Codes:
    """The findings of the deliverable as its file stands now."""

    def look() -> list[str]:
        job = job_of(desk)
        return [finding.code for finding in CHANNEL.check(job, CHANNEL.prepare(job, desk), desk)]

    return look


def recipients(desk: Desk) -> dict[str, RowState]:
    return {row.recipient: row.state for row in desk.store.figures.rows(WAVE)}


# --- what is handed over


def test_each_operator_gets_a_folder_with_all_it_needs(release: Release) -> None:
    folder = release()
    found = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert found == ["huong-dan.txt"] + [
        f"{name}/{file}"
        for name in ("viettel", "vinaphone")
        for file in sorted(
            [
                "ban-co-dau-de-doi-chieu.txt", f"bieu-ket-qua-{name}.xlsx", f"cong-van-{name}.docx",
                "noi-dung-gui-di.txt", f"request-{name}.json",
            ]
        )
    ]  # fmt: skip


def test_the_file_to_be_sent_holds_the_text_and_not_a_byte_more(release: Release) -> None:
    payload = (release() / "viettel" / "noi-dung-gui-di.txt").read_bytes()
    assert payload == TEXT.encode()
    assert split(payload.decode()).count == 1


def test_machines_find_all_of_the_letter_in_the_request(release: Release) -> None:
    folder = release() / "viettel"
    said = json.loads((folder / "request-viettel.json").read_text(encoding="utf-8"))
    assert said["text"] | {"accented": ""} == {
        "payload": TEXT, "sha256": hashlib.sha256(TEXT.encode()).hexdigest(), "accented": "", "encoding": "unaccented",
        "alphabet": "gsm7", "parts": 1, "units": len(TEXT),
    }  # fmt: skip
    assert said["window"]["from"] == "2027-09-17T08:00:00+07:00"
    assert said["window"]["to"] == "2027-09-17T20:00:00+07:00"
    assert said["answer_by"] == "2027-09-27"
    assert said["area"] == {
        "whole": True, "provinces": ["tỉnh Mẫu"], "areas": [{"code": "19", "name": "tỉnh Mẫu"}],
    }  # fmt: skip
    assert said["operator"]["addressee"] == "Viettel Mẫu"
    assert said["letter"]["number"] is None, "the office gives it one"
    listed = {item["name"]: item["sha256"] for item in said["files"]}
    assert listed == {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in listed}


def test_the_same_request_is_the_same_bytes(desk: Desk) -> None:
    first, again = (CHANNEL.prepare(job_of(desk), desk) for _ in range(2))
    assert [item.sha256 for item in first] == [item.sha256 for item in again]
    assert len({item.name for item in first}) == len(first), "each under a name of its own, for whoever copies them out"


def test_an_accented_text_needs_no_second_file(root: Path, release: Release) -> None:
    write(root, encoding="accented")
    folder = release()
    assert "nộp hồ sơ" in (folder / "viettel" / "noi-dung-gui-di.txt").read_text(encoding="utf-8")
    assert not list(folder.rglob("ban-co-dau*"))


def test_communes_are_listed_where_the_area_is_not_the_whole_province(root: Path, release: Release) -> None:
    write(root, places='["05455", "05443"]')
    lines = (release() / "viettel" / "danh-sach-xa-phuong-viettel.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines == ["ma_xa,ten_xa", "05455,Xã Mẫu", "05443,Phường Mẫu"]


# --- the ledger


def test_a_row_is_an_operator_in_an_area_with_the_parts_of_one_message(desk: Desk, release: Release) -> None:
    release()
    assert recipients(desk) == {"Viettel/19": RowState.ACCEPTED, "VinaPhone/19": RowState.ACCEPTED}
    counts = desk.store.figures.counts(WAVE)
    assert [(count.operator, count.rows, count.parts) for count in counts] == [("Viettel", 1, 1), ("VinaPhone", 1, 1)]


def test_chosen_communes_have_a_row_each(desk: Desk, root: Path, release: Release) -> None:
    write(root, places='["05443", "05455"]', operators="[Viettel]", addressees="{Viettel: Viettel Mẫu}")
    release()
    assert sorted(recipients(desk)) == ["Viettel/05443", "Viettel/05455"]
    assert {row.commune for row in desk.store.figures.rows(WAVE)} == {"05443", "05455"}


def test_releasing_again_hands_nothing_over_twice(desk: Desk, release: Release) -> None:
    folder = release()
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    done = asyncio.run(pipeline.release(desk, pipeline.occasion(desk, "nho", "d-30")))
    assert (done.done, done.left) == (0, 0)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(("laid", "state"), [(True, RowState.ACCEPTED), (False, RowState.PLANNED)])
def test_a_row_in_doubt_is_settled_by_looking_into_the_outbox(desk: Desk, laid: bool, state: RowState) -> None:
    job = replace(job_of(desk), bundle=1)
    made = CHANNEL.prepare(job, desk)
    CHANNEL.expand(job, made, desk)
    for _ in range(2):  # a worker that dies before it answers, and the one after it
        with desk.store.lanes.held("outbox/nho", desk.clock.now()) as lease:
            assert lease is not None
            desk.store.ledger.doubt(lease, desk.clock.now())
            desk.store.ledger.claim(job.key, 1, lease, 10, desk.clock.now())
    if laid:
        handover.lay(handover.folder(job, desk), CHANNEL.package(job, made, desk))
    assert asyncio.run(CHANNEL.settle(job, made, desk)) == 2
    assert set(recipients(desk).values()) == {state}


def test_handed_over_is_not_called_accepted_by_a_network() -> None:
    assert words_of(RowState.ACCEPTED, package=True) == ("đã bàn giao", "handed over")
    assert words_of(RowState.ACCEPTED, package=False)[0] == "đã tiếp nhận"
    assert words_of(RowState.CANCELLED, package=True) == words_of(RowState.CANCELLED, package=False)


# --- what is stopped


def test_a_request_in_order_has_no_finding(codes: Codes) -> None:
    assert codes() == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sender": "KHAC"}, "broadcast-sender"),
        ({"sender": "DVC-MAU-TINH"}, "sender-too-long"),
        ({"window": '{after_days: 7, from: "06:00", to: "20:00"}'}, "broadcast-hours"),
        ({"window": '{after_days: 7, from: "08:00", to: "22:30"}'}, "broadcast-hours"),
        ({"window": '{after_days: 0, from: "07:00", to: "20:00"}'}, "broadcast-before-request"),
        ({"window": '{after_days: 2, from: "08:00", to: "20:00"}'}, "broadcast-short-notice"),
        ({"places": "[]"}, "area-empty"),
        ({"addressees": "{Viettel: Viettel Mẫu}"}, "operator-address-unconfirmed"),
        ({"operators": "[iTel]", "addressees": ""}, "operator-no-address"),
    ],
)
def test_what_an_approver_must_know_is_found(root: Path, codes: Codes, changes: dict[str, str], code: str) -> None:
    write(root, **changes)
    assert code in codes()


@pytest.mark.parametrize(("most", "code"), [(2, "broadcast-too-long"), (3, "more-than-one-part")])
def test_a_text_of_too_many_parts_is_not_asked_for(root: Path, codes: Codes, most: int, code: str) -> None:
    words = "{{ issuer }}: " + "Hãy nộp hồ sơ trực tuyến. " * 5 + "Hỏi {{ hotline }}."
    (root / "templates/sms/tin.vi.j2").write_text(words, encoding="utf-8")
    write(root, encoding="accented", most_parts=str(most))
    assert codes() == [code]


@pytest.mark.parametrize(
    ("was", "now", "code"),
    [
        ("message_class: notice", "message_class: advertising", "broadcast-advertising"),
        ("{vi: UBND tỉnh Mẫu, en", "{vi: Trung tâm Mẫu, en", "broadcast-requester"),
    ],
)
def test_the_law_says_what_may_be_asked_for_and_by_whom(
    root: Path, codes: Codes, was: str, now: str, code: str
) -> None:
    path = root / "campaigns/nho.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(was, now), encoding="utf-8")
    assert codes() == [code]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("Hãy nộp hồ sơ. Hỏi {{ hotline }}.", "issuer-missing"),
        ("{{ issuer }}: vào dichvucongs.top. Hỏi {{ hotline }}.", "host-not-allowed"),
        ("{{ issuer }}: “nộp” hồ sơ. Hỏi {{ hotline }}.", "smart-quotes"),
        ("{{ issuer }}: nộp hồ sơ → xong. Hỏi {{ hotline }}.", "unaccented-not-plain"),
    ],
)
def test_the_text_is_linted_as_every_text_that_goes_out(root: Path, codes: Codes, words: str, code: str) -> None:
    (root / "templates/sms/tin.vi.j2").write_text(words, encoding="utf-8")
    assert code in codes()


def test_files_that_do_not_say_the_approved_text_are_found(desk: Desk) -> None:
    job = job_of(desk)
    made = CHANNEL.prepare(job, desk)
    letters = [item for item in made if item.role == "letter"]
    other = desk.workspace.root / "templates/sms/tin.vi.j2"
    other.write_text("{{ issuer }}: khác. Hỏi {{ hotline }}.", encoding="utf-8")
    changed = CHANNEL.prepare(job, desk)
    mixed = [item for item in changed if item.role != "letter"] + letters
    assert [finding.code for finding in CHANNEL.check(job, mixed, desk)] == ["request-text-differs"] * 2
    without = [item for item in made if item.role != "form"]
    assert [finding.code for finding in CHANNEL.check(job, without, desk)] == ["request-incomplete"] * 2


# --- what an officer may write


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"languages": "[vi, en]"}, "languages"),
        ({"operators": "[Viettel, Vietel]"}, "operators"),
        ({"operators": "[Viettel, Viettel]"}, "operators"),
        ({"window": '{after_days: 7, from: "20:00", to: "08:00"}'}, "window"),
        ({"contact": '{name: Phòng Mẫu, phone: "gọi"}'}, "contact.phone"),
        ({"addressees": "{MobiFone: MobiFone Mẫu}"}, "deliverables.0"),
    ],
)
def test_a_slip_of_the_pen_is_named_at_its_line(desk: Desk, root: Path, changes: dict[str, str], field: str) -> None:
    write(root, **changes)
    with pytest.raises(ContentError) as caught:
        job_of(desk)
    assert len(caught.value.mistakes) == 1
    where = caught.value.mistakes[0].where
    assert where.line is not None
    assert (where.field or "").endswith(field)


@pytest.mark.parametrize(
    ("words", "days", "name"), [("{{ commune }}", 1, "commune"), ("{{ days_left }}", 2, "days_left")]
)
def test_one_text_for_all_cannot_name_what_differs(desk: Desk, root: Path, words: str, days: int, name: str) -> None:
    (root / "templates/sms/tin.vi.j2").write_text(f"{{{{ issuer }}}} {words}", encoding="utf-8")
    write(root, window=f'{{after_days: 7, days: {days}, from: "08:00", to: "20:00"}}')
    with pytest.raises(ContentError) as caught:
        CHANNEL.lint(job_of(desk), desk)
    assert (caught.value.code, caught.value.fields["name"]) == ("broadcast-varies", name)


def test_what_is_unsafe_in_the_text_is_found_without_making_a_letter(desk: Desk, root: Path) -> None:
    assert "host-not-allowed" not in {finding.code for finding in CHANNEL.lint(job_of(desk), desk)}
    (root / "templates/sms/tin.vi.j2").write_text("{{ issuer }} bit.ly/x {{ hotline }}", encoding="utf-8")
    assert "host-not-allowed" in {finding.code for finding in CHANNEL.lint(job_of(desk), desk)}
    assert not (root / "var/artefacts").exists()


def test_a_day_in_the_text_is_the_day_of_the_broadcast(desk: Desk, root: Path) -> None:
    """Not the day of the handing over: 30 days before the event, seven days later there are 23 left."""
    (root / "templates/sms/tin.vi.j2").write_text("{{ issuer }}: {{ send_day }}, {{ days_left }}", encoding="utf-8")
    made = CHANNEL.prepare(job_of(desk), desk)
    payload = next(item for item in made if item.name == "noi-dung-gui-di.txt")
    assert desk.store.artefacts.read(payload).decode() == "UBND tinh Mau: 17/09/2027, 23"


def test_the_channel_is_in_the_registry() -> None:
    assert isinstance(CHANNELS["operator-package"], OperatorPackageChannel)
