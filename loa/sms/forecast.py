"""What a deliverable would cost and when it would be out, in both encodings side by side. Pure.

The rate of a lane is in parts a second; it rests outside the allowed hours and stops for good when the wave closes.
A lane is taken to be this wave's alone, and every part to go out once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import groupby
from typing import Literal

from loa import calendar
from loa.model.campaign import Wave
from loa.model.clock import VIETNAM
from loa.model.finding import Finding
from loa.model.settings import Hours, LaneSettings
from loa.sms.prices import Prices
from loa.sms.route import lane_for

Encoding = Literal["accented", "unaccented"]
AGES = timedelta(days=3_650)  # nobody waits so long, and a lane's rate may be next to nothing


@dataclass(frozen=True, slots=True)
class Demand:
    """What one (guessed) network asks for: recipients, and the parts of their texts in each encoding."""

    operator: str
    recipients: int
    accented: int
    unaccented: int

    def parts(self, encoding: Encoding) -> int:
        return self.accented if encoding == "accented" else self.unaccented


@dataclass(frozen=True)
class Conditions:
    """What a deliverable is sent under. `hours` are those of each lane, by its name; `budget` in đồng, or nothing."""

    lanes: Sequence[LaneSettings]
    hours: Mapping[str, Hours]
    prices: Prices
    start: datetime
    closes_at: datetime
    event: datetime | None
    budget: int | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """One network's share. `lane` is empty where none serves it, `vnd` nothing where its price is not known."""

    operator: str
    lane: str
    recipients: int
    parts: int
    vnd: int | None


@dataclass(frozen=True, slots=True)
class LaneLoad:
    """One lane's work: parts, parts a second, from when to when. `finish` is nothing where it takes over a year.

    `left` parts would not be out when the wave closes.
    """

    lane: str
    parts: int
    rate: float
    start: datetime
    finish: datetime | None
    left: int


@dataclass(frozen=True, slots=True)
class Side:
    """The whole deliverable in one encoding. `unpriced` are (lane, network) pairs without a price."""

    encoding: Encoding
    networks: tuple[Network, ...]
    lanes: tuple[LaneLoad, ...]

    @property
    def parts(self) -> int:
        return sum(network.parts for network in self.networks)

    @property
    def vnd(self) -> int | None:
        """What it costs; nothing where the price of a part of it is not known."""
        costs = [network.vnd for network in self.networks if network.lane]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    @property
    def unpriced(self) -> tuple[tuple[str, str], ...]:
        return tuple((item.lane, item.operator) for item in self.networks if item.lane and item.vnd is None)

    @property
    def finish(self) -> datetime | None:
        """When the last lane is done; nothing where that takes over a year, or there is nothing to do."""
        ends = [lane.finish for lane in self.lanes]
        return None if None in ends else max((end for end in ends if end is not None), default=None)

    @property
    def left(self) -> int:
        return sum(lane.left for lane in self.lanes)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Both encodings of one deliverable under the same conditions; `encoding` is the one that was chosen."""

    encoding: Encoding
    recipients: int
    accented: Side
    unaccented: Side
    conditions: Conditions

    def side(self, encoding: Encoding) -> Side:
        return self.accented if encoding == "accented" else self.unaccented

    @property
    def chosen(self) -> Side:
        return self.side(self.encoding)


def forecast(demand: Sequence[Demand], encoding: Encoding, conditions: Conditions) -> Forecast:
    """What `demand` (one entry a network) comes to."""
    return Forecast(
        encoding=encoding,
        recipients=sum(item.recipients for item in demand),
        accented=_side(demand, "accented", conditions),
        unaccented=_side(demand, "unaccented", conditions),
        conditions=conditions,
    )


def event_of(wave: Wave) -> datetime | None:
    """The moment from which a wave's message comes too late: the event's day, or for a wave on that day its end.

    Nothing for a wave after the event.
    """
    if wave.days_left < 0:
        return None
    day = wave.anchor if wave.days_left else wave.anchor + timedelta(days=1)
    return datetime.combine(day, time(), tzinfo=VIETNAM)


def _side(demand: Sequence[Demand], encoding: Encoding, terms: Conditions) -> Side:
    networks = tuple(_network(item, encoding, terms) for item in sorted(demand, key=_biggest_first))
    by_lane = {
        name: sum(item.parts for item in items)
        for name, items in groupby(sorted(networks, key=lambda item: item.lane), key=lambda item: item.lane)
    }
    loads = tuple(_load(lane, by_lane[lane.name], terms) for lane in terms.lanes if lane.name in by_lane)
    return Side(encoding, networks, loads)


def _biggest_first(item: Demand) -> tuple[int, str]:
    return -item.recipients, item.operator


def _network(item: Demand, encoding: Encoding, terms: Conditions) -> Network:
    lane = lane_for(terms.lanes, item.operator)
    parts = item.parts(encoding)
    if lane is None:
        return Network(item.operator, "", item.recipients, parts, None)
    price = terms.prices.find(lane.name, item.operator)
    return Network(item.operator, lane.name, item.recipients, parts, None if price is None else price * parts)


def _load(lane: LaneSettings, parts: int, terms: Conditions) -> LaneLoad:
    hours, rate = terms.hours[lane.name], lane.parts_per_second
    work = timedelta(seconds=min(parts / rate, AGES.total_seconds()))
    time_left = calendar.open_time(hours, terms.start, terms.closes_at)
    left = max(0, parts - int(time_left.total_seconds() * rate))
    return LaneLoad(lane.name, parts, rate, terms.start, calendar.finish(hours, terms.start, work), left)


# --- what an approver must know -----------------------------------------------------------------------------------


def findings(made: Forecast, subject: str) -> Iterator[Finding]:
    """What a forecast warns of. Whether a lane is in time is in `PACE`: its rate is the operator's to tune."""
    if unserved := sorted(network.operator for network in made.chosen.networks if not network.lane):
        yield Finding("network-unserved", subject, {"operators": ", ".join(unserved)})
    yield from _money(made, subject)
    yield from _time(made, subject)
    if made.encoding == "accented":
        yield from _saving(made, subject)


