"""VNPT: one network and one text a call, and one answer for all its numbers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from loa.model.errors import ContentError, GatewayError
from loa.sms.gateways._fakes import FakeVnpt, hang_up, say
from loa.sms.gateways._http import Timers
from loa.sms.gateways._template import WHOLE, Template
from loa.sms.gateways.base import DUPLICATE, WRONG_NETWORK, Verdict
from loa.sms.gateways.vnpt import Vnpt
from tests.conftest import MovingClock

from .operators import ACCENTED, NUMBER, PLAIN, line, message

VINAPHONE = [f"+849120001{number:02}" for number in range(6)]
VIETTEL = [f"+849620001{number:02}" for number in range(4)]


@asynccontextmanager
async def vnpt(clock: MovingClock, **options: Any) -> AsyncIterator[tuple[Vnpt, FakeVnpt]]:
    async with FakeVnpt() as operator:
        gateway = Vnpt(line("vnpt", operator.url, clock, **options))
        try:
            yield gateway, operator
        finally:
            await gateway.close()


def calls(operator: FakeVnpt) -> list[tuple[tuple[str, ...], str, str]]:
    """What came: the numbers, the text and the coding of each call."""
    asked = [json.loads(received.body)["RQST"] for received in operator.requests]
    return [(tuple(one["MOBILELIST"].split(",")), one["PARAMS"][0]["CONTENT"], one["DATACODING"]) for one in asked]


# --- what goes into one call


def test_by_itself_every_number_has_its_own_call(clock: MovingClock) -> None:
    async def run() -> None:
        async with vnpt(clock) as (gateway, operator):
            await gateway.submit([message(clock, number) for number in VINAPHONE])
            assert [len(numbers) for numbers, _, _ in calls(operator)] == [1] * len(VINAPHONE)

    asyncio.run(run())


def test_a_call_has_one_text_one_network_and_no_more_numbers_than_the_lane_says(clock: MovingClock) -> None:
    async def run() -> None:
        async with vnpt(clock, numbers_per_call=4) as (gateway, operator):
            operator.networks = {number[1:]: "Viettel" for number in VIETTEL}
            batch = [message(clock, number) for number in [*VINAPHONE, *VIETTEL]]
            batch += [message(clock, f"+849120009{number:02}", "Mot tin khac.") for number in range(2)]
            outcomes = await gateway.submit(batch)
            assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
            assert sorted(len(numbers) for numbers, _, _ in calls(operator)) == [2, 2, 4, 4]
            assert set(operator.taken.values()) == {1}
            assert len(operator.taken) == len(batch)

    asyncio.run(run())


def test_a_network_that_is_known_goes_before_the_guess_of_the_prefix(clock: MovingClock) -> None:
    async def run() -> None:
        async with vnpt(clock, numbers_per_call=50) as (gateway, operator):
            operator.networks = {VINAPHONE[0][1:]: "Viettel"}
            ported = message(clock, VINAPHONE[0], network="Viettel")
            outcomes = await gateway.submit([ported, message(clock, VINAPHONE[1]), message(clock, VIETTEL[0])])
            assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
            assert (VINAPHONE[0][1:], VIETTEL[0][1:]) in [numbers for numbers, _, _ in calls(operator)]

    asyncio.run(run())


# --- one answer for all


@pytest.mark.parametrize("code", ["23", "25"])
def test_a_list_refused_for_one_number_was_not_sent_so_each_goes_by_itself(code: str, clock: MovingClock) -> None:
    async def run() -> None:
        async with vnpt(clock, numbers_per_call=50) as (gateway, operator):
            operator.answers[VINAPHONE[2][1:]] = code
            outcomes = {one.reference: one for one in await gateway.submit([message(clock, n) for n in VINAPHONE])}
            ported = outcomes.pop(message(clock, VINAPHONE[2]).reference)
            assert (ported.verdict, ported.reason, ported.raw) == (Verdict.REFUSED, WRONG_NETWORK, code)
            assert {outcome.verdict for outcome in outcomes.values()} == {Verdict.ACCEPTED}
            assert operator.taken == {number[1:]: 1 for number in VINAPHONE if number != VINAPHONE[2]}
            assert len(operator.requests) == 1 + len(VINAPHONE)

    asyncio.run(run())


def test_a_list_of_which_one_number_had_its_three_advertisements_is_in_doubt(clock: MovingClock) -> None:
    """Nobody knows which one, and whether the others were sent."""

    async def run() -> None:
        async with vnpt(clock, numbers_per_call=50) as (gateway, operator):
            operator.answers[VINAPHONE[2][1:]] = "26"
            outcomes = await gateway.submit([message(clock, number) for number in VINAPHONE])
            assert {(one.verdict, one.reason) for one in outcomes} == {(Verdict.UNKNOWN, "list-unclear")}
            assert len(operator.requests) == 1

    asyncio.run(run())


def test_a_list_that_gets_no_answer_is_in_doubt_as_a_whole(clock: MovingClock) -> None:
    async def run() -> None:
        async with vnpt(clock, numbers_per_call=50) as (gateway, operator):
            operator.script.append(hang_up)
            assert list(await gateway.submit([message(clock, number) for number in VINAPHONE])) == []
            assert len(operator.requests) == 1

    asyncio.run(run())


def test_a_list_that_is_refused_late_waits_for_another_time(clock: MovingClock) -> None:
    async def late(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.3)
        return web.Response(text=FakeVnpt().reply("23"))

    async def run() -> None:
        async with FakeVnpt() as operator:
            operator.script.append(late)
            timers = Timers(batch=1.1, request=1.0)
            gateway = Vnpt(line("vnpt", operator.url, clock, numbers_per_call=50), timers)
            messages = [message(clock, number) for number in VINAPHONE]
            outcomes = await gateway.submit(messages)
            assert [(found.verdict, found.reason) for found in outcomes] == [(Verdict.THROTTLED, "busy")] * len(
                messages
            )
            assert len(operator.requests) == 1
            # the same list would be refused again: it is one by one from now on
            assert [found.verdict for found in await gateway.submit(messages)] == [Verdict.ACCEPTED] * len(messages)
            assert len(operator.requests) == 1 + len(messages)
            await gateway.close()

    asyncio.run(run())


def test_the_numbers_of_a_list_have_ids_of_their_own(clock: MovingClock) -> None:
    async def run() -> None:
        async with vnpt(clock, numbers_per_call=50) as (gateway, _):
            outcomes = await gateway.submit([message(clock, number) for number in VINAPHONE])
            assert len({outcome.gateway_id for outcome in outcomes}) == len(VINAPHONE)
            assert len({outcome.gateway_id.partition("-")[0] for outcome in outcomes}) == 1

    asyncio.run(run())


def test_trouble_of_the_account_in_every_call_means_that_nothing_has_left(clock: MovingClock) -> None:
    async def run() -> None:
        async with vnpt(clock) as (gateway, operator):
            operator.APIPASS = "another"
            with pytest.raises(GatewayError, match="gateway-credentials"):
                await gateway.submit([message(clock, number) for number in VINAPHONE])
            assert not operator.taken

    asyncio.run(run())


def test_the_same_message_again_has_the_same_reqid_and_is_not_sent_twice(clock: MovingClock) -> None:
    async def run() -> None:
        async with vnpt(clock) as (gateway, operator):
            await gateway.submit([message(clock)])
            (again,) = await gateway.submit([message(clock, attempt=2)])
            assert (again.verdict, again.reason, again.raw) == (Verdict.ACCEPTED, DUPLICATE, "33")
            (first,) = await gateway.submit([message(clock, attempt=1)])
            assert (first.verdict, first.reason) == (Verdict.UNKNOWN, "duplicate-unexplained")
            assert set(operator.taken.values()) == {1}

    asyncio.run(run())


# --- what it cannot do


@pytest.mark.parametrize(
    ("number", "network", "verdict"),
    [
        (NUMBER, "", Verdict.ACCEPTED),
        (NUMBER, "VinaPhone", Verdict.ACCEPTED),
        (NUMBER, "Viettel", Verdict.REFUSED),
        (VIETTEL[0], "", Verdict.REFUSED),
        (VIETTEL[0], "VinaPhone", Verdict.ACCEPTED),
        ("+84121000123", "", Verdict.REFUSED),
    ],
)
def test_accents_go_to_its_own_network_only(number: str, network: str, verdict: Verdict, clock: MovingClock) -> None:
    async def run() -> None:
        async with vnpt(clock) as (gateway, operator):
            (outcome,) = await gateway.submit([message(clock, number, ACCENTED, network=network)])
            assert outcome.verdict is verdict
            if verdict is Verdict.REFUSED:
                assert (outcome.reason, operator.requests) == ("accents-own-network-only", [])
            else:
                assert calls(operator)[0][2] == "8"

    asyncio.run(run())


def test_a_schedule_past_the_last_moment_of_a_message_is_refused(clock: MovingClock) -> None:
    async def run() -> None:
        async with vnpt(clock, schedule_minutes=121) as (gateway, operator):
            (outcome,) = await gateway.submit([message(clock)])
            assert (outcome.verdict, outcome.reason) == (Verdict.REFUSED, "schedule-too-late")
            assert operator.requests == []

    asyncio.run(run())


def test_a_text_that_is_not_made_from_the_registered_template_is_refused(clock: MovingClock) -> None:
    async def run() -> None:
        async with vnpt(clock, template="Xin moi {P1}.") as (gateway, operator):
            (outcome,) = await gateway.submit([message(clock, text=PLAIN)])
            assert (outcome.verdict, outcome.reason) == (Verdict.REFUSED, "template-mismatch")
            assert operator.requests == []

    asyncio.run(run())


def test_a_list_whose_answer_is_unreadable_is_in_doubt_with_the_reason(clock: MovingClock) -> None:
    async def run() -> None:
        async with vnpt(clock, numbers_per_call=50) as (gateway, operator):
            operator.script.append(say(502, b"<html>bad gateway</html>"))
            outcomes = await gateway.submit([message(clock, number) for number in VINAPHONE])
            assert {(one.verdict, one.raw) for one in outcomes} == {(Verdict.UNKNOWN, "HTTP 502")}

    asyncio.run(run())


# --- templates


@pytest.mark.parametrize("template", ["", "no place", "{P2}", "{P1}{P2}", "{P1} {P1}", "{P1} {P3}", "{P0} a", "{p1}"])
def test_a_template_whose_places_cannot_be_told_apart_is_refused(template: str, clock: MovingClock) -> None:
    with pytest.raises(ContentError) as caught:
        Vnpt(line("vnpt", "https://vnpt.example/api", clock, template=template))
    assert caught.value.where is not None
    assert caught.value.where.field == "sms.lanes.op.options.template"


@pytest.mark.parametrize(
    ("template", "text", "values"),
    [
        ("{P1}", "a", ("a",)),
        ("{P1}", "", None),
        ("a {P1} b", "a x b", ("x",)),
        ("a {P1} b", "a  b", None),
        ("a {P1} b", "a x c", None),
        ("{P1}: {P2}", "x: y: z", ("x", "y: z")),
        ("{P1}.{P2}.", "a.b.", ("a", "b")),
        ("{P1}.{P2}.", "a.", None),
        ("ab{P1}b", "ab", None),
        ("{P1} aa {P2}", " aa aa x", (" aa", "x")),
    ],
)
def test_the_values_of_a_text(template: str, text: str, values: tuple[str, ...] | None) -> None:
    made = Template.parse(template)
    assert made is not None
    assert made.values(text) == values


@given(st.lists(st.text("ab .", min_size=1), min_size=1, max_size=5), st.text("ab ."), st.text("ab ."), st.data())
def test_a_text_made_from_a_template_is_taken_apart_again(
    values: list[str], first: str, last: str, data: st.DataObject
) -> None:
    between = data.draw(st.lists(st.text("ab .", min_size=1), min_size=len(values) - 1, max_size=len(values) - 1))
    pieces = [first, *between, last]
    template = Template(tuple(pieces))
    text = first + "".join(value + piece for value, piece in zip(values, pieces[1:], strict=True))
    found = template.values(text)
    assert found is not None
    assert all(found)
    assert first + "".join(value + piece for value, piece in zip(found, pieces[1:], strict=True)) == text


def test_the_template_that_is_all_of_a_text() -> None:
    assert Template.parse("{P1}") == WHOLE
