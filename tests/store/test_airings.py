"""Air logs in the store: once each, corrected with a trace, and a quota that is counted from them alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from loa.model.ledger import Change, PlannedRow, row_id
from loa.model.states import RowState
from loa.store import JobKey, Store
from loa.store.airings import Airing, Entered, Played
from tests.conftest import MORNING
from tests.store.ledger_kit import Worker, assert_counted

WAVE = "dvc-10-10/2027/d-7"
JOB = JobKey(WAVE, "phat-thanh", "loudspeaker")
COMMUNES = ("05443", "05455", "05461")
DAY = date(2027, 10, 5)
LATER = MORNING + timedelta(days=30)


def airing(commune: str = "05443", time: str = "17:00", played: bool = True, day: date = DAY) -> Airing:
    return Airing(
        row_id(WAVE, JOB.deliverable, commune), day, time, "Xóm 1", "vi", played,
        75 if played else None, "" if played else "Mất điện", "Lan", "ab" * 32, 7,
    )  # fmt: skip


@pytest.fixture
def handed_over(store: Store) -> Store:
    """A bulletin that three communes have."""
    bundle = store.reviews.open("d" * 64, WAVE, {"covered": {"plan": "81/KH-UBND"}}, "lan", MORNING)
    number = store.reviews.number(bundle.digest)
    store.ledger.expand(JOB, number, [PlannedRow(code, "", code, "vi", "goi", 0) for code in COMMUNES], MORNING)
    worker = Worker.on(store, MORNING, "outbox/phat-thanh")
    worker.answer(worker.claim(10, MORNING, job=JOB, bundle=number), RowState.ACCEPTED, MORNING)
    return store


def states(store: Store) -> dict[str, str]:
    return {row.recipient: row.state.value for row in store.airings.rows(WAVE, JOB.deliverable)}


def notes(store: Store) -> list[str]:
    return [note[2] for note in store.audit.all() if note[2].startswith("airing-")]


def test_a_log_moves_its_commune_and_is_the_evidence(handed_over: Store) -> None:
    said = [airing(played=False, time="05:30"), airing(), airing("05455", played=False)]
    assert handed_over.airings.enter(said, "lan", LATER) == Entered(new=3, moved=2)
    assert states(handed_over) == {"05443": "delivered", "05455": "undelivered", "05461": "accepted"}
    at, state, reason, raw = handed_over.figures.history(airing().row)[-1]
    assert (at, state, reason, raw) == (LATER, RowState.DELIVERED, "air-log", f"{'ab' * 8}, 7")
    assert handed_over.airings.told(WAVE, JOB.deliverable) == tuple(said)
    assert_counted(handed_over, WAVE)


def test_the_same_sheet_again_says_nothing_new_from_whichever_file(handed_over: Store) -> None:
    handed_over.airings.enter([airing()], "lan", LATER)
    again = replace(airing(), sheet="cd" * 32, line=12)
    assert handed_over.airings.enter([again, again], "minh", LATER) == Entered(same=1)
    assert handed_over.airings.told(WAVE, JOB.deliverable) == (airing(),)
    assert notes(handed_over) == ["airing-entered"]


def test_a_correction_replaces_and_leaves_a_trace(handed_over: Store) -> None:
    handed_over.airings.enter([airing(played=False)], "lan", LATER)
    assert handed_over.airings.enter([airing()], "minh", LATER) == Entered(corrected=1, moved=1)
    _, actor, action, subject, detail = handed_over.audit.all()[-1]
    assert (actor, action, subject) == ("minh", "airing-corrected", airing().row)
    assert (detail["was"]["played"], detail["now"]["played"], detail["commune"]) == (False, True, "05443")
    assert states(handed_over)["05443"] == "delivered"


def test_what_turns_out_not_to_have_been_played_counts_no_more_though_the_row_stays(handed_over: Store) -> None:
    handed_over.airings.enter([airing()], "lan", LATER)
    assert handed_over.airings.enter([airing(played=False)], "lan", LATER) == Entered(corrected=1)
    assert states(handed_over)["05443"] == "delivered", "the ledger knows no way back"
    assert handed_over.airings.played(DAY, DAY) == {"05443": Played(0, 1)}
    assert_counted(handed_over, WAVE)


def test_a_sheet_may_stand_instead_of_what_its_commune_had_sent(handed_over: Store) -> None:
    handed_over.airings.enter([airing(), airing("05455")], "lan", LATER)
    moved = airing(time="18:00")
    assert handed_over.airings.enter([moved], "minh", LATER, instead=True) == Entered(new=1, taken_back=1)
    assert handed_over.airings.told(WAVE, JOB.deliverable) == (moved, airing("05455"))
    assert notes(handed_over)[-1] == "airing-taken-back"
    assert handed_over.audit.all()[-1][4]["was"]["at_time"] == "17:00"


def test_a_row_in_doubt_was_handed_over_if_its_log_comes_back(handed_over: Store) -> None:
    more = PlannedRow("05467", "", "05467", "vi", "goi", 0)
    handed_over.ledger.expand(JOB, 1, [more], MORNING)
    worker = Worker.on(handed_over, MORNING, "outbox/khac")
    worker.answer(worker.claim(10, MORNING, job=JOB), RowState.UNKNOWN, MORNING)
    assert handed_over.airings.enter([airing("05467")], "lan", LATER).moved == 1
    assert states(handed_over)["05467"] == "delivered"


def test_an_officer_s_word_that_it_never_came_gives_way_to_a_log(handed_over: Store) -> None:
    handed_over.airings.enter([airing(played=False)], "lan", LATER)
    row = airing().row
    assert handed_over.ledger.settle([Change(row, RowState.DELIVERED, "officer")], LATER) in {0, 1}
    handed_over.airings.enter([airing(time="18:00")], "lan", LATER)
    assert states(handed_over)["05443"] == "delivered"


def test_a_line_about_a_row_that_is_not_there_enters_nothing(handed_over: Store) -> None:
    with pytest.raises(LookupError):
        handed_over.airings.enter([airing(), airing("99999")], "lan", LATER)
    assert handed_over.airings.told(WAVE, JOB.deliverable) == ()


def test_broadcasts_are_counted_by_day_and_hour_not_by_loudspeaker(handed_over: Store) -> None:
    said = [
        airing(),
        replace(airing(), cluster="Xóm 2"),
        replace(airing(), language="en"),
        airing(time="18:00"),
        airing(day=date(2027, 11, 1)),
        airing("05455", played=False),
    ]
    handed_over.airings.enter(said, "lan", LATER)
    october = (date(2027, 10, 1), date(2027, 10, 31))
    assert handed_over.airings.played(*october) == {"05443": Played(2, 0), "05455": Played(0, 1)}
    assert handed_over.airings.played(*october, communes={"05455"}) == {"05455": Played(0, 1)}
    assert handed_over.airings.played(*october, [(WAVE, JOB.deliverable)])["05443"] == Played(2, 0)
    assert handed_over.airings.played(*october, [("khac/2027/d-7", JOB.deliverable)]) == {}
    assert handed_over.airings.played(*october, []) == {}
    assert handed_over.airings.played(date(2027, 12, 1), date(2027, 12, 31)) == {}


def test_who_has_not_reported_is_known(handed_over: Store) -> None:
    handed_over.airings.enter([airing(), airing("05455", played=False)], "lan", LATER)
    assert [row.recipient for row in handed_over.airings.silent(WAVE, JOB.deliverable)] == ["05461"]


def test_a_bulletin_is_known_with_what_was_approved(handed_over: Store) -> None:
    (package,) = handed_over.airings.packages()
    assert (package.wave, package.deliverable, package.covered) == (WAVE, JOB.deliverable, {"plan": "81/KH-UBND"})
