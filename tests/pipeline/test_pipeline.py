"""The path as its rules, on both databases, through the real simulator."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from loa import gate, pipeline, reconciling
from loa.channel import Desk
from loa.model.clock import VIETNAM, FixedClock, RehearsalClock
from loa.model.errors import ContentError, Refused, StoreError
from loa.model.review import Bundle, Decision
from loa.model.states import RowState
from loa.registry import CHANNELS
from tests.pipeline.conftest import add

ENDINGS = [f"{i:02d}" for i in range(10, 40)]


def occasion(desk: Desk) -> gate.Occasion:
    return pipeline.occasion(desk, "nho", "d-30")


def prepare(desk: Desk, by: str = "lan") -> Bundle:
    return asyncio.run(pipeline.prepare(desk, occasion(desk), by))


def approve(desk: Desk, by: str = "minh") -> Bundle:
    return gate.approve(desk, prepare(desk), by)


def release(desk: Desk) -> pipeline.Released:
    return asyncio.run(pipeline.release(desk, occasion(desk)))


def states(desk: Desk) -> dict[str, int]:
    found: Counter[str] = Counter()
    for count in desk.store.figures.counts("nho/2027/d-30"):
        found[count.state.value] += count.rows
    return dict(found)


def given_to_the_network(desk: Desk) -> Counter[str]:
    """By the simulator's own book: how often each message was taken."""
    book = desk.workspace.var / "gateways/simulator/thu.jsonl"
    entries = [json.loads(line) for line in book.read_text().splitlines()] if book.is_file() else []
    return Counter(entry["reference"] for entry in entries if entry["taken"])


def refused(code: str, desk: Desk) -> None:
    with pytest.raises(Refused) as caught:
        release(desk)
    assert caught.value.code == code


# prepare


def test_preparing_twice_is_the_same_bundle_and_makes_nothing_again(desk: Desk) -> None:
    add(desk, ENDINGS)
    first = prepare(desk)
    kept = sorted(path.stat().st_mtime_ns for path in (desk.workspace.var / "artefacts").rglob("*") if path.is_file())
    again = prepare(desk, by="khác")
    assert again == first
    assert kept == sorted(
        path.stat().st_mtime_ns for path in (desk.workspace.var / "artefacts").rglob("*") if path.is_file()
    )


def test_texts_are_made_once_a_context_and_counted(desk: Desk) -> None:
    add(desk, ENDINGS)
    (artefact,) = gate.artefacts_of(prepare(desk), "tin")
    texts = json.loads(desk.store.artefacts.read(artefact))["texts"]
    assert [(text["language"], text["recipients"], text["parts"]) for text in texts] == [("en", 3, 1), ("vi", 27, 1)]
    assert texts[1]["text"] == "UBND tinh Mau: nop ho so tai dichvucong.gov.vn. Hoi 1022."
    assert texts[1]["accented"] == "UBND tỉnh Mẫu: nộp hồ sơ tại dichvucong.gov.vn. Hỏi 1022."


def test_a_text_that_names_the_commune_is_made_once_a_commune(desk: Desk) -> None:
    path = desk.workspace.templates / "sms/tin.vi.j2"
    path.write_text("{{ issuer }}: mời bà con {{ commune }} vào {{ portal_host }}. {{ hotline }}", encoding="utf-8")
    add(desk, ENDINGS)
    (artefact,) = gate.artefacts_of(prepare(desk), "tin")
    texts = {text["commune"]: text for text in json.loads(desk.store.artefacts.read(artefact))["texts"]}
    assert texts["05443"]["accented"].startswith("UBND tỉnh Mẫu: mời bà con Phường Mẫu vào")


def test_an_audience_that_was_never_imported_is_named_at_its_line(desk: Desk) -> None:
    with pytest.raises(ContentError) as caught:
        prepare(desk)
    assert caught.value.code == "audience-missing"
    assert caught.value.where is not None
    assert (caught.value.where.file, caught.value.where.field) == ("campaigns/nho.yaml", "deliverables.0.audience")
    assert caught.value.where.line == 20


def test_a_wave_of_the_past_is_refused_at_the_anchors_line(desk: Desk) -> None:
    add(desk, ENDINGS)
    late = Desk(desk.workspace, desk.store, FixedClock(datetime(2027, 9, 11, 8, 0, tzinfo=VIETNAM)), {})
    with pytest.raises(ContentError) as caught:
        prepare(late)
    assert caught.value.code == "wave-past"
    assert caught.value.where is not None
    assert (caught.value.where.line, caught.value.where.field) == (8, "anchor")


