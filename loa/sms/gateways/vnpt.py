"""VNPT's (VinaPhone's) SMS service: JSON, `send_sms_list`. One network and one text a request; no receipts.

Options of a lane: `url` (the whole address), `agent_id`, `contract_id`, `label_id`, `template_id`, `username` (VNPT's
ids of the account, the contract, the registered sender and the registered template), `template` (its text, with {P1},
{P2} … for what changes; {P1} alone, the default, is any text), `message_class` (care | advertising), `numbers_per_call`
(1 to 500), `schedule_minutes` (0: at once), `connections` (the lane's window, 200 at most; requests at once). Secrets:
APIUSER, APIPASS.

One number a call is the default on purpose: a call has one REQID and one answer for all its numbers, so only alone does
a message keep the same REQID when it is given to VNPT again, and is its answer about nobody else.
The codes and what is not sure about them: `data/vnpt.toml`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from loa.model import phone
from loa.sms.gateways._codes import codes
from loa.sms.gateways._http import TIMERS, Reply, Timers
from loa.sms.gateways._operator import BUSY, MOST_CONNECTIONS, Operator, Request, Understood, at_once
from loa.sms.gateways._options import Options
from loa.sms.gateways._requests import JSON, code_in, from_json, request_number, to_json
from loa.sms.gateways._template import WHOLE, Template
from loa.sms.gateways.base import Gateway, Limits, Line, Message, Outcome, Verdict
from loa.sms.parts import Alphabet

LIMITS = Limits(
    alphabets=frozenset(Alphabet),
    sender_length=11,
    asks_status=False,
    status_after=0,
    polls_receipts=False,
    reaches_people=True,
    validity=False,
    options=frozenset(
        {
            "url", "agent_id", "contract_id", "label_id", "template_id", "template", "username", "message_class",
            "numbers_per_call", "schedule_minutes", "connections",
        }
    ),
    secrets=("APIUSER", "APIPASS"),
)  # fmt: skip
PLAIN, ACCENTED = "0", "8"  # DATACODING
CLASSES = {"care": "1", "advertising": "2"}  # CONTRACTTYPEID


def connect(line: Line) -> Gateway:
    """One account of the service. Raises `ContentError` for options and secrets that are missing or wrong."""
    return Vnpt(line)


class Vnpt(Operator):
    """One account, with one contract, one registered sender and one registered template."""

    limits = LIMITS

    def __init__(self, line: Line, timers: Timers = TIMERS) -> None:
        options = Options(line.lane)
        self._url = options.url("url")
        self._label = options.text("label_id", needed=True, most=50)
        self._class = CLASSES[options.one_of("message_class", tuple(CLASSES), "care")]
        self._contract = options.text("contract_id", needed=True, most=50)
        self._template_id = options.text("template_id", needed=True, most=50)
        self._agent = options.text("agent_id", needed=True, most=50)
        self._username = options.text("username", needed=True, most=100)
        self._template = options.parsed("template", WHOLE, Template.parse, example="UBND tinh {P1}: {P2}")
        self._list = options.whole("numbers_per_call", 1, least=1, most=500)
        self._ahead = timedelta(minutes=options.whole("schedule_minutes", 0, least=0, most=7 * 24 * 60))
        super().__init__(line, options.whole("connections", at_once(line.lane), least=1, most=MOST_CONNECTIONS), timers)
        options.done()
        self._secrets = {"APIUSER": self._secret("APIUSER"), "APIPASS": self._secret("APIPASS")}
        self._codes = codes("vnpt")
        self._alone: set[str] = set()  # references from lists that were not taken: the next time by themselves

    def _refusal(self, message: Message) -> str:
        if why := super()._refusal(message):
            return why
        if _coding(message) == ACCENTED and _network(message) != self._codes.request["own_network"]:
            return "accents-own-network-only"
        if self._ahead and self._line.clock.now() + self._ahead > message.valid_until:
            return "schedule-too-late"
        return "" if self._template.values(message.body) else "template-mismatch"

    def _groups(self, messages: Sequence[Message]) -> list[Sequence[Message]]:
        alike: dict[tuple[str, str, str], list[Message]] = {}
        for message in messages:
            own = message.reference if message.reference in self._alone else ""
            alike.setdefault((_network(message), message.body, own), []).append(message)
        return [
            group[start : start + self._list] for group in alike.values() for start in range(0, len(group), self._list)
        ]

    def _request(self, group: Sequence[Message]) -> Request:
        values = self._template.values(group[0].body) or ()
        schedule = self._line.clock.now() + self._ahead
        fields = {
            "name": "send_sms_list",
            "REQID": _reqid(group),
            "LABELID": self._label,
            "CONTRACTTYPEID": self._class,
            "CONTRACTID": self._contract,
            "TEMPLATEID": self._template_id,
            "PARAMS": [{"NUM": str(number), "CONTENT": value} for number, value in enumerate(values, 1)],
            "SCHEDULETIME": schedule.strftime(self._codes.request["schedule"]) if self._ahead else "",
            "MOBILELIST": ",".join(message.number.removeprefix("+") for message in group),
            "ISTELCOSUB": "0",
            "AGENTID": self._agent,
            **self._secrets,
            "USERNAME": self._username,
            "DATACODING": _coding(group[0]),
        }
        return Request(self._url, to_json({"RQST": fields}), JSON)

    def _read(self, reply: Reply) -> Understood | None:
        answer = from_json(reply.body).get("RPLY")
        raw = code_in(answer, "ERROR") if isinstance(answer, dict) else ""
        return Understood(self._codes.of(raw)) if raw else None

    def _ids(self, group: Sequence[Message], given: str) -> Sequence[str]:
        reqid = _reqid(group)
        return [reqid] if len(group) == 1 else [f"{reqid}-{number}" for number in range(1, len(group) + 1)]

    async def _send(self, group: Sequence[Message], until: float) -> list[Outcome]:
        """Sends one request. A list of which one number is wrong was not taken, so each number goes by itself: now,
        or, where there is no time left for another request, when it is given to us again."""
        understood = await self._answer(group, until)
        if understood is None:
            return []
        code = understood.code
        if len(group) > 1 and code.splits:
            self._alone.update(message.reference for message in group)
            return await self._all([[message] for message in group], until)
        if len(group) == 1 and understood is not BUSY:
            self._alone.discard(group[0].reference)
        if len(group) > 1 and code.about_number:
            code = replace(code, verdict=Verdict.UNKNOWN, reason="list-unclear")
        return self._outcomes(group, replace(understood, code=code))


def _reqid(group: Sequence[Message]) -> str:
    return request_number(*(message.reference for message in group))


def _coding(message: Message) -> str:
    return PLAIN if message.alphabet is Alphabet.GSM7 and message.body.isascii() else ACCENTED


def _network(message: Message) -> str:
    if message.network:
        return message.network
    found = phone.parse(message.number)
    return found.operator if isinstance(found, phone.Number) else ""
