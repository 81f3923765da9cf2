"""what communes' air logs say was broadcast

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "airings",
        sa.Column("id", sa.String(32), nullable=False, comment="loa.store.airings.Airing.id"),
        sa.Column("row", sa.String(32), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("at_time", sa.Text, nullable=False, server_default="", comment="HH:MM"),
        sa.Column("cluster", sa.Text, nullable=False, server_default=""),
        sa.Column("language", sa.Text, nullable=False, server_default=""),
        sa.Column("played", sa.Boolean, nullable=False),
        sa.Column("seconds", sa.Integer),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.Column("signer", sa.Text, nullable=False, server_default=""),
        sa.Column("sheet", sa.String(64), nullable=False, comment="SHA-256 of the file it was read from"),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_airings")),
        sa.ForeignKeyConstraint(["row"], ["rows.id"], name=op.f("fk_airings_row")),
        comment="what communes' air logs say was broadcast",
    )
    op.create_index(op.f("ix_airings_row"), "airings", ["row"])
    op.create_index(op.f("ix_airings_day"), "airings", ["day"])


def downgrade() -> None:
    op.drop_table("airings")
