"""The files of an import: sheets, folders of sheets, zips of sheets or of packages with a filled sheet in them."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from loa.filled import MOST_BYTES, MOST_UNPACKED, read_file
from loa.model.errors import ContentError, Mistake

SUFFIXES = (".xlsx", ".xlsm", ".xls", ".ods", ".csv")
MOST_ZIPPED = 100_000_000  # bytes of a zip as it lies there: packages come back with their sound
MOST_FILES = 5_000
_DEPTH = 2  # a zip of communes' zips


@dataclass(frozen=True, slots=True)
class Source:
    """One sheet file. `name` is how mistakes name it."""

    name: str
    raw: bytes


def gather(paths: Sequence[Path]) -> Iterator[Source | Mistake]:
    """Every sheet under the paths, in order, each folder's and zip's by name; a mistake for what cannot be read."""
    for path in paths:
        try:
            if path.is_dir():
                yield from _folder(path)
            else:
                yield from _file(path, str(path))
        except ContentError as error:
            yield from error.mistakes


def _folder(folder: Path) -> Iterator[Source | Mistake]:
    files = sorted(
        path for path in folder.rglob("*") if path.is_file() and _is_asked(PurePosixPath(path.name), zips=True)
    )
    if not files or len(files) > MOST_FILES:
        yield _none(str(folder), len(files))
        return
    for path in files:
        try:
            yield from _file(path, str(path))
        except ContentError as error:
            yield from error.mistakes


def _file(path: Path, name: str) -> Iterator[Source | Mistake]:
    if path.suffix.lower() == ".zip":
        try:
            if (size := path.stat().st_size) > MOST_ZIPPED:
                raise ContentError.at("file-too-big", name, size=size, most=MOST_ZIPPED)
            raw = path.read_bytes()
        except OSError as error:
            raise ContentError.at("file-missing", name) from error
        yield from _zip(raw, name, _DEPTH)
    else:
        yield Source(name, read_file(path, name))


def _zip(raw: bytes, name: str, depth: int) -> Iterator[Source | Mistake]:
    found = 0
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            parts = [part for part in packed.infolist() if not part.is_dir()]
            parts = sorted(
                (part for part in parts if _is_asked(PurePosixPath(part.filename), zips=depth > 1)),
                key=lambda part: part.filename,
            )
            if len(parts) > MOST_FILES:
                raise ContentError.at("airlog-no-sheet", name, count=len(parts))
            size = sum(part.file_size for part in parts)
            if size > MOST_UNPACKED:
                raise ContentError.at("file-too-big", name, size=size, most=MOST_UNPACKED)
            for part in parts:
                found += 1
                inner = f"{name}/{part.filename}"
                data = packed.read(part)
                if part.filename.lower().endswith(".zip"):
                    yield from _zip(data, inner, depth - 1)
                elif len(data) > MOST_BYTES:
                    yield ContentError.at("file-too-big", inner, size=len(data), most=MOST_BYTES).mistakes[0]
                else:
                    yield Source(inner, data)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        raise ContentError.at("airlog-zip", name) from error
    if not found:
        yield _none(name, 0)


def _is_asked(path: PurePosixPath, *, zips: bool) -> bool:
    """Sheets, and zips of them; not what office programs and operating systems leave beside them."""
    if path.name.startswith((".", "~$")) or "__MACOSX" in path.parts:
        return False
    return path.suffix.lower() in SUFFIXES or (zips and path.suffix.lower() == ".zip")


def _none(name: str, count: int) -> Mistake:
    return ContentError.at("airlog-no-sheet", name, count=count).mistakes[0]
