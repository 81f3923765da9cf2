"""The library's SMSC: its own count, its endings, its ways, and that it runs as a program."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from loa.model.clock import Clock
from loa.model.states import RowState
from loa.sms.gateways.base import Verdict
from loa.sms.smpp.simulator import Personality, Smsc
from tests.sms.smpp.kit import News, gateway, in_loop, line, messages, of, simulator, until

DELIVERED = RowState.DELIVERED
LONG = "Dich vu cong truc tuyen. " * 16  # three parts


@pytest.mark.parametrize(
    ("ending", "verdicts", "receipts"),
    [
        ("01", [Verdict.REFUSED, Verdict.REFUSED], []),
        ("02", [Verdict.LATER, Verdict.ACCEPTED], [DELIVERED]),
        ("03", [Verdict.ACCEPTED], [RowState.UNDELIVERED]),
        ("04", [Verdict.ACCEPTED], [RowState.EXPIRED]),
        ("05", [Verdict.ACCEPTED], []),
        ("06", [Verdict.ACCEPTED], [DELIVERED, DELIVERED]),
        ("07", [Verdict.ACCEPTED], [DELIVERED]),
        ("08", [None], [DELIVERED]),
        ("09", [None], []),
        ("10", [Verdict.ACCEPTED], [DELIVERED]),
    ],
)
@in_loop
async def test_endings(clock: Clock, ending: str, verdicts: list[Verdict | None], receipts: list[RowState]) -> None:
    (message,) = messages(clock, 1, ending=ending)
    async with simulator() as (smsc, port), gateway(line(clock, port, news := News(), response_seconds=0.1)) as smpp:
        for verdict in verdicts:
            outcome = of(await smpp.submit([message]), message)
            assert (outcome and outcome.verdict) == verdict
        await smpp.listen(0.05)
    assert [receipt.state for receipt in news.receipts] == receipts
    assert smsc.taken == len(verdicts)


@in_loop
async def test_its_journal_counts_every_part_that_it_took_and_keeps_no_number(clock: Clock, tmp_path: Path) -> None:
    smsc = Smsc(Personality(), tmp_path / "journal")
    port = await smsc.start()
    async with gateway(line(clock, port, response_seconds=0.1)) as smpp:
        await smpp.submit(
            [*messages(clock, 3, LONG), *messages(clock, 1, ending="01"), *messages(clock, 1, ending="09")]
        )
    await smsc.stop()
    book = (tmp_path / "journal").read_text()
    entries = [json.loads(entry) for entry in book.splitlines()]
    assert Counter((entry["part"], entry["parts"], entry["status"]) for entry in entries) == {
        (1, 3, 0): 3, (2, 3, 0): 3, (3, 3, 0): 3, (1, 1, 0x0B): 1, (1, 1, -1): 1,
    }  # fmt: skip
    assert len({(entry["number"], entry["part"], entry["text"]) for entry in entries}) == len(entries)
    assert "91200" not in book


@pytest.mark.parametrize("ways", [{"per_second": 10}, {"most": 10, "latency": 0.05}])
@in_loop
async def test_it_throttles_those_who_are_too_fast(clock: Clock, ways: dict[str, float]) -> None:
    async with simulator(**ways) as (smsc, port), gateway(line(clock, port)) as smpp:
        outcomes = await smpp.submit(messages(clock, 40))
    found = Counter(outcome.verdict for outcome in outcomes)
    assert set(found) == {Verdict.ACCEPTED, Verdict.THROTTLED}
    assert 10 <= found[Verdict.ACCEPTED] <= 20  # a second may have ended in between
    assert smsc.taken == found[Verdict.ACCEPTED]


@in_loop
async def test_where_it_hangs_up_its_count_has_what_the_sender_does_not_know(clock: Clock) -> None:
    async with simulator(drop_after=10) as (smsc, port), gateway(line(clock, port, window=5)) as smpp:
        outcomes = await smpp.submit(messages(clock, 20))
    found = Counter(outcome.verdict for outcome in outcomes)
    doubt = 20 - found.total()
    assert smsc.taken == 10 == found[Verdict.ACCEPTED] + doubt
    assert 1 <= doubt <= 5
    assert found[Verdict.THROTTLED] == 10


def test_as_a_program_it_says_its_port_and_ends_when_it_is_told_to(clock: Clock, tmp_path: Path) -> None:
    ways = ["--journal", tmp_path / "j", "--receipt-after", "0.02", "--answer-ids", "hex"]
    command = [sys.executable, "-m", "loa.sms.smpp.simulator", "--port", "0", *ways]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        port = int(program.stdout.readline())
        in_loop(send)(clock, port)
        program.send_signal(signal.SIGTERM)
        assert program.wait(5) == 0
    assert len((tmp_path / "j").read_text().splitlines()) == 5


async def send(clock: Clock, port: int) -> None:
    async with gateway(line(clock, port, news := News())) as smpp:
        outcomes = await smpp.submit(messages(clock, 5))
        await until(lambda: len(news.receipts) == 5)
    assert sorted(outcome.gateway_id for outcome in outcomes) == [f"{i:08X}" for i in range(1, 6)]
