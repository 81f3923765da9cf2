"""Reaches nobody. Answers and receipts as a real gateway would, by the last two digits of the number.

    01 refused (no such number)               05 accepted, no receipt ever
    02 temporary error, then accepted         06 accepted, every receipt twice
    03 accepted, undelivered                  07 the receipt before the answer
    04 accepted, expired                      08 taken, but the answer never comes: the status call knows
    00 is on another network than its prefix  09 the answer never comes, and nobody knows
    anything else: accepted, delivered

Options of the lane: `latency_ms` (5) is the time one submit takes, `accepts_per_second` the parts it takes before it
says that it is too fast, `network` the only network it is on: numbers that are elsewhere (00) are then refused as
such. A file `<lane>.mood` beside the journal makes it fail like a real one: `down` refuses every connection, `silent`
takes nothing and never answers.

It remembers in a file what a provider would remember, so it can be killed and asked like one, and its own count of what
it was given is what tests hold against the ledger's. Numbers are remembered as hashes.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from loa.model.errors import ContentError, GatewayError, Unsupported
from loa.model.ledger import Receipt
from loa.model.states import RowState
from loa.sms.gateways.base import WRONG_NETWORK, Gateway, Limits, Line, Message, Outcome, Verdict
from loa.sms.parts import Alphabet

LIMITS = Limits(
    alphabets=frozenset(Alphabet),
    sender_length=11,
    asks_status=True,
    status_after=0,
    polls_receipts=True,
    reaches_people=False,
    options=frozenset({"latency_ms", "accepts_per_second", "network"}),
)
PORTED = "00"
REFUSED, TEMPORARY, UNDELIVERED, EXPIRED, SILENT, TWICE, EARLY, LOST, VANISHED = (f"0{i}" for i in range(1, 10))
_RECEIPTS = {UNDELIVERED: RowState.UNDELIVERED, EXPIRED: RowState.EXPIRED}
POLL = 500  # receipts in one answer


def connect(line: Line) -> Gateway:
    """A simulated account. Raises `ContentError` for an option that is not a number."""
    return Simulator(line)


class Simulator:
    """One simulated account. Its journal has a line for every message it was ever given."""

    limits = LIMITS

    def __init__(self, line: Line) -> None:
        self._line = line
        self._latency = _number(line, "latency_ms", 5, 60_000) / 1000
        self._most = _number(line, "accepts_per_second", 0, 1_000_000)
        self._network = str(line.lane.options.get("network", ""))
        self._journal = line.folder / f"{line.lane.name}.jsonl"
        self._mood = line.folder / f"{line.lane.name}.mood"
        self._second = (0, 0)
        self._tries: dict[str, int] | None = None

    async def open(self) -> None:
        """Nothing: there is no connection to hold."""

    async def submit(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        mood = self._mood.read_text().strip() if self._mood.is_file() else ""
        if mood == "down":
            raise GatewayError("gateway-unreachable", {"lane": self._line.lane.name})
        await asyncio.sleep(self._latency)
        if mood == "silent":
            return []
        outcomes: list[Outcome] = []
        entries: list[dict[str, Any]] = []
        for message in batch:
            if self._too_fast(message.parts):
                outcomes.append(Outcome(message.reference, Verdict.THROTTLED, raw="58", retry_after=1))
                continue
            entry, outcome = self._take(message, self._next_try(message.reference))
            entries.append(entry)
            if outcome is not None:
                outcomes.append(outcome)
        self._write(entries)
        early = [self._receipt(entry) for entry in entries if entry["ending"] == EARLY]
        if early:
            await self._line.sink(early)
        return outcomes

    async def status(self, references: Sequence[str]) -> Sequence[Outcome]:
        wanted = set(references)
        found = {entry["reference"]: entry for entry in self._entries(0)[0] if entry["reference"] in wanted}
        return [self._known(reference, found.get(reference)) for reference in references]

    async def poll(self, cursor: str) -> tuple[Sequence[Receipt], str]:
        entries, offset = self._entries(int(cursor or 0), POLL)
        receipts = [receipt for entry in entries for receipt in self._receipts(entry)]
        # out of order, as networks are
        return receipts[::-1], str(offset)

    async def listen(self, seconds: float) -> None:
        raise Unsupported("gateway-listens-not", {"gateway": "simulator"})

    async def close(self) -> None:
        return None

    def _too_fast(self, parts: int) -> bool:
        """Whether this second has had what the account takes."""
        second, taken = int(time.monotonic()), 0
        if second == self._second[0]:
            taken = self._second[1]
        if self._most and taken + parts > self._most:
            return True
        self._second = (second, taken + parts)
        return False

    def _take(self, message: Message, tries: int) -> tuple[dict[str, Any], Outcome | None]:
        ending = message.number[-2:]
        entry: dict[str, Any] = {
            "reference": message.reference,
            "number": hashlib.blake2b(message.number.encode(), digest_size=12).hexdigest(),
            "ending": ending,
            "id": f"sim-{message.reference[:12]}-{tries + 1}",
            "parts": message.parts,
            "at": self._line.clock.now().isoformat(),
            "taken": True,
        }
        accepted = Outcome(message.reference, Verdict.ACCEPTED, entry["id"], raw="0")
        if ending == REFUSED:
            return {**entry, "taken": False}, Outcome(
                message.reference, Verdict.REFUSED, reason="number-invalid", raw="11"
            )
        if ending == PORTED and self._network:
            return {**entry, "taken": False}, Outcome(
                message.reference, Verdict.REFUSED, reason=WRONG_NETWORK, raw="25"
            )
        if ending == TEMPORARY and tries == 0:
            return {**entry, "taken": False}, Outcome(
                message.reference, Verdict.LATER, reason="network-busy", raw="88", retry_after=0.2
            )
        if ending in {LOST, VANISHED}:
            return entry, None
        return entry, accepted

    def _next_try(self, reference: str) -> int:
        """How often a reference was submitted before, as the journal remembers it."""
        if self._tries is None:
            self._tries = dict(Counter(entry["reference"] for entry in self._entries(0)[0]))
        tries = self._tries.get(reference, 0)
        self._tries[reference] = tries + 1
        return tries

    def _known(self, reference: str, entry: dict[str, Any] | None) -> Outcome:
        if entry is None:
            return Outcome(reference, Verdict.LATER, reason="never-arrived")
        if entry["ending"] == VANISHED:
            return Outcome(reference, Verdict.UNKNOWN, reason="not-known")
        if not entry["taken"]:
            return Outcome(reference, Verdict.REFUSED, reason="number-invalid", raw="11")
        return Outcome(reference, Verdict.ACCEPTED, entry["id"], raw="0")

    def _receipts(self, entry: dict[str, Any]) -> Iterator[Receipt]:
        if not entry["taken"] or entry["ending"] in {SILENT, EARLY, VANISHED}:
            return
        yield self._receipt(entry)
        if entry["ending"] == TWICE:
            yield self._receipt(entry)

    def _receipt(self, entry: dict[str, Any]) -> Receipt:
        state = _RECEIPTS.get(entry["ending"], RowState.DELIVERED)
        return Receipt(self._line.lane.name, entry["id"], state, self._line.clock.now(), raw=state.value.upper()[:7])

    def _entries(self, offset: int, most: int | None = None) -> tuple[list[dict[str, Any]], int]:
        """Whole lines from a byte offset, and the offset after them. A line that is still being written waits."""
        if not self._journal.is_file():
            return [], offset
        entries: list[dict[str, Any]] = []
        with self._journal.open("rb") as file:
            file.seek(offset)
            for line in file:
                if not line.endswith(b"\n") or (most is not None and len(entries) >= most):
                    break
                entries.append(json.loads(line))
                offset += len(line)
        return entries, offset

    def _write(self, entries: Sequence[dict[str, Any]]) -> None:
        """One write a batch, at the end of the file: whole even when the process is killed right after it."""
        self._journal.parent.mkdir(parents=True, exist_ok=True)
        data = b"".join(json.dumps(entry).encode() + b"\n" for entry in entries)
        handle = os.open(self._journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, data)
        finally:
            os.close(handle)


def _number(line: Line, option: str, default: float, most: float) -> float:
    value = line.lane.options.get(option, default)
    if isinstance(value, str) or not 0 <= value <= most:
        field = f"sms.lanes.{line.lane.name}.options.{option}"
        raise ContentError.at("not-number", "loa.toml", None, field, value=value)
    return float(value)
