"""Database rows as model values."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from loa.model.ledger import Row
from loa.model.states import RowState

_SAME = (
    "id", "recipient", "operator", "commune", "language", "body", "parts", "reason", "attempts", "lane", "fence",
    "gateway_id", "retry_at", "updated_at", "tried", "network",
)  # fmt: skip


def to_row(found: sa.Row[Any], wave: str, deliverable: str, **new: Any) -> Row:
    """A row of the ledger; `new` says what has just changed in it."""
    values = {name: getattr(found, name) for name in _SAME}
    values |= {"wave": wave, "deliverable": deliverable, "state": RowState(found.state)}
    return Row(**{**values, **new})
