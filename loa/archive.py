"""Zip files whose bytes depend on what is in them and on nothing else: no clock, no machine.

Office documents are zip files too: `settled` takes out what saving put in.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from datetime import datetime

_MOMENT = datetime(1980, 1, 1)  # noqa: DTZ001 - zip files know no zones; the earliest that one can say
EPOCH = datetime(2025, 1, 1)  # noqa: DTZ001 - office files know no zones; fixed, so that bytes do not depend on the day
"""The day that documents are said to be made on."""

_UNIX = 3
_PLAIN = 0o644 << 16
_DENSE = (".mp3", ".png", ".jpg")
"""What does not shrink."""


def zipped(files: Mapping[str, bytes], moment: datetime = _MOMENT) -> bytes:
    """The files as one zip, by name, all of one `moment`.

    Raises `ValueError` for a name that would leave the folder it is unpacked in.
    """
    return _written(sorted(files.items()), moment)


def settled(archive: bytes) -> bytes:
    """The same archive, its files in their order, with one moment for all of them."""
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        return _written(((item.filename, source.read(item)) for item in source.infolist()), _MOMENT)


def _written(files: Iterable[tuple[str, bytes]], moment: datetime) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files:
            parts = name.split("/")
            if not name or "\\" in name or ":" in name or any(part in {"", ".", ".."} for part in parts):
                raise ValueError(f"a name that stays in its folder is expected: {name!r}")
            entry = zipfile.ZipInfo(name, date_time=moment.timetuple()[:6])
            entry.create_system, entry.external_attr = _UNIX, _PLAIN
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(_DENSE) else zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return buffer.getvalue()