# review


def test_whoever_asked_may_not_approve_however_the_name_is_typed(desk: Desk) -> None:
    add(desk, ENDINGS)
    bundle = prepare(desk, by="Nguyễn Lan")
    for name in ("Nguyễn Lan", " nguyễn  lan ", "Nguye\u0302\u0303n Lan"):
        with pytest.raises(Refused) as caught:
            gate.approve(desk, bundle, name)
        assert caught.value.code == "review-same-person"


def test_a_blocking_finding_blocks_and_only_some_may_be_passed(desk: Desk) -> None:
    path = desk.workspace.templates / "sms/tin.en.j2"
    path.write_text("{{ issuer }}: go to https://bit.ly/x. Call {{ hotline }}.", encoding="utf-8")
    add(desk, ENDINGS)
    bundle = prepare(desk)
    for overrides, code in (
        ({}, "review-blocked"),
        ({"host-not-allowed": "lý do"}, "override-not-allowed"),
        ({"draft-speech": "lý do"}, "override-not-found"),
    ):
        with pytest.raises(Refused) as caught:
            gate.approve(desk, bundle, "minh", overrides)
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("templates/sms/tin.vi.j2", "Hỏi", "Gọi"),
        ("campaigns/nho.yaml", 'at: "08:00"', 'at: "07:30"'),
        # no SMS says it, but packages do, in both languages
        ("campaigns/nho.yaml", "en: ", "en: Other "),
        ("campaigns/nho.yaml", "message_class: notice", "message_class: advertising"),
        ("loa.toml", 'sender = "DVC-MAU"', 'sender = "DVC-KHAC"'),
    ],
)
def test_one_changed_byte_and_the_approval_lapses(desk: Desk, file: str, old: str, new: str) -> None:
    add(desk, ENDINGS)
    approve(desk)
    path = desk.workspace.root / file
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    changed = pipeline.open_desk(desk.workspace.root, {"LOA_DATABASE_URL": str_url(desk)}, desk.clock)
    refused("review-lapsed", changed)
    assert states(changed) == {}
    changed.store.close()


def str_url(desk: Desk) -> str:
    return desk.store.database.url.render_as_string(hide_password=False)


def test_another_audience_and_the_approval_lapses(desk: Desk) -> None:
    add(desk, ENDINGS)
    approve(desk)
    add(desk, [*ENDINGS, "50"])
    refused("review-lapsed", desk)


# release


def test_the_gate_says_what_is_missing_step_by_step(desk: Desk) -> None:
    add(desk, ENDINGS)
    refused("review-none", desk)
    bundle = prepare(desk)
    refused("review-open", desk)
    gate.request_changes(desk, bundle, "minh", "sửa lời chào")
    refused("review-changes", desk)
    gate.approve(desk, bundle, "minh")
    assert release(desk).done == len(ENDINGS)


def test_releasing_again_sends_nothing(desk: Desk) -> None:
    add(desk, ENDINGS)
    approve(desk)
    assert release(desk) == pipeline.Released("nho/2027/d-30", 30, 0)
    assert release(desk) == pipeline.Released("nho/2027/d-30", 0, 0)
    assert set(given_to_the_network(desk).values()) == {1}
    assert states(desk) == {"accepted": 30}


@pytest.mark.parametrize(("hour", "code"), [((2027, 9, 10, 7, 59), "too-early"), ((2027, 9, 10, 14, 1), "too-late")])
def test_a_wave_goes_out_in_its_own_time(desk: Desk, hour: tuple[int, int, int, int, int], code: str) -> None:
    add(desk, ENDINGS)
    approve(desk)
    clock = FixedClock(datetime(*hour, tzinfo=VIETNAM))
    refused(code, Desk(desk.workspace, desk.store, clock, {}))
    assert given_to_the_network(desk) == Counter()


def test_a_finished_wave_is_left_alone_also_when_it_is_late(desk: Desk) -> None:
    add(desk, ENDINGS)
    approve(desk)
    release(desk)
    late = Desk(desk.workspace, desk.store, FixedClock(datetime(2027, 9, 20, 8, 0, tzinfo=VIETNAM)), {})
    assert release(late).done == 0


