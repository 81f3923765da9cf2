"""Callbacks over real HTTP: what is believed, what is stored before it is acknowledged, and what a stranger gets."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from loa import pipeline
from loa.channel import Desk
from loa.console.callbacks import Bounds, Callbacks, doors
from loa.console.server import Server
from loa.model.clock import Clock
from loa.model.errors import ContentError, StoreError
from loa.model.ledger import Change, PlannedRow
from loa.model.states import RowState
from loa.store.schema import inbound, opt_outs, orphans
from tests.sms.gateways.test_twilio_callbacks import MESSAGE, PERSON, STATUS, signature
from tests.sms.gateways.twilio_service import SECRETS

from .kit import JOB, PERSONS, PUBLIC, SETTINGS, Site


@pytest.fixture
def sent(desk: Desk) -> list[str]:
    """Rows that Twilio has taken, by their ids; under Twilio's own name for each, but the last, which is in doubt."""
    store, now = desk.store, desk.clock.now()
    planned = [PlannedRow(person, "VinaPhone", "05443", "vi", "words", 1) for person in PERSONS]
    store.ledger.expand(JOB, 1, planned, now)
    lease = store.lanes.take("tw", "somebody", now)
    assert lease is not None
    rows = sorted(row.id for row in store.ledger.claim(JOB, 1, lease, 1000, now).rows)
    changes = [Change(row, RowState.ACCEPTED, gateway_id=sid(row)) for row in rows[:-1]]
    store.ledger.record(lease, [*changes, Change(rows[-1], RowState.UNKNOWN, "no-answer")], now)
    return rows


def sid(row: str) -> str:
    return f"SM{row}"


def delivered(row: str, status: str = "delivered") -> dict[str, str]:
    return {**STATUS, "MessageSid": sid(row), "MessageStatus": status}


# --- taken and stored


def test_a_receipt_is_stored_when_it_is_acknowledged(site: Site, sent: list[str]) -> None:
    assert site.tell(delivered(sent[0])) == (200, b"<Response/>")
    assert site.states() == {RowState.ACCEPTED: 38, RowState.DELIVERED: 1, RowState.UNKNOWN: 1}


def test_a_receipt_with_our_reference_settles_what_was_in_doubt(site: Site, sent: list[str]) -> None:
    doubtful = sent[-1]
    assert site.tell(delivered(doubtful, "sent"), f"?ref={doubtful}")[0] == 200
    assert site.states() == {RowState.ACCEPTED: 40}
    assert site.tell(delivered(doubtful))[0] == 200, "and from then on Twilio's own id is known"
    assert site.states() == {RowState.ACCEPTED: 39, RowState.DELIVERED: 1}


def test_a_replayed_receipt_changes_nothing(site: Site, sent: list[str]) -> None:
    for _ in range(3):
        assert site.tell(delivered(sent[0]))[0] == 200
    assert site.tell(delivered(sent[0], "undelivered"))[0] == 200
    assert site.states()[RowState.DELIVERED] == 1
    assert len(site.desk.store.figures.history(sent[0])) == 3, "sending, accepted, delivered"


def test_a_receipt_of_nothing_we_know_is_taken_and_waits(site: Site) -> None:
    assert site.tell(STATUS)[0] == 200
    assert site.tell(STATUS)[0] == 200
    assert site.count(orphans) == 1


def test_a_person_who_writes_stop_is_on_the_list_and_gets_no_answer_from_here(site: Site) -> None:
    assert site.tell(PERSON) == (200, b"<Response/>")
    assert site.tell(PERSON) == (200, b"<Response/>")
    assert (site.count(inbound), site.count(opt_outs)) == (1, 1)
    assert site.desk.store.inbound.to_confirm("tw") == ("+84912000000",)


def test_repeats_at_the_same_time_are_stored_once(site: Site, sent: list[str]) -> None:
    told = [(delivered(row), "") for row in sent[:-1]] + [(PERSON, "")] * 20
    with ThreadPoolExecutor(16) as many:
        answers = list(many.map(lambda one: site.tell(*one)[0], told * 3))
    assert answers == [200] * len(told) * 3
    assert site.states() == {RowState.DELIVERED: 39, RowState.UNKNOWN: 1}
    assert site.count(inbound) == 1
    kept = set(site.desk.store.figures.counts(JOB.wave))
    assert kept == set(site.desk.store.figures.recounted(JOB.wave))


