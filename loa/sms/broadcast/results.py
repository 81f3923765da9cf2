"""Takes the results back from an operator's letter.

Every figure must be plausible, every mistake is named with its file, line and field, and nothing is stored unless all
of it can be. What is stored is what the letter says; nothing is worked out from it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime

from loa.channel import Desk, Job
from loa.filled import a_moment, short, whole_number
from loa.model.clock import VIETNAM
from loa.model.errors import ContentError, Mistake
from loa.model.ledger import Row
from loa.sms.broadcast.channel import ordered
from loa.sms.broadcast.form import COLUMNS, NUMBERS
from loa.sms.broadcast.reading import Entry
from loa.store.broadcasts import HANDED_OVER, Entered, Told
from loa.text.normal import fold

LONGEST = 100  # characters of a letter's number


def take(desk: Desk, job: Job, entries: Sequence[Entry], by: str, replaces: str = "") -> Entered:
    """Stores what letters say, all of it or nothing.

    `replaces` is the number a letter was entered under by mistake. Raises `ContentError` with every mistake found.
    """
    rows = {row.recipient: row for row in desk.store.broadcasts.rows(job.wave.key, job.deliverable.id)}
    now = desk.clock.now()
    told: dict[tuple[str, str], Told] = {}
    mistakes: list[Mistake] = []
    for entry in entries:
        row = _row_of(entry, job, rows)
        if isinstance(row, Mistake):
            mistakes.append(row)
            continue
        said = _told(entry, row, job, now)
        if not isinstance(said, Told):
            mistakes += said
        elif told.setdefault((said.row, said.letter), said) is not said:
            mistakes.append(entry.mistake("results-repeated", "area", recipient=row.recipient))
    if replaces and not mistakes:
        mistakes = list(_not_there(desk, job, told.values(), entries[0], replaces))
    if mistakes:
        # a flag stands for every row, and is wrong once
        raise ContentError([one for place, one in enumerate(mistakes) if one not in mistakes[:place]])
    return desk.store.broadcasts.enter(list(told.values()), by, now, replaces)


def _not_there(desk: Desk, job: Job, told: Collection[Told], entry: Entry, replaces: str) -> Iterator[Mistake]:
    """Nothing to replace is a slip of the pen: the letter would then be counted beside the one that was meant."""
    of = {one.row for one in told}
    known = {one.letter for one in desk.store.broadcasts.told(job.wave.key, job.deliverable.id) if one.row in of}
    if replaces not in known:
        shown = ", ".join(sorted(known)) or "-"
        yield entry.mistake("results-nothing-replaced", "letter", letter=replaces, known=shown)


# --- one row


def _row_of(entry: Entry, job: Job, rows: Mapping[str, Row]) -> Row | Mistake:
    """The row that an entry speaks of: by operator and area, or by operator alone where it has but one."""
    operators = {fold(name): name for name in ordered(job).operators}
    operator = operators.get(fold(entry.get("operator")))
    if operator is None:
        known = ", ".join(operators.values())
        return entry.mistake("results-operator", "operator", value=entry.get("operator"), known=known)
    own = {name.partition("/")[2]: row for name, row in rows.items() if row.operator == operator}
    area = entry.get("area")
    # a spreadsheet may have taken the zeros
    found = own.get(area) or own.get(area.zfill(5)) or own.get(area.zfill(2)) if area else None
    if not area and len(own) == 1:
        found = next(iter(own.values()))
    if found is None:
        return entry.mistake("results-area", "area", value=area, known=_some(sorted(own)))
    if found.state not in HANDED_OVER:
        return entry.mistake("results-not-handed-over", "area", recipient=found.recipient)
    return found


def _told(entry: Entry, row: Row, job: Job, now: datetime) -> Told | list[Mistake]:
    mistakes: list[Mistake] = []
    numbers: dict[str, int] = {}
    for field in NUMBERS:
        number = whole_number(entry.get(field))
        if number is None:
            mistakes.append(entry.mistake("results-number", field, value=short(entry.get(field))))
        else:
            numbers[field] = number
    mistakes += _implausible(entry, numbers)
    written = _written(entry, job, now)
    mistakes += written if isinstance(written, list) else []
    when = _when(entry, job, now)
    mistakes += when if isinstance(when, list) else []
    if mistakes or isinstance(written, list) or isinstance(when, list):
        return mistakes
    note = "; ".join(part for part in (when, entry.get("note")[:500]) if part)
    return Told(row.id, entry.get("letter"), written, **numbers, note=note)


def _implausible(entry: Entry, numbers: Mapping[str, int]) -> Iterator[Mistake]:
    """Delivered ≤ sent ≤ subscribers: more were delivered than sent, or sent than there are people, in no letter."""
    for less, more in (("delivered", "sent"), ("sent", "subscribers")):
        if {less, more} <= numbers.keys() and numbers[less] > numbers[more]:
            yield entry.mistake(
                "results-more-than", less,
                value=numbers[less], limit=numbers[more], other=COLUMNS[more][0].lower(),
            )  # fmt: skip


def _written(entry: Entry, job: Job, now: datetime) -> date | list[Mistake]:
    """The letter's number and date: it was written after the request was handed over, and not after today."""
    mistakes: list[Mistake] = []
    letter = entry.get("letter")
    if not letter:
        mistakes.append(entry.mistake("results-letter-missing", "letter"))
    if len(letter) > LONGEST:
        mistakes.append(entry.mistake("text-too-long", "letter", value=short(letter), limit=LONGEST))
    said = entry.get("letter_date")
    moment = a_moment(said)
    if moment is None:
        return [*mistakes, entry.mistake("results-date", "letter_date", value=short(said))]
    earliest, today = job.wave.send_at.astimezone(VIETNAM).date(), now.astimezone(VIETNAM).date()
    if not earliest <= moment.date() <= today:
        fields = {"value": f"{moment:%d/%m/%Y}", "earliest": f"{earliest:%d/%m/%Y}", "latest": f"{today:%d/%m/%Y}"}
        mistakes.append(entry.mistake("results-date-out", "letter_date", **fields))
    return mistakes or moment.date()


def _when(entry: Entry, job: Job, now: datetime) -> str | list[Mistake]:
    """When the operator really sent, as the note keeps it; empty where the letter does not say."""
    found: dict[str, datetime] = {}
    mistakes: list[Mistake] = []
    for field in ("start", "end"):
        if said := entry.get(field):
            moment = a_moment(said)
            if moment is None:
                mistakes.append(entry.mistake("results-date", field, value=short(said)))
            elif moment > now or moment.date() < job.wave.send_at.astimezone(VIETNAM).date():
                fields = {"earliest": f"{job.wave.send_at:%d/%m/%Y}", "latest": f"{now:%d/%m/%Y}"}
                mistakes.append(entry.mistake("results-date-out", field, value=short(said), **fields))
            else:
                found[field] = moment
    if len(found) == 2 and found["start"] > found["end"]:
        mistakes.append(entry.mistake("results-window", "end"))
    words = [f"{found[field]:%H:%M %d/%m/%Y}" if field in found else "…" for field in ("start", "end")]
    return mistakes or (" - ".join(words) if found else "")


def _some(names: Sequence[str]) -> str:
    """Names for a sentence: all of a few, the first of many."""
    return ", ".join(names) if len(names) <= 12 else f"{', '.join(names[:12])}, … ({len(names)})"
