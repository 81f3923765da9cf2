"""The bytes that leave and what every recorded answer means, file by file. See `golden/`."""

from __future__ import annotations

import asyncio
import tomllib
from pathlib import Path
from typing import Any

import pytest

from loa.model.errors import GatewayError
from loa.sms.gateways._codes import DATA, codes
from loa.sms.gateways._fakes import FakeEsms, FakeViettel, FakeVnpt, say
from loa.sms.gateways.base import DUPLICATE, WRONG_NETWORK, Outcome, Verdict
from tests.conftest import MovingClock

from .operators import ACCENTED, FAKES, HOSTILE, NUMBER, PLAIN, gateway_at, message

GOLDEN = Path(__file__).with_name("golden")
SECOND = "+84912000124"

# golden request -> gateway, options of the lane, messages (number, text)
REQUESTS: dict[str, tuple[str, dict[str, Any], list[tuple[str, str]]]] = {
    "viettel/plain.request.xml": ("viettel", {}, [(NUMBER, PLAIN)]),
    "viettel/accented.request.xml": ("viettel", {}, [(NUMBER, ACCENTED)]),
    "viettel/hostile.request.xml": ("viettel", {}, [(NUMBER, HOSTILE)]),
    "vnpt/plain.request.json": ("vnpt", {}, [(NUMBER, PLAIN)]),
    "vnpt/accented.request.json": ("vnpt", {}, [(NUMBER, ACCENTED)]),
    "vnpt/hostile.request.json": ("vnpt", {}, [(NUMBER, HOSTILE)]),
    "vnpt/list.request.json": ("vnpt", {"numbers_per_call": 50}, [(NUMBER, PLAIN), (SECOND, PLAIN)]),
    "vnpt/template.request.json": (
        "vnpt", {"template": "UBND tinh {P1}: nop ho so tai {P2}. Hoi {P3}."}, [(NUMBER, PLAIN)],
    ),
    "vnpt/scheduled-advertising.request.json": (
        "vnpt", {"schedule_minutes": 30, "message_class": "advertising"}, [(NUMBER, "[QC] " + PLAIN)],
    ),
    "esms/plain.request.json": ("esms", {}, [(NUMBER, PLAIN)]),
    "esms/accented.request.json": ("esms", {}, [(NUMBER, ACCENTED)]),
    "esms/hostile.request.json": ("esms", {}, [(NUMBER, HOSTILE)]),
    "esms/every-option.request.json": (
        "esms",
        {"sandbox": True, "campaign": "Đợt 1", "callback_url": "https://loa.example/sms?lane=op"},
        [(NUMBER, PLAIN)],
    ),
    "esms/no-callback.request.json": ("esms", {"callback_url": ""}, [(NUMBER, PLAIN)]),
}  # fmt: skip

HEADERS = {
    "viettel": {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'},
    "vnpt": {"Content-Type": "application/json; charset=utf-8"},
    "esms": {"Content-Type": "application/json; charset=utf-8"},
}


@pytest.mark.parametrize("golden", REQUESTS)
def test_a_request_is_the_recorded_one_byte_for_byte(golden: str, clock: MovingClock) -> None:
    name, options, sent = REQUESTS[golden]

    async def run() -> None:
        async with FAKES[name]() as operator:
            gateway = gateway_at(name, operator.url, clock, **options)
            outcomes = await gateway.submit([message(clock, number, text) for number, text in sent])
            await gateway.close()
        assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * len(sent)
        (received,) = operator.requests
        assert received.body == (GOLDEN / golden).read_bytes()
        assert HEADERS[name].items() <= received.headers.items()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("name", "plain", "accented"),
    [
        ("viettel", b"<ContentType>0<", b"<ContentType>1<"),
        ("vnpt", b'"DATACODING":"0"', b'"DATACODING":"8"'),
        ("esms", b'"IsUnicode":"0"', b'"IsUnicode":"1"'),
    ],
)
def test_a_text_is_called_plain_only_where_it_has_no_accent_at_all(
    name: str, plain: bytes, accented: bytes, clock: MovingClock
) -> None:
    """“à” is a letter of GSM-7 and would go over the air as one, but these operators mean “without accents”."""
    gateway = gateway_at(name, "https://operator.example/", clock)
    assert plain in gateway._request([message(clock, text="Xin chao [1]")]).body
    for text in ("Xin chào", "Xin chào cả nhà", "a `b`"):
        assert accented in gateway._request([message(clock, text=text)]).body


