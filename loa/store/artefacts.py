"""What was made, in files named by the hash of their bytes, and the recipes that led to it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from loa.model.artefact import Artefact
from loa.model.clock import Clock
from loa.model.errors import StoreError
from loa.store.engine import Database, alone
from loa.store.schema import recipes


def write_whole(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Writes a file so that once this returns it is there whole, also after a power cut, and until then not there.

    Raises `StoreError` (disk full, no permission); nothing half-written stays behind.
    """
    write_stream(path, (data,), mode)


def write_stream(path: Path, pieces: Iterable[bytes], mode: int = 0o644) -> None:
    """`write_whole` for what is too long to hold at once."""
    temporary = None
    try:
        new = [folder for folder in path.parents if not folder.is_dir()]
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".part")
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
        temporary = None
        # a file's name is kept in its folder, and a new folder's name in the one above
        for folder in (path.parent, *(folder.parent for folder in new)):
            _sync(folder)
    except OSError as error:
        raise StoreError("file-not-written", {"file": path.name, "problem": error.strerror or str(error)}) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Artefacts:
    """The artefact store of a workspace."""

    def __init__(self, database: Database, folder: Path, clock: Clock) -> None:
        self._db = database
        self._folder = folder
        self._clock = clock

    def put(
        self,
        data: bytes,
        *,
        name: str,
        media_type: str,
        role: str,
        language: str,
        provenance: Mapping[str, str] | None = None,
        place: str = "",
    ) -> Artefact:
        """Stores bytes under their hash; bytes that are there already, and whole, are not written again."""
        made = Artefact(
            sha256=hashlib.sha256(data).hexdigest(),
            name=name,
            media_type=media_type,
            size=len(data),
            role=role,
            language=language,
            provenance=dict(provenance or {}),
            place=place,
        )
        if not self._whole(made):
            write_whole(self.path(made), data)
        return made

    def path(self, artefact: Artefact) -> Path:
        return self._folder / artefact.sha256[:2] / artefact.sha256

    def read(self, artefact: Artefact) -> bytes:
        """The bytes, held against their hash. Raises `StoreError` where they are gone or changed."""
        try:
            data = self.path(artefact).read_bytes()
        except OSError as error:
            raise StoreError("artefact-gone", {"name": artefact.name}) from error
        if hashlib.sha256(data).hexdigest() != artefact.sha256:
            raise StoreError("artefact-changed", {"name": artefact.name})
        return data

    def recall(self, recipe: str) -> tuple[Artefact, ...] | None:
        """What was made from these inputs before, or nothing where it never was or its bytes are gone or changed."""
        with self._db.read() as connection:
            found = connection.scalar(sa.select(recipes.c.artefacts).where(recipes.c.recipe == recipe))
        if found is None:
            return None
        made = tuple(Artefact.from_json(row) for row in found)
        return made if all(self._whole(item) for item in made) else None

    def remember(self, recipe: str, made: Sequence[Artefact]) -> None:
        """Notes what came of these inputs. `recipe` is a digest over every input, engine versions among them."""
        values = {"artefacts": [item.as_json() for item in made], "made_at": self._now()}
        with self._db.write() as connection:
            alone(connection, f"recipe/{recipe}")
            if not connection.execute(recipes.update().where(recipes.c.recipe == recipe).values(values)).rowcount:
                connection.execute(recipes.insert().values(recipe=recipe, **values))

    def _whole(self, artefact: Artefact) -> bool:
        """Whether the bytes are there as they were made. Reading them is cheap beside making them again."""
        try:
            self.read(artefact)
        except StoreError:
            return False
        return True

    def _now(self) -> datetime:
        return self._clock.now()
