"""Letters in the store: once each, corrected with a trace, rows moved with the letter as the evidence."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from loa.model.ledger import PlannedRow, row_id
from loa.model.states import RowState
from loa.store import JobKey, Store
from loa.store.broadcasts import Entered, Sum, Told
from tests.conftest import MORNING
from tests.store.ledger_kit import Worker, assert_counted, people

WAVE = "dvc-10-10/2027/d-7"
JOB = JobKey(WAVE, "nha-mang", "operator-package")
RECIPIENTS = ("Viettel/05443", "Viettel/05455", "VinaPhone/05443")
DAY = date(2027, 9, 20)
LATER = MORNING + timedelta(days=10)


def told(recipient: str, letter: str = "12/CV", subscribers: int = 100, sent: int = 90, delivered: int = 80) -> Told:
    return Told(row_id(WAVE, JOB.deliverable, recipient), letter, DAY, subscribers, sent, delivered, "ghi chú")


@pytest.fixture
def handed_over(store: Store) -> Store:
    """Three rows with the operators, beside people who get an SMS in the same wave."""
    rows = [PlannedRow(name, name.partition("/")[0], "05443", "vi", "goi", 2) for name in RECIPIENTS]
    store.ledger.expand(JOB, 1, rows, MORNING)
    store.ledger.expand(JobKey(WAVE, "sms", "sms"), 1, people(range(3)), MORNING)
    worker = Worker.on(store, MORNING, "outbox/nha-mang")
    worker.answer(worker.claim(10, MORNING, job=JOB), RowState.ACCEPTED, MORNING)
    return store


def states(store: Store) -> dict[str, RowState]:
    return {row.recipient: row.state for row in store.broadcasts.rows(WAVE, JOB.deliverable)}


def test_a_letter_moves_its_row_and_is_the_evidence(handed_over: Store) -> None:
    done = handed_over.broadcasts.enter(
        [told("Viettel/05443"), told("Viettel/05455", sent=0, delivered=0)], "lan", LATER
    )
    assert done == Entered(new=2, moved=2)
    assert states(handed_over) == {
        "Viettel/05443": RowState.DELIVERED,
        "Viettel/05455": RowState.UNDELIVERED,
        "VinaPhone/05443": RowState.ACCEPTED,
    }
    at, state, reason, raw = handed_over.figures.history(told("Viettel/05443").row)[-1]
    assert (at, state, reason, raw) == (LATER, RowState.DELIVERED, "operator-letter", "12/CV, 20/09/2027")
    assert_counted(handed_over, WAVE)


def test_the_same_letter_again_says_nothing_new(handed_over: Store) -> None:
    handed_over.broadcasts.enter([told("Viettel/05443")], "lan", LATER)
    assert handed_over.broadcasts.enter([told("Viettel/05443")], "minh", LATER) == Entered(same=1)
    assert handed_over.broadcasts.told(WAVE, JOB.deliverable) == (told("Viettel/05443"),)
    assert len([note for note in handed_over.audit.all() if note[2].startswith("broadcast-")]) == 1


def test_a_correction_replaces_and_leaves_a_trace(handed_over: Store) -> None:
    handed_over.broadcasts.enter([told("Viettel/05443", sent=0, delivered=0)], "lan", LATER)
    done = handed_over.broadcasts.enter([told("Viettel/05443")], "minh", LATER)
    assert done == Entered(corrected=1, moved=1), "what was said not to be sent was sent after all"
    assert handed_over.broadcasts.told(WAVE, JOB.deliverable) == (told("Viettel/05443"),)
    _, actor, action, subject, detail = handed_over.audit.all()[-1]
    assert (actor, action, subject) == ("minh", "broadcast-corrected", told("Viettel/05443").row)
    assert (detail["was"]["sent"], detail["now"]["sent"], detail["recipient"]) == (0, 90, "Viettel/05443")


def test_a_wrong_number_is_taken_back(handed_over: Store) -> None:
    handed_over.broadcasts.enter([told("Viettel/05443", letter="21/CV")], "lan", LATER)
    done = handed_over.broadcasts.enter([told("Viettel/05443")], "lan", LATER, replaces="21/CV")
    assert done == Entered(corrected=1)
    assert [one.letter for one in handed_over.broadcasts.told(WAVE, JOB.deliverable)] == ["12/CV"]
    assert handed_over.audit.all()[-1][4]["instead_of"]["letter"] == "21/CV"


def test_a_correction_to_nothing_corrects_the_figures_though_the_row_stays(handed_over: Store) -> None:
    handed_over.broadcasts.enter([told("Viettel/05443")], "lan", LATER)
    handed_over.broadcasts.enter([told("Viettel/05443", sent=0, delivered=0)], "lan", LATER)
    assert states(handed_over)["Viettel/05443"] is RowState.DELIVERED
    assert [sums.sent for sums in handed_over.broadcasts.sums(WAVE)] == [0, 0]


def test_the_sums_of_a_wave_are_those_of_its_letters(handed_over: Store) -> None:
    handed_over.broadcasts.enter([told("Viettel/05443"), told("Viettel/05455", delivered=70)], "lan", LATER)
    handed_over.broadcasts.enter([told("Viettel/05443", letter="13/CV", sent=5, delivered=5)], "lan", LATER)
    assert handed_over.broadcasts.sums(WAVE) == (
        # a second letter about an area adds messages, not people
        Sum("nha-mang", "Viettel", asked=2, answered=2, subscribers=200, sent=185, delivered=155),
        Sum("nha-mang", "VinaPhone", asked=1, answered=0, subscribers=0, sent=0, delivered=0),
    )
    assert handed_over.broadcasts.sums("dvc-10-10/2027/d-day") == ()


def test_a_row_in_doubt_is_settled_by_its_letter(store: Store) -> None:
    store.ledger.expand(JOB, 1, [PlannedRow(RECIPIENTS[0], "Viettel", "", "vi", "goi", 1)], MORNING)
    Worker.on(store, MORNING, "outbox/x").claim(1, MORNING, job=JOB)
    next_one = Worker.on(store, LATER, "outbox/x", holder="another")
    assert store.ledger.doubt(next_one.lease, LATER) == 1
    assert store.broadcasts.enter([told(RECIPIENTS[0])], "lan", LATER).moved == 1
    assert store.figures.in_doubt() == ()


def test_all_of_it_or_nothing(handed_over: Store) -> None:
    with pytest.raises(LookupError):
        handed_over.broadcasts.enter([told("Viettel/05443"), told("Viettel/99999")], "lan", LATER)
    assert handed_over.broadcasts.told(WAVE, JOB.deliverable) == ()
    assert states(handed_over)["Viettel/05443"] is RowState.ACCEPTED


def test_more_rows_than_a_statement_may_name_are_entered_at_once(store: Store) -> None:
    names = [f"Viettel/{number:05d}" for number in range(1_200)]
    store.ledger.expand(JOB, 1, (PlannedRow(name, "Viettel", "", "vi", "goi", 1) for name in names), MORNING)
    worker = Worker.on(store, MORNING, "outbox/x")
    worker.answer(worker.claim(2_000, MORNING, job=JOB), RowState.ACCEPTED, MORNING)
    assert store.broadcasts.enter([told(name) for name in names], "lan", LATER) == Entered(new=1_200, moved=1_200)
    assert store.broadcasts.sums(WAVE)[0].sent == 90 * 1_200
