"""One request to one operator: everything that its letter, its files and its form say. Pure values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from loa.model.campaign import Localised
from loa.model.clock import VIETNAM
from loa.model.plan import Plan
from loa.sms.broadcast.deliverable import Contact, OperatorPackageDeliverable
from loa.text.normal import fold, slug

_DATA = Path(__file__).with_name("data")


@dataclass(frozen=True, slots=True)
class Text:
    """The one text. `payload` goes out, `accented` is what a person reads; `parts` and `units` are the payload's."""

    payload: str
    accented: str
    encoding: str
    alphabet: str
    parts: int
    units: int
    left: int


@dataclass(frozen=True, slots=True)
class Area:
    """A place that is answered for by itself: a province, or a commune (`commune` is then its code)."""

    code: str
    name: str
    commune: str = ""


@dataclass(frozen=True, slots=True)
class Region:
    """Where: the provinces as sentences name them, and the areas; `whole` provinces, or communes of them."""

    provinces: tuple[str, ...]
    areas: tuple[Area, ...]
    whole: bool

    @property
    def seat(self) -> str:
        """The province's bare name, as it stands before a date: `Thái Nguyên`."""
        return bare(self.provinces[0]) if self.provinces else "…"


@dataclass(frozen=True, slots=True)
class Times:
    """The window in Vietnam's time: from the first moment to the last, each day between the two hours of the clock."""

    start: datetime
    end: datetime
    answer_by: date

    @property
    def days(self) -> int:
        return (self.end.date() - self.start.date()).days + 1


@dataclass(frozen=True, slots=True)
class Request:
    """One operator's request."""

    id: str
    wave: str
    deliverable: str
    operator: str
    addressee: str
    company: str
    issuer: str
    office: str
    campaign: Localised
    message_class: str
    plan: Plan
    clauses: tuple[str, ...]
    text: Text
    sender: str
    region: Region
    times: Times
    contact: Contact
    sign_as: tuple[str, ...]

    @property
    def slug(self) -> str:
        return slug(self.operator)


def bare(province: str) -> str:
    """`tỉnh Thái Nguyên` -> `Thái Nguyên`."""
    for kind in ("tỉnh ", "thành phố "):
        if province.casefold().startswith(kind):
            return province[len(kind) :]
    return province


def in_sentence(name: str) -> str:
    """`Tỉnh Thái Nguyên` -> `tỉnh Thái Nguyên`: the kind of a unit is small inside a sentence."""
    return name[:1].lower() + name[1:]


def times(send_at: datetime, item: OperatorPackageDeliverable) -> Times:
    """The moments of a deliverable's window, counted from its wave's day."""
    first = send_at.astimezone(VIETNAM).date() + timedelta(days=item.window.after_days)
    last = first + timedelta(days=item.window.days - 1)
    return Times(
        datetime.combine(first, item.window.start, tzinfo=VIETNAM),
        datetime.combine(last, item.window.end, tzinfo=VIETNAM),
        last + timedelta(days=item.results_days),
    )


@cache
def data(name: str) -> Mapping[str, Any]:
    """A table of this room: `operators` or `letter`."""
    return tomllib.loads((_DATA / f"{name}.toml").read_text(encoding="utf-8"))


def addressee(operator: str, item: OperatorPackageDeliverable, province: str) -> str:
    """Whom an operator's letter goes to; empty where nobody is known."""
    if given := item.addressees.get(operator):
        return given
    known = data("operators")["operators"].get(operator)
    return str(known["addressee"]).format(province=province) if known else ""


def company(operator: str) -> str:
    known = data("operators")["operators"].get(operator)
    return str(known["company"]) if known else ""


def may_request(issuer: str) -> bool:
    """Whether a body is one that Decree 49/2024 names, as far as its name tells."""
    beginnings: Sequence[str] = data("letter")["requesters"]["beginnings"]
    return any(fold(issuer).startswith(fold(start)) for start in beginnings)
