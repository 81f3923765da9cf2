"""Recordings that people made: which words, of which bulletin, read by whom, and what was found on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from loa.model.artefact import Artefact
from loa.store.engine import Database
from loa.store.schema import audit, recordings


@dataclass(frozen=True, slots=True)
class Recording:
    """One take. `key` names language and words; `part` is empty for the whole script, `commune` where it is for all.

    `sound` is what is broadcast (lossless), `original` what was brought; `findings` are those on it: code and fields.
    """

    key: str
    wave: str
    deliverable: str
    language: str
    commune: str
    part: str
    sound: Artefact
    original: Artefact
    findings: Sequence[Mapping[str, Any]]
    by: str
    at: datetime


class Recordings:
    """Takes by bulletin. Nothing is taken away: a newer take of the same words stands before the older."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, one: Recording) -> None:
        """Puts a take away, with a line in the audit trail."""
        values = {
            "key": one.key, "wave": one.wave, "deliverable": one.deliverable, "language": one.language,
            "commune": one.commune, "part": one.part, "sound": one.sound.as_json(),
            "original": one.original.as_json(), "findings": [dict(found) for found in one.findings],
            "by": one.by, "at": one.at,
        }  # fmt: skip
        detail = {name: values[name] for name in ("language", "commune", "part")} | {"sha256": one.original.sha256}
        subject = f"{one.wave}/{one.deliverable}"
        with self._db.write() as connection:
            connection.execute(recordings.insert().values(values))
            connection.execute(
                audit.insert().values(at=one.at, actor=one.by, action="recording-added", subject=subject, detail=detail)
            )

    def of(self, wave: str, deliverable: str) -> tuple[Recording, ...]:
        """The newest take of every stretch of words of a bulletin, in the order they were first brought."""
        where = sa.and_(recordings.c.wave == wave, recordings.c.deliverable == deliverable)
        with self._db.read() as connection:
            found = connection.execute(sa.select(recordings).where(where).order_by(recordings.c.id)).all()
        newest = {row.key: _recording(row) for row in found}
        return tuple(newest.values())


def _recording(row: sa.Row[Any]) -> Recording:
    return Recording(
        row.key, row.wave, row.deliverable, row.language, row.commune, row.part,
        Artefact.from_json(row.sound), Artefact.from_json(row.original), row.findings, row.by, row.at,
    )  # fmt: skip