# --- what is not believed


def test_a_forged_request_is_refused_and_nothing_is_stored(site: Site, sent: list[str]) -> None:
    assert site.tell(delivered(sent[0]), X_Twilio_Signature="")[0] == 200, "a header of another name is no signature"
    status, body, _ = site.ask(
        "POST", "/sms/tw", urlencode(delivered(sent[1])).encode(), {"X-Twilio-Signature": "x" * 28}
    )
    assert (status, body) == (403, b"403\n")
    assert site.states()[RowState.DELIVERED] == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "Forwarded": "host=evil.example"},
        {"X-Forwarded-For": "203.0.113.7"},
    ],
)
def test_who_asks_under_which_name_changes_nothing(site: Site, sent: list[str], headers: dict[str, str]) -> None:
    """The address that a signature is over is the one of loa.toml."""
    assert site.tell(delivered(sent[0]), **headers)[0] == 200
    form = delivered(sent[1])
    forged = {"X-Twilio-Signature": signature("http://evil.example/sms/tw", form)} | headers
    assert site.ask("POST", "/sms/tw", urlencode(form).encode(), forged)[0] == 403


def test_a_signature_for_one_address_does_not_open_another(site: Site, sent: list[str]) -> None:
    form = delivered(sent[0])
    signed = {"X-Twilio-Signature": signature(f"{PUBLIC}/sms/tw", form)}
    assert site.ask("POST", f"/sms/tw?ref={sent[1]}", urlencode(form).encode(), signed)[0] == 403
    assert site.ask("POST", "/sms/tw?", urlencode(form).encode(), signed)[0] == 200


def test_a_proxy_may_pass_its_path_on(site: Site, sent: list[str]) -> None:
    form = delivered(sent[0])
    signed = {"X-Twilio-Signature": signature(f"{PUBLIC}/sms/tw", form)}
    assert site.ask("POST", "/loa/sms/tw", urlencode(form).encode(), signed)[0] == 200


# --- strangers


