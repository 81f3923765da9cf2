"""Receipts: finding the row that each is of, keeping those that have none yet; inside a caller's transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from loa.model.ledger import Change, Receipt
from loa.model.states import RowState
from loa.store.bulk import Ready, among
from loa.store.engine import alone, insert
from loa.store.moves import Found, Tally, find, find_ids, move
from loa.store.schema import orphans, rows

BEFORE = timedelta(minutes=15)
"""A receipt does not come before its message leaves; so much do the clocks of two machines of ours differ at most."""

_ANY = Ready(sa.select(orphans.c.id).limit(1))
_KEPT_AT = sa.func.coalesce(orphans.c.kept_at, orphans.c.at)
_OPEN = frozenset({RowState.SENDING, RowState.ACCEPTED, RowState.UNKNOWN})


def in_turn(connection: sa.Connection, lanes: Iterable[str]) -> None:
    """Lets one transaction at a time bring news of a lane. Taken before any row is.

    A receipt and the answer that brings its id would otherwise pass each other unseen: the one finds no row with
    that id yet, the other no receipt that waits.
    """
    for lane in sorted(set(lanes)):
        alone(connection, f"receipts/{lane}")


def apply(connection: sa.Connection, receipts: Sequence[Receipt], now: datetime, tally: Tally) -> int:
    """Matches receipts by our reference first, then by the gateway's id, exactly as it wrote it; in their lane only.

    A reference can be worked out from a number: whoever may speak for one lane moves no row of another.
    """
    found = find(connection, _named(receipts))
    of = _match(connection, found, receipts)
    _keep(connection, [receipt for key, receipt in zip(of, receipts, strict=True) if key is None], now)
    return _move(connection, [(key, told) for key, told in zip(of, receipts, strict=True) if key], found, now, tally)


def adopt(connection: sa.Connection, named: Iterable[tuple[str, str]], now: datetime, tally: Tally) -> None:
    """Applies receipts that overtook the answers which have just brought their ids. `named` is (lane, id).

    Gateways use ids again: a receipt that had come before the message left is another message's, and goes on waiting.
    """
    by_lane: dict[str, set[str]] = defaultdict(set)
    for lane, gateway_id in named:
        if gateway_id:
            by_lane[lane].add(gateway_id)
    if not by_lane or _ANY.run(connection, {}).first() is None:  # nearly always nothing waits
        return
    for lane, ids in sorted(by_lane.items()):
        these = sa.and_(orphans.c.lane == lane, among(connection, orphans.c.gateway_id, sorted(ids)))
        waiting = connection.execute(
            sa.select(orphans, _KEPT_AT.label("came")).where(these).order_by(orphans.c.id)
        ).all()
        if waiting:
            _take_in(connection, waiting, now, tally)


def forget(connection: sa.Connection, before: datetime, most: int) -> int:
    """Drops at most so many of the receipts that have waited for a row since before a moment. Returns how many."""
    old = sa.select(orphans.c.id).where(before > _KEPT_AT).order_by(orphans.c.id).limit(most)
    return connection.execute(orphans.delete().where(orphans.c.id.in_(old))).rowcount


def legible(text: str) -> str:
    """A provider's word as both databases can keep it: some end it with NUL, some send bytes that are no text."""
    if text.isprintable():
        return text
    return text.replace("\0", "").encode(errors="replace").decode()


def _named(receipts: Sequence[Receipt]) -> sa.ColumnElement[bool]:
    references = [receipt.reference for receipt in receipts if receipt.reference]
    ids = [receipt.gateway_id for receipt in receipts if receipt.gateway_id]
    lanes = {receipt.lane for receipt in receipts}
    return sa.or_(
        sa.and_(rows.c.id.in_(references), rows.c.lane.in_(lanes)),
        sa.and_(rows.c.gateway_id.in_(ids), rows.c.gateway_id != "", rows.c.lane.in_(lanes)),
    )


