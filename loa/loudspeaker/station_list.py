"""The stations a bulletin goes to, as they were when it was approved: hours, clusters, languages, where it is pushed.

They are an artefact like the sound, so the approval covers them, and a change in the file of stations lets it lapse.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import time
from functools import lru_cache
from types import MappingProxyType

from loa import handover
from loa.channel import Desk, Job
from loa.loudspeaker.order import ordered
from loa.loudspeaker.speakable import RULES
from loa.model.artefact import Artefact
from loa.model.places import Station

ROLE = "stations"


def of_job(job: Job, desk: Desk) -> tuple[Station, ...]:
    """The station of every commune of a job; hours that the order names go before the station's own.

    A station that does not say its languages broadcasts in those that machines speak, for they are everybody's; in a
    language that only people read only where the order names its commune.
    """
    item = ordered(job)
    chosen = item.languages if item.places != "all" else tuple(tag for tag in item.languages if tag in RULES)
    found = (desk.workspace.station(place) for place in handover.communes_for(job, item.places, desk))
    return tuple(
        replace(
            station,
            slots=item.slots or station.slots,
            languages=tuple(tag for tag in item.languages if tag in station.languages) if station.languages else chosen,
        )
        for station in found
    )


def kept(job: Job, desk: Desk) -> Artefact:
    """The stations of a job, put away."""
    listed = [
        {**asdict(station), "slots": [f"{slot:%H:%M}" for slot in station.slots]} for station in of_job(job, desk)
    ]
    data = (json.dumps(listed, ensure_ascii=False, indent=1) + "\n").encode()
    return desk.store.artefacts.put(
        data, name="danh-sach-dai.json", media_type="application/json", role=ROLE, language=""
    )


def read(artefacts: Sequence[Artefact], desk: Desk) -> Mapping[str, Station]:
    """The stations that were put away, by the code of their commune."""
    artefact = next(item for item in artefacts if item.role == ROLE)
    return _listed(desk.store.artefacts.read(artefact))


@lru_cache(maxsize=2)
def _listed(data: bytes) -> Mapping[str, Station]:
    # asked for every commune anew: 3,300 times 3,300 rows would take minutes
    return MappingProxyType({row["commune"]: _station(row) for row in json.loads(data)})


def _station(row: dict[str, object]) -> Station:
    slots = row.pop("slots")
    assert isinstance(slots, list)  # noqa: S101 - as it was put away
    lists = {name: tuple(value) for name, value in row.items() if isinstance(value, list)}
    return Station(**{**row, **lists, "slots": tuple(time.fromisoformat(slot) for slot in slots)})  # type: ignore[arg-type]
