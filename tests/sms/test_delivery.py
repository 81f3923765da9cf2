"""Sending a wave through its lanes: failing over, going elsewhere, stopping, giving way. On both databases."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from loa import gate, pipeline, reconciling
from loa.channel import Desk
from loa.model.clock import VIETNAM, RehearsalClock
from loa.model.errors import GatewayError, PartlyDelivered, Refused
from loa.model.ledger import Change, PlannedRow, Progress, Terms
from loa.model.states import RowState
from loa.sms.bodies import body_of
from loa.sms.gateways import simulator
from loa.sms.gateways.base import Message, Outcome
from loa.sms.lane import HeldLane
from loa.sms.turn import Sending
from loa.store import JobKey
from tests.pipeline.conftest import add

WAVE = "nho/2027/d-30"
LANE = """
[[sms.lanes]]
name = "{name}"
gateway = "simulator"
sender = "DVC-MAU"
parts_per_second = {rate}
window = 20
networks = {networks}
[sms.lanes.options]
latency_ms = 0
"""
Make = Callable[..., Desk]


def lane(name: str, *networks: str, rate: int = 10_000, options: str = "") -> str:
    return LANE.format(name=name, rate=rate, networks=json.dumps(networks or ["*"])) + options


@pytest.fixture
def make(small: Path, database_url: str) -> Make:
    """A desk whose lanes are those given and whose clock runs; all people of the audience are VinaPhone's."""

    def made(*lanes: str, settings: str = "", clock: object = None) -> Desk:
        path = small / "loa.toml"
        head = path.read_text().partition("[[sms.lanes]]")[0]
        path.write_text(head + settings + "".join(lanes))
        started = datetime(2027, 9, 10, 8, 0, tzinfo=VIETNAM)
        running = clock or RehearsalClock(started - datetime.now(VIETNAM))
        return pipeline.open_desk(small, {"LOA_DATABASE_URL": database_url}, running)  # type: ignore[arg-type]

    return made


def ready(desk: Desk, endings: list[str]) -> None:
    add(desk, endings)
    found = pipeline.occasion(desk, "nho", "d-30")
    gate.approve(desk, asyncio.run(pipeline.prepare(desk, found, "lan")), "minh")


def release(desk: Desk, patience: timedelta | None = None) -> pipeline.Released:
    return asyncio.run(pipeline.release(desk, pipeline.occasion(desk, "nho", "d-30"), patience=patience))


def mood(desk: Desk, name: str, text: str) -> Path:
    path = desk.workspace.var / "gateways/simulator" / f"{name}.mood"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def lanes_of(desk: Desk) -> Counter[tuple[str, str]]:
    return Counter((row.lane, row.state.value) for row in desk.store.figures.rows(WAVE))


def taken(desk: Desk) -> Counter[str]:
    """How often each message was taken, by the books of all simulated accounts together."""
    books = (desk.workspace.var / "gateways/simulator").glob("*.jsonl")
    entries = [json.loads(line) for book in books for line in book.read_text().splitlines()]
    return Counter(entry["reference"] for entry in entries if entry["taken"])


PEOPLE = [f"{10 + i % 90}" for i in range(60)]


def test_a_lane_that_is_down_is_left_alone_and_the_next_one_has_its_people(make: Make) -> None:
    desk = make(lane("mot", "VinaPhone"), lane("hai"))
    ready(desk, PEOPLE)
    mood(desk, "mot", "down")
    assert release(desk).left == 0
    assert lanes_of(desk) == {("hai", "accepted"): 60}
    assert set(taken(desk).values()) == {1}
    (outage,) = desk.store.lanes.outages(desk.clock.now()).values()
    assert (outage.lane, outage.why, outage.failures) == ("mot", "gateway-unreachable", 3)
    desk.store.close()


def test_what_a_silent_lane_may_have_is_never_given_to_another(make: Make) -> None:
    desk = make(lane("mot", "VinaPhone"), lane("hai"))
    ready(desk, PEOPLE)
    mood(desk, "mot", "silent")
    assert release(desk).left == 0
    found = lanes_of(desk)
    # at most the lane's window is in doubt, then it is left alone; nobody in doubt went out through the other
    assert 0 < found["mot", "unknown"] <= 20
    assert found["hai", "accepted"] == 60 - found["mot", "unknown"]
    assert not {row.id for row in desk.store.figures.in_doubt()} & set(taken(desk))
    desk.store.close()


