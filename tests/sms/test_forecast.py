"""What a wave would cost and when it would be out: the arithmetic, and what an approver is told of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loa import calendar, gate, pipeline
from loa.channel import Desk
from loa.model.audience import AudienceInfo
from loa.model.campaign import Anchor, Localised, WaveSpec, wave_in
from loa.model.clock import VIETNAM, FixedClock
from loa.model.errors import ContentError, Refused
from loa.model.finding import Finding
from loa.model.ledger import PlannedRow
from loa.model.settings import Hours, LaneSettings
from loa.sms import bodies
from loa.sms.demand import Expected
from loa.sms.forecast import PACE, Conditions, Demand, Encoding, event_of, findings, forecast
from loa.sms.parts import split
from loa.sms.prices import Price, PriceFile, Prices, PriceTable
from loa.store import JobKey
from loa.store.audiences import COLUMNS
from loa.text.normal import unaccent
from loa.words import check_templates
from tests.conftest import MORNING, MovingClock

DAY = Hours()
MILLION = 1_000_000


def lane(name: str = "thu", rate: float = 100, networks: tuple[str, ...] = ("*",)) -> LaneSettings:
    return LaneSettings(name=name, gateway="simulator", sender="DVC-MAU", parts_per_second=rate, networks=networks)


def price_list(confirmed_by: str = "Nguyễn Thị Mẫu", **vnd: int) -> Prices:
    rows = tuple(Price(operator=name, vnd_per_part=dong) for name, dong in vnd.items())
    table = PriceTable(valid_from=date(2026, 1, 1), prices=rows)
    return Prices(
        "gia.yaml", rows, PriceFile(source="mẫu", checked=date(2026, 1, 1), confirmed_by=confirmed_by, tables=(table,))
    )


def conditions(*lanes: LaneSettings, **changed: Any) -> Conditions:
    given = lanes or (lane(),)
    made = Conditions(
        lanes=given,
        hours={item.name: DAY for item in given},
        prices=price_list(Viettel=400, VinaPhone=500),
        start=MORNING,
        closes_at=MORNING + timedelta(hours=6),
        event=None,
    )
    return replace(made, **changed)


def told(demand: Demand, terms: Conditions, encoding: Encoding = "unaccented") -> dict[str, Finding]:
    return {finding.code: finding for finding in findings(forecast([demand], encoding, terms), "đợt/tin")}


# the arithmetic


def test_two_million_in_three_parts_at_a_hundred_a_second_end_two_days_later() -> None:
    made = forecast(
        [Demand("Viettel", 2 * MILLION, 6 * MILLION, 2 * MILLION)],
        "unaccented",
        conditions(closes_at=MORNING + timedelta(7)),
    )
    assert (made.accented.parts, made.unaccented.parts) == (6 * MILLION, 2 * MILLION)
    assert (made.accented.vnd, made.unaccented.vnd) == (2_400 * MILLION, 800 * MILLION)
    # 16 h 40 min from 08:00, of which 14 h fit into the first day
    assert made.accented.finish == datetime(2027, 9, 11, 9, 40, tzinfo=VIETNAM)
    assert made.unaccented.finish == datetime(2027, 9, 10, 13, 33, 20, tzinfo=VIETNAM)
    assert made.chosen is made.unaccented
    assert made.accented.left == 0


def test_lanes_work_side_by_side_and_the_slowest_ends_the_wave() -> None:
    demand = [Demand("Viettel", 100, 300, 100), Demand("VinaPhone", 50, 150, 50), Demand("MobiFone", 50, 150, 50)]
    made = forecast(demand, "accented", conditions(lane("a", 1, ("Viettel",)), lane("b", 1)))
    assert [(load.lane, load.parts) for load in made.chosen.lanes] == [("a", 300), ("b", 300)]
    assert made.chosen.finish == MORNING + timedelta(seconds=300)
    assert [(item.operator, item.lane, item.vnd) for item in made.chosen.networks] == [
        ("Viettel", "a", 120_000),
        ("MobiFone", "b", None),  # nobody wrote its price
        ("VinaPhone", "b", 75_000),
    ]
    assert (made.chosen.vnd, made.chosen.unpriced) == (None, (("b", "MobiFone"),))


def test_a_network_without_a_lane_costs_nothing_and_is_said() -> None:
    made = forecast([Demand("Gmobile", 10, 30, 10)], "unaccented", conditions(lane("a", 1, ("Viettel",))))
    assert (made.chosen.networks[0].lane, made.chosen.vnd, made.chosen.finish) == ("", 0, None)
    (found,) = findings(made, "đợt/tin")
    assert (found.code, found.blocks, found.fields) == ("network-unserved", True, {"operators": "Gmobile"})


def test_nobody_to_write_to_is_no_trouble() -> None:
    made = forecast([], "accented", conditions())
    assert (made.recipients, made.chosen.parts, made.chosen.vnd, made.chosen.finish) == (0, 0, 0, None)
    assert list(findings(made, "đợt/tin")) == []


def test_a_lane_that_hardly_moves_has_no_end() -> None:
    made = forecast([Demand("Viettel", 10, 30, 10)], "accented", conditions(lane(rate=1e-9)))
    assert (made.chosen.finish, made.chosen.left) == (None, 30)


@given(st.integers(1, 10**7), st.floats(0.5, 5_000), st.integers(0, 23), st.integers(1, 100))
def test_what_is_left_when_the_wave_closes_is_what_the_finish_time_says(
    parts: int, rate: float, hour: int, open_hours: int
) -> None:
    start = MORNING.replace(hour=hour)
    terms = conditions(lane(rate=rate), start=start, closes_at=start + timedelta(hours=open_hours))
    (load,) = forecast([Demand("Viettel", parts, parts, parts)], "accented", terms).chosen.lanes
    assert 0 <= load.left <= parts
    if load.finish is not None and load.finish <= terms.closes_at:
        assert load.left <= 1  # of rounding
    elif load.left == 0:
        assert load.finish is not None
        assert load.finish - terms.closes_at < timedelta(hours=24)  # the last part, the next morning
    if load.finish is not None and parts / rate > 1:
        assert calendar.within(DAY, load.finish - timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("days", "too_late_from"),
    [
        (-30, datetime(2027, 10, 10, tzinfo=VIETNAM)),
        (-1, datetime(2027, 10, 10, tzinfo=VIETNAM)),
        (0, datetime(2027, 10, 11, tzinfo=VIETNAM)),
        (3, None),
    ],
)
def test_when_a_message_comes_too_late_for_the_event(days: int, too_late_from: datetime | None) -> None:
    spec = WaveSpec(id="d", title=Localised(vi="x", en="x"), days=days, at="08:00")
    assert event_of(wave_in("nho", spec, Anchor(day=10, month=10), 2027)) == too_late_from


# what an approver is told


def test_a_cost_over_the_budget_blocks_and_nobody_may_pass_it() -> None:
    found = told(Demand("Viettel", 10, 30, 10), conditions(budget=3_999))["over-budget"]
    assert (found.blocks, found.overridable) == (True, False)
    assert found.fields == {"cost": "4.000", "budget": "3.999", "over": "1"}
    assert "over-budget" not in told(Demand("Viettel", 10, 30, 10), conditions(budget=4_000))
    assert "over-budget" in told(Demand("Viettel", 10, 30, 10), conditions(budget=4_000), "accented")


def test_a_wave_that_would_not_be_out_in_time_blocks_unless_somebody_answers_for_it() -> None:
    found = told(Demand("Viettel", 3 * MILLION, 9 * MILLION, 3 * MILLION), conditions())["wave-unfinished"]
    assert (found.blocks, found.overridable) == (True, True)
    # six hours of 100 parts a second
    assert (found.fields["left"], found.fields["parts"]) == ("840.000", "3.000.000")
    assert found.fields["finish"] == "16:20 ngày 10/09/2027"
    assert told(Demand("Viettel", 2 * MILLION, 6 * MILLION, 2 * MILLION), conditions()) == {}


def test_a_message_that_people_would_get_after_the_event_blocks_unless_somebody_answers_for_it() -> None:
    terms = conditions(event=MORNING + timedelta(hours=16), closes_at=MORNING + timedelta(days=3))
    found = told(Demand("Viettel", 6 * MILLION, 6 * MILLION, 6 * MILLION), terms)["after-the-event"]
    assert (found.blocks, found.overridable, found.fields["event"]) == (True, True, "00:00 ngày 11/09/2027")
    assert "after-the-event" not in told(Demand("Viettel", 5 * MILLION, 5 * MILLION, 5 * MILLION), terms)
    # what the wave's own end cuts off does not come after the event
    assert "after-the-event" not in told(
        Demand("Viettel", 6 * MILLION, 6 * MILLION, 6 * MILLION), replace(terms, closes_at=MORNING + timedelta(hours=9))
    )


def test_what_an_unaccented_text_would_save_is_told_where_it_was_not_chosen() -> None:
    demand = Demand("Viettel", 1_000, 3_000, 1_000)
    found = told(demand, conditions(), "accented")["unaccented-saves"]
    assert (found.blocks, found.fields) == (
        False, {"parts": "2.000", "before": "3.000", "after": "1.000", "vnd": "800.000"},
    )  # fmt: skip
    assert "unaccented-saves" not in told(demand, conditions(), "unaccented")
    unpriced = told(Demand("Gmobile", 1_000, 3_000, 1_000), conditions(), "accented")
    assert unpriced["unaccented-shorter"].fields["parts"] == "2.000"


def test_prices_that_nobody_confirmed_or_wrote_are_said() -> None:
    demand = Demand("Viettel", 10, 30, 10)
    assert set(told(demand, conditions(prices=price_list("", Viettel=1)))) == {"prices-unconfirmed"}
    assert set(told(demand, conditions(prices=Prices("gia.yaml")))) == {"prices-missing"}
    missing = told(demand, conditions(prices=price_list(VinaPhone=1)))
    assert missing["price-missing"].fields["networks"] == "Viettel (thu)"


def test_a_budget_that_cannot_be_counted_blocks() -> None:
    found = told(Demand("Viettel", 10, 30, 10), conditions(prices=Prices("gia.yaml"), budget=10**12))
    assert found["budget-unpriced"].blocks
    assert not found["budget-unpriced"].overridable


def test_only_how_fast_lanes_go_is_a_matter_of_pace() -> None:
    terms = conditions(event=MORNING, budget=1)
    slow = set(told(Demand("Viettel", 9 * MILLION, 9 * MILLION, 9 * MILLION), terms))
    quick = conditions(lane(rate=10_000), event=MORNING + timedelta(hours=5), budget=1)
    assert slow - set(told(Demand("Viettel", 9 * MILLION, 9 * MILLION, 9 * MILLION), quick)) == PACE


# of a campaign


@pytest.fixture
def desk(small: Path, clock: MovingClock) -> Any:
    made = pipeline.open_desk(small, {}, clock)
    yield made
    made.store.close()


def people(desk: Desk, rows: list[tuple[str, ...]]) -> AudienceInfo:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")
    networks = frame["operator"].value_counts()
    info = AudienceInfo("dan", "", "mẫu", "", "", len(rows), len(rows), 0, dict(networks.iter_rows()))
    return desk.store.audiences.save(frame, info)


def phone(i: int) -> str:
    """A number with an ending that the simulator takes at once."""
    return f"+8491200{i // 30:02d}{10 + i % 30}"


EVERYBODY = [
    (
        phone(i),
        "VinaPhone" if i % 4 else "Viettel",
        "05443",
        "en" if i % 10 == 9 else "",
        "hưu trí" if i % 5 == 0 else "",
    )
    for i in range(100)
]


def expected(desk: Desk) -> Expected:
    (made,) = pipeline.forecast(desk, pipeline.occasion(desk, "nho", "d-30")).messages
    return made


def edit(desk: Desk, name: str, old: str, new: str) -> None:
    path = desk.workspace.root / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_forecast_needs_an_audience_and_nothing_else(desk: Desk) -> None:
    people(desk, EVERYBODY)
    made = expected(desk)
    assert (made.forecast.recipients, made.texts, made.opted_out, made.full, made.spent) == (100, 2, 0, 0, None)
    assert {item.operator: item.recipients for item in made.forecast.chosen.networks} == {
        "VinaPhone": 75,
        "Viettel": 25,
    }
    assert made.forecast.chosen.parts == 100
    assert desk.store.reviews.all() == ()
    assert not (desk.workspace.var / "artefacts").exists()


def test_an_audience_that_was_never_imported_is_named_at_its_line(desk: Desk) -> None:
    with pytest.raises(ContentError) as caught:
        expected(desk)
    assert (caught.value.code, caught.value.where and caught.value.where.line) == ("audience-missing", 20)


def test_parts_are_those_of_the_texts_times_whoever_gets_them(desk: Desk) -> None:
    long = "nộp hồ sơ tại {{ portal_host }}. " * 5
    edit(desk, "templates/sms/tin.vi.j2", "nộp hồ sơ tại {{ portal_host }}. ", long)
    people(desk, EVERYBODY)
    made = expected(desk)
    composed, _ = bodies.compose(made.job, desk, bodies.count(made.job, _frame(desk), bodies.blank(made.job, desk)))
    vi = next(body for body in composed.texts if body.language == "vi")
    assert vi.recipients == 90
    sides = made.forecast.accented.parts, made.forecast.unaccented.parts
    assert sides == (90 * split(vi.accented).count + 10, 90 * split(unaccent(vi.accented)).count + 10)
    assert made.lengths == {"accented": (1, split(vi.accented).count), "unaccented": (1, 2)}


def _frame(desk: Desk) -> pl.DataFrame:
    info = desk.store.audiences.find("dan")
    assert info is not None
    return desk.store.audiences.frame(info)


def test_only_the_groups_that_are_meant_count(desk: Desk) -> None:
    people(desk, EVERYBODY)
    edit(desk, "campaigns/nho.yaml", "    encoding: unaccented", "    encoding: unaccented\n    groups: [hưu trí]")
    assert expected(desk).forecast.recipients == 20


def test_whoever_opted_out_or_has_had_enough_does_not_count(desk: Desk, clock: MovingClock) -> None:
    people(desk, EVERYBODY)
    edit(desk, "loa.toml", "[sms]", "[sms]\ncap = {messages = 1, hours = 24}")
    fresh = pipeline.open_desk(desk.workspace.root, {}, clock)
    _sent(fresh, [phone(i) for i in range(8, 13)], clock.now())
    fresh.store.audiences.opt_out([phone(i) for i in range(10)], "1022", clock.now())
    made = expected(fresh)
    # 8 and 9 are on both lists, and are counted once
    assert (made.forecast.recipients, made.opted_out, made.full) == (87, 10, 3)
    # those who may have another one before the wave closes only wait
    later = Desk(fresh.workspace, fresh.store, FixedClock(MORNING + timedelta(hours=1)), {})
    edit(desk, "campaigns/nho.yaml", 'at: "08:00"', 'at: "09:00", late_hours: 24')
    assert expected(later).full == 0
    fresh.store.close()


def _sent(desk: Desk, numbers: list[str], now: datetime) -> None:
    """Another campaign's messages, just given to a gateway."""
    key = JobKey("khac/2027/x", "tin", "sms")
    rows = (PlannedRow(number, "VinaPhone", "", "vi", "b", 1) for number in numbers)
    desk.store.ledger.expand(key, 1, rows, now)
    with desk.store.lanes.held("khac", now) as lease:
        assert lease is not None
        assert len(desk.store.ledger.claim(key, 1, lease, 100, now).rows) == len(numbers)


