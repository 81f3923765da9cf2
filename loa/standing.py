"""How things stand at this moment: who is sending, who holds a wave and why."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from loa.channel import Desk
from loa.store.lanes import this_process


@dataclass(frozen=True, slots=True)
class Hold:
    """What keeps a wave: `kind` is paused, errors (it stopped itself) or cancelled; who, when and, where told, why."""

    kind: str
    by: str = ""
    at: datetime | None = None
    reason: str = ""


def hold_of(desk: Desk, wave: str) -> Hold | None:
    """What keeps a wave now; nothing where nothing does."""
    kind = desk.store.ledger.held(wave)
    if not kind:
        return None
    for at, actor, action, subject, detail in reversed(desk.store.audit.all()):
        if subject == wave and action == f"wave-{kind}":
            return Hold(kind, actor, at, str(detail.get("reason", "")))
    return Hold(kind)


def senders(desk: Desk) -> dict[str, str]:
    """The lanes that another process holds now, by name, and its number.

    A process of this machine that was killed holds nothing; one of another machine does until its lease ends.
    """
    mine, held = this_process(), desk.store.lanes.holders(desk.clock.now())
    return {name: _number(holder) for name, holder in held.items() if holder != mine}


def left_behind(desk: Desk, held: Collection[str]) -> tuple[str, ...]:
    """The lanes with rows in `sending` that nobody holds (`held` as of `senders`): a process died with them."""
    return tuple(name for name in desk.store.figures.lanes_at_work() if name not in held)


def _number(holder: str) -> str:
    """A holder is named machine/…/number/start (`loa.store.lanes.this_process`)."""
    return holder.split("/")[-2] if holder.count("/") >= 2 else "?"
