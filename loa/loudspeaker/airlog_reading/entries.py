"""From lines to entries: when a broadcast was, whether it was, and whether it can have been.

Pure but for the ledger's rows passed in. Every mistake is named with its file, sheet, line and column, all of a file
at once; what is odd but may be is a warning, and counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from loa.filled import short
from loa.loudspeaker.airlog import MOST_SECONDS, NOT_PLAYED, PLAYED
from loa.loudspeaker.airlog_reading.cells import When, read_hour, read_seconds, read_when
from loa.loudspeaker.airlog_reading.lines import Line, Lines
from loa.loudspeaker.airlog_reading.whose import Bulletin, Whose
from loa.loudspeaker.airlog_reading.words import is_footer, mark_meant, result_meant
from loa.loudspeaker.languages import language_meant, language_name
from loa.model.clock import VIETNAM
from loa.model.errors import ContentError, Mistake
from loa.store.airings import Airing
from loa.text.normal import fold

_LONGEST = {"cluster": 100, "signer": 100, "reason": 500}  # characters
_ANY_DAY = date(2027, 1, 1)
Found = TypeVar("Found")


@dataclass
class Read:
    """What one sheet came to. `waiting` lines were not filled in yet."""

    entries: list[tuple[Airing, Line]] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    warnings: list[Mistake] = field(default_factory=list)
    waiting: int = 0


def read_lines(sheet: Lines, bulletins: Sequence[Bulletin], now: datetime, sha256: str, package: str = "") -> Read:
    """One sheet against the packages that there are. `package` is the one meant where the sheet names none."""
    reading = _Reading(Whose(sheet, bulletins, package), now.astimezone(VIETNAM), sha256)
    for line in sheet.lines:
        reading.line(line)
    return reading.read


class _Reading:
    """The lines of one sheet, one after the other."""

    def __init__(self, whose: Whose, now: datetime, sha256: str) -> None:
        self.read = Read()
        self._whose, self._now, self._sha256 = whose, now, sha256

    def line(self, line: Line) -> None:
        """One line: a heading, a sum or signature, one that waits to be filled in, a remark, or a broadcast."""
        if line.alone and not line.get("code").isdigit() and (self._whose.heading(line.alone) or not line.says):
            return
        if is_footer(line.first) and not ("date" in line.cells and "result" in line.cells):
            pass
        elif not line.says and not line.get("reason"):
            named = self._whose.named(line)
            self.read.waiting += bool(named or line.get("cluster") or line.get("slot"))
        elif _is_remark(line):
            value = short(line.get("result") or line.first)
            self.read.warnings.append(line.mistake("airlog-line-skipped", value=value))
        else:
            self._broadcast(line)

    def _broadcast(self, line: Line) -> None:
        """Everything that a line says is looked at, so that all its mistakes are told at once."""
        before = len(self.read.mistakes)
        bulletin = self._tried(lambda: self._whose.bulletin(line))
        if bulletin is None:
            return
        row = self._tried(lambda: self._whose.row(line, bulletin))
        when = self._tried(lambda: _when(line, bulletin.valid_from.date()))
        played = self._tried(lambda: _played(line))
        if played is None and len(self.read.mistakes) == before:
            if when is None or self._is_planned(line, when):
                self.read.waiting += 1
            else:
                self.read.mistakes.append(line.mistake("airlog-result-missing", "result", yes=PLAYED, no=NOT_PLAYED))
            return
        seconds = self._tried(lambda: _seconds(line)) if played else None
        given = bulletin.languages_of(row.recipient) if row else bulletin.languages
        language = self._tried(lambda: _language(line, given))
        self._tried(lambda: _refuse_long(line))
        day = self._tried(lambda: self._day(line, when, bulletin, played)) if when and played is not None else None
        if row is None or when is None or played is None or language is None or day is None:
            return
        if len(self.read.mistakes) > before:
            return
        if not played and not line.get("reason"):
            self.read.warnings.append(line.mistake("airlog-reason-missing", "reason"))
        at = when.time or _slot(line)
        made = Airing(
            row=row.id,
            day=day,
            at_time=f"{at:%H:%M}" if at else "",
            cluster=line.get("cluster"),
            language=language,
            played=played,
            seconds=seconds,
            reason=line.get("reason"),
            signer=line.get("signer"),
            sheet=self._sha256,
            line=line.number,
        )
        self.read.entries.append((made, line))

    def _tried(self, look: Callable[[], Found]) -> Found | None:
        try:
            return look()
        except ContentError as error:
            self.read.mistakes += error.mistakes
            return None

    def _is_planned(self, line: Line, when: When) -> bool:
        """Whether a line without a result only says when it is to be: a day or an hour alone, or both to come."""
        if line.get("reason"):
            return False
        if when.day is None or when.time is None:
            return True
        return datetime.combine(when.day, when.time, tzinfo=VIETNAM) > self._now

    def _day(self, line: Line, when: When, bulletin: Bulletin, played: bool) -> date:
        """A day on which it can have been; where it failed on no day, the first one."""
        first, last, today = bulletin.valid_from.replace(second=0, microsecond=0), bulletin.valid_to, self._now
        if when.day is None:
            if played:
                raise ContentError(line.mistake("airlog-day-missing", "date"))
            self.read.warnings.append(line.mistake("airlog-day-assumed", "date", day=f"{first:%d/%m/%Y}"))
            return first.date()
        day, value = when.day, f"{when.day:%d/%m/%Y}" + (f" {when.time:%H:%M}" if when.time else "")
        # an hour that is not known is one that can have been
        early, late = (datetime.combine(day, when.time or one, tzinfo=VIETNAM) for one in (time.min, time(23, 59)))
        if (early > today or late < first) and (close := _swapped(day, first.date(), min(last, today.date()))):
            raise ContentError(line.mistake("airlog-day-swapped", "date", value=value, close=close))
        if early > today:
            moment = f"{today:%H:%M %d/%m/%Y}"
            raise ContentError(line.mistake("airlog-day-future", "date", value=value, now=moment))
        if late < first:
            raise ContentError(line.mistake("airlog-day-before", "date", value=value, first=f"{first:%H:%M %d/%m/%Y}"))
        if day > last:
            self.read.warnings.append(line.mistake("airlog-day-late", "date", value=value, last=f"{last:%d/%m/%Y}"))
        return day


def _is_remark(line: Line) -> bool:
    """Words below a table that stand in a column by chance: a signature under `Kết quả`."""
    others = {"date", "moment", "time", "code", "commune", "slot", "cluster", "played", "failed"}
    said = line.get("result")
    return not others & line.cells.keys() and (not said or result_meant(said) is None)


def _played(line: Line) -> bool | None:
    """What the result's column says, or the two that are called so; none where nothing stands there."""
    said: set[bool] = set()
    if text := line.get("result"):
        meant = result_meant(text)
        if meant is None:
            raise ContentError(line.mistake("airlog-result", "result", value=short(text), yes=PLAYED, no=NOT_PLAYED))
        said.add(meant)
    for column, played in (("played", True), ("failed", False)):
        if text := line.get(column):
            marked = mark_meant(text, played)
            if marked is None:
                raise ContentError(line.mistake("airlog-result", column, value=short(text), yes=PLAYED, no=NOT_PLAYED))
            said |= {played} if marked else set()
    if len(said) > 1:
        raise ContentError(line.mistake("airlog-result-two", "result", yes=PLAYED, no=NOT_PLAYED))
    return said.pop() if said else None


