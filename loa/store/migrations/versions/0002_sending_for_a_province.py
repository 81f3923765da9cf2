"""sending for a province: caps, breakers, re-routing, messages from people, operators' own broadcasts

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SENT = "when it was last given to a gateway; null while it certainly is not out"
TRIED = "the lanes that said the number is not on their network, each as |name|"
NETWORK = "the operator that was reported, not guessed"
FAILURES = "how often in a row it failed"
WANTED = "when somebody else last asked for it while it was held"
BROKEN = "not tried before this, after too many failures"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    # added in place, not by a copy of the table: a province has a million rows
    op.add_column("rows", sa.Column("sent_at", moment, comment=SENT))
    op.add_column("rows", sa.Column("tried", sa.Text(), server_default="", nullable=False, comment=TRIED))
    op.add_column("rows", sa.Column("network", sa.Text(), server_default="", nullable=False, comment=NETWORK))
    op.execute(
        "UPDATE rows SET sent_at = updated_at "
        "WHERE state NOT IN ('planned', 'suppressed', 'cancelled', 'refused') AND parts > 0"
    )
    op.create_index(
        "ix_rows_reached",
        "rows",
        ["recipient", "sent_at"],
        sqlite_where=sa.text("sent_at IS NOT NULL"),
        postgresql_where=sa.text("sent_at IS NOT NULL"),
    )
    op.add_column("lanes", sa.Column("failures", sa.Integer(), server_default="0", nullable=False, comment=FAILURES))
    op.add_column("lanes", sa.Column("broken_until", moment, comment=BROKEN))
    op.add_column("lanes", sa.Column("wanted", moment, comment=WANTED))
    op.add_column("lanes", sa.Column("broken_why", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "inbound",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("gateway_id", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("replied", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound")),
        sa.UniqueConstraint("lane", "gateway_id", name=op.f("uq_inbound_lane_gateway_id")),
        comment="messages from people, once each; of their words only what they meant is kept",
    )
    op.create_table(
        "broadcasts",
        sa.Column("row", sa.String(length=32), nullable=False),
        sa.Column("letter", sa.Text(), nullable=False, comment="number of the operator's letter"),
        sa.Column("letter_date", sa.Date(), nullable=False),
        sa.Column("subscribers", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("delivered", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["row"], ["rows.id"], name=op.f("fk_broadcasts_row_rows")),
        sa.PrimaryKeyConstraint("row", "letter", name=op.f("pk_broadcasts")),
        comment="what an operator's letter says of a broadcast it made for us",
    )


def downgrade() -> None:
    op.drop_table("broadcasts")
    op.drop_table("inbound")
    op.drop_index("ix_rows_reached", "rows")
    for table, names in (
        ("lanes", ("failures", "broken_until", "broken_why", "wanted")),
        ("rows", ("sent_at", "tried", "network")),
    ):
        for name in names:
            op.drop_column(table, name)
