"""A server that is called back, as the tests speak to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlencode

import sqlalchemy as sa

from loa.channel import Desk
from loa.console.server import Server
from loa.model.states import RowState
from loa.store import JobKey
from tests.sms.gateways.test_twilio_callbacks import signature

JOB = JobKey("nho/2027/d-30", "tin", "sms")
PERSONS = [f"+84912000{index:03}" for index in range(40)]
PUBLIC = "https://loa.example.gov.vn/loa"
SETTINGS = f"""
[sms.callbacks]
public_url = "{PUBLIC}"
[[sms.lanes]]
name = "tw"
gateway = "twilio"
sender = "DVC-MAU"
"""


@dataclass
class Site:
    """A running server, and the desk behind it."""

    desk: Desk
    server: Server

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes, Mapping[str, str]]:
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response: HTTPResponse = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return response.status, response.read(), named
        finally:
            connection.close()

    def tell(self, form: Mapping[str, str], query: str = "", lane: str = "tw", **headers: str) -> tuple[int, bytes]:
        """What Twilio sends, signed over the public address."""
        path = f"/sms/{lane}{query}"
        sent = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": signature(PUBLIC + path, form),
        }
        status, body, _ = self.ask("POST", path, urlencode(form).encode(), sent | headers)
        return status, body

    def states(self) -> Counter[RowState]:
        return Counter(row.state for row in self.desk.store.figures.rows(JOB.wave))

    def count(self, table: sa.Table) -> int:
        with self.desk.store.database.read() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
