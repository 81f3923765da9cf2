"""a million rows: indexes that answer without a search

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PLANNED = "state = 'planned'"
WAITING = "state = 'planned' AND retry_at IS NOT NULL"
DOUBT = "state = 'sending' OR state = 'unknown'"
DOUBT_BEFORE = "state IN ('sending', 'unknown')"


def upgrade() -> None:
    _replace("ix_rows_planned", ["job", "bundle", "id"], PLANNED)
    _replace("ix_rows_doubt", ["lane", "state"], DOUBT)
    _create("ix_rows_waiting", ["job", "bundle", "retry_at"], WAITING)


def downgrade() -> None:
    op.drop_index("ix_rows_waiting", "rows")
    _replace("ix_rows_doubt", ["lane", "state"], DOUBT_BEFORE)
    _replace("ix_rows_planned", ["job", "id"], PLANNED)


def _replace(name: str, columns: list[str], where: str) -> None:
    op.drop_index(name, "rows")
    _create(name, columns, where)


def _create(name: str, columns: list[str], where: str) -> None:
    # they hold only what is still moving, so that making them is a matter of seconds
    op.create_index(name, "rows", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
