"""Bundles, what people decided on them, and the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from loa.model.review import Bundle, Decision
from loa.store.engine import Database, alone
from loa.store.schema import audit, bundles, decisions


class Reviews:
    """The gate's memory. Nothing in it is ever changed or taken away: a newer decision stands after the older."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def open(self, digest: str, wave: str, manifest: Mapping[str, Any], by: str, now: datetime) -> Bundle:
        """Puts a bundle up for review. The same digest again is the same bundle, with its decision.

        A bundle that lapsed because the wave changed, and that the wave has now come back to, is put up anew: what
        was decided then was decided before the change.
        """
        with self._db.write() as connection:
            alone(connection, f"review/{wave}")
            newest = sa.select(bundles.c.digest).where(bundles.c.wave == wave).order_by(bundles.c.id.desc()).limit(1)
            if connection.scalar(newest) != digest:
                connection.execute(
                    bundles.insert().values(
                        digest=digest, wave=wave, manifest=dict(manifest), requested_by=by, requested_at=now
                    )
                )
                _note(connection, by, "review-open", digest, {"wave": wave}, now)
            return _load(connection, bundles.c.digest == digest)[0]

    def find(self, start: str) -> tuple[Bundle, ...]:
        """The bundles whose digest starts so, each digest once, as it stands now."""
        with self._db.read() as connection:
            found = _load(connection, bundles.c.digest.startswith(start, autoescape=True))
        newest: dict[str, Bundle] = {}
        for bundle in found:
            newest.setdefault(bundle.digest, bundle)
        return tuple(newest.values())

    def of_wave(self, wave: str) -> tuple[Bundle, ...]:
        """A wave's bundles, the newest first."""
        with self._db.read() as connection:
            return _load(connection, bundles.c.wave == wave)

    def all(self) -> tuple[Bundle, ...]:
        with self._db.read() as connection:
            return _load(connection, sa.true())

    def number(self, digest: str) -> int:
        """The bundle's short number, which the ledger's rows carry."""
        with self._db.read() as connection:
            return _number(connection, digest)

    def numbered(self, number: int) -> Bundle | None:
        """The bundle of a short number."""
        with self._db.read() as connection:
            found = _load(connection, bundles.c.id == number)
        return found[0] if found else None

    def decide(
        self,
        digest: str,
        decision: Decision,
        by: str,
        now: datetime,
        reason: str = "",
        overrides: Mapping[str, str] | None = None,
    ) -> Bundle:
        """Writes a decision down. Who may decide is the pipeline's question, not the store's."""
        with self._db.write() as connection:
            number = _number(connection, digest)
            connection.execute(
                decisions.insert().values(
                    bundle=number,
                    decision=decision.value,
                    by=by,
                    at=now,
                    reason=reason,
                    overrides=dict(overrides or {}),
                )
            )
            detail = {"reason": reason, "overrides": dict(overrides or {})}
            _note(connection, by, f"review-{decision.value}", digest, detail, now)
            return _load(connection, bundles.c.digest == digest)[0]


class Audit:
    """Who did what when. Only ever added to."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def note(self, actor: str, action: str, subject: str, detail: Mapping[str, Any], now: datetime) -> None:
        with self._db.write() as connection:
            _note(connection, actor, action, subject, detail, now)

    def all(self) -> tuple[tuple[datetime, str, str, str, Mapping[str, Any]], ...]:
        """(moment, actor, action, subject, detail), the oldest first."""
        with self._db.read() as connection:
            found = connection.execute(sa.select(audit).order_by(audit.c.id)).all()
        return tuple((row.at, row.actor, row.action, row.subject, row.detail) for row in found)


def _number(connection: sa.Connection, digest: str) -> int:
    """The number of the newest bundle with a digest. Raises `LookupError` for one that was never put up: our bug."""
    found = connection.scalar(sa.select(sa.func.max(bundles.c.id)).where(bundles.c.digest == digest))
    if found is None:
        raise LookupError(f"no bundle has the digest {digest}")
    return int(found)


def _note(
    connection: sa.Connection, actor: str, action: str, subject: str, detail: Mapping[str, Any], now: datetime
) -> None:
    connection.execute(audit.insert().values(at=now, actor=actor, action=action, subject=subject, detail=dict(detail)))


def _load(connection: sa.Connection, where: sa.ColumnElement[bool]) -> tuple[Bundle, ...]:
    """Bundles, the newest first, each with its last decision; only the newest of a wave has not lapsed."""
    found = connection.execute(sa.select(bundles).where(where).order_by(bundles.c.id.desc())).all()
    last = {
        row.bundle: row
        for row in connection.execute(
            sa.select(decisions).where(decisions.c.bundle.in_([row.id for row in found])).order_by(decisions.c.id)
        )
    }
    newest = dict(
        connection.execute(sa.select(bundles.c.wave, sa.func.max(bundles.c.id)).group_by(bundles.c.wave)).tuples().all()
    )
    return tuple(_bundle(row, last.get(row.id), newest[row.wave]) for row in found)


def _bundle(row: sa.Row[Any], decided: sa.Row[Any] | None, newest: int) -> Bundle:
    decision = Decision(decided.decision) if decided is not None else Decision.OPEN
    if row.id != newest:
        decision = Decision.LAPSED
    return Bundle(
        digest=row.digest,
        wave=row.wave,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        manifest=row.manifest,
        decision=decision,
        decided_by=decided.by if decided is not None else "",
        decided_at=decided.at if decided is not None else None,
        reason=decided.reason if decided is not None else "",
        overrides=decided.overrides if decided is not None else {},
    )
