"""Loa's SMPP session against the best Python clients there are: bare submit loops, one window, one server, one run.

    python benchmarks/smpp_session.py [--count 10000] [--window 100] [--rounds 5] [--clients loa,aiosmpplib,smpp34]
    python benchmarks/smpp_session.py --clients dispatch,aiosmpplib,smpp34 --window 1000

`loa` is the bare session, like the others; `dispatch` is everything: rows claimed from the ledger on disk, `sending`
committed before bytes leave, caps and opt-outs looked up, answers and events written down, through a lane.

Each client is a process of its own that hands messages in as fast as it can, keeping a window of them unanswered, to an
SMSC that none of us wrote (node-smpp, a third process). CPU is the client's, of all its threads, from the first message
to the last answer. Rounds take turns, so that whatever else the machine does hits all, and the middle one of each
counts: the speed of a shared machine changes from second to second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

TEXT = "Nop ho so truc tuyen tai dichvucong.gov.vn. Hoi 1022."
SENDER = "DVC-MAU"
OTHERS = {"aiosmpplib": "aiosmpplib==0.7.4", "smpp34": "smpp34==1.5.0"}
Loop = Callable[[int], Awaitable[int]]
"""Sends so many messages, and gives how many were accepted."""


def number(index: int) -> str:
    return f"84912000{index % 100:02d}1"


async def loa(port: int, window: int, count: int) -> Loop:
    """As a lane uses it: batches of a window, the next one as soon as there is room."""
    from loa.model.clock import SystemClock
    from loa.model.settings import LaneSettings
    from loa.sms.gateways.base import Line, Message, Verdict
    from loa.sms.gateways.smpp import connect
    from loa.sms.parts import Alphabet

    async def sink(_: object) -> None:
        return None

    options: dict[str, str | int | float | bool] = {"host": "127.0.0.1", "port": port}
    lane = LaneSettings(name="do", gateway="smpp", sender=SENDER, window=window, options=options)
    clock = SystemClock()
    gateway = connect(Line(lane, {"LOA_DO_SYSTEM_ID": "loa", "LOA_DO_PASSWORD": "khoa"}, clock, Path(), sink))
    await gateway.submit([])

    async def send(count: int) -> int:
        until = clock.now() + timedelta(hours=2)
        accepted = 0
        for start in range(0, count, 10 * window):
            batch = [
                Message(f"{i:032x}", f"+{number(i)}", TEXT, SENDER, 1, Alphabet.GSM7, until)
                for i in range(start, min(start + 10 * window, count))
            ]
            accepted += sum(outcome.verdict is Verdict.ACCEPTED for outcome in await gateway.submit(batch))
        return accepted

    return send


async def dispatch(port: int, window: int, count: int) -> Loop:
    """The whole dispatch: a wave in a SQLite ledger, through a lane."""
    import tempfile

    from kit import a_desk, plan, sending

    from loa.channel import Desk
    from loa.model.settings import LaneSettings
    from loa.sms.lane import HeldLane

    options: dict[str, str | int | float | bool] = {"host": "127.0.0.1", "port": port}
    lane = LaneSettings(
        name="do", gateway="smpp", sender=SENDER, window=window, parts_per_second=100_000, options=options
    )
    folder = tempfile.TemporaryDirectory()
    made = a_desk(Path(folder.name), (lane,))
    desk = Desk(made.workspace, made.store, made.clock, {"LOA_DO_SYSTEM_ID": "loa", "LOA_DO_PASSWORD": "khoa"})
    key = plan(desk, window + count)
    texts = sending(desk, key)
    held = HeldLane(lane, desk)

    async def send(count: int) -> int:
        done = 0
        while done < count:
            done += (await held.turn(texts, None, count - done)).done
        states = {item.state.value: item.rows for item in desk.store.figures.counts(key.wave)}
        assert states.keys() <= {"planned", "accepted"}, states
        return done

    send.folder = folder  # type: ignore[attr-defined] # it stays as long as this does
    return send


async def aiosmpplib(port: int, window: int, count: int) -> Loop:
    """Its own queue, filled as answers come.

    Not with its own correlator, which looks through every message of three days before each step: with one that keeps
    what waits for an answer, and nothing for receipts.
    """
    from aiosmpplib import ESME, NPI, TON, PhoneNumber, SubmitSm, SubmitSmResp
    from aiosmpplib.correlator import SimpleCorrelator
    from aiosmpplib.hook import AbstractHook

    class Correlator(SimpleCorrelator):  # type: ignore[misc]
        async def put_delivery(self, *_: object) -> None:
            return None

        async def _remove_expired(self) -> None:
            return None

    room = asyncio.Semaphore(window)
    answered = 0

    class Hook(AbstractHook):  # type: ignore[misc]
        async def sending(self, *_: object) -> None:
            return None

        async def received(self, message: object, *_: object) -> None:
            nonlocal answered
            if isinstance(message, SubmitSmResp):
                answered += 1
                room.release()

        async def send_error(self, *_: object) -> None:
            raise SystemExit("aiosmpplib could not send")

    esme = ESME("127.0.0.1", port, "loa", "khoa", hook=Hook(), correlator=Correlator("do"), log_level="CRITICAL")
    source = PhoneNumber(SENDER, TON.ALPHANUMERIC, NPI.UNKNOWN)
    running = asyncio.create_task(esme.start())

    async def send(count: int) -> int:
        before = answered
        for i in range(count):
            await room.acquire()
            target = PhoneNumber(number(i), TON.INTERNATIONAL, NPI.ISDN)
            await esme.broker.enqueue(SubmitSm(short_message=TEXT, source=source, destination=target, log_id=str(i)))
        for _ in range(window):  # the last answers
            await room.acquire()
        for _ in range(window):
            room.release()
        assert not running.done()
        return answered - before

    return send


async def smpp34(port: int, window: int, count: int) -> Loop:
    """A window of its calls at a time."""
    from smpp34 import Client

    client = Client("127.0.0.1", port, "loa", "khoa", bind_type="TRX", window_size=window)
    smsc = await client.connect()
    octets = TEXT.encode()

    async def send(count: int) -> int:
        left = iter(range(count))
        accepted = 0

        async def work() -> None:
            nonlocal accepted
            for i in left:
                answer = await smsc.submit_sm(
                    number(i), octets, source_addr=SENDER, source_addr_ton=5, dest_addr_ton=1, dest_addr_npi=1,
                    registered_delivery=1,
                )  # fmt: skip
                accepted += answer.is_success

        await asyncio.gather(*(work() for _ in range(window)))
        return accepted

    return send


CLIENTS: dict[str, Callable[[int, int, int], Awaitable[Loop]]] = {
    "loa": loa, "dispatch": dispatch, "aiosmpplib": aiosmpplib, "smpp34": smpp34,
}  # fmt: skip


async def measure(client: str, port: int, count: int, window: int) -> dict[str, float]:
    """Seconds and CPU seconds for so many messages, after a few to get going."""
    send = await CLIENTS[client](port, window, count)
    await send(window)
    started, used = time.perf_counter(), _cpu()
    accepted = await send(count)
    seconds, cpu = time.perf_counter() - started, _cpu() - used
    if accepted != count:
        raise SystemExit(f"{client}: {accepted} of {count} accepted")
    return {"seconds": seconds, "cpu": cpu}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run(client: str, port: int, options: argparse.Namespace) -> dict[str, float]:
    """One round of one client, in a process of its own that finds the packages it needs."""
    from tests.sms.smpp import peers

    environ = dict(os.environ)
    if client in OTHERS:
        environ["PYTHONPATH"] = str(peers.packages(OTHERS[client]))
    command = [sys.executable, __file__, "--only", client, "--port", str(port)]
    command += ["--count", str(options.count), "--window", str(options.window)]
    done = subprocess.run(command, env=environ, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - ourselves
    found: dict[str, float] = json.loads(done.stdout)
    return found


def compare(options: argparse.Namespace) -> list[dict[str, Any]]:
    """The middle round of each client."""
    from tests.sms.smpp import peers

    names = options.clients.split(",")
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    with peers.node_smsc("quiet") as server:
        for _ in range(options.rounds):
            for name in names:
                rounds[name].append(run(name, int(server.first), options))
    return [
        {
            "client": name,
            "per_second": options.count / median(one["seconds"] for one in found),
            "cpu_us": median(one["cpu"] for one in found) / options.count * 1e6,
        }
        for name, found in rounds.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--window", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", default="loa,aiosmpplib,smpp34")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=CLIENTS, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        print(json.dumps(asyncio.run(measure(options.only, options.port, options.count, options.window))), flush=True)
        os._exit(0)  # some clients cannot be ended otherwise
    found = compare(options)
    if options.json:
        print(json.dumps(found))
        return
    print(f"{options.count:,} submit_sm, window {options.window}, the middle one of {options.rounds} rounds")
    ours = found[0]
    for one in found:
        rate, cpu = ours["per_second"] / one["per_second"], ours["cpu_us"] / one["cpu_us"]
        told = "" if one is ours else f"   {ours['client']}: {rate:.2f} times its rate, {cpu:.2f} times its CPU"
        print(f"{one['client']:<12}{one['per_second']:>8,.0f} msg/s{one['cpu_us']:>8.1f} µs CPU a message{told}")


if __name__ == "__main__":
    main()