PACE = frozenset({"wave-unfinished", "after-the-event"})
"""The findings that follow from how fast the lanes go."""


def _money(made: Forecast, subject: str) -> Iterator[Finding]:
    prices, budget, side = made.conditions.prices, made.conditions.budget, made.chosen
    if prices.written is None:
        yield Finding("prices-missing", subject, {"file": prices.file})
    elif not prices.written.confirmed_by:
        yield Finding("prices-unconfirmed", subject, {"file": prices.file})
    if side.unpriced:
        pairs = ", ".join(f"{operator} ({lane})" for lane, operator in side.unpriced)
        if prices.written is not None:
            yield Finding("price-missing", subject, {"file": prices.file, "networks": pairs})
        if budget is not None:
            yield Finding("budget-unpriced", subject, {"networks": pairs})
    if budget is not None and side.vnd is not None and side.vnd > budget:
        fields = {"cost": dots(side.vnd), "budget": dots(budget), "over": dots(side.vnd - budget)}
        yield Finding("over-budget", subject, fields)


def _time(made: Forecast, subject: str) -> Iterator[Finding]:
    terms = made.conditions
    for load in made.chosen.lanes:
        if load.left:
            yield Finding(
                "wave-unfinished", subject,
                {
                    "lane": load.lane, "closes_at": calendar.moment_words(terms.closes_at), "left": dots(load.left),
                    "parts": dots(load.parts), "finish": _moment(load.finish),
                },
            )  # fmt: skip
        if terms.event is not None and min(load.finish or terms.closes_at, terms.closes_at) > terms.event:
            fields = {"lane": load.lane, "finish": _moment(load.finish), "event": calendar.moment_words(terms.event)}
            yield Finding("after-the-event", subject, fields)


def _saving(made: Forecast, subject: str) -> Iterator[Finding]:
    parts = made.accented.parts - made.unaccented.parts
    if parts <= 0:
        return
    fields = {"parts": dots(parts), "before": dots(made.accented.parts), "after": dots(made.unaccented.parts)}
    dear, cheap = made.accented.vnd, made.unaccented.vnd
    if dear is None or cheap is None or dear == cheap:
        yield Finding("unaccented-shorter", subject, fields)
    else:
        yield Finding("unaccented-saves", subject, {**fields, "vnd": dots(dear - cheap)})


def dots(number: int) -> str:
    """`1.234.567`: a number as officers write it."""
    return f"{number:,}".replace(",", ".")


def _moment(moment: datetime | None) -> str:
    """To the minute, and never too early."""
    return calendar.moment_words(moment + timedelta(seconds=59)) if moment else "hơn một năm sau / over a year"
