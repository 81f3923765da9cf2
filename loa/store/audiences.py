"""Imported audiences: the people in a Parquet file that only this machine reads, what is known of them in a row."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from loa.model.audience import AudienceInfo, Recipient
from loa.model.errors import StoreError
from loa.store.artefacts import write_whole
from loa.store.chunks import chunks
from loa.store.engine import Database, alone, insert
from loa.store.schema import audiences, opt_outs

if TYPE_CHECKING:
    import polars as pl

COLUMNS = ("phone", "operator", "commune", "language", "group")
IN_PIECE = 50_000  # people that are looked at together: enough for columns to pay, little enough for memory
IN_WRITE = 20_000  # opt-outs in one transaction: short enough for a wave to get its turn between two


class Packed(NamedTuple):
    """An audience as it will be written: what is known of it, and the bytes of its file."""

    info: AudienceInfo
    data: bytes


class Audiences:
    """The audiences of a workspace, and the list of those who want nothing more."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._db = database
        self._folder = folder

    def save(self, people: pl.DataFrame, info: AudienceInfo) -> AudienceInfo:
        """Keeps an audience under its name. `people` has the columns of `COLUMNS`, all text, a row a recipient.

        The hash is taken over the people, not over the file, so that the same people give the same digest. The file
        is whole before the row names it; the file of the import before stays until then.
        """
        return self.keep(self.pack(people, info))

    def pack(self, people: pl.DataFrame, info: AudienceInfo) -> Packed:
        """The long part of `save`: works out all that is to be written, and writes nothing."""
        if not _is_whole(people):
            raise ValueError("people are text in every column of COLUMNS")
        file = io.BytesIO()
        people.select(COLUMNS).write_parquet(
            file, compression="zstd", compression_level=1, row_group_size=IN_PIECE, statistics=False
        )
        return Packed(AudienceInfo(**{**asdict(info), "sha256": people_digest(people)}), file.getvalue())

    def keep(self, packed: Packed) -> AudienceInfo:
        """The rest of `save`."""
        kept = packed.info
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._folder.chmod(0o700)  # personal data: for the account that runs Loa only
        except OSError as error:
            raise StoreError(
                "folder-not-writable", {"folder": str(self._folder), "problem": error.strerror or ""}
            ) from error
        write_whole(self._path(kept), packed.data, mode=0o600)
        with self._db.write() as connection:
            alone(connection, f"audience/{kept.name}")
            before = connection.scalar(sa.select(audiences.c.info).where(audiences.c.name == kept.name))
            if before is None:
                connection.execute(audiences.insert().values(name=kept.name, info=asdict(kept)))
            else:
                connection.execute(audiences.update().where(audiences.c.name == kept.name).values(info=asdict(kept)))
        if before is not None and before["sha256"] != kept.sha256:
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
        """The people of an audience at once, as they were imported; `batches` holds fewer of them in memory.

        Raises `StoreError` where the file is gone or changed.
        """
        import polars as pl

        return pl.concat(self.batches(info, IN_PIECE), rechunk=True)

    def batches(self, info: AudienceInfo, size: int) -> Iterator[pl.DataFrame]:
        """The people of an audience in the file's order, as frames of `size` rows (the last one shorter).

        All of them are held against the digest before the first frame is given: what an approver agreed to is these
        people and no others. A change of the file after that is not seen, and does not matter: what was looked at is
        what is given. An audience of nobody gives one empty frame. Raises `StoreError` where the file is gone or
        changed.
        """
        path = self._path(info)
        try:
            # two million people are some twenty megabytes here, packed as they lie on the disk
            data = path.read_bytes()
        except OSError as error:
            raise StoreError("artefact-gone", {"name": path.name}) from error
        digest = hashlib.sha256()
        for piece in _pieces(data, path.name):
            if not _is_whole(piece):
                raise StoreError("artefact-changed", {"name": path.name})
            _add(digest, piece)
        if digest.hexdigest() != info.sha256:
            raise StoreError("artefact-changed", {"name": path.name})
        return _of_size(_pieces(data, path.name), size)

    def people(self, info: AudienceInfo) -> Iterator[Recipient]:
        """Each recipient of an audience, in the file's order. Raises `StoreError` as `batches` does."""
        for batch in self.batches(info, IN_PIECE):
            for row in batch.iter_rows():
                yield Recipient(*row)

    def opt_out(self, phones: Iterable[str], source: str, now: datetime) -> int:
        """Notes numbers (E.164) that want nothing more. Returns how many are new.

        A million go in one call: they are written a batch a transaction, and noting a number twice changes nothing,
        so what broke off is done again whole.
        """
        added = 0
        for batch in chunks(phones, IN_WRITE):
            with self._db.write() as connection:
                alone(connection, "opt-outs")
                noted = _noted(connection, batch, source, now)
                added += connection.execution_options(preserve_rowcount=True).execute(noted).rowcount
        return added

    def opted_out(self) -> pl.Series:
        """Every number (E.164, text) that wants nothing more, in no order."""
        import polars as pl

        found = [pl.Series("phone", [], dtype=pl.String)]
        with self._db.read() as connection:
            rows = connection.execution_options(yield_per=IN_PIECE).scalars(sa.select(opt_outs.c.phone))
            for batch in rows.partitions(IN_PIECE):
                found.append(pl.Series("phone", batch, dtype=pl.String))
        return pl.concat(found)

    def _path(self, info: AudienceInfo) -> Path:
        return self._folder / f"{info.name}-{info.sha256[:16]}.parquet"


