"""What an SMSC pushes: receipts and messages from people. Stored first, acknowledged then.

Where storing fails the SMSC is told to try again (ESME_RX_T_APPN), so nothing is lost with our process or our disk.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from loa.model import phone
from loa.model.ledger import Inbound, Receipt
from loa.sms.gateways.base import Line
from loa.sms.smpp import pdu, reports, texts
from loa.sms.smpp.link import Link
from loa.sms.smpp.options import Options

BATCH = 500  # stored in one go
PATIENCE = 3.0  # seconds
FULL, ROOM = 2_000, 500  # when the SMSC has to wait, and until when

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Item:
    """Something to store, and how to acknowledge it; without a link there is nothing to acknowledge."""

    news: Receipt | Inbound
    link: Link | None = None
    command: int = 0
    sequence: int = 0


class Inbox:
    """One lane's. One task works off what has come; it lives as long as there is something."""

    def __init__(self, line: Line, options: Options) -> None:
        self._line = line
        self._options = options
        self._waiting: deque[_Item] = deque()
        self._paused: set[Link] = set()
        self._work: asyncio.Task[None] | None = None
        self.heard = 0.0
        """When something last came, in the event loop's time."""
        self.failure: Exception | None = None
        """Why storing failed the last time that it was tried."""
        self.deaf = False
        """What comes now is neither stored nor answered; it comes again on the next connection."""

    def take(self, link: Link, command: int, sequence: int, body: bytes) -> None:
        """A deliver_sm or data_sm."""
        if self.deaf:
            return None
        self.heard = asyncio.get_running_loop().time()
        try:
            sent = pdu.read_data_message(body) if command == pdu.DATA_SM else pdu.read_message(body)
        except ValueError:
            # not TRY_AGAIN: it would come back for ever, and nothing after it
            _log.warning("lane %s: a PDU that cannot be read was refused", self._line.lane.name)
            return link.write(link.reply(command, pdu.NEVER, sequence))
        news = self._report(sent) if reports.is_report(sent, self._options.receipts) else self._inbound(sent)
        if news is None:
            return link.write(link.reply(command, pdu.OK, sequence))
        return self._put(_Item(news, link, command, sequence))

    def tell(self, receipt: Receipt) -> None:
        """News that came as an answer, after nobody waited for it any more. There is nothing to acknowledge."""
        self._put(_Item(receipt))

    async def empty(self, seconds: float = PATIENCE) -> None:
        """Until all that has come is stored or refused; not for ever."""
        if self._work is not None:
            await asyncio.wait((self._work,), timeout=seconds)

    def _put(self, item: _Item) -> None:
        self._waiting.append(item)
        if len(self._waiting) >= FULL and item.link is not None and item.link not in self._paused:
            self._paused.add(item.link)
            item.link.pause(True)
        if self._work is None:
            self._work = asyncio.get_running_loop().create_task(self._work_off())

    async def _work_off(self) -> None:
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                if not await self._store(batch):
                    # one that the store cannot take must not keep the others from it
                    for item in batch if len(batch) > 1 else ():
                        await self._store([item])
                while len(self._waiting) <= ROOM and self._paused:
                    self._paused.pop().pause(False)
        finally:
            self._work = None

    async def _store(self, batch: Sequence[_Item]) -> bool:
        """Stores and acknowledges. A single one that fails is refused for now; of several nothing is said yet."""
        receipts = [item.news for item in batch if isinstance(item.news, Receipt)]
        inbound = [item.news for item in batch if isinstance(item.news, Inbound)]
        try:
            if receipts:
                await self._line.sink(receipts)
            if inbound:
                await self._line.ear(inbound)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not stored
            self.failure = error
            _log.warning("lane %s: %s could not be stored (%s)", self._line.lane.name, len(batch), type(error).__name__)
            if len(batch) == 1:
                self._acknowledge(batch, pdu.TRY_AGAIN)
            return False
        self.failure = None
        self._acknowledge(batch, pdu.OK)
        return True

    def _acknowledge(self, batch: Sequence[_Item], status: int) -> None:
        written: dict[Link, list[bytes]] = {}
        for item in batch:
            if item.link is not None:
                written.setdefault(item.link, []).append(item.link.reply(item.command, status, item.sequence))
        for link, replies in written.items():
            link.write(b"".join(replies))

    def _report(self, sent: pdu.ShortMessage) -> Receipt | None:
        report = reports.read(sent, self._options.ids)
        if report is None:
            _log.warning("lane %s: a receipt that names no message was acknowledged", self._line.lane.name)
            return None
        if report.state is None:
            return None
        now = self._line.clock.now()
        return Receipt(self._line.lane.name, report.gateway_id, report.state, now, raw=report.raw)

    def _inbound(self, sent: pdu.ShortMessage) -> Inbound:
        """A person's message, or one part of it. A part that goes on where another ended begins with an ellipsis.

        Parts are stored one by one: waiting for the others would mean to acknowledge what is not stored, and an SMSC
        may well send the next one only then. There is no id of its own in a deliver_sm, so one is made of what it
        says and of the hour: what the SMSC sends again for want of an answer is known again.
        """
        now = self._line.clock.now()
        said = texts.read(sent)
        said_by = phone.parse(sent.source.text)
        number = said_by.e164 if isinstance(said_by, phone.Number) else sent.source.text
        key = b"\x1f".join((sent.source.octets(), sent.destination.octets(), sent.octets, f"{now:%Y%m%d%H}".encode()))
        made = hashlib.blake2b(key, digest_size=12).hexdigest()
        words = said.words if said.number <= 1 else f"…{said.words}"
        return Inbound(self._line.lane.name, f"mo-{made}", number, words, now)