def _match(connection: sa.Connection, found: Sequence[Found], receipts: Sequence[Receipt]) -> list[str | None]:
    """The row that each receipt is of, if any."""
    by_reference = {(row.lane, row.id): row.id for row in found}
    by_gateway: dict[tuple[str, str], list[Found]] = defaultdict(list)
    for row in found:
        if row.gateway_id:
            by_gateway[row.lane, row.gateway_id].append(row)
    again = [row.id for same in by_gateway.values() if len(same) > 1 for row in same]
    moments = _moments(connection, again) if again else {}

    def of(told: Receipt) -> str | None:
        same = by_gateway.get((told.lane, told.gateway_id), ())
        by_id = same[0].id if len(same) == 1 else _likeliest(same, moments)
        return by_reference.get((told.lane, told.reference)) or by_id

    return [of(told) for told in receipts]


def _likeliest(same: Sequence[Found], moments: Mapping[str, sa.Row[Any]]) -> str | None:
    """Of the rows that a gateway has given one id, the newest that is not settled yet; else the newest."""

    def rank(row: Found) -> tuple[bool, datetime]:
        moment = moments[row.id]
        return row.state in _OPEN, moment.sent_at or moment.updated_at

    return max(same, key=rank).id if same else None


def _moments(connection: sa.Connection, ids: Sequence[str]) -> Mapping[str, sa.Row[Any]]:
    """When rows were sent and last moved; what a move looks at leaves moments out."""
    these = sa.select(rows.c.id, rows.c.sent_at, rows.c.updated_at).where(among(connection, rows.c.id, ids))
    return {row.id: row for row in connection.execute(these)}


def _move(
    connection: sa.Connection,
    matched: Sequence[tuple[str, Receipt]],
    found: Sequence[Found],
    now: datetime,
    tally: Tally,
) -> int:
    moved = 0
    while matched:  # one receipt of each row at a time: a second one must see what the first did
        first: dict[str, Receipt] = {}
        later = [(key, receipt) for key, receipt in matched if first.setdefault(key, receipt) is not receipt]
        current = [row for row in found if row.id in first] if not moved else find_ids(connection, list(first))
        changes = [
            Change(key, receipt.state, receipt.raw, receipt.gateway_id, raw=receipt.raw, network=receipt.operator)
            for key, receipt in first.items()
        ]
        moments = {key: min(receipt.at, now) for key, receipt in first.items()}
        moved += move(connection, changes, current, now, tally, moments=moments)
        matched = later
    return moved


def _take_in(connection: sa.Connection, waiting: Sequence[sa.Row[Any]], now: datetime, tally: Tally) -> None:
    """Applies receipts that waited, of one lane, unless they had come before their row was sent."""
    receipts = [_receipt(row) for row in waiting]
    found = find(connection, _named(receipts))
    of = _match(connection, found, receipts)
    keys = [key for key in of if key]
    moments = _moments(connection, keys) if keys else {}
    mine = []
    for key, row, receipt in zip(of, waiting, receipts, strict=True):
        sent = moments[key].sent_at if key else None
        if key and (sent is None or row.came >= sent - BEFORE):
            mine.append((key, row.id, receipt))
    if mine:
        connection.execute(orphans.delete().where(orphans.c.id.in_([orphan for _, orphan, _ in mine])))
        _move(connection, [(key, receipt) for key, _, receipt in mine], found, now, tally)


def _receipt(row: sa.Row[Any]) -> Receipt:
    return Receipt(row.lane, row.gateway_id, RowState(row.state), row.at, row.reference, row.raw, row.operator)


def _keep(connection: sa.Connection, receipts: Sequence[Receipt], now: datetime) -> None:
    """Puts receipts to wait for their rows; one that waits already is the same one, told again.

    Told again it has come again: the older one may have been of a message that had the id before.
    """
    if receipts:
        values = [
            {
                "lane": one.lane, "gateway_id": one.gateway_id, "reference": one.reference, "state": one.state.value,
                "raw": one.raw, "operator": one.operator, "at": one.at, "kept_at": now,
            }
            for one in receipts
        ]  # fmt: skip
        statement = insert(connection.dialect.name, orphans)
        newer = {name: statement.excluded[name] for name in ("raw", "operator", "at", "kept_at")}
        key = [orphans.c.lane, orphans.c.gateway_id, orphans.c.reference, orphans.c.state]
        connection.execute(statement.on_conflict_do_update(index_elements=key, set_=newer), values)