def test_the_second_message_of_a_wave_waits_for_the_first(desk: Desk) -> None:
    edit(desk, "loa.toml", "parts_per_second = 10000", "parts_per_second = 1")
    whole = (desk.workspace.root / "campaigns/nho.yaml").read_text(encoding="utf-8")
    second = whole[whole.index("  - id: tin") :].replace("id: tin", "id: tin-hai", 1)
    (desk.workspace.root / "campaigns/nho.yaml").write_text(whole + second, encoding="utf-8")
    slow = pipeline.open_desk(desk.workspace.root, {}, desk.clock)
    people(slow, EVERYBODY)
    first, then = pipeline.forecast(slow, pipeline.occasion(slow, "nho", "d-30")).messages
    assert first.forecast.chosen.finish == MORNING + timedelta(seconds=100)
    assert then.forecast.conditions.start == first.forecast.chosen.finish
    slow.store.close()


def test_a_release_that_starts_late_ends_late(desk: Desk, clock: MovingClock) -> None:
    people(desk, EVERYBODY)
    clock.forward(hours=2)
    assert expected(desk).forecast.conditions.start == clock.now()
    clock.forward(days=-20)
    assert expected(desk).forecast.conditions.start == MORNING
    clock.forward(days=30)
    with pytest.raises(ContentError) as caught:
        expected(desk)
    assert caught.value.code == "wave-past"


