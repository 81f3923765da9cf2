"""The catalogue: `ls loa/sms/gateways`. A gateway is one module with a `connect(line) -> Gateway`."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import cast

from loa.model.errors import ContentError, Unsupported
from loa.model.settings import LaneSettings
from loa.sms.gateways._options import refuse_unknown
from loa.sms.gateways.base import Call, Gateway, Limits, Line, News


@cache
def catalogue() -> tuple[str, ...]:
    """The names of the gateways that there are: the modules of this folder, but for what they share."""
    names = (path.stem for path in Path(__file__).parent.glob("*.py"))
    return tuple(sorted(name for name in names if name != "base" and not name.startswith("_")))


def connect(line: Line) -> Gateway:
    """The gateway of a lane. Raises `ContentError` where the lane names one, or an option, that does not exist."""
    module = _module(line.lane)
    refuse_unknown(line.lane, cast(Limits, module.LIMITS).options)
    return cast(Gateway, module.connect(line))


def limits_of(lane: LaneSettings) -> Limits:
    """What the gateway of a lane can do, without connecting. Raises `ContentError` where there is no such gateway."""
    return cast(Limits, _module(lane).LIMITS)


def read_callback(line: Line, call: Call) -> News:
    """What a gateway's request says. Raises `Refused` (forged, unreadable), `Unsupported` where none is expected."""
    if not limits_of(line.lane).calls_back:
        raise Unsupported("gateway-calls-not-back", {"gateway": line.lane.gateway})
    return cast(News, _module(line.lane).callback(line, call))


def _module(lane: LaneSettings) -> ModuleType:
    known = catalogue()
    if lane.gateway not in known:
        raise ContentError.at(
            "gateway-missing", "loa.toml", None, f"sms.lanes.{lane.name}.gateway",
            name=lane.gateway, known=", ".join(known),
        )  # fmt: skip
    return import_module(f"loa.sms.gateways.{lane.gateway}")
