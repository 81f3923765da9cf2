"""An SMSC that reaches nobody, for tests, benchmarks and trying out: `python -m loa.sms.smpp.simulator --port 0`.

It writes its port as the first line on stdout and ends with SIGTERM. Its journal has a line for every submit_sm that
it got hold of, and what it answered: its own count, to be held against the ledger's. Numbers are remembered as hashes.
The endings of `loa.sms.gateways.simulator` hold here too, by the last two digits of a number:

    01 refused (no such number)               05 accepted, no receipt ever
    02 temporary error, then accepted         06 accepted, every receipt twice
    03 accepted, undelivered                  07 the receipt before the answer
    04 accepted, expired                      08 taken, but the answer never comes; its receipt does
    anything else: accepted, delivered        09 taken, but neither answer nor receipt comes

Receipts are pushed until they are acknowledged, over whatever connection of the account can hear them.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import signal
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any, cast

from loa.sms.gateways.simulator import EARLY, EXPIRED, LOST, REFUSED, SILENT, TEMPORARY, TWICE, UNDELIVERED, VANISHED
from loa.sms.smpp import pdu, texts

THROTTLED, INVALID_NUMBER, SYSTEM_ERROR = 0x58, 0x0B, 0x08
PUSHED = 100  # receipts on their way at once
AGAIN = 0.1  # seconds until a receipt that was refused is pushed again
_STATES = {UNDELIVERED: ("UNDELIV", 5), EXPIRED: ("EXPIRED", 3)}
_BINDS = {pdu.BIND_TRANSCEIVER, pdu.BIND_TRANSMITTER, pdu.BIND_RECEIVER}


@dataclass(frozen=True, slots=True)
class Personality:
    """How an SMSC behaves. Times in seconds; 0 means that it does not.

    `per_second`: more submits than that in a second are throttled. `most`: so many may wait for their answers, more are
    throttled. `drop_after`, `unbind_after`: after so many submits on one connection it ends it, with the answers to the
    last of them never sent, or unbinds. `receipts`: how they are written (see `_receipt`); `answer_ids`, `receipt_ids`:
    `text`, `decimal`, `hex`. `first_sequence`: the sequence number of the first receipt it pushes on a connection.
    `dribble`: it writes one octet at a time.
    """

    latency: float = 0.0
    per_second: int = 0
    most: int = 0
    drop_after: int = 0
    unbind_after: int = 0
    bind_status: int = 0
    receipts: str = "standard"
    receipt_after: float = 0.0
    answer_ids: str = "text"
    receipt_ids: str = "text"
    first_sequence: int = 1
    dribble: bool = False


@dataclass(frozen=True, slots=True)
class _Message:
    """A message it took, as far as its receipt needs it. `ids` are the same id, as answers and as receipts write it."""

    ids: tuple[str, str]
    sent: pdu.ShortMessage
    ending: str


class Smsc:
    """The SMSC. `taken`, `pushed`, `acknowledged` and `put_off` count what it did; `kept` is what it was given."""

    def __init__(self, personality: Personality = Personality(), journal: Path | None = None) -> None:
        self.personality = personality
        self.kept: list[pdu.ShortMessage] = []
        self.keeping = journal is None
        self.taken = self.pushed = self.acknowledged = self.put_off = self.binds = self.unbinds = 0
        self._journal = journal
        self._entries: list[dict[str, Any]] = []
        self._tries: Counter[tuple[str, bytes]] = Counter()
        self._receipts: deque[tuple[_Message, bytes]] = deque()
        self._peers: set[_Peer] = set()
        self._server: asyncio.Server | None = None
        self._second, self._in_second = 0, 0

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listens, and returns the port."""
        self._server = await asyncio.get_running_loop().create_server(lambda: _Peer(self), host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        for peer in list(self._peers):
            peer.end()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    @property
    def owed(self) -> int:
        """Receipts that are not acknowledged yet."""
        return len(self._receipts) + sum(len(peer.pushed) for peer in self._peers)

    def say(self, sent: pdu.ShortMessage) -> None:
        """Pushes something of a person's, or anything else."""
        self._receipts.append((_Message(("", ""), sent, ""), pdu.message(sent)))
        self.push()

    # --- what a connection asks

    def take(self, sent: pdu.ShortMessage) -> tuple[int, _Message | None]:
        """A submit_sm: the status to answer, and the message where it was taken. No answer at all is -1."""
        if self._too_fast():
            return THROTTLED, None
        ending = sent.destination.text[-2:]
        key = (sent.destination.text, sent.octets)
        self._tries[key] += 1
        status = {REFUSED: INVALID_NUMBER, LOST: -1, VANISHED: -1}.get(ending, pdu.OK)
        if ending == TEMPORARY and self._tries[key] == 1:
            status = SYSTEM_ERROR
        message = _Message(self._ids(), sent, ending)
        self._note(message, status)
        if status > 0:
            return status, None
        if self.keeping:
            self.kept.append(sent)
        return status, message

    def answered(self, message: _Message) -> None:
        """The answer is out (or never will be): now, or after a while, the receipt."""
        if (
            not message.sent.registered & 1
            or message.ending in {SILENT, VANISHED}
            or self.personality.receipts == "none"
        ):
            return
        body = _receipt(message, self.personality.receipts)
        times = 2 if message.ending == TWICE else 1
        if self.personality.receipt_after and message.ending != EARLY:
            loop = asyncio.get_running_loop()
            loop.call_later(self.personality.receipt_after, self._owe, [(message, body)] * times)
        else:
            self._owe([(message, body)] * times)

    def came(self, peer: _Peer) -> None:
        self._peers.add(peer)

    def went(self, peer: _Peer) -> None:
        """What it was pushed and did not acknowledge is pushed again to whoever comes next."""
        self._peers.discard(peer)
        self._receipts.extendleft(reversed(peer.pushed.values()))
        peer.pushed.clear()
        self.push()

    def again(self, receipt: tuple[_Message, bytes]) -> None:
        self.put_off += 1
        asyncio.get_running_loop().call_later(AGAIN, self._owe, [receipt])

    def push(self) -> None:
        for peer in self._peers:
            if peer.hears:
                peer.push(self._receipts)

    def flush(self) -> None:
        """Writes down what was taken: one write for all that came together, before any of it is answered."""
        entries, self._entries = self._entries, []
        if self._journal is None or not entries:
            return
        data = b"".join(json.dumps(entry).encode() + b"\n" for entry in entries)
        handle = os.open(self._journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, data)
        finally:
            os.close(handle)

    def _owe(self, receipts: Sequence[tuple[_Message, bytes]]) -> None:
        self._receipts.extend(receipts)
        self.push()

    def _too_fast(self) -> bool:
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._in_second = second, 0
        self._in_second += 1
        return 0 < self.personality.per_second < self._in_second

    def _ids(self) -> tuple[str, str]:
        self.taken += 1
        forms = {"text": f"{os.getpid():x}-{self.taken}", "decimal": f"{self.taken:010}", "hex": f"{self.taken:08X}"}
        return forms[self.personality.answer_ids], forms[self.personality.receipt_ids]

    def _note(self, message: _Message, status: int) -> None:
        if self._journal is None:
            return
        sent = message.sent
        said = texts.read(sent)
        self._entries.append(
            {
                "id": message.ids[0],
                "number": hashlib.blake2b(f"+{sent.destination.text}".encode(), digest_size=12).hexdigest(),
                "part": said.number,
                "parts": said.total,
                "text": hashlib.blake2b(said.words.encode(), digest_size=6).hexdigest(),
                "status": status,
                "at": time.time(),
            }
        )


class _Peer(asyncio.Protocol):
    """One connection of an ESME."""

    def __init__(self, smsc: Smsc) -> None:
        self._smsc = smsc
        self._ways = smsc.personality
        self._frames = pdu.Frames()
        self._transport: asyncio.Transport | None = None
        self._out: list[bytes] = []
        self._submits = self._waiting = 0
        self._sequence = self._ways.first_sequence
        self._bound = 0
        self.pushed: dict[int, tuple[_Message, bytes]] = {}

    @property
    def hears(self) -> bool:
        return self._bound in (pdu.BIND_TRANSCEIVER, pdu.BIND_RECEIVER)

    def end(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._smsc.came(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._bound = 0
        self._smsc.went(self)

    def data_received(self, data: bytes) -> None:
        after: list[Callable[[], None]] = []
        for command, status, sequence, body in self._frames.feed(data):
            if self._transport is None or self._transport.is_closing():
                break
            if command & pdu.RESPONSE:
                self._response(status, sequence)
            elif command == pdu.SUBMIT_SM:
                self._submit(sequence, body, after)
            else:
                self._request(command, sequence, body)
        self._smsc.flush()
        self._write()
        for receipt in after:
            receipt()
        self._smsc.push()

    def push(self, receipts: deque[tuple[_Message, bytes]]) -> None:
        while receipts and len(self.pushed) < PUSHED:
            receipt = receipts.popleft()
            self.pushed[self._sequence] = receipt
            self._out.append(pdu.frame(pdu.DELIVER_SM, 0, self._sequence, receipt[1]))
            self._sequence = self._sequence % 0xFFFFFFFF + 1
            self._smsc.pushed += 1
        self._write()

    def _request(self, command: int, sequence: int, body: bytes) -> None:
        status = pdu.OK
        if command in _BINDS:
            self._smsc.binds += 1
            status = self._ways.bind_status
            self._bound = 0 if status else command
        elif command == pdu.UNBIND:
            self._smsc.unbinds += 1
        elif command != pdu.ENQUIRE_LINK:
            command, status = pdu.GENERIC_NACK, pdu.INVALID_COMMAND
        self._out.append(pdu.frame(command | pdu.RESPONSE, status, sequence, b"loa\0" if command in _BINDS else b""))
        if command == pdu.UNBIND and self._transport is not None:
            self._write()
            self._transport.close()

    def _response(self, status: int, sequence: int) -> None:
        receipt = self.pushed.pop(sequence, None)
        if receipt is None:
            return
        if status == pdu.OK:
            self._smsc.acknowledged += 1
        else:
            self._smsc.again(receipt)

    def _submit(self, sequence: int, body: bytes, after: list[Callable[[], None]]) -> None:
        if self._ways.most and self._waiting >= self._ways.most:
            self._out.append(pdu.frame(pdu.SUBMIT_SM | pdu.RESPONSE, THROTTLED, sequence))
            return
        status, message = self._smsc.take(pdu.read_message(body))
        self._submits += 1
        if message is not None and message.ending == EARLY:
            self._smsc.answered(message)
        if self._ways.drop_after and self._submits >= self._ways.drop_after:
            self._smsc.flush()
            self.end()
        elif self._ways.latency:
            self._waiting += 1
            asyncio.get_running_loop().call_later(self._ways.latency, self._answer_now, status, sequence, message)
        else:
            self._answer(status, sequence, message)
            if message is not None and message.ending != EARLY:
                after.append(partial(self._smsc.answered, message))
        if self._submits == self._ways.unbind_after:
            self._out.append(pdu.frame(pdu.UNBIND, 0, 1))

    def _answer(self, status: int, sequence: int, message: _Message | None) -> None:
        if status < 0:
            return
        body = b"" if message is None else message.ids[0].encode() + b"\0"
        self._out.append(pdu.frame(pdu.SUBMIT_SM | pdu.RESPONSE, status, sequence, body))

    def _answer_now(self, status: int, sequence: int, message: _Message | None) -> None:
        self._waiting -= 1
        self._answer(status, sequence, message)
        self._write()
        if message is not None and message.ending != EARLY:
            self._smsc.answered(message)

    def _write(self) -> None:
        out, self._out = b"".join(self._out), []
        if not out or self._transport is None or self._transport.is_closing():
            return
        for piece in (out[i : i + 1] for i in range(len(out))) if self._ways.dribble else (out,):
            self._transport.write(piece)


def _receipt(message: _Message, dialect: str) -> bytes:
    """A deliver_sm in a dialect: `standard`; `bare` (no sub, dlvrd, text); `ucs2-text` (raw octets after text:);
    `zero-text` (a zero after it); `tlv` (no text at all); `unmarked` (nothing but the text says that it is one)."""
    word, number = _STATES.get(message.ending, ("DELIVRD", 2))
    gateway_id, at = message.ids[1], "2709100800"
    named = f"id:{gateway_id} sub:001 dlvrd:001 submit date:{at} done date:{at} stat:{word} err:000 text:"
    text = {
        "bare": f"id:{gateway_id} submit date:{at} done date:{at} stat:{word} err:000".encode(),
        "ucs2-text": named.encode() + message.sent.octets[:20],
        "zero-text": named.encode() + b"\0",
        "tlv": b"",
    }.get(dialect, named.encode())
    tlvs = {pdu.RECEIPTED_MESSAGE_ID: gateway_id.encode() + b"\0", pdu.MESSAGE_STATE: bytes((number,))}
    return pdu.message(
        pdu.ShortMessage(
            source=message.sent.destination,
            destination=message.sent.source,
            esm_class=0 if dialect == "unmarked" else pdu.RECEIPT,
            octets=text,
            tlvs=tlvs if dialect == "tlv" else {},
        )
    )


async def _serve(options: argparse.Namespace, personality: Personality) -> None:
    smsc = Smsc(personality, options.journal)
    smsc.keeping = False
    port = await smsc.start(options.host, options.port)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    await stopped.wait()
    await smsc.stop()


def main(arguments: Sequence[str] | None = None) -> None:
    """The program: `--port`, `--journal` and each field of `Personality`, as in `--receipt-after 0.05`."""
    parser = argparse.ArgumentParser(prog="python -m loa.sms.smpp.simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--journal", type=Path)
    ways = fields(Personality)
    for way in ways:
        kind = type(way.default)
        parser.add_argument(f"--{way.name.replace('_', '-')}", type=int if kind is bool else kind, default=way.default)
    options = parser.parse_args(arguments)
    personality = Personality(**{way.name: getattr(options, way.name) for way in ways})
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(options, personality))


if __name__ == "__main__":
    main()
