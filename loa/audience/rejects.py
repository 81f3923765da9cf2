"""The file of rejects: what is wrong and what to mend, before each row as it was. Mended, it is fed back to import.

Its own columns begin with `loa:`, so that reading knows them and leaves them out. It holds what the list held (but for
sensitive columns), so only the account that runs Loa may read it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from loa.audience.cells import guard
from loa.audience.reading import OURS, ROW_COLUMN, Sheet
from loa.audience.rows import Judged
from loa.model.audience import Reject
from loa.model.errors import StoreError
from loa.store.artefacts import write_whole

COLUMNS = (
    ROW_COLUMN,
    f"{OURS}cột",
    f"{OURS}giá trị",
    f"{OURS}mã",
    f"{OURS}cần sửa",
    f"{OURS}to mend",
)


def to_bytes(sheet: Sheet, rejects: Iterable[Judged]) -> bytes:
    """The table, one line a row of the list: UTF-8 with BOM for spreadsheets, with the list's own delimiter."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=sheet.delimiter, lineterminator="\r\n")
    writer.writerow([*COLUMNS, *map(guard, sheet.header)])
    for one in rejects:
        faults = one.faults
        ours = (
            str(one.row.number),
            ", ".join(column_name(sheet, fault.column) for fault in faults if fault.column),
            ", ".join(fault.value for fault in faults if fault.value),
            ", ".join(fault.code for fault in faults),
            " ".join(fault.words.vi for fault in faults),
            " ".join(fault.words.en for fault in faults),
        )
        writer.writerow([guard(cell) for cell in (*ours, *one.row.cells)])
    return out.getvalue().encode("utf-8-sig")


def column_name(sheet: Sheet, column: str) -> str:
    """A column of ours as the list calls it; one that the list lacks by our own name."""
    return sheet.header[sheet.columns[column]] if column in sheet.columns else column


def summary(rejects: Sequence[Judged], most: int) -> tuple[Reject, ...]:
    """The first rejects, for a screen or a log: every digit of a value but the last two is hidden."""
    return tuple(
        Reject(
            row=one.row.number,
            value=re.sub(r"[0-9](?=.*[0-9]{2})", "x", one.faults[0].value)[:60],
            code=one.faults[0].code,
            vi=one.faults[0].words.vi,
            en=one.faults[0].words.en,
        )
        for one in rejects[:most]
    )


def write(path: Path, data: bytes, *, own_folder: bool) -> None:
    """Writes the file whole or not at all, at no moment readable to others; closes its folder too where that is ours.

    Raises `StoreError`.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if own_folder:
            path.parent.chmod(0o700)
    except OSError as error:
        raise StoreError("file-not-written", {"file": path.name, "problem": error.strerror or str(error)}) from error
    write_whole(path, data, mode=0o600)
