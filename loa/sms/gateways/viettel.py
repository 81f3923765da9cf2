"""Viettel's bulk SMS service: SOAP 1.1, `wsCpMt`. One message a request; no receipts.

Options of a lane: `url` (the whole address of the service), `cp_code`, `connections` (the lane's window, 200 at most;
requests at once). Secrets: USER, PASSWORD. The codes and what is not sure about them: `data/viettel.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from loa.sms.gateways import _xml
from loa.sms.gateways._codes import codes
from loa.sms.gateways._http import TIMERS, Reply, Timers
from loa.sms.gateways._operator import MOST_CONNECTIONS, Operator, Request, Understood, at_once
from loa.sms.gateways._options import Options
from loa.sms.gateways._requests import amount, request_number
from loa.sms.gateways.base import Gateway, Limits, Line, Message
from loa.sms.parts import Alphabet

LIMITS = Limits(
    alphabets=frozenset(Alphabet),
    sender_length=11,
    asks_status=False,
    status_after=0,
    polls_receipts=False,
    reaches_people=True,
    validity=False,
    options=frozenset({"url", "cp_code", "connections"}),
    secrets=("USER", "PASSWORD"),
)
NAMESPACE = "http://impl.bulkSms.ws/"
PLAIN, ACCENTED = "0", "1"  # ContentType
FAILED = "1"  # errCode of a balance

_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:impl="{namespace}">'
    "<soapenv:Header/><soapenv:Body><impl:{method}>{parameters}</impl:{method}></soapenv:Body></soapenv:Envelope>"
)
_HEADERS = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
_RETURN = "Envelope/Body/wsCpMtResponse/return"
_BALANCE = "Envelope/Body/checkBalanceResponse/return"
_FAULT = "Envelope/Body/Fault/faultcode"
_STAGE = re.compile(r"(Authenticate|Check \w+): *")
# As it stands an XML reader would make a plain line end of it (XML 1.0, 2.11).
_RETURNS = {"\r": "&#13;"}


def connect(line: Line) -> Gateway:
    """One account of the service. Raises `ContentError` for options and secrets that are missing or wrong."""
    return Viettel(line)


class Viettel(Operator):
    """One account."""

    limits = LIMITS

    def __init__(self, line: Line, timers: Timers = TIMERS) -> None:
        options = Options(line.lane)
        self._url = options.url("url")
        cp_code = options.text("cp_code", needed=True, most=100)
        super().__init__(line, options.whole("connections", at_once(line.lane), least=1, most=MOST_CONNECTIONS), timers)
        options.done()
        self._account = {"User": self._secret("USER"), "Password": self._secret("PASSWORD"), "CPCode": cp_code}
        self._codes = codes("viettel")

    async def balance(self) -> float:
        """What is left on the account, in Viettel's own unit. Raises `GatewayError`."""
        reply = await self._ask(self._call("checkBalance", self._account))
        found = _texts(reply)
        self._codes.beginning(_plain(found.get(f"{_BALANCE}/errDesc", ""))).raise_trouble(self._line.lane)
        left = amount(found.get(f"{_BALANCE}/balance"))
        if left is None or found.get(f"{_BALANCE}/errCode") == FAILED:
            raise self._trouble("gateway-unexpected", f"HTTP {reply.status}")
        return left

    def _request(self, group: Sequence[Message]) -> Request:
        (message,) = group
        number = message.number.removeprefix("+")
        plain = message.alphabet is Alphabet.GSM7 and message.body.isascii()
        parameters = self._account | {
            "RequestID": request_number(message.reference),
            "UserID": number,
            "ReceiverID": number,
            "ServiceID": message.sender,
            "CommandCode": "bulksms",
            "Content": message.body,
            "ContentType": PLAIN if plain else ACCENTED,
        }
        return self._call("wsCpMt", parameters)

    def _call(self, method: str, parameters: Mapping[str, str]) -> Request:
        """Parameters are elements of no namespace, in the order of the service's description."""
        elements = "".join(f"<{name}>{escape(value, _RETURNS)}</{name}>" for name, value in parameters.items())
        text = _ENVELOPE.format(namespace=NAMESPACE, method=method, parameters=elements)
        return Request(self._url, text.encode(), _HEADERS)

    def _read(self, reply: Reply) -> Understood | None:
        found = _texts(reply)
        if found.get(_FAULT, "").rpartition(":")[2] == "Client":
            # SOAP 1.1, 4.4.1: the message was not well formed, it must not be sent again as it is
            return Understood(self._codes.results["Client"], certain=True)
        result = found.get(f"{_RETURN}/result", "").strip()
        if result == "1":
            return Understood(self._codes.results["1"])
        return Understood(self._codes.beginning(_plain(found.get(f"{_RETURN}/message", "")))) if result == "0" else None

    def _ids(self, group: Sequence[Message], given: str) -> Sequence[str]:
        return [request_number(message.reference) for message in group]


def _texts(reply: Reply) -> Mapping[str, str]:
    try:
        return _xml.texts(reply.body)
    except _xml.Unreadable:
        return {}


def _plain(words: str) -> str:
    """Without the stage that found it."""
    return _STAGE.sub("", words.strip(), count=1)
