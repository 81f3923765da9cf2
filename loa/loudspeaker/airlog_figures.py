"""What air logs come to: a bulletin's communes one by one, and a plan's quota in a period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loa.channel import Desk
from loa.loudspeaker.airlog_reading.taking import approved, bulletins, validity
from loa.loudspeaker.airlog_reading.whose import Bulletin
from loa.loudspeaker.quota import Period, Quota, count, periods
from loa.model.errors import ContentError
from loa.model.ledger import Row
from loa.model.plan import Cadence, Plan, Task
from loa.store.airings import CHANNEL, HANDED_OVER, Airing, Package


@dataclass(frozen=True)
class Reported:
    """One commune of a bulletin: its row, its name, what its logs say. `waiting`: nothing came back yet."""

    row: Row
    name: str
    entries: tuple[Airing, ...]

    @property
    def played(self) -> int:
        """Broadcasts: what several clusters play at one hour is one."""
        return len({(one.day, one.at_time) for one in self.entries if one.played})

    @property
    def failed(self) -> int:
        return sum(not one.played for one in self.entries)

    @property
    def waiting(self) -> bool:
        return not self.entries and self.row.state in HANDED_OVER


def of_wave(
    desk: Desk, campaign: str, wave: str, year: int | None = None
) -> tuple[tuple[Bulletin, tuple[Reported, ...]], ...]:
    """Every bulletin of a wave with its communes; of the newest year that has any, unless one is given.

    Of the ledger, not of the campaign's file: logs come back when the next edition is already the coming one. Raises
    `ContentError` where no bulletin was handed over.
    """
    known = bulletins(desk)
    ours = [one for one in known if one.wave.split("/")[::2] == [campaign, wave]]
    newest = max((one.wave for one in ours if year is None or one.wave.split("/")[1] == str(year)), default="")
    if not newest:
        names = ", ".join(one.id for one in known) or "-"
        asked = f"{campaign}/{year}/{wave}" if year else f"{campaign}/{wave}"
        raise ContentError.at("airlog-bulletin", f"campaigns/{campaign}.yaml", wave=asked, known=names)
    return tuple((one, _reported(desk, one)) for one in ours if one.wave == newest)


def _reported(desk: Desk, bulletin: Bulletin) -> tuple[Reported, ...]:
    entries: dict[str, list[Airing]] = {}
    for one in desk.store.airings.told(bulletin.wave, bulletin.deliverable):
        entries.setdefault(one.row, []).append(one)
    return tuple(
        Reported(row, bulletin.communes.name(code), tuple(entries.get(row.id, ())))
        for code, row in bulletin.rows.items()
    )


@dataclass(frozen=True)
class TaskQuota:
    """One task of a plan in one period of its cadence. `packages` are the bulletins that serve it, by id."""

    task: Task
    quota: Quota
    packages: tuple[str, ...]


def of_plan(desk: Desk, plan: Plan, asked: Period, times: int = 1) -> tuple[TaskQuota, ...]:
    """A plan's loudspeaker tasks over the time asked about, each in the periods of its own cadence.

    Only bulletins that were approved for this plan and for the task's clause count. Raises `ContentError` for a plan
    that has no such task.
    """
    tasks = [task for task in plan.tasks if task.channel == CHANNEL]
    if not tasks:
        folder = desk.workspace.name_of(desk.workspace.plans)
        raise ContentError.at("airlog-no-task", f"{folder}/{plan.id}.yaml", None, "tasks", plan=plan.number)
    mine = [one for one in desk.store.airings.packages() if one.covered["plan"] == plan.number]
    return tuple(_of_task(desk, plan, task, mine, span, times) for task in tasks for span in _spans(task, asked))


def _spans(task: Task, asked: Period) -> tuple[Period, ...]:
    cadence: Cadence = task.cadence
    return periods(cadence, asked)


def _of_task(desk: Desk, plan: Plan, task: Task, packages: Sequence[Package], span: Period, times: int) -> TaskQuota:
    serving = [one for one in packages if task.clause in approved(one)["deliverable"]["clauses"]]
    jobs = [(one.wave, one.deliverable) for one in serving]
    communes = [unit.code for unit in desk.workspace.communes_of(plan)]
    given: set[str] = set()
    for one in serving:
        first, last = validity(one)
        if first.date() <= span.last and last >= span.first:
            rows = desk.store.airings.rows(one.wave, one.deliverable)
            given |= {row.recipient for row in rows if row.state in HANDED_OVER}
    played = desk.store.airings.played(span.first, span.last, jobs, communes)
    ids = tuple(f"{wave.replace('/', '-')}-{deliverable}" for wave, deliverable in jobs)
    return TaskQuota(task, count(communes, span, times, played, given), ids)