@pytest.mark.parametrize(
    "path",
    ["/", "/sms", "/sms/", "/sms/none", "/sms/thu", "/sms/TW", "/sms/tw/", "/sms//tw", "/x", "/health/", "/../etc"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_not_there_always_looks_the_same(site: Site, method: str, path: str) -> None:
    """Also a lane whose gateway does not call back: `thu`."""
    status, body, headers = site.ask(method, path)
    assert (status, body) == (404, b"404\n")
    assert "server" not in headers


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_only_what_providers_do_is_done(site: Site, method: str) -> None:
    assert site.ask(method, "/sms/tw")[0] == 405


def test_health_says_nothing_of_the_inside(site: Site) -> None:
    status, body, headers = site.ask("GET", "/health")
    assert (status, body) == (200, b"ok\n")
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


@pytest.mark.parametrize(
    ("query", "body"), [("", b"\xff\xff"), ("", b""), ("?" + "&".join(["a=1"] * 300), b""), ("?%ff=%ff", b"a")]
)
def test_what_cannot_be_read_is_refused(site: Site, query: str, body: bytes) -> None:
    assert site.ask("POST", f"/sms/tw{query}", body)[0] in {400, 403}
    assert site.ask("GET", f"/sms/tw{query}")[0] in {400, 403}


# --- too much, too slow


def test_a_body_that_says_it_is_too_large_is_not_read(site: Site) -> None:
    with socket.create_connection(("127.0.0.1", site.server.port), timeout=20) as line:
        line.sendall(b"POST /sms/tw HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("chunked", [True, False])
def test_ten_megabytes_are_not_taken(site: Site, chunked: bool) -> None:
    connection = HTTPConnection("127.0.0.1", site.server.port, timeout=20)
    body = (b"x" * 100_000 for _ in range(100)) if chunked else b"x" * 10_000_000
    with contextlib.closing(connection), contextlib.suppress(ConnectionError, HTTPException):
        connection.request("POST", "/sms/tw", body, {}, encode_chunked=chunked)  # type: ignore[arg-type]
        assert connection.getresponse().status == 413  # unless the door was closed while it was still talking
    assert site.ask("GET", "/health")[0] == 200


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [("?ref=" + "a" * 5_000, {}, 414), ("", {"X-Long": "a" * 15_000, "X-More": "a" * 1_000}, 431)],
)
def test_an_address_and_headers_have_a_length(site: Site, query: str, headers: dict[str, str], status: int) -> None:
    assert site.ask("POST", f"/sms/tw{query}", b"", headers)[0] in {status, 400}


def test_headers_without_end_are_cut_off(site: Site) -> None:
    told = b""
    with socket.create_connection(("127.0.0.1", site.server.port), timeout=20) as line, contextlib.suppress(OSError):
        line.sendall(b"POST /sms/tw HTTP/1.1\r\nHost: x\r\n")
        for _ in range(10_000):
            line.sendall(b"X-Header: " + b"a" * 1_000 + b"\r\n")
        told = b"all of it was taken"
    assert told == b""
    assert site.ask("GET", "/health")[0] == 200


def test_a_connection_that_says_nothing_is_closed(desk: Desk) -> None:
    server = Server(Callbacks(desk), "127.0.0.1", 0, patience=0.2)
    with server.beside(), socket.create_connection(("127.0.0.1", server.port), timeout=20) as line:
        line.sendall(b"POST /sms/tw HTTP/1.1\r\nHo")
        assert line.recv(100) == b""


@pytest.mark.parametrize("bounds", [Bounds(reading=0.2)])
def test_a_body_that_does_not_come_is_not_waited_for(site: Site) -> None:
    with socket.create_connection(("127.0.0.1", site.server.port), timeout=20) as line:
        line.sendall(b"POST /sms/tw HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nMessageSid=")
        assert line.recv(100).startswith(b"HTTP/1.1 408")


def test_a_client_that_goes_in_the_middle_leaves_nothing(site: Site) -> None:
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", site.server.port), timeout=20) as line:
            line.sendall(b"POST /sms/tw HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nMessageSid=")
    assert site.ask("GET", "/health")[0] == 200


# --- the store is down


@pytest.mark.parametrize("bounds", [Bounds(storing=0.3)])
def test_while_the_store_is_locked_the_provider_is_told_to_come_again(site: Site, small: Path, sent: list[str]) -> None:
    other = sqlite3.connect(small / "var" / "loa.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        path = "/sms/tw"
        form = delivered(sent[0])
        headers = {"X-Twilio-Signature": signature(PUBLIC + path, form)}
        status, _, answered = site.ask("POST", path, urlencode(form).encode(), headers)
        assert status == 503
        assert int(answered["retry-after"]) > 0
    finally:
        other.rollback()
        other.close()
    while site.tell(delivered(sent[0]))[0] != 200:  # it may still be at the first one
        time.sleep(0.05)
    assert site.states()[RowState.DELIVERED] == 1


@pytest.mark.parametrize("table", ["rows", "inbound"])
def test_where_the_store_fails_nothing_is_acknowledged(site: Site, sent: list[str], table: str) -> None:
    with site.desk.store.database.write() as connection:
        connection.execute(sa.text(f"ALTER TABLE {table} RENAME TO away"))
    assert site.tell(delivered(sent[0]) if table == "rows" else PERSON)[0] == 503
    with site.desk.store.database.write() as connection:
        connection.execute(sa.text(f"ALTER TABLE away RENAME TO {table}"))
    assert site.tell(delivered(sent[0]) if table == "rows" else PERSON)[0] == 200


# --- what nobody may read


@pytest.mark.parametrize("bounds", [Bounds(storing=0.3)])
def test_no_log_has_a_number_a_query_or_words(
    site: Site, sent: list[str], caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    site.tell(delivered(sent[0]), f"?ref={sent[0]}&x=bi-mat")
    site.tell(PERSON)
    site.tell({**PERSON, "From": "84912000777"})
    site.ask("POST", "/sms/tw?number=84912000000", b"Body=khong+nhan", {"X-Twilio-Signature": "x"})
    site.ask("GET", "/sms/84912000000?number=84912000000")
    with site.desk.store.database.write() as connection:
        connection.execute(sa.text("ALTER TABLE rows RENAME TO away"))
    assert site.tell(delivered(sent[1]))[0] == 503
    with site.desk.store.database.write() as connection:
        connection.execute(sa.text("ALTER TABLE away RENAME TO rows"))
    logged = caplog.text + "".join(capfd.readouterr())
    assert "callback-forged" in logged
    assert "not stored" in logged
    assert [word for word in ("912000", "bi-mat", "nhan", sent[0], MESSAGE, *SECRETS.values()) if word in logged] == []


# --- beginning and end


@pytest.mark.parametrize("missing", sorted(SECRETS))
def test_without_the_secret_that_proves_a_request_nothing_is_opened(desk: Desk, missing: str) -> None:
    environ = {name: value for name, value in SECRETS.items() if name != missing}
    with pytest.raises(ContentError) as caught:
        doors(Desk(desk.workspace, desk.store, desk.clock, environ))
    assert caught.value.fields["variable"] == missing


def test_an_address_of_its_own_goes_before_the_common_one(small: Path, clock: Clock) -> None:
    own = '[sms.lanes.options]\ncallback_url = "https://khac.example.gov.vn/x"\n'
    (small / "loa.toml").write_text((small / "loa.toml").read_text() + SETTINGS + own)
    desk = pipeline.open_desk(small, SECRETS, clock)
    assert {name: door.address for name, door in doors(desk).items()} == {"tw": "https://khac.example.gov.vn/x"}
    desk.store.close()


def test_a_port_that_is_taken_is_said(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(StoreError) as caught:
        Server(Callbacks(desk), "127.0.0.1", taken.getsockname()[1])
    assert caught.value.code == "port-taken"


def test_what_is_under_way_is_finished_before_it_ends(desk: Desk, sent: list[str]) -> None:
    server = Server(Callbacks(desk), "127.0.0.1", 0)
    form = urlencode(delivered(sent[0])).encode()
    signed = signature(f"{PUBLIC}/sms/tw", delivered(sent[0]))
    head = f"POST /sms/tw HTTP/1.1\r\nHost: x\r\nX-Twilio-Signature: {signed}\r\nContent-Length: {len(form)}\r\n\r\n"
    with server.beside(), socket.create_connection(("127.0.0.1", server.port), timeout=20) as line:
        line.sendall(head.encode() + form[:10])
        while not server.server_state.connections:
            time.sleep(0.01)
        ended = threading.Thread(target=lambda: setattr(server, "should_exit", True))
        ended.start()
        ended.join()
        line.sendall(form[10:])
        assert line.recv(100).startswith(b"HTTP/1.1 200")
    assert Counter(row.state for row in desk.store.figures.rows(JOB.wave))[RowState.DELIVERED] == 1


def test_asgi_alone_is_enough(desk: Desk, sent: list[str]) -> None:
    """Under any server: nothing depends on ours but the limits on headers."""

    async def run() -> list[int]:
        app = Callbacks(desk)
        form = delivered(sent[0])
        scope = {
            "type": "http", "method": "POST", "path": "/sms/tw", "query_string": b"",
            "headers": [(b"x-twilio-signature", signature(f"{PUBLIC}/sms/tw", form).encode())],
        }  # fmt: skip
        statuses: list[int] = []

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": urlencode(form).encode(), "more_body": False}

        async def send(event: Mapping[str, object]) -> None:
            if event["type"] == "http.response.start":
                statuses.append(int(str(event["status"])))

        await app(scope, receive, send)  # type: ignore[arg-type]
        await app({"type": "lifespan"}, receive, send)  # type: ignore[arg-type]
        return statuses

    assert asyncio.run(run()) == [200]
    assert Counter(row.state for row in desk.store.figures.rows(JOB.wave))[RowState.DELIVERED] == 1