def _when(line: Line, near: date) -> When:
    """The day and the hour, whichever of the columns has them."""
    days: set[date] = set()
    times: list[time] = []
    for column in ("time", "moment", "date"):
        if not (text := line.get(column)):
            continue
        said = read_hour(text, near) if column == "time" else read_when(text, near)
        if said is None:
            code = "airlog-time" if column == "time" else "airlog-day"
            raise ContentError(line.mistake(code, column, value=short(text)))
        days |= {said.day} if said.day else set()
        times += [said.time] if said.time else []
    if len(days) > 1:
        both = " / ".join(f"{day:%d/%m/%Y}" for day in sorted(days))
        raise ContentError(line.mistake("airlog-day", "date", value=both))
    return When(days.pop() if days else None, times[0] if times else None)


def _slot(line: Line) -> time | None:
    """The hour that was planned, where somebody can read it."""
    said = read_hour(line.get("slot"), _ANY_DAY) if line.get("slot") else None
    return said.time if said else None


def _seconds(line: Line) -> int | None:
    text = line.get("seconds")
    if text in {"", "-", "–"}:
        return None
    found = read_seconds(text, minutes="phut" in fold(line.names.get("seconds", "")))
    if found is None:
        raise ContentError(line.mistake("airlog-seconds", "seconds", value=short(text)))
    if not 0 < found <= MOST_SECONDS:
        raise ContentError(line.mistake("airlog-seconds-out", "seconds", value=short(text), limit=MOST_SECONDS))
    return found


def _language(line: Line, given: tuple[str, ...]) -> str:
    """The language's tag, of those a commune was given; empty where a package of several does not say it."""
    text = line.get("language")
    if not text:
        return given[0] if len(given) == 1 else ""
    found = language_meant(text, given)
    if found is None:
        known = ", ".join(language_name(one) for one in given)
        raise ContentError(line.mistake("airlog-language", "language", value=short(text), known=known))
    return found


def _refuse_long(line: Line) -> None:
    long = [name for name, limit in _LONGEST.items() if len(line.get(name)) > limit]
    if long:
        raise ContentError(
            [line.mistake("text-too-long", name, value=short(line.get(name)), limit=_LONGEST[name]) for name in long]
        )


def _swapped(day: date, first: date, last: date) -> str:
    """The day with its month and day the other way round, where that is one on which it may have been; else empty."""
    if day.day > 12:
        return ""
    other = date(day.year, day.day, day.month)
    return f"{other:%d/%m/%Y}" if other != day and first <= other <= last + timedelta(days=7) else ""


def repeated(entries: Sequence[tuple[Airing, Line]]) -> Iterator[tuple[int, Mistake, bool]]:
    """The same broadcast on two lines: (the later one's place, a mistake, true) where they do not agree; (…, a warning,
    false) where no hour tells them apart, so that one is counted."""
    seen: dict[str, tuple[Airing, Line]] = {}
    for number, (one, line) in enumerate(entries):
        other, before = seen.setdefault(one.id, (one, line))
        place = f"{before.file}, {before.number}"
        if other is one:
            continue
        if not one.same(other):
            yield number, line.mistake("airlog-repeated", "time", other=place), True
        elif before.file == line.file and not one.at_time:
            yield number, line.mistake("airlog-once", "time", other=place), False