def test_a_gateway_that_is_told_no_validity_stops_before_the_evening(desk: Desk) -> None:
    edit(desk, "loa.toml", 'gateway = "simulator"', 'gateway = "viettel"')
    other = pipeline.open_desk(desk.workspace.root, {}, desk.clock)
    people(other, EVERYBODY)
    assert f"{expected(other).forecast.conditions.hours['thu'].end:%H:%M}" == "21:45"
    other.store.close()


def test_a_campaign_is_checked_with_its_prices_and_as_if_in_some_commune(desk: Desk) -> None:
    campaign = pipeline.load_campaign(desk, "nho")
    edit(desk, "templates/sms/tin.vi.j2", "{{ issuer }}", "{% if commune %}{{ issuer }}{% endif %}")
    check_templates(desk, campaign)
    edit(desk, "templates/sms/tin.vi.j2", "{{ hotline }}", "{{ hotlien }}")
    with_prices(desk, -1)
    with pytest.raises(ContentError) as caught:
        check_templates(desk, campaign)
    assert caught.value.code == "too-small"
    with_prices(desk)
    with pytest.raises(ContentError) as caught:
        check_templates(desk, campaign)
    assert caught.value.code == "placeholder-unknown"


# where it is approved


def prepared(desk: Desk) -> gate.Bundle:
    return asyncio.run(pipeline.prepare(desk, pipeline.occasion(desk, "nho", "d-30"), "lan"))


