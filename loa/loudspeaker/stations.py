"""What is to be said of the stations that a bulletin goes to, before people approve it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loa.model.finding import Finding
from loa.model.places import Commune, Station

SAMPLE = "(mẫu)"
"""Stands in the name of a station that nobody has: a row that ships as an example."""
_NAMED = 5  # communes that a finding names


def station_findings(
    stations: Sequence[tuple[Commune, Station]], subject: str, *, urgent: bool = False
) -> Iterator[Finding]:
    """Sample rows that are still there, and slots at night; urgent bulletins may wake people."""
    samples = [commune for commune, station in stations if SAMPLE in station.name]
    if samples:
        yield Finding("station-sample", subject, {"communes": _named(samples)})
    late = [(commune, station) for commune, station in stations if station.night_slots]
    if late and not urgent:
        slots = sorted({slot for _, station in late for slot in station.night_slots})
        fields = {"slots": ", ".join(f"{slot:%H:%M}" for slot in slots), "communes": _named([unit for unit, _ in late])}
        yield Finding("station-slot-at-night", subject, fields)


def _named(communes: Sequence[Commune]) -> str:
    names = [commune.name for commune in communes[:_NAMED]]
    return ", ".join([*names, *(["…"] if len(communes) > _NAMED else [])])