def test_when_every_lane_is_down_nothing_is_lost_and_it_is_said(make: Make) -> None:
    desk = make(lane("mot"))
    ready(desk, PEOPLE)
    state = mood(desk, "mot", "down")
    with pytest.raises(GatewayError) as caught:
        release(desk, patience=timedelta(seconds=1))
    assert (caught.value.code, caught.value.exit_code) == ("lanes-broken", 5)
    assert {state for _, state in lanes_of(desk)} == {"planned"}
    assert all(row.attempts == 0 for row in desk.store.figures.rows(WAVE))
    state.unlink()
    desk.store.lanes.worked("mot")  # its time alone is over
    assert release(desk).left == 0
    assert set(taken(desk).values()) == {1}
    desk.store.close()


def test_a_number_on_another_network_goes_out_on_another_lane_once(make: Make) -> None:
    ported = lane("mot", "VinaPhone", options='network = "VinaPhone"\n')
    desk = make(ported, lane("hai", "MobiFone"))
    ready(desk, ["00", "10", "11", "00"])
    assert release(desk).left == 0
    assert lanes_of(desk) == {("mot", "accepted"): 2, ("hai", "accepted"): 2}
    assert {row.operator for row in desk.store.figures.rows(WAVE) if row.lane == "hai"} == {""}
    assert sorted(taken(desk).values()) == [1, 1, 1, 1]
    assert asyncio.run(reconciling.reconcile(desk)).mismatched == ()
    desk.store.close()


def test_a_number_that_no_lane_has_on_its_network_is_refused_in_the_end(make: Make) -> None:
    lanes = [
        lane(name, network, options=f'network = "{network}"\n')
        for name, network in (("mot", "VinaPhone"), ("hai", "MobiFone"))
    ]
    desk = make(*lanes)
    ready(desk, ["00", "10"])
    assert release(desk).left == 0
    (refused,) = (row for row in desk.store.figures.rows(WAVE) if row.state == "refused")
    assert (refused.reason, refused.tried) == ("wrong-network", "|mot|")
    assert taken(desk).total() == 1
    desk.store.close()


def test_a_network_that_says_too_fast_costs_no_attempt(make: Make) -> None:
    desk = make(lane("mot", options="accepts_per_second = 40\n"))
    ready(desk, PEOPLE)
    assert release(desk).left == 0
    assert {row.attempts for row in desk.store.figures.rows(WAVE)} == {1}
    desk.store.close()


def test_a_wave_with_too_many_refusals_stops_itself_until_a_person_lets_it_go_on(make: Make) -> None:
    desk = make(lane("mot"), settings="[sms.error_stop]\nshare = 0.5\nsample = 20\n")
    ready(desk, ["01"] * 100)
    released = release(desk)
    assert released.held == "wave-errors"
    assert 20 <= 100 - released.left <= 60
    stopped = PartlyDelivered(released.wave, released.done, released.left, released.held)
    assert "tự dừng" in stopped.words.vi
    with pytest.raises(Refused) as caught:
        release(desk)
    assert caught.value.code == "wave-stopped"
    notes = [
        (action, detail["reasons"]) for _, _, action, _, detail in desk.store.audit.all() if action == "wave-errors"
    ]
    assert notes
    assert set(notes[0][1]) == {"number-invalid"}
    pipeline.hold(desk, pipeline.occasion(desk, "nho", "d-30"), "", "minh")
    assert release(desk).done > 0
    desk.store.close()


def test_a_number_gets_no_more_than_its_share_over_all_campaigns(make: Make, small: Path) -> None:
    desk = make(lane("mot"), settings="[sms.cap]\nmessages = 1\nhours = 24\n")
    ready(desk, PEOPLE)
    release(desk)
    desk.store.close()
    campaign = (small / "campaigns/nho.yaml").read_text()
    (small / "campaigns/khac.yaml").write_text(campaign.replace("id: nho", "id: khac", 1))
    desk = make(lane("mot"))
    found = pipeline.occasion(desk, "khac", "d-30")
    gate.approve(desk, asyncio.run(pipeline.prepare(desk, found, "lan")), "minh")
    assert asyncio.run(pipeline.release(desk, found)).left == 0
    reasons = Counter((row.state.value, row.reason) for row in desk.store.figures.rows("khac/2027/d-30"))
    assert reasons == {("suppressed", "frequency-cap"): 60}
    desk.store.close()