def codes(desk: Desk) -> set[str]:
    return {finding.code for finding in gate.findings_of(prepared(desk))}


def with_prices(desk: Desk, vnd: int = 400) -> None:
    path = desk.workspace.campaigns / "prices/sms.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        "source: mẫu\nchecked: 2026-01-01\nconfirmed_by: Nguyễn Thị Mẫu\ntables:\n"
        f'  - {{valid_from: 2026-01-01, prices: [{{operator: "*", vnd_per_part: {vnd}}}]}}\n',
        encoding="utf-8",
    )


def test_nobody_approves_without_having_seen_what_the_forecast_warns_of(desk: Desk) -> None:
    people(desk, EVERYBODY)
    assert codes(desk) == {"prices-missing"}
    with_prices(desk)
    assert codes(desk) == set()
    edit(desk, "campaigns/nho.yaml", "    encoding: unaccented", "    encoding: unaccented\n    budget_vnd: 39999")
    assert codes(desk) == {"over-budget"}
    with pytest.raises(Refused) as caught:
        gate.approve(desk, prepared(desk), "minh")
    assert caught.value.code == "review-blocked"


def test_an_approval_covers_what_a_part_costs(desk: Desk) -> None:
    people(desk, EVERYBODY)
    with_prices(desk)
    gate.approve(desk, prepared(desk), "minh")
    with_prices(desk, 401)
    with pytest.raises(Refused) as caught:
        asyncio.run(pipeline.release(desk, pipeline.occasion(desk, "nho", "d-30")))
    assert caught.value.code == "review-lapsed"


