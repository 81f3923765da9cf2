"""The catalogue: `ls loa/sms/gateways`. A gateway is one module with a `connect(line) -> Gateway`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import cast

from loa.model.errors import ContentError
from loa.sms.gateways.base import Gateway, Line

_NOT_GATEWAYS = {"__init__", "base"}


def catalogue() -> tuple[str, ...]:
    """The names of the gateways that there are."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in _NOT_GATEWAYS))


def connect(line: Line) -> Gateway:
    """The gateway of a lane. Raises `ContentError` where the lane names one that does not exist."""
    known = catalogue()
    if line.lane.gateway not in known:
        raise ContentError.at(
            "gateway-missing", "loa.toml", None, f"sms.lanes.{line.lane.name}.gateway",
            name=line.lane.gateway, known=", ".join(known),
        )  # fmt: skip
    module = import_module(f"loa.sms.gateways.{line.lane.gateway}")
    return cast(Gateway, module.connect(line))