def test_nothing_goes_out_outside_the_hours(desk: Desk) -> None:
    path = desk.workspace.root / "campaigns/nho.yaml"
    text = path.read_text(encoding="utf-8").replace('at: "08:00"', 'at: "21:00"')
    path.write_text(text, encoding="utf-8")
    add(desk, ENDINGS)
    approve(desk)
    night = FixedClock(datetime(2027, 9, 10, 22, 0, tzinfo=VIETNAM))
    released = release(Desk(desk.workspace, desk.store, night, {}))
    assert (released.done, released.left, released.held) == (0, 30, "outside-hours")
    assert given_to_the_network(desk) == Counter()


def test_a_paused_wave_waits_and_a_cancelled_one_is_over(desk: Desk) -> None:
    add(desk, ENDINGS)
    approve(desk)
    pipeline.hold(desk, occasion(desk), "paused", "minh")
    refused("wave-held", desk)
    pipeline.hold(desk, occasion(desk), "", "minh")
    assert release(desk).done == 30
    held = pipeline.hold(desk, occasion(desk), "cancelled", "minh")
    assert (held.stopped, held.out) == (0, 30)
    with pytest.raises(Refused):
        pipeline.hold(desk, occasion(desk), "", "minh")


def test_an_opt_out_after_the_approval_is_heeded(desk: Desk) -> None:
    add(desk, ENDINGS)
    approve(desk)
    desk.store.audiences.opt_out(["+849100000" + ENDINGS[0]], "1022", desk.clock.now())
    release(desk)
    assert states(desk) == {"accepted": 29, "suppressed": 1}


# receipts, reconciling


