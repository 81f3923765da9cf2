"""many lanes, and ids used again: a claim finds its own network's rows, a receipt knows when it came

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

PLANNED = "state = 'planned'"
MOVED = "state = 'planned' AND tried != ''"
DOUBT = "state = 'sending' OR state = 'unknown'"
OF_A_CLAIM = ["job", "bundle", "operator", "retry_at", "id"]
AT = "when the network says it was"
KEPT = "when it came, by our own clock; null where that is when it was"


def upgrade() -> None:
    _replace("ix_rows_planned", OF_A_CLAIM, PLANNED)
    _create("ix_rows_moved", OF_A_CLAIM, MOVED)
    _replace("ix_rows_doubt", ["state", "lane"], DOUBT)
    op.add_column("orphan_receipts", sa.Column("kept_at", sa.DateTime(timezone=True), comment=KEPT))
    if op.get_bind().dialect.name != "sqlite":  # which keeps no comments
        op.alter_column("orphan_receipts", "at", comment=AT)


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("orphan_receipts", "at", comment=None)
    op.drop_column("orphan_receipts", "kept_at")
    _replace("ix_rows_doubt", ["lane", "state"], DOUBT)
    op.drop_index("ix_rows_moved", "rows")
    _replace("ix_rows_planned", ["job", "bundle", "id"], PLANNED)


def _replace(name: str, columns: list[str], where: str) -> None:
    op.drop_index(name, "rows")
    _create(name, columns, where)


def _create(name: str, columns: list[str], where: str) -> None:
    # they hold only what is still moving, so that making them is a matter of seconds
    op.create_index(name, "rows", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
