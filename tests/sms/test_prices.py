"""What a part costs: the price file as its keeper writes it, and the sums that follow from it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from loa.model.campaign import MessageClass
from loa.model.errors import ContentError
from loa.model.ledger import Count
from loa.model.settings import LaneSettings
from loa.model.states import RowState
from loa.seed import source
from loa.sms.prices import COSTING, Prices, affordable_parts, read_prices, spent
from loa.workspace import Workspace

NOTICE, ADVERTISING = MessageClass.NOTICE, MessageClass.ADVERTISING
FILE = """\
source: hợp đồng mẫu
checked: 2027-01-05
confirmed_by: Nguyễn Thị Mẫu
tables:
  - valid_from: 2026-01-01
    prices:
      - {operator: Viettel, vnd_per_part: 300}
  - valid_from: 2027-07-01
    prices:
      - {operator: viettel, vnd_per_part: 350}
      - {operator: "*", vnd_per_part: 500}
      - {operator: "*", class: advertising, vnd_per_part: 900}
      - {operator: VinaPhone, class: advertising, vnd_per_part: 950}
      - {operator: "*", lane: thu, class: advertising, vnd_per_part: 800}
"""


@pytest.fixture
def workspace(small: Path) -> Workspace:
    write(small, FILE)
    return Workspace.at(small)


def write(root: Path, text: str) -> None:
    path = root / "campaigns/prices/sms.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def prices(workspace: Workspace, day: date = date(2027, 9, 10), kind: MessageClass = NOTICE) -> Prices:
    return read_prices(workspace).on(day, kind)


def lane(name: str, *networks: str) -> LaneSettings:
    return LaneSettings(name=name, gateway="simulator", sender="DVC", networks=networks or ("*",))


# the table in force


@pytest.mark.parametrize(("day", "price"), [(date(2027, 6, 30), 300), (date(2027, 7, 1), 350), (date(2030, 1, 1), 350)])
def test_a_wave_goes_by_the_table_in_force_on_its_day(workspace: Workspace, day: date, price: int) -> None:
    assert prices(workspace, day).per_part("khac", "Viettel") == price


def test_before_the_first_table_nothing_has_a_price(workspace: Workspace) -> None:
    assert prices(workspace, date(2025, 12, 31)).find("thu", "Viettel") is None


@pytest.mark.parametrize(
    ("lane_name", "operator", "kind", "price"),
    [
        ("khac", "Viettel", NOTICE, 350),
        ("khac", "MobiFone", NOTICE, 500),
        ("khac", "VIETTEL", NOTICE, 350),  # however the list of people spells it
        ("khac", "MobiFone", ADVERTISING, 900),
        ("khac", "VinaPhone", ADVERTISING, 950),
        ("khac", "Viettel", ADVERTISING, 350),  # the operator's own row goes before one for the class
        ("thu", "VinaPhone", ADVERTISING, 800),  # and the lane's before both
    ],
)
def test_the_most_particular_row_counts(
    workspace: Workspace, lane_name: str, operator: str, kind: MessageClass, price: int
) -> None:
    assert prices(workspace, kind=kind).per_part(lane_name, operator) == price


def test_a_price_that_nobody_wrote_is_no_price(workspace: Workspace) -> None:
    old = prices(workspace, date(2026, 5, 1))
    with pytest.raises(ContentError) as caught:
        old.per_part("thu", "MobiFone")
    assert caught.value.code == "price-unknown"
    assert (caught.value.fields["operator"], caught.value.fields["lane"]) == ("MobiFone", "thu")


def test_without_a_file_there_are_no_prices_and_no_error(small: Path) -> None:
    found = prices(Workspace.at(small))
    assert (found.rows, found.written, found.file) == ((), None, "campaigns/prices/sms.yaml")


def test_the_digest_is_of_the_prices_in_force_and_of_nothing_else(workspace: Workspace) -> None:
    before = prices(workspace).digest
    write(workspace.root, FILE.replace("Nguyễn Thị Mẫu", "").replace("300", "310"))
    assert prices(workspace).digest == before
    write(workspace.root, FILE.replace("350", "351"))
    assert prices(workspace).digest != before
    assert prices(workspace, kind=ADVERTISING).digest != prices(workspace).digest


# mistakes


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "field"),
    [
        ("vnd_per_part: 300", "vnd_per_part: 300.5", "not-whole-number", 7, "tables.0.prices.0.vnd_per_part"),
        ("vnd_per_part: 300", "vnd_per_part: -1", "too-small", 7, "tables.0.prices.0.vnd_per_part"),
        ("vnd_per_part: 300", "vnd_per_part: 30000000", "too-big", 7, "tables.0.prices.0.vnd_per_part"),
        ("vnd_per_part: 300", "vnd_per_pat: 300", "unknown-key-close", 7, None),
        ("operator: Viettel", "operator: Vietel", "not-one-of", 7, "tables.0.prices.0.operator"),
        ("lane: thu", "lane: thuu", "not-one-of", 14, "tables.1.prices.4.lane"),
        ("class: advertising, vnd_per_part: 900", "class: ads, vnd_per_part: 900", "not-one-of", 12, None),
        ("2027-07-01", "2026-01-01", "price-repeated", 8, "tables.1.valid_from"),
        ("operator: VinaPhone, class", 'operator: "*", class', "price-repeated", 13, "tables.1.prices.3"),
        ("checked: 2027-01-05", "checked: hôm qua", "not-date", 2, "checked"),
        ("source: hợp đồng mẫu\n", "", "key-missing", 1, "source"),
    ],
)
def test_a_mistake_is_named_at_its_line(
    workspace: Workspace, old: str, new: str, code: str, line: int, field: str | None
) -> None:
    write(workspace.root, FILE.replace(old, new))
    with pytest.raises(ContentError) as caught:
        read_prices(workspace)
    where = caught.value.where
    assert where is not None
    assert (caught.value.code, where.file, where.line) == (code, "campaigns/prices/sms.yaml", line)
    assert field in {None, where.field}


def test_the_figures_that_ship_are_an_example_and_say_so() -> None:
    shipped = read_prices(Workspace.at(source()))
    assert shipped.written is not None
    assert shipped.written.confirmed_by == ""
    assert "ví dụ" in shipped.written.source
    day = date(2027, 9, 10)
    operators = ("Viettel", "VinaPhone", "MobiFone", "Vietnamobile", "Gmobile", "iTel", "Wintel")
    assert [name for name in operators if shipped.on(day, NOTICE).find("thu-nghiem", name) is None] == []
    assert [name for name in operators if shipped.on(day, ADVERTISING).find("thu-nghiem", name) is None] == []


# sums


def test_a_budget_is_kept_at_the_price_of_the_dearest_lane(workspace: Workspace) -> None:
    found = prices(workspace, kind=ADVERTISING)
    lanes = [lane("thu"), lane("khac", "VinaPhone")]
    assert found.dearest(lanes, ["VinaPhone", "MobiFone", ""]) == {"VinaPhone": 950, "MobiFone": 800}
    assert found.dearest([lane("khac", "VinaPhone")], ["MobiFone"]) == {}  # no lane takes it


def test_what_is_out_or_may_be_has_cost_something(workspace: Workspace) -> None:
    counts = [Count("tin", "Viettel", state, rows=1, parts=2) for state in RowState]
    assert spent(counts, prices(workspace), [lane("thu")]) == 350 * 2 * len(COSTING)
    inside = {RowState.PLANNED, RowState.SUPPRESSED, RowState.CANCELLED, RowState.REFUSED}
    assert set(RowState) - inside == COSTING


def test_a_message_on_a_network_that_nobody_knows_costs_what_the_dearest_does(workspace: Workspace) -> None:
    counts = [Count("tin", name, RowState.UNKNOWN, 1, 1) for name in ("", "Viettel", "MobiFone")]
    assert spent(counts, prices(workspace), [lane("thu")]) == 500 + 350 + 500


@pytest.mark.parametrize(
    ("budget", "so_far", "price", "parts"),
    [(1000, 0, 300, 3), (1000, 900, 300, 0), (1000, 1200, 300, 0), (1000, 0, 0, None), (900, 0, 300, 3)],
)
def test_what_a_budget_still_pays_for(budget: int, so_far: int, price: int, parts: int | None) -> None:
    assert affordable_parts(budget, so_far, price) == parts
