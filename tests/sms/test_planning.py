"""Who gets which text, by columns: the same as one person after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from loa import pipeline
from loa.channel import Desk, Job
from loa.model.audience import AudienceInfo, Recipient
from loa.model.errors import StoreError
from loa.registry import CHANNELS
from loa.sms import bodies
from loa.sms.planning import counted, planned, with_texts
from loa.store.audiences import COLUMNS
from loa.store.expansion import PLAN
from tests.conftest import MovingClock

PEOPLE = [
    (f"+840{i:08d}", ("Viettel", "VinaPhone")[i % 2], ("05443", "05455")[i % 2], language, group)
    for i, (language, group) in enumerate([("vi", ""), ("en", "a"), ("", "b"), ("tyz", "a"), ("en", ""), ("vi", "b")])
]  # fmt: skip


@pytest.fixture
def desk(small: Path, clock: MovingClock) -> Iterator[Desk]:
    template = small / "templates/sms/tin.vi.j2"
    template.write_text("{{ commune }}: " + template.read_text())
    opened = pipeline.open_desk(small, {}, clock)
    info = AudienceInfo("dan", "", "dan.csv", "", "2027-09-01", len(PEOPLE), len(PEOPLE), 0)
    opened.store.audiences.save(pl.DataFrame(PEOPLE, schema=COLUMNS, orient="row"), info)
    yield opened
    opened.store.close()


def a_job(desk: Desk) -> Job:
    (job,) = pipeline.occasion(desk, "nho", "d-30").jobs
    return replace(job, bundle=1)


def one_by_one(made: bodies.Bodies, chosen: list[tuple[str, ...]]) -> list[tuple[object, ...]]:
    found = []
    for row in chosen:
        person = Recipient(*row)
        body = made.by_context()[made.context(person)]
        found.append((person.phone, person.operator, person.commune, body.language, body.key, body.parts, ""))
    return found


def test_everybody_gets_the_text_of_their_language_and_commune(desk: Desk) -> None:
    job = a_job(desk)
    artefacts = CHANNELS["sms"].prepare(job, desk)
    found = pl.concat(planned(job, artefacts, desk))
    made = bodies.read(artefacts, desk)
    assert found.select(PLAN).rows() == one_by_one(made, PEOPLE)
    assert found["body"].n_unique() == 3, "two communes in Vietnamese, English for all"


def test_only_the_groups_that_a_deliverable_is_for(desk: Desk) -> None:
    job = a_job(desk)
    made = bodies.read(CHANNELS["sms"].prepare(job, desk), desk)
    frame = pl.DataFrame(PEOPLE, schema=COLUMNS, orient="row")
    assert with_texts(frame, made, ["a"]).select(PLAN).rows() == one_by_one(made, [PEOPLE[1], PEOPLE[3]])
    assert with_texts(frame, made, ["nobody"]).height == 0


def test_somebody_without_a_text_is_never_passed_over(desk: Desk) -> None:
    made = bodies.read(CHANNELS["sms"].prepare(a_job(desk), desk), desk)
    stranger = pl.DataFrame([("+84000000009", "Viettel", "99999", "vi", "")], schema=COLUMNS, orient="row")
    with pytest.raises(LookupError):
        with_texts(stranger, made)


def test_people_are_counted_in_batches_as_they_are_at_once(desk: Desk) -> None:
    job = a_job(desk)
    at_once = bodies.count(job, pl.DataFrame(PEOPLE, schema=COLUMNS, orient="row"), bodies.blank(job, desk))
    assert counted(job, desk) == at_once


def test_what_was_expanded_to_its_end_is_not_read_again(desk: Desk) -> None:
    job, sms = a_job(desk), CHANNELS["sms"]
    artefacts = sms.prepare(job, desk)
    assert sms.expand(job, artefacts, desk) == len(PEOPLE)
    for file in (desk.workspace.var / "audiences").iterdir():
        file.unlink()
    assert sms.expand(job, artefacts, desk) == 0
    with pytest.raises(StoreError):
        sms.expand(replace(job, bundle=2), artefacts, desk)
