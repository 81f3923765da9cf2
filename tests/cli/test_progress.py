"""What a person sees while a wave is made or sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loa import pipeline
from loa.channel import Desk
from loa.cli.progress import Steps, beside_others
from loa.cli.session import Session
from loa.model.clock import Clock
from loa.model.ledger import Progress
from loa.store.lanes import this_process


@pytest.fixture
def desk(small: Path, clock: Clock) -> Iterator[Desk]:
    made = pipeline.open_desk(small, {}, clock)
    yield made
    made.store.close()


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_a_step_names_its_deliverable_and_how_many_went_so_far(
    desk: Desk, small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = Steps(Session(small, json=False, environ={}), pipeline.occasion(desk, "nho", "d-30"))

    async def turns() -> None:
        for turn, left in ((1, 1500), (2, 0)):

            async def work(left: int = left) -> Progress:
                return Progress(1500, left)

            assert (await steps(f"tin {turn}", work)).left == left

    asyncio.run(turns())
    assert lines(capsys) == [
        "  … tin (Tin nhắn)",
        "  … tin (Tin nhắn): đã gửi 1.500, còn 1.500 / 1500 out, 1500 left",
        "  … tin (Tin nhắn): đã gửi 3.000, còn 0 / 3000 out, 0 left",
    ]


def test_making_is_told_by_name_alone(desk: Desk, small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps = Steps(Session(small, json=False, environ={}), pipeline.occasion(desk, "nho", "d-30"))

    async def work() -> str:
        return "xong"

    assert asyncio.run(steps("tin", work)) == "xong"
    assert lines(capsys) == ["  … tin (Tin nhắn)"]


async def _a_while() -> str:
    await asyncio.sleep(1.3)
    return "xong"


@pytest.mark.parametrize(
    ("holder", "told"), [("may-khac/boot/pid/77/1", True), (this_process(), False)], ids=["another", "mine"]
)
def test_waiting_for_somebody_else_is_said_once(
    desk: Desk, small: Path, capsys: pytest.CaptureFixture[str], holder: str, told: bool
) -> None:
    desk.store.lanes.take("thu", holder, desk.clock.now())
    session: Any = Session(small, json=False, environ={})
    assert asyncio.run(beside_others(session, desk, _a_while())) == "xong"
    said = " ".join(lines(capsys))
    assert said.count("Một tiến trình khác (số 77) đang gửi qua đường thu.") == (1 if told else 0)