def test_every_ending_comes_to_its_state(desk: Desk, clock: object) -> None:
    add(desk, ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11"])
    # a temporary error comes back with a time: this clock runs
    morning = datetime(2027, 9, 10, 8, 0, tzinfo=VIETNAM)
    running = Desk(desk.workspace, desk.store, RehearsalClock(morning - datetime.now(VIETNAM)), {})
    approve(running)
    release(running)
    assert states(running) == {"accepted": 7, "refused": 1, "delivered": 1, "unknown": 2}
    asyncio.run(pipeline.receipts(running))
    expected = {"accepted": 1, "delivered": 5, "undelivered": 1, "expired": 1, "refused": 1, "unknown": 2}
    assert states(running) == expected
    found = asyncio.run(reconciling.reconcile(running))
    assert (found.settled, found.in_doubt, found.mismatched) == (1, 1, ())
    assert set(given_to_the_network(running).values()) == {1}
    # what the gateway does not know either is for an officer
    (doubtful,) = running.store.figures.in_doubt()
    pipeline.resolve(running, doubtful.id, "undelivered", "minh", "doanh nghiệp xác nhận không nhận được")
    assert running.store.figures.in_doubt() == ()
    with pytest.raises(Refused):
        pipeline.resolve(running, doubtful.id, "delivered", "minh", "nhầm")


def test_receipts_read_twice_change_nothing(desk: Desk) -> None:
    add(desk, ENDINGS)
    approve(desk)
    release(desk)
    assert asyncio.run(pipeline.receipts(desk)) == 30
    assert asyncio.run(pipeline.receipts(desk)) == 0
    assert states(desk) == {"delivered": 30}


# the clock


def test_a_rehearsal_clock_runs_from_its_moment(small: Path) -> None:
    now = datetime.now(VIETNAM).replace(microsecond=0)
    path = small / "loa.toml"
    path.write_text(
        path.read_text() + f"\n[rehearsal]\nstarts_at = 2027-09-10T08:00:00+07:00\nset_at = {now.isoformat()}\n"
    )
    desk = pipeline.open_desk(small, {})
    assert timedelta() <= desk.clock.now() - datetime(2027, 9, 10, 8, 0, tzinfo=VIETNAM) < timedelta(minutes=2)
    desk.store.close()


def test_doubt_is_never_resent_by_itself(desk: Desk) -> None:
    add(desk, ["09", "10"])
    approve(desk)
    release(desk)
    release(desk)
    asyncio.run(reconciling.reconcile(desk))
    release(desk)
    assert given_to_the_network(desk).most_common(1)[0][1] == 1
    assert states(desk)[RowState.UNKNOWN.value] == 1


def test_a_decision_stays_on_record(desk: Desk) -> None:
    add(desk, ENDINGS)
    bundle = approve(desk)
    assert (bundle.decision, bundle.decided_by) == (Decision.APPROVED, "minh")
    actions = [(actor, action) for _, actor, action, _, _ in desk.store.audit.all()]
    assert actions == [("lan", "review-open"), ("minh", "review-approved")]


def test_people_changed_on_the_disk_are_noticed(desk: Desk) -> None:
    add(desk, ENDINGS)
    approve(desk)
    info = desk.store.audiences.find("dan")
    assert info is not None
    (path,) = (desk.workspace.var / "audiences").glob("*.parquet")
    others = desk.store.audiences.frame(info).with_columns(phone=pl.lit("+84912345678"))
    others.write_parquet(path)
    with pytest.raises(StoreError) as caught:
        release(desk)
    assert caught.value.code == "artefact-changed"
    assert given_to_the_network(desk) == Counter()


def test_texts_changed_on_the_disk_are_made_anew_as_approved(desk: Desk) -> None:
    add(desk, ENDINGS)
    (artefact,) = gate.artefacts_of(approve(desk), "tin")
    path = desk.store.artefacts.path(artefact)
    path.write_bytes(path.read_bytes().replace(b"dichvucong.gov.vn", b"dichvucong.top.vn"))
    assert release(desk).done == len(ENDINGS)
    assert "top.vn" not in desk.store.artefacts.read(artefact).decode()


def test_an_audience_imported_anew_in_the_middle_is_not_written_to(desk: Desk) -> None:
    """The gate has let the wave through; then somebody imports other people under the same name."""
    add(desk, ENDINGS)
    bundle = approve(desk)
    job = replace(occasion(desk).jobs[0], bundle=1, people=gate.people_of(bundle, "tin"))
    add(desk, [*ENDINGS, "77"])
    with pytest.raises(Refused) as caught:
        CHANNELS["sms"].expand(job, gate.artefacts_of(bundle, "tin"), desk)
    assert caught.value.code == "audience-not-approved"
    assert states(desk) == {}


def test_a_wave_goes_out_through_all_its_lanes(small: Path, database_url: str, clock: FixedClock) -> None:
    path = small / "loa.toml"
    second = path.read_text().partition("[[sms.lanes]]")[2].replace('"thu"', '"hai"')
    text = path.read_text().replace('sender = "DVC-MAU"', 'sender = "DVC-MAU"\nnetworks = ["Viettel"]')
    path.write_text(f"{text}\n[[sms.lanes]]{second}")
    desk = pipeline.open_desk(small, {"LOA_DATABASE_URL": database_url}, clock)
    add(desk, ENDINGS)  # all of them VinaPhone's: the second lane's
    approve(desk)
    assert release(desk).done == 30
    assert {row.lane for row in desk.store.figures.rows("nho/2027/d-30")} == {"hai"}
    desk.store.close()


def test_an_approval_that_is_taken_back_stops_what_is_not_out_yet(desk: Desk) -> None:
    add(desk, ENDINGS)
    bundle = approve(desk)
    gate.request_changes(desk, bundle, "minh", "dừng lại")
    refused("review-changes", desk)
    assert given_to_the_network(desk) == Counter()


def test_a_wave_that_nobody_prepared_cannot_be_cancelled_by_its_short_name(desk: Desk) -> None:
    with pytest.raises(Refused) as caught:
        pipeline.hold(desk, occasion(desk), "cancelled", "minh")
    assert caught.value.code == "review-none"


def test_mended_settings_make_a_new_bundle_that_can_be_approved(
    small: Path, database_url: str, clock: FixedClock
) -> None:
    path = small / "loa.toml"
    right = path.read_text()
    path.write_text(right.replace('registered_senders = ["DVC-MAU"]', "registered_senders = []"))
    environ = {"LOA_DATABASE_URL": database_url}
    desk = pipeline.open_desk(small, environ, clock)
    add(desk, ENDINGS)
    with pytest.raises(Refused) as caught:
        approve(desk)
    assert caught.value.code == "review-blocked"
    desk.store.close()
    path.write_text(right)
    mended = pipeline.open_desk(small, environ, clock)
    assert approve(mended).decision is Decision.APPROVED
    mended.store.close()


def test_an_unaccented_text_with_a_letter_that_costs_double_blocks(desk: Desk) -> None:
    path = desk.workspace.templates / "sms/tin.en.j2"
    path.write_text("{{ issuer }} 🎉: apply at {{ portal_host }}. Call {{ hotline }}.", encoding="utf-8")
    add(desk, ENDINGS)
    assert "unaccented-not-plain" in {finding.code for finding in gate.findings_of(prepare(desk))}
