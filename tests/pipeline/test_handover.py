"""Packages go to a folder, with a row a commune; what is in doubt is settled by looking into the folder."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from loa import handover, pipeline
from loa.channel import Desk, Job
from loa.model.artefact import Artefact
from loa.model.campaign import Places
from loa.model.errors import ContentError
from loa.model.ledger import Progress
from loa.model.states import RowState

FILES = {"ban-tin.mp3": b"sound", "huong-dan/doc.txt": b"words"}


class Folder(handover.ByPackage):
    """The same files for everybody, and a letter to each place."""

    def __init__(self, places: Places = "all") -> None:
        self._places = places

    def places(self, job: Job) -> Places:
        return self._places

    def package(self, job: Job, artefacts: Sequence[Artefact], desk: Desk) -> Mapping[str, bytes]:
        return FILES

    def own(self, job: Job, artefacts: Sequence[Artefact], desk: Desk, recipient: str) -> Mapping[str, bytes]:
        return {f"{recipient}.txt": recipient.encode()}


@pytest.fixture
def job(desk: Desk) -> Job:
    return replace(pipeline.occasion(desk, "nho", "d-30").jobs[0], bundle=1)


@pytest.fixture
def made(desk: Desk) -> tuple[Artefact, ...]:
    put = desk.store.artefacts.put
    return (put(b"sound", name="ban-tin.mp3", media_type="audio/mpeg", role="audio", language="vi"),)


def states(desk: Desk) -> dict[str, RowState]:
    return {row.recipient: row.state for row in desk.store.figures.rows("nho/2027/d-30")}


def hand_over(desk: Desk, job: Job, made: tuple[Artefact, ...]) -> Progress:
    return asyncio.run(handover.HandOver(Folder(), handover.Carrier(), job, desk, made).turn(500))


def test_every_commune_has_a_row_and_the_package_lies_there_whole(
    desk: Desk, job: Job, made: tuple[Artefact, ...]
) -> None:
    assert Folder().expand(job, made, desk) == 2
    assert hand_over(desk, job, made) == Progress(2, 0)
    folder = handover.folder(job, desk)
    assert {name: (folder / name).read_bytes() for name in FILES} == FILES
    assert {name: (folder / name).read_bytes() for name in ("05443.txt", "05455.txt")} == {
        "05443.txt": b"05443", "05455.txt": b"05455",
    }  # fmt: skip
    assert states(desk) == {"05443": RowState.ACCEPTED, "05455": RowState.ACCEPTED}
    assert Folder().expand(job, made, desk) == 0
    assert hand_over(desk, job, made) == Progress(0, 0)


@pytest.mark.parametrize(("laid", "state"), [(True, RowState.ACCEPTED), (False, RowState.PLANNED)])
def test_a_row_in_doubt_is_settled_by_looking(
    desk: Desk, job: Job, made: tuple[Artefact, ...], laid: bool, state: RowState
) -> None:
    Folder(("05443",)).expand(job, made, desk)
    with desk.store.lanes.held("outbox/nho", desk.clock.now()) as lease:  # a worker that dies before it answers
        assert lease is not None
        assert len(desk.store.ledger.claim(job.key, 1, lease, 10, desk.clock.now()).rows) == 1
    with desk.store.lanes.held("outbox/nho", desk.clock.now()) as lease:
        assert lease is not None
        assert desk.store.ledger.doubt(lease, desk.clock.now()) == 1
    if laid:
        handover.lay(handover.folder(job, desk), {**FILES, "05443.txt": b"05443"})
    assert asyncio.run(Folder().settle(job, made, desk)) == 1
    assert states(desk) == {"05443": state}


def test_a_commune_of_another_province_is_named(desk: Desk, job: Job, made: tuple[Artefact, ...]) -> None:
    with pytest.raises(ContentError) as caught:
        Folder(("05443", "99999")).expand(job, made, desk)
    assert caught.value.code == "commune-missing"
    assert "99999" in caught.value.words.vi


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", ""])
def test_a_package_stays_in_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="folder"):
        handover.lay(tmp_path / "out", {name: b"x"})
    assert not list(tmp_path.iterdir())
