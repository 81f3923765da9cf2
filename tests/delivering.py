"""One turn of a delivery, for tests of channels."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from loa.channel import Channel, Desk, Job
from loa.model.artefact import Artefact
from loa.model.ledger import Progress


def turn(channel: Channel, job: Job, artefacts: Sequence[Artefact], desk: Desk, limit: int) -> Progress:
    async def one() -> Progress:
        async with channel.delivery(job, artefacts, desk) as delivery:
            return await delivery.turn(limit)

    return asyncio.run(one())
