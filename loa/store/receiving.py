"""Receipts: finding the row that each is of, keeping those that have none yet; inside a caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from loa.model.ledger import Change, Receipt
from loa.model.states import RowState
from loa.store.engine import alone, insert
from loa.store.moves import Tally, find, find_ids, move
from loa.store.schema import orphans, rows

_ANY = sa.select(orphans.c.id).limit(1)


def in_turn(connection: sa.Connection, lanes: Iterable[str]) -> None:
    """Lets one transaction at a time bring news of a lane. Taken before any row is.

    A receipt and the answer that brings its id would otherwise pass each other unseen: the one finds no row with
    that id yet, the other no receipt that waits.
    """
    for lane in sorted(set(lanes)):
        alone(connection, f"receipts/{lane}")


def apply(connection: sa.Connection, receipts: Sequence[Receipt], now: datetime, tally: Tally) -> int:
    """Matches receipts by our reference first, then by the gateway's id, exactly as it wrote it."""
    found = find(connection, _named(receipts))
    by_reference = {row.id: row.id for row in found}
    by_gateway = {(row.lane, row.gateway_id): row.id for row in found if row.gateway_id}
    of = [by_reference.get(one.reference) or by_gateway.get((one.lane, one.gateway_id)) for one in receipts]
    matched = [(key, receipt) for key, receipt in zip(of, receipts, strict=True) if key is not None]
    _keep(connection, [receipt for key, receipt in zip(of, receipts, strict=True) if key is None])
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


def adopt(connection: sa.Connection, named: Iterable[tuple[str, str]], now: datetime, tally: Tally) -> None:
    """Applies receipts that overtook the answers which have just brought their ids. `named` is (lane, id)."""
    pairs = set(named)
    ids = sorted({gateway_id for _, gateway_id in pairs if gateway_id})
    if not ids or connection.execute(_ANY).first() is None:  # nearly always nothing waits
        return
    found = connection.execute(sa.select(orphans).where(orphans.c.gateway_id.in_(ids)).order_by(orphans.c.id)).all()
    waiting = [row for row in found if (row.lane, row.gateway_id) in pairs]
    if waiting:
        connection.execute(orphans.delete().where(orphans.c.id.in_([row.id for row in waiting])))
        apply(connection, [_receipt(row) for row in waiting], now, tally)


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
        rows.c.id.in_(references),
        sa.and_(rows.c.gateway_id.in_(ids), rows.c.gateway_id != "", rows.c.lane.in_(lanes)),
    )


def _receipt(row: sa.Row[Any]) -> Receipt:
    return Receipt(row.lane, row.gateway_id, RowState(row.state), row.at, row.reference, row.raw, row.operator)


def _keep(connection: sa.Connection, receipts: Sequence[Receipt]) -> None:
    """Puts receipts to wait for their rows; one that waits already is the same one, told again."""
    if receipts:
        values = [
            {
                "lane": one.lane, "gateway_id": one.gateway_id, "reference": one.reference, "state": one.state.value,
                "raw": one.raw, "operator": one.operator, "at": one.at,
            }
            for one in receipts
        ]  # fmt: skip
        connection.execute(insert(connection.dialect.name, orphans).on_conflict_do_nothing(), values)
