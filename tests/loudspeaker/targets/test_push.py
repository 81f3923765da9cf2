"""Pushing tries again for as long as that may help, and never longer."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from loa.loudspeaker.targets.base import Account, Receipt, TargetLater, TargetRefuses
from loa.loudspeaker.targets.catalogue import open_target, target_named
from loa.loudspeaker.targets.memory import FOR_EVER, Memory
from loa.loudspeaker.targets.push import push
from loa.model.clock import Clock
from loa.model.errors import ContentError
from loa.model.settings import LoudspeakerSettings, TargetSettings
from tests.loudspeaker.targets.peers import settings

NAME, DATA = "goi.zip", b"0123456789" * 100


class Waits:
    """Sleeps no time, and keeps how long it was asked to."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)


class Refusing(Memory):
    """Answers every put with an error."""

    error: TargetLater | TargetRefuses = TargetRefuses("target-login", {"target": "thu"})

    async def put(self, name: str, data: bytes) -> Receipt:
        self.puts.append(name)
        raise self.error


def memory(clock: Clock, **options: int) -> Memory:
    made = open_target(settings("memory", **options), {}, clock)
    assert isinstance(made, Memory)
    return made


def refusing(clock: Clock, error: TargetLater | TargetRefuses) -> Refusing:
    made = Refusing(memory(clock).account)
    made.error = error
    return made


def test_what_works_at_once_is_not_waited_for(clock: Clock) -> None:
    target, waits = memory(clock), Waits()
    receipt = asyncio.run(push(target, NAME, DATA, sleep=waits))
    assert (receipt.sha256, receipt.at) == (hashlib.sha256(DATA).hexdigest(), clock.now())
    assert (waits.asked, target.puts) == ([], [NAME])


@pytest.mark.parametrize(("fails", "waited"), [(1, [2]), (2, [2, 8]), (3, [2, 8, 32])])
def test_waits_grow_until_it_works(fails: int, waited: list[float], clock: Clock) -> None:
    target, waits = memory(clock, fails=fails), Waits()
    asyncio.run(push(target, NAME, DATA, sleep=waits))
    assert (waits.asked, target.kept) == (waited, {NAME: DATA})


def test_it_ends_after_so_many_attempts_with_the_last_error(clock: Clock) -> None:
    target, waits = memory(clock, fails=FOR_EVER), Waits()
    with pytest.raises(TargetLater) as caught:
        asyncio.run(push(target, NAME, DATA, sleep=waits, attempts=6))
    assert caught.value.code == "target-unreachable"
    assert (len(target.puts), waits.asked, target.kept) == (6, [2, 8, 32, 120, 120], {})


def test_what_was_cut_off_half_way_is_whole_in_the_end(clock: Clock) -> None:
    target = memory(clock, cuts=2)
    asyncio.run(push(target, NAME, DATA, sleep=Waits()))
    assert (target.kept, target.parts) == ({NAME: DATA}, {})


def test_what_needs_a_person_is_not_tried_again(clock: Clock) -> None:
    target, waits = refusing(clock, TargetRefuses("target-login", {"target": "thu"})), Waits()
    with pytest.raises(TargetRefuses):
        asyncio.run(push(target, NAME, DATA, sleep=waits))
    assert (len(target.puts), waits.asked) == (1, [])


@pytest.mark.parametrize(("asked", "waited"), [(0.5, [2, 8]), (30, [30, 30]), (121, []), (None, [2, 8])])
def test_a_wait_that_is_asked_for_is_kept_unless_nobody_would_sit_through_it(
    asked: float | None, waited: list[float], clock: Clock
) -> None:
    error = TargetLater("target-busy", {"target": "thu", "status": 429}, asked)
    waits = Waits()
    with pytest.raises(TargetLater):
        asyncio.run(push(refusing(clock, error), NAME, DATA, sleep=waits, attempts=3))
    assert waits.asked == waited


def test_it_can_be_cancelled_while_it_waits(clock: Clock) -> None:
    target = memory(clock, fails=FOR_EVER)

    async def cancelled() -> bool:
        pushing = asyncio.create_task(push(target, NAME, DATA))
        for _ in range(10):
            await asyncio.sleep(0)
        pushing.cancel()
        await asyncio.gather(pushing, return_exceptions=True)
        return pushing.cancelled()

    assert asyncio.run(cancelled())
    assert len(target.puts) == 1


@pytest.mark.parametrize("attempts", [0, -1])
def test_no_attempt_is_our_bug(attempts: int, clock: Clock) -> None:
    with pytest.raises(ValueError, match="attempt"):
        asyncio.run(push(memory(clock), NAME, DATA, attempts=attempts))


# the catalogue


def test_a_kind_that_does_not_exist_is_named_with_those_that_do(clock: Clock) -> None:
    with pytest.raises(ContentError) as caught:
        open_target(TargetSettings(name="thu", kind="fax"), {}, clock)
    assert caught.value.where is not None
    assert (caught.value.code, caught.value.where.field) == ("target-kind", "loudspeaker.targets.thu.kind")
    assert "folder, memory, sftp, webdav" in caught.value.words.vi


@pytest.mark.parametrize("kind", ["base", "push", "catalogue"])
def test_what_targets_share_is_no_kind(kind: str, clock: Clock) -> None:
    with pytest.raises(ContentError):
        open_target(TargetSettings(name="thu", kind=kind), {}, clock)


def test_a_target_is_found_by_its_name() -> None:
    given = LoudspeakerSettings(targets=(settings("memory"),))
    assert target_named(given, "thu").kind == "memory"
    with pytest.raises(ContentError) as caught:
        target_named(given, "khac")
    assert caught.value.code == "station-target"


def test_an_account_shows_no_secret(clock: Clock) -> None:
    account = Account(settings("memory"), {"LOA_TARGET_THU_PASSWORD": "bi-mat"}, clock, memory(clock).account.folder)
    assert account.secret("PASSWORD") == "bi-mat"
    assert "bi-mat" not in repr(account)
