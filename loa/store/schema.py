"""The tables, as SQLAlchemy Core. One schema for SQLite and PostgreSQL; migrations build it (`migrations/`)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from loa.model.clock import VIETNAM

# constraints get the same names on both databases, so that a migration can name them
metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)


class Moment(sa.types.TypeDecorator[datetime]):
    """An aware moment. SQLite keeps no zones, so what lies there is UTC; what comes out is Vietnam's time."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a zone is not a moment")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        aware: datetime = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(VIETNAM)


def _text(name: str, default: str | None = "") -> sa.Column[str]:
    """Text that is never null: the empty string means there is none."""
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _text("wave", None),
    _text("deliverable", None),
    _text("channel", None),
    sa.Column(
        "expanded", sa.Integer, nullable=False, server_default="0", comment="the bundle it was last expanded from"
    ),
    sa.UniqueConstraint("wave", "deliverable"),
    comment="one deliverable of one wave; keeps the long names out of a million rows",
)

rows = sa.Table(
    "rows",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True, comment="loa.model.ledger.row_id"),
    sa.Column("job", sa.Integer, sa.ForeignKey("jobs.id"), nullable=False),
    _text("recipient", None),
    sa.Column("bundle", sa.Integer, nullable=False, comment="the approved bundle it was planned from"),
    _text("operator"),
    _text("commune"),
    _text("language"),
    _text("body"),
    sa.Column("parts", sa.Integer, nullable=False),
    _text("state", None),
    _text("reason"),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    _text("lane"),
    sa.Column("fence", sa.Integer, nullable=False, server_default="0"),
    _text("gateway_id"),
    sa.Column("retry_at", Moment),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Column("sent_at", Moment, comment="when it was last given to a gateway; null while it certainly is not out"),
    sa.Column(
        "tried",
        sa.Text,
        nullable=False,
        server_default="",
        comment="the lanes that said the number is not on their network, each as |name|",
    ),
    sa.Column(
        "network", sa.Text, nullable=False, server_default="", comment="the operator that was reported, not guessed"
    ),
    # with jobs.UNIQUE(wave, deliverable) this is UNIQUE(wave, deliverable, recipient)
    sa.UniqueConstraint("job", "recipient"),
    comment="one durable row per recipient and deliverable",
)

_WAITING = sa.and_(rows.c.state == "planned", rows.c.retry_at.is_not(None))
# not IN: SQLite does not see that one of the two is in it, and reads a million rows to find one
_DOUBT = sa.or_(rows.c.state == "sending", rows.c.state == "unknown")

_MOVED = sa.and_(rows.c.state == "planned", rows.c.tried != "")

# Partial indexes: they hold only what is still moving, so a finished wave costs nothing to keep.
sa.Index(
    "ix_rows_planned",
    rows.c.job,
    rows.c.bundle,  # what an older approval has left over is found, or found not to be there, without a search
    rows.c.operator,  # a lane of a small network does not pass the rows of a large one
    # nor does any lane pass what waits for its time. The rest go out in the order that they lie in the table: what is
    # claimed together is written together, and a commit is as long as the number of pages it touches
    rows.c.retry_at,
    sqlite_where=rows.c.state == "planned",
    postgresql_where=rows.c.state == "planned",
)
sa.Index(
    "ix_rows_moved",  # the same of what a lane found to be on none of its networks
    rows.c.job,
    rows.c.bundle,
    rows.c.operator,
    rows.c.retry_at,
    sqlite_where=_MOVED,
    postgresql_where=_MOVED,
)
sa.Index(
    "ix_rows_waiting",
    rows.c.job,
    rows.c.bundle,
    rows.c.retry_at,
    sqlite_where=_WAITING,
    postgresql_where=_WAITING,
)
sa.Index(
    "ix_rows_doubt",
    rows.c.state,  # first: all that is in doubt is asked for too, whatever the lane
    rows.c.lane,
    sqlite_where=_DOUBT,
    postgresql_where=_DOUBT,
)
sa.Index(
    "ix_rows_gateway_id",
    rows.c.lane,
    rows.c.gateway_id,
    sqlite_where=rows.c.gateway_id != "",
    postgresql_where=rows.c.gateway_id != "",
)

sa.Index(
    "ix_rows_reached",
    rows.c.recipient,  # what a number has had of late, over all campaigns
    rows.c.sent_at,
    sqlite_where=rows.c.sent_at.is_not(None),
    postgresql_where=rows.c.sent_at.is_not(None),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("row", sa.String(32), nullable=False, index=True),
    sa.Column("at", Moment, nullable=False),
    _text("state", None),
    _text("reason"),
    _text("lane"),
    sa.Column("fence", sa.Integer, nullable=False, server_default="0"),
    _text("gateway_id"),
    _text("raw"),
    sa.Column("sent_at", Moment, comment="of an answer: when the message was given to the gateway"),
    comment="everything that ever happened to a row; only ever added to. That it is being sent the row itself says",
)

