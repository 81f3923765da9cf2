"""What the benchmarks of sending share: a small workspace, a wave in its ledger."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from loa.channel import Desk
from loa.model.clock import VIETNAM, RehearsalClock
from loa.model.ledger import PlannedRow, Terms
from loa.model.settings import LaneSettings
from loa.sms.bodies import body_of
from loa.sms.turn import Sending
from loa.store import JobKey, Store
from loa.workspace import Workspace

TEXT = "UBND tinh Mau: nop ho so tai dichvucong.gov.vn. Hoi 1022. "
OPERATORS = ("Viettel", "VinaPhone", "MobiFone")


def a_desk(root: Path, lanes: Sequence[LaneSettings], url: str = "sqlite:///var/loa.db") -> Desk:
    """A desk on a workspace with these lanes; its clock runs from eight in the morning."""
    written = ['[sms]\nregistered_senders = ["DVC-MAU"]\n[sms.cap]\nmessages = 1000\n[sms.error_stop]\nshare = 1.0\n']
    for lane in lanes:
        values = lane.model_dump(mode="json", exclude={"options"})
        written.append("[[sms.lanes]]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()))
        options = "".join(f"{name} = {json.dumps(value)}\n" for name, value in lane.options.items())
        written.append(f"[sms.lanes.options]\n{options}")
    (root / "loa.toml").write_text("".join(written))
    morning = datetime(2027, 9, 10, 8, 0, tzinfo=VIETNAM)
    clock = RehearsalClock(morning - datetime.now(VIETNAM))
    return Desk(Workspace.at(root), Store.open(url, root, clock), clock, {})


def key_of(name: str = "do") -> JobKey:
    return JobKey(f"{name}/2027/d-30", "tin", "sms")


def plan(desk: Desk, people: int, parts: Sequence[int] = (1,)) -> JobKey:
    """A wave of so many people, its messages of so many parts in turn."""
    key, bodies = key_of(), [body_of(TEXT * (1 if n == 1 else 3 * n - 2), "unaccented", ("vi", ""), {}) for n in parts]
    rows = (
        PlannedRow(f"+8491{i // 70:05d}{10 + i % 70}", OPERATORS[i % 3], "05443", "vi", body.key, body.parts)
        for i in range(people)
        for body in (bodies[i // 3 % len(bodies)],)  # each network has messages of every length
    )
    desk.store.ledger.expand(key, 1, rows, desk.clock.now())
    return key


def sending(desk: Desk, key: JobKey, parts: Sequence[int] = (1, 2, 3)) -> Sending:
    bodies = [body_of(TEXT * (1 if n == 1 else 3 * n - 2), "unaccented", ("vi", ""), {}) for n in parts]
    closes_at = desk.clock.now() + timedelta(hours=12)
    return Sending(key, 1, {body.key: body for body in bodies}, closes_at, Terms(1000, 24, closes_at))