@pytest.mark.parametrize("name", ["viettel", "esms"])
def test_the_balance_is_asked_for_as_recorded(name: str, clock: MovingClock) -> None:
    async def run() -> None:
        async with FAKES[name]() as operator:
            gateway = gateway_at(name, operator.url, clock)
            assert await gateway.balance() == operator.balance  # type: ignore[attr-defined]
            await gateway.close()
        (golden,) = (GOLDEN / name).glob("balance.request.*")
        assert operator.requests[0].body == golden.read_bytes()

    asyncio.run(run())


# --- answers


def cases() -> list[Any]:
    return [
        pytest.param(name, case, id=f"{name}/{case['reply']}")
        for name in FAKES
        for case in tomllib.loads((GOLDEN / name / "cases.toml").read_text(encoding="utf-8"))["cases"]
    ]


def answer_to(name: str, case: dict[str, Any], clock: MovingClock, attempt: int) -> Outcome:
    """What one message becomes when that is the answer. Raises `GatewayError` as the gateway does."""

    async def run() -> Outcome:
        async with FAKES[name]() as operator:
            operator.script.append(say(case.get("status", 200), (GOLDEN / name / case["reply"]).read_bytes()))
            gateway = gateway_at(name, operator.url, clock)
            try:
                (outcome,) = await gateway.submit([message(clock, attempt=attempt)])
            finally:
                await gateway.close()
            return outcome

    return asyncio.run(run())


@pytest.mark.parametrize(("name", "case"), cases())
def test_an_answer_means_what_the_table_says(name: str, case: dict[str, Any], clock: MovingClock) -> None:
    if "error" in case:
        with pytest.raises(GatewayError) as caught:
            answer_to(name, case, clock, 1)
        assert (caught.value.code, caught.value.fields["raw"]) == (case["error"], case["code"])
        assert caught.value.words.vi
        return
    outcome = answer_to(name, case, clock, 1)
    assert outcome._replace(reference="", gateway_id="") == Outcome(
        reference="",
        verdict=Verdict(case["verdict"]),
        reason=case.get("reason", ""),
        raw=case["code"],
        retry_after=case.get("retry_after"),
        network=case.get("network", ""),
    )
    if name == "esms":
        assert outcome.gateway_id == case.get("gateway_id", "")
    elif outcome.verdict is Verdict.ACCEPTED:
        assert outcome.gateway_id.isdigit()


@pytest.mark.parametrize(("name", "case"), [param for param in cases() if "again" in param.values[1]])
def test_i_have_it_already_is_an_acceptance_only_of_what_was_given_before(
    name: str, case: dict[str, Any], clock: MovingClock
) -> None:
    outcome = answer_to(name, case, clock, 2)
    assert (outcome.verdict, outcome.reason) == (Verdict(case["again"]), DUPLICATE)


@pytest.mark.parametrize("name", FAKES)
def test_every_row_of_a_table_has_a_recorded_answer(name: str) -> None:
    table = codes(name)
    seen = {param.values[1]["code"] for param in cases() if param.values[0] == name}
    assert {*table.answers, *table.results} <= seen


@pytest.mark.parametrize("name", [*FAKES, "http"])
def test_a_table_says_where_it_is_from_and_how_sure_it_is(name: str) -> None:
    table = tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8"))
    assert table["about"]["source"]
    assert table["about"]["checked"].year >= 2026
    assert "[read]" in table["about"]["note"]
    for row in [*table["answers"].values(), table["unlisted"]]:
        assert row["verdict"] in {*Verdict, "lane"}
        assert ("error" in row) == (row["verdict"] == "lane")
        assert row["verdict"] in {"accepted", "lane"} or row["reason"]


def test_the_words_of_the_tables_are_those_that_dispatch_knows() -> None:
    reasons = {code.reason for name in FAKES for code in codes(name).answers.values()}
    assert {WRONG_NETWORK, DUPLICATE} <= reasons


@pytest.mark.parametrize(
    ("said", "golden"),
    [
        (FakeViettel().reply(FakeViettel.OK), "viettel/ok.reply.xml"),
        (FakeViettel().reply("Check ServiceID: DUPLICATE MESSAGE"), "viettel/duplicate.reply.xml"),
        (FakeVnpt().reply("0"), "vnpt/0.reply.json"),
        (FakeEsms().reply("101"), "esms/101.reply.json"),
        (FakeEsms().reply("124"), "esms/124-sent.reply.json"),
    ],
)
def test_the_fakes_speak_as_recorded(said: str, golden: str) -> None:
    assert said.encode() == (GOLDEN / golden).read_bytes()