counters = sa.Table(
    "counters",
    metadata,
    sa.Column("job", sa.Integer, sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Column("operator", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, primary_key=True),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("parts", sa.Integer, nullable=False),
    comment="kept in the transaction that moves the rows; never counted",
)

waves = sa.Table(
    "waves",
    metadata,
    sa.Column("wave", sa.Text, primary_key=True),
    _text("hold"),
    _text("held_by"),
    sa.Column("held_at", Moment),
    comment="a stop that a person set: paused or cancelled; empty is going on",
)

lanes = sa.Table(
    "lanes",
    metadata,
    sa.Column("lane", sa.Text, primary_key=True),
    _text("holder"),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("until", Moment, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0", comment="how often in a row it failed"),
    sa.Column("broken_until", Moment, comment="not tried before this, after too many failures"),
    _text("broken_why"),
    sa.Column("wanted", Moment, comment="when somebody else last asked for it while it was held"),
    comment="who holds a lane, until when, under which fencing number",
)

orphans = sa.Table(
    "orphan_receipts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _text("lane", None),
    _text("gateway_id"),
    _text("reference"),
    _text("state", None),
    _text("raw"),
    _text("operator"),
    sa.Column("at", Moment, nullable=False, comment="when the network says it was"),
    sa.Column("kept_at", Moment, comment="when it came, by our own clock; null where that is when it was"),
    sa.UniqueConstraint("lane", "gateway_id", "reference", "state"),
    comment="receipts that match no row yet: a receipt may overtake the answer that brings its id",
)

inbound = sa.Table(
    "inbound",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _text("lane", None),
    _text("gateway_id", None),
    _text("phone", None),
    _text("meaning", None),
    sa.Column("at", Moment, nullable=False),
    sa.Column("replied", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("lane", "gateway_id"),
    comment="messages from people, once each; of their words only what they meant is kept",
)

broadcasts = sa.Table(
    "broadcasts",
    metadata,
    sa.Column("row", sa.String(32), sa.ForeignKey("rows.id"), primary_key=True),
    sa.Column("letter", sa.Text, primary_key=True, comment="number of the operator's letter"),
    sa.Column("letter_date", sa.Date, nullable=False),
    sa.Column("subscribers", sa.BigInteger, nullable=False),
    sa.Column("sent", sa.BigInteger, nullable=False),
    sa.Column("delivered", sa.BigInteger, nullable=False),
    _text("by", None),
    sa.Column("at", Moment, nullable=False),
    _text("note"),
    comment="what an operator's letter says of a broadcast it made for us",
)

airings = sa.Table(
    "airings",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True, comment="loa.store.airings.Airing.id"),
    sa.Column("row", sa.String(32), sa.ForeignKey("rows.id"), nullable=False, index=True),
    sa.Column("day", sa.Date, nullable=False, index=True),
    sa.Column("at_time", sa.Text, nullable=False, server_default="", comment="HH:MM"),
    _text("cluster"),
    _text("language"),
    sa.Column("played", sa.Boolean, nullable=False),
    sa.Column("seconds", sa.Integer),
    _text("reason"),
    _text("signer"),
    sa.Column("sheet", sa.String(64), nullable=False, comment="SHA-256 of the file it was read from"),
    sa.Column("line", sa.Integer, nullable=False),
    _text("by", None),
    sa.Column("at", Moment, nullable=False),
    comment="what communes' air logs say was broadcast",
)

cursors = sa.Table(
    "cursors",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    _text("value", None),
    comment="how far a gateway's receipts have been read; moved in the transaction that stores them",
)

recordings = sa.Table(
    "recordings",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.String(64), nullable=False, comment="names the language and the words that were read"),
    _text("wave", None),
    _text("deliverable", None),
    _text("language", None),
    _text("commune"),
    _text("part"),
    sa.Column("sound", sa.JSON, nullable=False),
    sa.Column("original", sa.JSON, nullable=False),
    sa.Column("findings", sa.JSON, nullable=False),
    _text("by", None),
    sa.Column("at", Moment, nullable=False),
    sa.Index(None, "wave", "deliverable"),
    comment="takes that people recorded; the newest of the same words counts, the others stay",
)

bundles = sa.Table(
    "bundles",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False, index=True),
    sa.Column("wave", sa.Text, nullable=False, index=True),
    sa.Column("manifest", sa.JSON, nullable=False),
    _text("requested_by", None),
    sa.Column("requested_at", Moment, nullable=False),
    comment="what people approve; what lapsed and came back is put up again, under a new number",
)

decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("bundle", sa.Integer, sa.ForeignKey("bundles.id"), nullable=False, index=True),
    _text("decision", None),
    _text("by", None),
    sa.Column("at", Moment, nullable=False),
    _text("reason"),
    sa.Column("overrides", sa.JSON, nullable=False),
    comment="what they decided; the last one counts, the others stay",
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    _text("actor", None),
    _text("action", None),
    _text("subject", None),
    sa.Column("detail", sa.JSON, nullable=False),
    comment="who did what when; only ever added to",
)

audiences = sa.Table(
    "audiences",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("info", sa.JSON, nullable=False),
    comment="imported audiences; the people themselves lie in a file under var/audiences",
)

opt_outs = sa.Table(
    "opt_outs",
    metadata,
    sa.Column("phone", sa.Text, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    _text("source"),
    comment="numbers that want nothing more",
)

recipes = sa.Table(
    "recipes",
    metadata,
    sa.Column("recipe", sa.String(64), primary_key=True),
    sa.Column("artefacts", sa.JSON, nullable=False),
    sa.Column("made_at", Moment, nullable=False),
    comment="what was made from which inputs, so that the same inputs are not worked on twice",
)
