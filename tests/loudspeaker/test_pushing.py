"""Packages that go further than the outbox: what the ledger says when a station's target is up, down, or refuses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from loa import handover
from loa.channel import Desk, Job
from loa.loudspeaker.channel import LoudspeakerChannel
from loa.loudspeaker.speech.memory import MemoryEngine
from loa.loudspeaker.targets.base import Receipt, Target, TargetLater, TargetRefuses
from loa.loudspeaker.targets.catalogue import open_target
from loa.loudspeaker.targets.memory import Memory
from loa.model.artefact import Artefact
from loa.model.clock import FixedClock
from loa.model.ledger import Progress, Row
from loa.model.settings import TargetSettings
from loa.model.states import RowState
from tests.delivering import turn

from .studio import job_of, short

PLACES = ("05443", "05455", "05500")


class Refusing(Memory):
    """A server whose password has changed."""

    async def put(self, name: str, data: bytes) -> Receipt:
        raise TargetRefuses("target-login", {"target": self.name})


@pytest.fixture
def job(desk: Desk) -> Job:
    """Three communes, of which one is fetched from the outbox."""
    (desk.workspace.audiences / "stations.csv").write_text("code,target\n05443,kho\n05455,kho\n", encoding="utf-8")
    (desk.workspace.root / "loa.toml").write_text(
        '[speech]\nengines = ["espeak"]\n[[loudspeaker.targets]]\nname = "kho"\nkind = "memory"\n', encoding="utf-8"
    )
    return job_of(desk.workspace, "d-30", short(desk.workspace).model_copy(update={"places": PLACES}))


def target_of(desk: Desk, fails: int = 0) -> Memory:
    settings = TargetSettings(name="kho", kind="memory", options={"fails": fails})
    made = open_target(settings, {}, desk.clock)
    assert isinstance(made, Memory)
    return made


def prepared(job: Job, desk: Desk, target: Target) -> tuple[LoudspeakerChannel, tuple[Artefact, ...]]:
    channel = LoudspeakerChannel(lambda needs: (MemoryEngine(),), lambda name: target)
    made = channel.prepare(job, desk)
    channel.expand(job, made, desk)
    return channel, made


def rows(desk: Desk) -> Mapping[str, Row]:
    return {row.recipient: row for row in desk.store.figures.rows("dvc-10-10/2027/d-30")}


def test_a_package_is_pushed_where_a_station_has_a_target_and_laid_out_for_all(desk: Desk, job: Job) -> None:
    target = target_of(desk)
    channel, made = prepared(job, desk, target)
    assert turn(channel, job, made, desk, 500) == Progress(3, 0)
    folder = handover.folder(job, desk)
    assert target.kept == {
        f"dvc-10-10-2027-d-30-phat-thanh/{path.name}": path.read_bytes()
        for path in folder.iterdir()
        if not path.name.startswith("05500")
    }
    assert len(list(folder.iterdir())) == 3
    assert {code: row.reason for code, row in rows(desk).items()} == {
        "05443": "pushed", "05455": "pushed", "05500": "handed-over",
    }  # fmt: skip
    assert target.closed


def test_a_target_that_is_down_keeps_nobody_else_and_is_tried_again(desk: Desk, job: Job) -> None:
    target = target_of(desk, fails=-1)
    channel, made = prepared(job, desk, target)
    assert turn(channel, job, made, desk, 500) == Progress(1, 2)
    waiting = rows(desk)["05443"]
    assert (waiting.state, waiting.reason) == (RowState.PLANNED, "target-unreachable")
    assert waiting.retry_at is not None
    assert turn(channel, job, made, desk, 500) == Progress(0, 2)  # it is not its time
    target.fails = 0
    later = replace(desk, clock=FixedClock(desk.clock.now() + timedelta(minutes=3)))
    assert turn(channel, job, made, later, 500) == Progress(2, 0)


def test_a_release_does_not_wait_for_a_dead_target_for_ever(desk: Desk, job: Job) -> None:
    target = target_of(desk, fails=-1)
    channel, made = prepared(job, desk, target)
    for minutes in (0, 15, 30):
        later = replace(desk, clock=FixedClock(desk.clock.now() + timedelta(minutes=minutes)))
        assert turn(channel, job, made, later, 500).left == 2
    with pytest.raises(TargetLater) as error:
        turn(channel, job, made, replace(desk, clock=FixedClock(desk.clock.now() + timedelta(minutes=45))), 500)
    assert "kho" in error.value.words.vi
    target.fails = 0
    later = replace(desk, clock=FixedClock(desk.clock.now() + timedelta(minutes=60)))
    assert turn(channel, job, made, later, 500) == Progress(2, 0)


def test_a_target_that_refuses_stops_the_release_with_a_reason(desk: Desk, job: Job) -> None:
    target = Refusing(target_of(desk).account)
    channel, made = prepared(job, desk, target)
    with pytest.raises(TargetRefuses) as error:
        turn(channel, job, made, desk, 500)
    assert "kho" in error.value.words.vi
    assert {code: row.reason for code, row in rows(desk).items()} == {
        "05443": "target-login", "05455": "target-login", "05500": "handed-over",
    }  # fmt: skip


@pytest.mark.parametrize(("arrived", "state"), [(True, RowState.ACCEPTED), (False, RowState.PLANNED)])
def test_after_a_crash_the_target_is_asked(desk: Desk, job: Job, arrived: bool, state: RowState) -> None:
    target = target_of(desk)
    channel, made = prepared(job, desk, target)
    lane = f"outbox/{job.wave.key}/{job.deliverable.id}"
    with desk.store.lanes.held(lane, desk.clock.now()) as lease:  # a worker that dies with three packages in its hands
        assert lease is not None
        claimed = desk.store.ledger.claim(job.key, job.bundle, lease, 10, desk.clock.now()).rows
        for row in claimed:
            files = channel.own(job, made, desk, row.recipient)
            handover.lay(handover.folder(job, desk), files)
            if arrived:
                for name, data in files.items():
                    target.kept[f"dvc-10-10-2027-d-30-phat-thanh/{name}"] = data
    with desk.store.lanes.held(lane, desk.clock.now()) as lease:
        assert lease is not None
        assert desk.store.ledger.doubt(lease, desk.clock.now()) == 3
    assert asyncio.run(channel.settle(job, made, desk)) == 3
    assert {rows(desk)[code].state for code in ("05443", "05455")} == {state}
    assert rows(desk)["05500"].state is RowState.ACCEPTED
    assert target.puts == []


def test_a_target_that_nobody_can_ask_leaves_its_rows_in_doubt(desk: Desk, job: Job) -> None:
    class Silent(Refusing):
        async def has(self, name: str, sha256: str, size: int) -> Receipt | None:
            raise TargetRefuses("target-login", {"target": self.name})

    channel, made = prepared(job, desk, Silent(target_of(desk).account))
    lane = f"outbox/{job.wave.key}/{job.deliverable.id}"
    with desk.store.lanes.held(lane, desk.clock.now()) as lease:
        assert lease is not None
        for row in desk.store.ledger.claim(job.key, job.bundle, lease, 10, desk.clock.now()).rows:
            handover.lay(handover.folder(job, desk), channel.own(job, made, desk, row.recipient))
    with desk.store.lanes.held(lane, desk.clock.now()) as lease:
        assert lease is not None
        desk.store.ledger.doubt(lease, desk.clock.now())
    assert asyncio.run(channel.settle(job, made, desk)) == 1  # the one that is fetched
    assert rows(desk)["05443"].state is RowState.UNKNOWN


def test_receipts_and_the_reason_for_a_draft_stay_in_the_ledger(desk: Desk, job: Job) -> None:
    from loa.loudspeaker import station_list
    from loa.loudspeaker.pushing import Pusher

    target = target_of(desk)
    channel, made = prepared(job, desk, target)
    pusher = Pusher(job, desk, station_list.read(made, desk), lambda name: target, {"draft-speech": "diễn tập nội bộ"})
    row = rows(desk)["05443"]
    told = json.loads(asyncio.run(pusher.carry(row, channel.own(job, made, desk, "05443"))).raw)
    assert told["overrides"] == {"draft-speech": "diễn tập nội bộ"}
    assert told["receipts"][0]["path"].endswith("05443-phuong-phan-dinh-phung.zip")
    assert len(told["receipts"][0]["sha256"]) == 64