def test_an_opt_out_after_the_approval_changes_nothing_of_it(desk: Desk) -> None:
    people(desk, EVERYBODY)
    with_prices(desk)
    edit(desk, "campaigns/nho.yaml", "    encoding: unaccented", "    encoding: accented\n    budget_vnd: 80000")
    bundle = gate.approve(desk, prepared(desk), "minh")
    desk.store.audiences.opt_out([phone(5)], "1022", desk.clock.now())
    assert asyncio.run(pipeline.admit(desk, pipeline.occasion(desk, "nho", "d-30"))) == bundle


def test_a_forecast_of_a_bundle_is_of_its_own_texts_and_people(desk: Desk) -> None:
    people(desk, EVERYBODY)
    bundle = prepared(desk)
    found = pipeline.occasion(desk, "nho", "d-30")
    edit(desk, "templates/sms/tin.vi.j2", "nộp hồ sơ", "nộp hồ sơ " * 30)
    (approved,) = pipeline.forecast(desk, found, bundle).messages
    (today,) = pipeline.forecast(desk, found).messages
    assert approved.forecast.chosen.parts == 100
    assert today.forecast.chosen.parts > 100
    edit(desk, "campaigns/nho.yaml", "    encoding: unaccented", "    encoding: accented\n    groups: [hưu trí]")
    (still,) = pipeline.forecast(desk, pipeline.occasion(desk, "nho", "d-30"), bundle).messages
    assert (still.forecast.recipients, still.forecast.encoding) == (100, "unaccented")
    people(desk, EVERYBODY[:50])
    with pytest.raises(Refused) as caught:
        pipeline.forecast(desk, found, bundle)
    assert caught.value.code == "audience-not-approved"


