"""eSMS, an aggregator: JSON, `SendMultipleMessage_V4_post_json`. Receipts come as callbacks (GET).

Options of a lane: `url` (the address up to and with `/json`), `callback_url` (where eSMS is to bring receipts; without
it none come), `campaign` (its name in eSMS's pages), `sandbox` (true: checked and answered, but never sent),
`connections` (the lane's window, 200 at most; requests at once). Secrets: API_KEY, SECRET_KEY, and with a
`callback_url` CALLBACK_SECRET, a word of our own that eSMS brings back: whoever knows it can write receipts. The codes
and what is not sure: `data/esms.toml`.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlencode

from loa.model.errors import Refused
from loa.model.ledger import Receipt
from loa.model.states import RowState
from loa.sms.gateways._codes import Code, codes
from loa.sms.gateways._http import TIMERS, Reply, Timers
from loa.sms.gateways._operator import MOST_CONNECTIONS, Operator, Request, Understood, at_once
from loa.sms.gateways._options import Options
from loa.sms.gateways._requests import JSON, amount, code_in, from_json, to_json
from loa.sms.gateways.base import Call, Gateway, Limits, Line, Message, News, Verdict
from loa.sms.parts import Alphabet

LIMITS = Limits(
    alphabets=frozenset(Alphabet),
    sender_length=11,
    asks_status=False,
    status_after=0,
    polls_receipts=False,
    reaches_people=True,
    calls_back=True,
    validity=False,
    options=frozenset({"url", "callback_url", "campaign", "sandbox", "connections"}),
    secrets=("API_KEY", "SECRET_KEY", "CALLBACK_SECRET"),
)
SEND = "/SendMultipleMessage_V4_post_json/"
BALANCE = "/GetBalance_json"
CUSTOMER_CARE = "2"  # SmsType; advertising is another call, of thirty numbers or more
KEY = "loa_key"  # the parameter of a callback that holds our secret

_ID = re.compile(r"[0-9A-Za-z-]{1,64}", re.ASCII)
_REFERENCE = re.compile(r"[0-9a-f]{32}", re.ASCII)


def connect(line: Line) -> Gateway:
    """One account. Raises `ContentError` for options and secrets that are missing or wrong."""
    return Esms(line)


class Esms(Operator):
    """One account."""

    limits = LIMITS

    def __init__(self, line: Line, timers: Timers = TIMERS) -> None:
        options = Options(line.lane)
        self._url = options.url("url").rstrip("/")
        callback = options.url("callback_url", needed=False)
        self._extra = {"campaignid": options.text("campaign", most=100)}
        sandbox = options.flag("sandbox")
        super().__init__(line, options.whole("connections", at_once(line.lane), least=1, most=MOST_CONNECTIONS), timers)
        options.done()
        if callback:
            joint = "&" if "?" in callback else "?"
            self._extra["CallbackUrl"] = callback + joint + urlencode({KEY: self._secret("CALLBACK_SECRET")})
        if sandbox:
            self._extra["Sandbox"] = "1"
        self._account = {"ApiKey": self._secret("API_KEY"), "SecretKey": self._secret("SECRET_KEY")}
        self._codes = codes("esms")

    async def balance(self) -> float:
        """What is left on the account, in đồng. Raises `GatewayError`."""
        reply = await self._ask(Request(self._url + BALANCE, to_json(self._account), JSON))
        answer = from_json(reply.body)
        self._codes.of(code_in(answer, "CodeResponse")).raise_trouble(self._line.lane)
        left = amount(answer.get("Balance"))
        if left is None or reply.status != 200:
            raise self._trouble("gateway-unexpected", f"HTTP {reply.status}")
        return left

    def _request(self, group: Sequence[Message]) -> Request:
        (message,) = group
        fields = self._account | {
            "Phone": "0" + message.number.removeprefix("+84"),
            "Content": message.body,
            "Brandname": message.sender,
            "SmsType": CUSTOMER_CARE,
            "IsUnicode": "0" if message.alphabet is Alphabet.GSM7 and message.body.isascii() else "1",
            "RequestId": message.reference,
        }
        extra = {name: value for name, value in self._extra.items() if value}
        return Request(self._url + SEND, to_json(fields | extra), JSON)

    def _read(self, reply: Reply) -> Understood | None:
        answer = from_json(reply.body)
        raw = code_in(answer, "CodeResult")
        if not raw:
            return None
        given = code_in(answer, "SMSID")
        return Understood(self._known(self._codes.of(raw), answer), given if _ID.fullmatch(given) else "")

    def _known(self, code: Code, answer: Mapping[str, object]) -> Code:
        """What became of the request that this one repeats, where the answer says so."""
        if code.first is None:
            return code
        became = self._codes.receipts.get(code_in(answer, "SendStatus"), "")
        if became == "rejected":
            return replace(code, verdict=Verdict.REFUSED, reason="gateway-refused", first=None)
        return replace(code, first=None) if became else code

    def _ids(self, group: Sequence[Message], given: str) -> Sequence[str]:
        return [given for _ in group]


def callback(line: Line, call: Call) -> News:
    """What eSMS says of a message. It repeats itself up to five times; the same receipt again changes nothing.

    Raises `Refused`: callback-forged without our secret, callback-unreadable for what is no callback of eSMS.
    """
    fields = _fields(call)
    given = fields.get(KEY, "").encode("utf-8", "surrogatepass")
    if not hmac.compare_digest(given, line.secret("CALLBACK_SECRET").encode()):
        raise Refused("callback-forged")
    gateway_id, reference = fields.get("SMSID", ""), fields.get("RequestId", "")
    table = codes("esms")
    said = table.receipts.get(fields.get("SendStatus", ""))
    if call.method != "GET" or said is None or not _ID.fullmatch(gateway_id):
        raise Refused("callback-unreadable")
    state = _state(said, fields)
    if state is None:
        return News()
    receipt = Receipt(
        lane=line.lane.name,
        gateway_id=gateway_id,
        state=state,
        at=line.clock.now(),
        reference=reference if _REFERENCE.fullmatch(reference) else "",
        raw=fields["SendStatus"],
        operator=table.networks.get(fields.get("telcoid", ""), ""),
    )
    return News((receipt,))


def _state(said: str, fields: Mapping[str, str]) -> RowState | None:
    """What a row becomes, or nothing where it says nothing new. A message of which a part failed was not delivered."""
    if said == "rejected":
        return RowState.UNDELIVERED
    if said == "waiting":
        return None
    succeeded, failed = (fields.get(name, "") for name in ("SendSuccess", "SendFailed"))
    if not re.fullmatch(r"\d{1,9} \d{1,9}", f"{succeeded} {failed}", re.ASCII):
        raise Refused("callback-unreadable")
    if int(failed):
        return RowState.UNDELIVERED
    return RowState.DELIVERED if int(succeeded) else None


def _fields(call: Call) -> Mapping[str, str]:
    """The fields of a call. One that stands twice is none: nobody knows which of them was meant.

    An address that had a query of its own may have got the fields with a second question mark.
    """
    fields: dict[str, str] = {}
    for name, value in call.query:
        if name == KEY and "?" in value:
            value, _, glued = value.partition("?")
            first, _, rest = glued.partition("=")
            fields[first] = "" if first in fields else rest
        fields[name] = "" if name in fields else value
    return fields
