"""Somebody wants nothing more: they are told once, and get nothing else."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest

from loa import pipeline, reconciling
from loa.channel import Desk
from loa.model.clock import VIETNAM, FixedClock
from loa.model.ledger import Inbound
from loa.sms import inbound, replies
from tests.sms.test_delivery import PEOPLE, Make, lane, lanes_of, make, mood, ready, release

__all__ = ["make"]

FIRST = "+849100000" + PEOPLE[0]


def write(desk: Desk, number: str, text: str, id: str = "1", lane: str = "mot") -> None:
    inbound.hear(desk, [Inbound(lane, id, number, text, desk.clock.now())])


def answers(desk: Desk) -> list[tuple[str, str, str]]:
    found = [row for wave in desk.store.figures.waves(replies.CAMPAIGN) for row in desk.store.figures.rows(wave)]
    return [(row.recipient, row.lane, row.state.value) for row in found]


def test_a_stop_word_is_heeded_at_once_and_confirmed_once(make: Make) -> None:
    desk = make(lane("mot"), lane("hai"))
    ready(desk, PEOPLE)
    write(desk, FIRST.replace("+84", "0"), "TC", lane="hai")
    write(desk, FIRST, "tc xin cảm ơn", "2", lane="hai")
    for _ in range(3):
        asyncio.run(pipeline.receipts(desk))
    assert [found[:2] for found in answers(desk)] == [(FIRST, "hai")]
    assert release(desk).left == 0
    assert lanes_of(desk)["", "suppressed"] == 1
    write(desk, FIRST, "TC", "3", lane="mot")
    asyncio.run(pipeline.receipts(desk))
    assert len(answers(desk)) == 1, "told once, on whatever lane"
    assert asyncio.run(reconciling.reconcile(desk)).mismatched == ()
    desk.store.close()


def test_other_words_are_answered_with_nothing(make: Make) -> None:
    desk = make(lane("mot"))
    write(desk, FIRST, "cho tôi hỏi giờ làm việc")
    asyncio.run(pipeline.receipts(desk))
    assert answers(desk) == []
    desk.store.close()


@pytest.mark.parametrize("trouble", ["down", "night"])
def test_who_cannot_be_told_now_is_told_later(make: Make, trouble: str) -> None:
    clock = FixedClock(datetime(2027, 9, 10, 23, 30, tzinfo=VIETNAM)) if trouble == "night" else None
    desk = make(lane("mot"), clock=clock)
    write(desk, FIRST, "STOP")
    state = mood(desk, "mot", "down" if trouble == "down" else "")
    asyncio.run(pipeline.receipts(desk))
    assert [state for _, _, state in answers(desk)] == ["planned"]
    state.unlink()
    desk.store.close()
    desk = make(lane("mot"), clock=FixedClock(datetime(2027, 9, 11, 8, 0, tzinfo=VIETNAM)))
    asyncio.run(pipeline.receipts(desk))
    assert [state for _, _, state in answers(desk)] == ["accepted"]
    desk.store.close()
