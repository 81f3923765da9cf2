"""what is claimed together lies together, and an answer tells when its message left

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

PLANNED = "state = 'planned'"
MOVED = "state = 'planned' AND tried != ''"
OF_A_CLAIM = ["job", "bundle", "operator", "retry_at"]
SENT_AT = "of an answer: when the message was given to the gateway"
BEFORE = "everything that ever happened to a row; only ever added to"
NOW = f"{BEFORE}. That it is being sent the row itself says"


def upgrade() -> None:
    op.add_column("events", sa.Column("sent_at", sa.DateTime(timezone=True), comment=SENT_AT))
    _claims(OF_A_CLAIM)
    _comment(NOW, BEFORE)


def downgrade() -> None:
    _comment(BEFORE, NOW)
    _claims([*OF_A_CLAIM, "id"])
    _tell_apart()
    op.drop_column("events", "sent_at")


def _tell_apart() -> None:
    """What an answer tells of its message's leaving was an event of its own, right before it; and so was that a
    message is being sent."""
    op.execute("UPDATE events SET id = -2 * id")
    told = "id + 1, \"row\", sent_at, 'sending', lane, fence FROM events WHERE sent_at IS NOT NULL"
    op.execute(f'INSERT INTO events (id, "row", at, state, lane, fence) SELECT {told}')
    op.execute("UPDATE events SET id = -id")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("SELECT setval(pg_get_serial_sequence('events', 'id'), coalesce(max(id), 0) + 1) FROM events")
    now = "id, sent_at, 'sending', lane, fence FROM rows WHERE state = 'sending'"
    op.execute(f'INSERT INTO events ("row", at, state, lane, fence) SELECT {now}')


def _claims(columns: list[str]) -> None:
    for name, where in (("ix_rows_planned", PLANNED), ("ix_rows_moved", MOVED)):
        op.drop_index(name, "rows")
        op.create_index(name, "rows", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _comment(comment: str, before: str) -> None:
    if op.get_bind().dialect.name != "sqlite":  # which keeps no comments
        op.create_table_comment("events", comment, existing_comment=before)
