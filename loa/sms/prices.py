"""What a part costs: `campaigns/prices/sms.yaml`, which the officer who signs the contracts keeps.

Prices are in whole đồng a part. The figures that ship are an example, and the file says so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field

from loa.channel import Desk, Job
from loa.model.artefact import digest
from loa.model.campaign import MessageClass, Slug, Written
from loa.model.clock import VIETNAM
from loa.model.errors import ContentError, Mistake
from loa.model.ledger import Budget, Count
from loa.model.phone import prefixes
from loa.model.settings import LaneSettings
from loa.model.states import RowState
from loa.sms.bodies import sms_of
from loa.sms.route import EVERY, UNKNOWN, serves
from loa.workspace import Workspace
from loa.written import Located, read_yaml, validate

DEAREST = 1_000_000  # đồng a part: anything above it is a slip of the pen

# what a network was given, or may have been given, is paid for
COSTING = frozenset(
    {
        RowState.SENDING, RowState.ACCEPTED, RowState.DELIVERED, RowState.UNDELIVERED, RowState.EXPIRED,
        RowState.UNKNOWN,
    }
)  # fmt: skip


class Price(Written):
    """One row: what a part costs to a network, perhaps only through one lane or for one class of messages."""

    operator: str = Field(min_length=1, max_length=40)
    vnd_per_part: int = Field(ge=0, le=DEAREST, strict=True)
    lane: Slug | None = None
    message_class: MessageClass | None = Field(default=None, alias="class")

    @property
    def selects(self) -> tuple[str, str | None, MessageClass | None]:
        return self.operator.casefold(), self.lane, self.message_class

    @property
    def weight(self) -> tuple[bool, bool, bool]:
        """Of the rows that fit, the heaviest counts: one for the lane, then for the operator, then for the class."""
        return self.lane is not None, self.operator != EVERY, self.message_class is not None


class PriceTable(Written):
    """The prices from a day on, until the next table."""

    valid_from: dt.date
    prices: Annotated[tuple[Price, ...], Field(min_length=1)]


class PriceFile(Written):
    """The file as it is written. `confirmed_by` is empty until a person answers for the figures."""

    source: str = Field(min_length=1)
    checked: dt.date
    confirmed_by: Annotated[str, BeforeValidator(lambda value: "" if value is None else value)] = ""
    tables: Annotated[tuple[PriceTable, ...], Field(min_length=1)]


@dataclass(frozen=True)
class Prices:
    """The prices in force on one day for one class of messages. `rows` is empty where there are none."""

    file: str
    rows: tuple[Price, ...] = ()
    written: PriceFile | None = None

    def find(self, lane: str, operator: str) -> int | None:
        """What a part costs through a lane to a network, in đồng; nothing where the file does not say."""
        fitting = [
            row
            for row in self.rows
            if row.lane in {None, lane} and row.operator.casefold() in {EVERY, operator.casefold()}
        ]
        return max(fitting, key=lambda row: row.weight).vnd_per_part if fitting else None

    def per_part(self, lane: str, operator: str) -> int:
        """`find`, for whoever must know. Raises `ContentError` where the file does not say."""
        found = self.find(lane, operator)
        if found is None:
            raise ContentError.at("price-unknown", self.file, lane=lane, operator=operator or "-")
        return found

    def dearest(self, lanes: Sequence[LaneSettings], operators: Iterable[str]) -> Mapping[str, int]:
        """The dearest price of each network over the lanes that serve it: what a budget is kept by.

        A message may go out on any of them. A network that nobody knows has none of its own. Raises `ContentError` for
        a lane and network without a price.
        """
        found = {
            operator: [self.per_part(lane.name, operator) for lane in lanes if serves(lane, operator)]
            for operator in operators
            if operator != UNKNOWN
        }
        return {operator: max(prices) for operator, prices in found.items() if prices}

    @property
    def digest(self) -> str:
        """A hash over the prices in force: what an approval covers. Who confirmed them is not in it."""
        return digest([row.model_dump(mode="json") for row in self.rows])


@dataclass(frozen=True)
class PriceList:
    """All that the file says, on every day; nothing where there is no file."""

    file: str
    written: PriceFile | None = None

    def on(self, day: dt.date, message_class: MessageClass) -> Prices:
        """The prices of the table in force on a day (Vietnam's) for a class of messages."""
        tables = self.written.tables if self.written else ()
        table = max((item for item in tables if item.valid_from <= day), key=lambda item: item.valid_from, default=None)
        rows = table.prices if table else ()
        return Prices(self.file, tuple(row for row in rows if row.message_class in {None, message_class}), self.written)


def read_prices(workspace: Workspace) -> PriceList:
    """The workspace's price file. Raises `ContentError` with every mistake in it; a file that is not there is none."""
    path = workspace.campaigns / "prices" / "sms.yaml"
    name = workspace.name_of(path)
    if not path.exists():
        return PriceList(name)
    located = read_yaml(path, name)
    written = validate(PriceFile, located)
    if mistakes := [*_mistakes(written, located, workspace)]:
        raise ContentError(mistakes)
    return PriceList(name, written)


def prices_of(job: Job, desk: Desk) -> Prices:
    """What a part of a deliverable's messages costs: by the table in force on the wave's day."""
    day = job.wave.send_at.astimezone(VIETNAM).date()
    return read_prices(desk.workspace).on(day, job.campaign.message_class)


def budget_of(job: Job, desk: Desk, operators: Iterable[str]) -> Budget | None:
    """What the ledger holds a deliverable to; nothing where its campaign sets no budget.

    Raises `ContentError` where one of its networks has no price: a budget that cannot be counted cannot be kept.
    """
    dong = sms_of(job).budget_vnd
    if dong is None:
        return None
    return Budget(dong, prices_of(job, desk).dearest(desk.workspace.settings.sms.lanes, operators))


def spent(counts: Sequence[Count], prices: Prices, lanes: Sequence[LaneSettings]) -> int:
    """What rows that are out, or may be, have cost, in đồng: at the dearest lane's price, as a budget is kept.

    Raises `ContentError` for a network without a price.
    """
    costing = [count for count in counts if count.state in COSTING and count.parts]
    dearest = prices.dearest(lanes, {count.operator for count in costing})
    return sum(count.parts * dearest.get(count.operator, max(dearest.values(), default=0)) for count in costing)


def affordable_parts(budget: int, spent_so_far: int, price: int) -> int | None:
    """How many more parts at a price a budget allows; nothing where they cost nothing."""
    return max(0, budget - spent_so_far) // price if price else None


def _mistakes(written: PriceFile, located: Located, workspace: Workspace) -> Iterable[Mistake]:
    """What each value by itself does not tell: names that do not exist, and rows that say the same thing twice."""
    operators = sorted({*prefixes().operators.values(), EVERY})
    known = {name.casefold() for name in operators}
    lanes = [lane.name for lane in workspace.settings.sms.lanes]
    days: set[dt.date] = set()
    for i, table in enumerate(written.tables):
        if table.valid_from in days:
            yield located.mistake("price-repeated", ("tables", i, "valid_from"))
        days.add(table.valid_from)
        seen: set[object] = set()
        for j, row in enumerate(table.prices):
            at = ("tables", i, "prices", j)
            if row.operator.casefold() not in known:
                expected = ", ".join(operators)
                yield located.mistake("not-one-of", (*at, "operator"), value=row.operator, expected=expected)
            if row.lane is not None and row.lane not in lanes:
                expected = ", ".join(lanes) or "-"
                yield located.mistake("not-one-of", (*at, "lane"), value=row.lane, expected=expected)
            if row.selects in seen:
                yield located.mistake("price-repeated", at)
            seen.add(row.selects)
