"""Imported audiences: the people in a Parquet file that only this machine reads, what is known of them in a row."""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from loa.model.audience import AudienceInfo, Recipient
from loa.model.errors import StoreError
from loa.store.artefacts import write_whole
from loa.store.chunks import chunks
from loa.store.engine import Database, alone
from loa.store.schema import audiences, opt_outs

if TYPE_CHECKING:
    import polars as pl

IN_LIST = 500  # numbers in one statement, below every database's limit on parameters
COLUMNS = ("phone", "operator", "commune", "language", "group")


class Audiences:
    """The audiences of a workspace, and the list of those who want nothing more."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._db = database
        self._folder = folder

    def save(self, people: pl.DataFrame, info: AudienceInfo) -> AudienceInfo:
        """Keeps an audience under its name. `people` has the columns of `COLUMNS`, a row a recipient.

        The hash is taken over the people, not over the file, so that the same people give the same digest. The file
        is whole before the row names it; the file of the import before stays until then.
        """
        digest = people_digest(people)
        kept = AudienceInfo(**{**asdict(info), "sha256": digest})
        path = self._path(kept)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._folder.chmod(0o700)  # personal data: for the account that runs Loa only
        except OSError as error:
            raise StoreError(
                "folder-not-writable", {"folder": str(self._folder), "problem": error.strerror or ""}
            ) from error
        file = io.BytesIO()
        people.select(COLUMNS).write_parquet(file)
        write_whole(path, file.getvalue())
        with self._db.write() as connection:
            alone(connection, f"audience/{info.name}")
            before = connection.scalar(sa.select(audiences.c.info).where(audiences.c.name == info.name))
            if before is None:
                connection.execute(audiences.insert().values(name=info.name, info=asdict(kept)))
            else:
                connection.execute(audiences.update().where(audiences.c.name == info.name).values(info=asdict(kept)))
        if before is not None and before["sha256"] != digest:
            with contextlib.suppress(OSError):
                self._path(AudienceInfo(**before)).unlink()
        return kept

    def find(self, name: str) -> AudienceInfo | None:
        with self._db.read() as connection:
            found = connection.scalar(sa.select(audiences.c.info).where(audiences.c.name == name))
        return None if found is None else AudienceInfo(**found)

    def names(self) -> tuple[str, ...]:
        with self._db.read() as connection:
            return tuple(connection.scalars(sa.select(audiences.c.name).order_by(audiences.c.name)))

    def frame(self, info: AudienceInfo) -> pl.DataFrame:
        """The people of an audience, as they were imported. Raises `StoreError` where the file is gone or changed."""
        import polars as pl

        path = self._path(info)
        try:
            people = pl.read_parquet(path)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise StoreError("artefact-gone", {"name": path.name}) from error
        if people_digest(people) != info.sha256:  # what an approver agreed to is these people and no others
            raise StoreError("artefact-changed", {"name": path.name})
        return people

    def people(self, info: AudienceInfo) -> Iterator[Recipient]:
        """Each recipient of an audience, in the file's order."""
        for row in self.frame(info).iter_rows():
            yield Recipient(*row)

    def opt_out(self, phones: Iterable[str], source: str, now: datetime) -> int:
        """Notes numbers (E.164) that want nothing more. Returns how many are new."""
        added = 0
        for batch in chunks(dict.fromkeys(phones), IN_LIST):
            with self._db.write() as connection:
                alone(connection, "opt-outs")
                known = set(connection.scalars(sa.select(opt_outs.c.phone).where(opt_outs.c.phone.in_(batch))))
                new = [{"phone": phone, "at": now, "source": source} for phone in batch if phone not in known]
                if new:
                    connection.execute(opt_outs.insert(), new)
                added += len(new)
        return added

    def _path(self, info: AudienceInfo) -> Path:
        return self._folder / f"{info.name}-{info.sha256[:16]}.parquet"


def people_digest(people: pl.DataFrame) -> str:
    """A hash over the people themselves, in their order."""
    digest = hashlib.sha256()
    for row in people.select(COLUMNS).iter_rows():
        digest.update("\x1f".join(row).encode())
        digest.update(b"\x1e")
    return digest.hexdigest()
