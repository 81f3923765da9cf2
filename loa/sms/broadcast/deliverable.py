"""What an officer may write for an operators' broadcast."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from loa.model.campaign import Deliverable, HourMinute, Language, Places, Written
from loa.model.phone import prefixes

ShortText = Annotated[str, StringConstraints(min_length=2, max_length=200)]


class Window(Written):
    """When the operators may broadcast. The wave is the handing over; they need days to answer a letter.

    `after_days` days after the wave's day it begins, and lasts `days` days, from `start` to `end` on each of them.
    """

    after_days: int = Field(ge=0, le=120)
    days: int = Field(default=1, ge=1, le=31)
    start: HourMinute = Field(default=time(8, 0), alias="from")
    end: HourMinute = Field(default=time(20, 0), alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Window:
        if self.start >= self.end:
            raise ValueError("“from” phải trước “to” trong cùng ngày / from before to, within a day")
        return self


def _phone(value: str) -> str:
    if not re.fullmatch(r"[0-9+][0-9 .()-]{2,20}", value):
        raise ValueError("số máy, như “1022” / a telephone number, like “1022”")
    return value


def _email(value: str) -> str:
    if not re.fullmatch(r"[^\s@]+@[^\s@]+\.[^\s@]+", value):
        raise ValueError("địa chỉ thư, như ten@coquan.gov.vn / an address, like name@office.gov.vn")
    return value


class Contact(Written):
    """Whom an operator asks: a department rather than a person, so that no name is kept."""

    name: ShortText
    phone: Annotated[str, AfterValidator(_phone)]
    email: Annotated[str, AfterValidator(_email)] | None = None


def _one_text(value: tuple[str, ...]) -> tuple[str, ...]:
    if value != ("vi",):
        raise ValueError("doanh nghiệp phát một nội dung tiếng Việt: [vi] / operators broadcast one text: [vi]")
    return value


def _known(value: tuple[str, ...]) -> tuple[str, ...]:
    known = sorted(set(prefixes().operators.values()))
    unknown = [name for name in value if name not in known]
    if unknown:
        raise ValueError(f"một hoặc nhiều trong / one or more of: {', '.join(known)}")
    if len(set(value)) != len(value):
        raise ValueError("mỗi doanh nghiệp một lần / each operator once")
    return value


class OperatorPackageDeliverable(Deliverable):
    """A request to operators to broadcast one text themselves, to their subscribers in an area.

    `encoding` as for `sms`: the text either has all its accents or none. `sign_as` are the lines above the signature.
    `addressees` says whom the letter goes to where that is not what `data/operators.toml` says.
    """

    channel: Literal["operator-package"]
    languages: Annotated[tuple[Language, ...], Field(min_length=1), AfterValidator(_one_text)]
    encoding: Literal["accented", "unaccented"]
    sender: str = Field(min_length=1, max_length=20)
    operators: Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_known)]
    places: Places
    window: Window
    contact: Contact
    addressees: Mapping[str, ShortText] = Field(default_factory=dict)
    sign_as: Annotated[tuple[ShortText, ...], Field(max_length=4)] = ("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH")
    most_parts: int = Field(default=3, ge=1, le=10, description="a text of more parts is not asked for")
    results_days: int = Field(default=10, ge=1, le=90, description="days after the window to answer in")

    @model_validator(mode="after")
    def _addressees_are_asked(self) -> OperatorPackageDeliverable:
        if strange := sorted(set(self.addressees) - set(self.operators)):
            names = ", ".join(strange)
            raise ValueError(f"addressees: {names} không có trong operators / not among the operators")
        return self

    @property
    def whereto(self) -> Places:
        return self.places