def test_a_budget_that_is_just_enough_lets_everything_out_and_is_spent_then(desk: Desk) -> None:
    people(desk, EVERYBODY)
    with_prices(desk)
    edit(desk, "campaigns/nho.yaml", "    encoding: unaccented", "    encoding: unaccented\n    budget_vnd: 40000")
    gate.approve(desk, prepared(desk), "minh")
    released = asyncio.run(pipeline.release(desk, pipeline.occasion(desk, "nho", "d-30")))
    assert (released.done, released.left, released.held) == (100, 0, "")
    assert expected(desk).spent == 100 * 400


# the texts


def test_what_is_counted_is_what_goes_out(desk: Desk) -> None:
    people(desk, EVERYBODY)
    for encoding in ("unaccented", "accented"):
        edit(desk, "campaigns/nho.yaml", "encoding: unaccented", f"encoding: {encoding}")
        bundle = prepared(desk)
        for body in bodies.read(gate.artefacts_of(bundle, "tin"), desk).texts:
            parts = split(body.text)
            assert parts.text == body.text
            counted = (body.parts, body.units, body.left, body.alphabet)
            assert counted == (parts.count, parts.units, parts.left, parts.alphabet)
            assert body.text == (body.accented if encoding == "accented" else unaccent(body.accented))
            assert sum(body.operators.values()) == body.recipients


def test_people_are_counted_by_columns_as_they_are_one_by_one(desk: Desk) -> None:
    edit(desk, "templates/sms/tin.vi.j2", "nộp hồ sơ", "{{ commune }} nộp hồ sơ")
    rows = [
        (phone(i), ("Viettel", "VinaPhone")[i % 2], ("05443", "05455", "")[i % 3], ("vi", "en", "", "tyz")[i % 4], "")
        for i in range(200)
    ]
    info = people(desk, rows)
    (job,) = pipeline.occasion(desk, "nho", "d-30").jobs
    shape = bodies.blank(job, desk)
    one_by_one: dict[tuple[str, str], dict[str, int]] = {}
    for person in bodies.addressed(job, desk, info):
        found = one_by_one.setdefault(shape.context(person), {})
        found[person.operator] = found.get(person.operator, 0) + 1
    assert bodies.count(job, _frame(desk), shape) == one_by_one
    assert set(one_by_one) == {("vi", "05443"), ("vi", "05455"), ("vi", ""), ("en", "")}


def test_a_text_that_names_a_commune_is_not_sent_to_people_without_one(desk: Desk) -> None:
    edit(desk, "templates/sms/tin.vi.j2", "nộp hồ sơ", "{{ commune }} nộp hồ sơ")
    people(desk, [(phone(i), "Viettel", "" if i < 3 else "05443", "vi", "") for i in range(10)])
    (found,) = (item for item in gate.findings_of(prepared(desk)) if item.code == "commune-blank")
    assert (found.blocks, found.fields["people"]) == (True, "3")


def test_an_audience_of_nobody_has_no_texts_where_each_commune_has_its_own(desk: Desk) -> None:
    for language in ("vi", "en"):
        edit(desk, f"templates/sms/tin.{language}.j2", "{{ issuer }}", "{{ issuer }} {{ commune }}")
    people(desk, [])
    assert (expected(desk).texts, expected(desk).lengths["accented"]) == (0, (0, 0))
    assert "audience-empty" in codes(desk)


def test_half_a_character_in_a_template_is_named(desk: Desk) -> None:
    edit(desk, "templates/sms/tin.vi.j2", "nộp hồ sơ", '{{ "\\ud83d" }}')
    people(desk, EVERYBODY)
    with pytest.raises(ContentError) as caught:
        prepared(desk)
    assert (caught.value.code, caught.value.where and caught.value.where.file) == (
        "text-not-sendable", "templates/sms/tin.vi.j2",
    )  # fmt: skip


def test_what_still_makes_an_unaccented_text_dear_is_told_with_what_to_write(desk: Desk) -> None:
    edit(desk, "templates/sms/tin.vi.j2", "nộp hồ sơ", "nộp “hồ sơ” 😀")
    people(desk, EVERYBODY)
    (found,) = (item for item in gate.findings_of(prepared(desk)) if item.code == "unaccented-not-plain")
    assert found.fields["found"] == '“ (→ "), ” (→ "), 😀'
