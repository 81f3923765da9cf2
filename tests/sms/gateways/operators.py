"""Lines, messages and accounts for the tests of the operators' HTTP gateways."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from loa.model.clock import Clock
from loa.model.ledger import Receipt, row_id
from loa.model.settings import LaneSettings
from loa.sms.gateways._fakes import FakeEsms, FakeViettel, FakeVnpt
from loa.sms.gateways._http import TIMERS, Timers
from loa.sms.gateways._operator import Operator
from loa.sms.gateways.base import Line, Message
from loa.sms.gateways.esms import Esms
from loa.sms.gateways.viettel import Viettel
from loa.sms.gateways.vnpt import Vnpt
from loa.sms.parts import split

NUMBER = "+84912000123"
PLAIN = "UBND tinh Mau: nop ho so tai dichvucong.gov.vn. Hoi 1022."
ACCENTED = "UBND tỉnh Mẫu: nộp hồ sơ tại dichvucong.gov.vn. Hỏi 1022."
HOSTILE = 'a]]>b & <Password>&amp;</Password> "c" \'d\'\r\ne {"RQST":1}\t\\'

FAKES = {"viettel": FakeViettel, "vnpt": FakeVnpt, "esms": FakeEsms}
OPERATORS = {"viettel": Viettel, "vnpt": Vnpt, "esms": Esms}
SECRETS = {
    "viettel": {"LOA_OP_USER": FakeViettel.USER, "LOA_OP_PASSWORD": FakeViettel.PASSWORD},
    "vnpt": {"LOA_OP_APIUSER": FakeVnpt.APIUSER, "LOA_OP_APIPASS": FakeVnpt.APIPASS},
    "esms": {
        "LOA_OP_API_KEY": FakeEsms.API_KEY,
        "LOA_OP_SECRET_KEY": FakeEsms.SECRET_KEY,
        "LOA_OP_CALLBACK_SECRET": "chu-ky-thu",
    },
}
OPTIONS: dict[str, dict[str, Any]] = {
    "viettel": {"cp_code": FakeViettel.CP_CODE},
    "vnpt": {"agent_id": 11, "contract_id": 22, "label_id": 33, "template_id": 44, "username": "mau"},
    "esms": {"callback_url": "https://loa.example/sms/op"},
}


def line(gateway: str, url: str, clock: Clock, **options: Any) -> Line:
    """A line to a gateway at an address, with everything that it needs."""

    async def sink(_: Sequence[Receipt]) -> None:
        raise AssertionError("nothing is pushed")

    lane = LaneSettings(name="op", gateway=gateway, sender="DVC-MAU", options={"url": url} | OPTIONS[gateway] | options)
    return Line(lane, SECRETS[gateway], clock, Path("unused"), sink)


def gateway_at(gateway: str, url: str, clock: Clock, timers: Timers = TIMERS, **options: Any) -> Operator:
    return OPERATORS[gateway](line(gateway, url, clock, **options), timers)


def message(clock: Clock, number: str = NUMBER, text: str = PLAIN, **more: Any) -> Message:
    parts = split(text)
    return Message(
        reference=row_id("w", "d", number),
        number=number,
        body=text,
        sender="DVC-MAU",
        parts=parts.count,
        alphabet=parts.alphabet,
        valid_until=clock.now() + timedelta(hours=2),
        **more,
    )


@asynccontextmanager
async def peer(gateway: str, clock: Clock) -> AsyncIterator[tuple[Operator, Line]]:
    """A gateway and its line, connected to a fake of its operator for as long as the block lasts."""
    async with FAKES[gateway]() as operator:
        found = line(gateway, operator.url, clock)
        yield OPERATORS[gateway](found), found
