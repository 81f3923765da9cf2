"""One worker's hold on one lane: its lease, its connection, its rate."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from loa.channel import Desk
from loa.model.errors import GatewayError, Unsupported
from loa.model.ledger import Lease, Progress
from loa.model.settings import LaneSettings
from loa.sms import receipts
from loa.sms.breaker import left_alone
from loa.sms.bucket import Bucket
from loa.sms.gateways.base import Gateway
from loa.sms.route import Work
from loa.sms.turn import Recent, Sending, Turn
from loa.store.lanes import this_process

GIVE_WAY = 3.0  # seconds for others who want the lane to take it


class HeldLane:
    """A lane as one worker has it, for as long as there is something to send or until somebody else wants it."""

    def __init__(
        self,
        settings: LaneSettings,
        desk: Desk,
        connect: Callable[[LaneSettings, Desk], Gateway] = receipts.connect,
    ) -> None:
        self.settings = settings
        self._desk = desk
        self._connect = connect
        self._lease: Lease | None = None
        self._gateway: Gateway | None = None
        self._bucket = Bucket(settings.parts_per_second)
        self._give_way_until = 0.0
        self._failing = True  # nobody knows yet
        self._silent = 0
        self._recent: dict[str, Recent] = {}
        self.moved = False

    def available(self) -> bool:
        """Whether the lane is held, or can be; otherwise its holder is asked to let others have a turn."""
        if time.monotonic() < self._give_way_until:
            return False
        return self._lease is not None or self._desk.store.lanes.ask(self.settings.name, self._desk.clock.now())

    async def turn(self, sending: Sending, work: Work | None, limit: int) -> Progress:
        """Sends up to `limit` rows of the networks that are its work, or of all.

        A gateway that fails is noted as failing, and its rows are planned again.
        """
        lease = self._take() if self.available() else None
        if lease is None:
            await self.close()  # its connection may be the account's only one
            return Progress(0, 0, held="lane-held")
        try:
            gateway = self._gateway or await self._connected(lease)
            if gateway is None:
                return Progress(0, 0)
            sample = self._desk.workspace.settings.sms.error_stop.sample
            recent = self._recent.setdefault(sending.key.wave, deque(maxlen=sample))
            run = Turn(self.settings, self._desk, self._bucket, gateway, lease, recent)
            run.silent = self._silent
            progress = await run.go(sending, work, limit)
        except BaseException:
            await self.close()
            raise
        self._lease = run.lease
        self.moved = self.moved or run.moved
        await self._after(run)
        return progress

    async def _connected(self, lease: Lease) -> Gateway | None:
        """Opens the connection, before anything is claimed. A gateway that cannot be reached is noted as failing."""
        self._gateway = gateway = self._connect(self.settings, self._desk)
        try:
            await gateway.open()
        except Unsupported:
            raise
        except GatewayError as error:
            self._failing = True
            self._desk.store.lanes.failed(lease, error.code, left_alone(error.code, self._desk.clock.now()))
            await self.close()
            return None
        return gateway

    async def close(self) -> None:
        """Ends the connection and gives the lane back. May be called twice."""
        lease, self._lease = self._lease, None
        try:
            await self._hang_up()
        finally:
            if lease is not None:
                self._desk.store.lanes.give_back(lease, self._desk.clock.now())

    def _take(self) -> Lease | None:
        now = self._desk.clock.now()
        if self._lease is not None:
            self._lease = self._desk.store.lanes.renew(self._lease, now)
        if self._lease is None:
            self._lease = self._desk.store.lanes.take(self.settings.name, this_process(), now)
            if self._lease is not None:
                # another worker may have sent a second's worth just now
                self._bucket = Bucket(self.settings.parts_per_second, full=self._lease.fence > 1)
                self._desk.store.ledger.doubt(self._lease, now)
        return self._lease

    async def _after(self, run: Turn) -> None:
        lanes, now = self._desk.store.lanes, self._desk.clock.now()
        self._silent = 0 if run.trouble else run.silent
        if run.trouble:
            self._failing = True
            if self._lease is not None:
                lanes.failed(self._lease, run.trouble, left_alone(run.trouble, now))
            await self._hang_up()  # a fresh connection next time
        elif run.answered and self._failing:
            lanes.worked(self.settings.name)
            self._failing = False
        if self._lease is None or lanes.wanted(self._lease):
            await self.close()
            self._give_way_until = time.monotonic() + GIVE_WAY

    async def _hang_up(self) -> None:
        gateway, self._gateway = self._gateway, None
        if gateway is not None:
            await gateway.close()
