"""How things stand: who sends, what was left behind, who holds a wave and why."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from loa import gate, pipeline
from loa.channel import Desk
from loa.model.states import RowState
from loa.registry import CHANNELS
from loa.standing import Hold, hold_of, left_behind, senders
from loa.store import JobKey
from loa.store.lanes import holder_of, this_process
from tests.pipeline.conftest import add

WAVE = "nho/2027/d-30"


def occasion(desk: Desk) -> gate.Occasion:
    return pipeline.occasion(desk, "nho", "d-30")


@pytest.fixture
def another() -> Iterator[int]:
    """The number of another process, which lives as long as the test."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process.pid
        process.communicate(b"\n")


def gone() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def expanded(desk: Desk) -> int:
    """Puts the rows of the wave in place. Returns the bundle's number."""
    add(desk, ["10", "11", "12"])
    bundle = gate.approve(desk, asyncio.run(pipeline.prepare(desk, occasion(desk), "lan")), "minh")
    number = desk.store.reviews.number(bundle.digest)
    for job in occasion(desk).jobs:
        CHANNELS["sms"].expand(replace(job, bundle=number), gate.artefacts_of(bundle, job.deliverable.id), desk)
    return number


def test_a_lane_that_another_process_holds_is_named_with_its_number(desk: Desk, another: int) -> None:
    assert senders(desk) == {}
    lease = desk.store.lanes.take("thu", holder_of(another), desk.clock.now())
    assert lease is not None
    assert senders(desk) == {"thu": str(another)}
    desk.store.lanes.give_back(lease, desk.clock.now())
    assert senders(desk) == {}


def test_a_lane_of_our_own_is_nobody_elses(desk: Desk) -> None:
    desk.store.lanes.take("thu", this_process(), desk.clock.now())
    assert senders(desk) == {}


def test_a_process_that_is_gone_holds_nothing(desk: Desk) -> None:
    desk.store.lanes.take("thu", holder_of(gone()), desk.clock.now())
    assert senders(desk) == {}


def test_of_another_machine_nobody_can_tell(desk: Desk) -> None:
    desk.store.lanes.take("thu", f"may-khac/boot/pid/{os.getpid()}/1", desk.clock.now())
    assert senders(desk) == {"thu": str(os.getpid())}


def test_rows_that_a_killed_process_left_in_sending_are_seen_until_they_are_in_doubt(desk: Desk) -> None:
    number, now = expanded(desk), desk.clock.now()
    lease = desk.store.lanes.take("thu", holder_of(gone()), now)
    assert lease is not None
    assert len(desk.store.ledger.claim(JobKey(WAVE, "tin", "sms"), number, lease, 2, now).rows) == 2
    assert left_behind(desk, senders(desk)) == ("thu",)
    assert left_behind(desk, {"thu": "1"}) == ()  # somebody is at work on them
    asyncio.run(pipeline.release(desk, occasion(desk)))
    assert left_behind(desk, senders(desk)) == ()
    assert {count.state for count in desk.store.figures.counts(WAVE)} >= {RowState.UNKNOWN}


def test_who_holds_a_wave_is_kept_with_the_reason(desk: Desk) -> None:
    expanded(desk)
    assert hold_of(desk, WAVE) is None
    pipeline.hold(desk, occasion(desk), "paused", "hoa", " chờ văn bản ")
    assert hold_of(desk, WAVE) == Hold("paused", "hoa", desk.clock.now(), "chờ văn bản")
    pipeline.hold(desk, occasion(desk), "", "lan")
    assert hold_of(desk, WAVE) is None
    pipeline.hold(desk, occasion(desk), "cancelled", "minh")
    assert hold_of(desk, WAVE) == Hold("cancelled", "minh", desk.clock.now(), "")