def test_whoever_wants_a_lane_gets_it_after_a_turn(make: Make) -> None:
    desk = make(lane("mot", rate=10))
    now = desk.clock.now()
    lease = desk.store.lanes.take("mot", "somebody else", now)
    assert lease is not None
    assert desk.store.lanes.wanted(lease) is False
    assert desk.store.lanes.ask("mot", now) is False
    assert desk.store.lanes.wanted(lease) is True
    desk.store.lanes.give_back(lease, now)
    assert desk.store.lanes.ask("mot", now) is True
    desk.store.close()


def test_what_waits_for_its_time_keeps_no_other_deliverable_waiting(make: Make, small: Path) -> None:
    path = small / "campaigns/nho.yaml"
    head, item = path.read_text().split("deliverables:\n")
    other = item.replace("id: tin", "id: nhac").replace("audience: dan", "audience: khac")
    path.write_text(f"{head}deliverables:\n{item}{other}")
    desk = make(lane("mot"), settings="[sms.cap]\nmessages = 1\nhours = 2\n")
    add(desk, ["10", "11"], name="khac", first=50)
    ready(desk, ["10", "11"])
    an_hour_ago(desk, "+849100000" + "10")  # the first person of `dan` has had the one message for now

    def out(deliverable: str) -> Counter[str]:
        return Counter(row.state.value for row in desk.store.figures.rows(WAVE) if row.deliverable == deliverable)

    async def step(name: str, work: Callable[[], Awaitable[Progress]]) -> Progress:
        progress = await work()
        if out("nhac")["accepted"] == 2:
            through.set()
        return progress

    async def run() -> None:
        release = asyncio.create_task(pipeline.release(desk, pipeline.occasion(desk, "nho", "d-30"), step))
        await asyncio.wait_for(through.wait(), 20)
        assert out("tin") == {"accepted": 1, "planned": 1}, "it waits for an hour"
        release.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await release

    through = asyncio.Event()
    asyncio.run(run())
    assert desk.store.lanes.holders(desk.clock.now()) == {}, "nothing is held by those who wait"
    desk.store.close()


def an_hour_ago(desk: Desk, number: str) -> None:
    """A message of another campaign, which the number was given."""
    then, key = desk.clock.now() - timedelta(hours=1), JobKey("khac/2027/d-1", "tin", "sms")
    desk.store.ledger.expand(key, 1, [PlannedRow(number, "VinaPhone", "05443", "vi", "loi", 1)], then)
    lease = desk.store.lanes.take("hom-qua", "somebody", then)
    assert lease is not None
    (row,) = desk.store.ledger.claim(key, 1, lease, 1, then).rows
    desk.store.ledger.record(lease, [Change(row.id, RowState.ACCEPTED)], then)
    desk.store.lanes.give_back(lease, then)


class Nonsense:
    """A gateway with a mistake in it: it answers with nothing that can be read."""

    limits = simulator.LIMITS

    async def open(self) -> None:
        return None

    async def submit(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        return None  # type: ignore[return-value] # that is the mistake

    async def close(self) -> None:
        return None


def test_a_gateway_that_answers_nonsense_ends_the_turn_and_its_rows_are_in_doubt(make: Make) -> None:
    desk = make(lane("mot"))
    key = JobKey(WAVE, "tin", "sms")
    body = body_of("Chào", "unaccented", ("vi", ""), {})
    people = [PlannedRow(f"+8491200{i:04}", "VinaPhone", "05443", "vi", body.key, 1) for i in range(40)]
    desk.store.ledger.expand(key, 1, people, desk.clock.now())
    closes = desk.clock.now() + timedelta(hours=3)
    texts = Sending(key, 1, {body.key: body}, closes, Terms(3, 24, closes))
    held = HeldLane(desk.workspace.settings.sms.lanes[0], desk, lambda *_: Nonsense())  # type: ignore[arg-type, return-value] # it polls nothing

    async def run() -> None:
        with pytest.raises(TypeError):
            await asyncio.wait_for(held.turn(texts, None, 40), 20)

    asyncio.run(run())
    found = lanes_of(desk)
    assert found["", "planned"] >= 20, "no more than a window left"
    assert sum(found.values()) == 40
    desk.store.close()