def _noted(connection: sa.Connection, phones: list[str], source: str, now: datetime) -> sa.Insert:
    """Notes the numbers that are not noted yet. They go as one value: a value each would take twenty times as long."""
    given = sa.literal(json.dumps(phones))
    if connection.dialect.name == "sqlite":
        each = sa.func.json_each(given).table_valued("value")
    else:
        each = sa.func.json_array_elements_text(sa.cast(given, sa.JSON)).table_valued("value")
    at = sa.literal(now, opt_outs.c.at.type)
    # SQLite takes ON CONFLICT after a SELECT only where that has a WHERE
    rows = sa.select(each.c.value, at, sa.literal(source)).distinct().where(sa.true())
    return (
        insert(connection.dialect.name, opt_outs).from_select(["phone", "at", "source"], rows).on_conflict_do_nothing()
    )


def people_digest(people: pl.DataFrame) -> str:
    """A hash over the people themselves, in their order: the same for the same people however they lie in memory."""
    digest = hashlib.sha256()
    for piece in people.iter_slices(IN_PIECE):
        _add(digest, piece)
    return digest.hexdigest()


def _add(digest: hashlib._Hash, people: pl.DataFrame) -> None:
    """The people as bytes that no version of polars has a say in: UTF-8, 0x1F between cells, 0x1E after a row."""
    import polars as pl

    rows = people.select(pl.concat_str(COLUMNS, separator="\x1f") + "\x1e").to_series()
    digest.update(rows.str.join("").cast(pl.Binary).item())


def _is_whole(people: pl.DataFrame) -> bool:
    import polars as pl

    return all(
        column in people.columns and people[column].dtype == pl.String and not people[column].null_count()
        for column in COLUMNS
    )


def _pieces(data: bytes, name: str) -> Iterator[pl.DataFrame]:
    """The rows of a Parquet file, a piece at a time; of a file without any one empty piece."""
    import polars as pl

    try:
        table = pl.scan_parquet(io.BytesIO(data))
        rows = table.select(pl.len()).collect().item()
        for start in range(0, max(rows, 1), IN_PIECE):
            yield table.slice(start, IN_PIECE).collect()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise StoreError("artefact-gone", {"name": name}) from error


def _of_size(pieces: Iterable[pl.DataFrame], size: int) -> Iterator[pl.DataFrame]:
    """The same rows in frames of `size`, whatever sizes they come in."""
    rest: pl.DataFrame | None = None
    for piece in pieces:
        rest = piece if rest is None else rest.vstack(piece)
        while rest.height > size:
            yield rest.head(size)
            rest = rest.slice(size)
    if rest is not None:
        yield rest
