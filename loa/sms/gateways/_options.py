"""The `options` of a lane in `loa.toml`. Every mistake names its field: sms.lanes.<lane>.options.<name>."""

from __future__ import annotations

from collections.abc import Iterable

from loa import options
from loa.model.settings import LaneSettings


def refuse_unknown(lane: LaneSettings, known: Iterable[str]) -> None:
    """Raises `ContentError` with every option of the lane that its gateway does not know."""
    options.refuse_unknown(lane.options, _field(lane), known)


class Options(options.Options):
    """See `loa.options.Options`."""

    def __init__(self, lane: LaneSettings) -> None:
        super().__init__(lane.options, _field(lane))


def _field(lane: LaneSettings) -> str:
    return f"sms.lanes.{lane.name}.options"
