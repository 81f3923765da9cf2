"""Against an SMSC that we did not write: node-smpp, which takes our octets apart with tables of its own."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from loa.model.clock import Clock
from loa.model.errors import GatewayError
from loa.model.states import RowState
from loa.sms.gateways.base import Verdict
from loa.sms.parts import split
from loa.sms.smpp import statuses
from tests import npm
from tests.sms.smpp import peers
from tests.sms.smpp.kit import News, gateway, in_loop, line, messages, until


@dataclass(frozen=True)
class Smsc:
    """The server, and what it said of what it got."""

    port: int
    peer: peers.Peer

    def told(self, count: int) -> list[dict[str, Any]]:
        """Its next lines; waits for them."""
        return [json.loads(next(self.peer.lines)) for _ in range(count)]


@pytest.fixture
def smsc() -> Iterator[Smsc]:
    with peers.node_smsc() as peer:
        yield Smsc(int(peer.first), peer)


@pytest.mark.parametrize(
    "text",
    [
        "Xin chao",
        "Cổng dịch vụ công: dichvucong.gov.vn",
        "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0:;<=>?¡AÄÖÑÜ§¿aäöñüà ^{}\\[~]|€",
        "Nộp hồ sơ trực tuyến 🙏. " * 12,
        "Nop ho so truc tuyen [mien phi] €. " * 12,
    ],
)
@pytest.mark.parametrize("long", ["udh", "payload"])
@in_loop
async def test_it_reads_the_words_that_were_meant(clock: Clock, smsc: Smsc, text: str, long: str) -> None:
    async with gateway(
        line(clock, smsc.port, news := News(), long=long, answer_ids="hex", receipt_ids="decimal")
    ) as smpp:
        (outcome,) = await smpp.submit(messages(clock, 1, text))
        await until(lambda: len(news.receipts) == 1)
    count = split(text).count if long == "udh" else 1
    *told, acknowledged = smsc.told(count + 1)
    assert outcome.verdict is Verdict.ACCEPTED
    assert "".join(part["text"] for part in told) == text
    assert [part["udh"][-4:] for part in told if count > 1] == [
        f"{count:02x}{i:02x}" for i in range(1, count + 1) if count > 1
    ]
    assert [part["registered_delivery"] for part in told] == [0] * (count - 1) + [1]
    assert {(part["source_addr_ton"], part["source_addr"]) for part in told} == {(5, "DVC-MAU")}
    assert {(part["dest_addr_ton"], part["dest_addr_npi"]) for part in told} == {(1, 1)}
    assert acknowledged == {"acknowledged": 0}
    (receipt,) = news.receipts
    assert (receipt.gateway_id, receipt.state) == (outcome.gateway_id, RowState.DELIVERED)


@in_loop
async def test_a_thousand_messages_are_each_taken_once(clock: Clock, smsc: Smsc) -> None:
    async with gateway(line(clock, smsc.port, news := News())) as smpp:
        outcomes = await smpp.submit(messages(clock, 1_000))
        await until(lambda: len(news.receipts) == 1_000)
    told = [line for line in smsc.told(2_000) if "text" in line]
    assert len({outcome.gateway_id for outcome in outcomes}) == 1_000
    assert len({line["destination_addr"] for line in told}) == len(told) == 1_000


@in_loop
async def test_its_throttling_is_understood(clock: Clock, smsc: Smsc) -> None:
    async with gateway(line(clock, smsc.port)) as smpp:
        (outcome,) = await smpp.submit(messages(clock, 1, ending="88"))
    assert (outcome.verdict, outcome.raw) == (Verdict.THROTTLED, "ESME_RTHROTTLED")


@in_loop
async def test_a_wrong_password_is_said_and_not_shown(clock: Clock, smsc: Smsc) -> None:
    made = line(clock, smsc.port)
    wrong = replace(made, environ={**made.environ, "LOA_THU_PASSWORD": "wrong"})
    async with gateway(wrong) as smpp:
        with pytest.raises(GatewayError) as caught:
            await smpp.submit(messages(clock, 1))
    assert (caught.value.code, caught.value.fields["raw"]) == ("gateway-credentials", "ESME_RINVPASWD")


@in_loop
async def test_when_it_is_killed_what_waits_is_in_doubt_and_the_rest_is_not(clock: Clock) -> None:
    batch = messages(clock, 20_000)
    with peers.node_smsc("quiet") as peer:
        async with gateway(line(clock, int(peer.first), window=10)) as smpp:
            await smpp.submit(batch[:1])
            task = asyncio.create_task(smpp.submit(batch))
            await asyncio.sleep(0.05)
            peer.kill()
            outcomes = await task
    answered = sum(outcome.verdict is Verdict.ACCEPTED for outcome in outcomes)
    unsent = sum(outcome.verdict is Verdict.THROTTLED for outcome in outcomes)
    assert 0 <= 20_000 - answered - unsent <= 10
    assert unsent > 0


def test_our_table_of_statuses_is_its_table() -> None:
    script = "console.log(JSON.stringify(require('smpp').errors))"
    folder = npm.installed(*peers.SMPP)
    told = subprocess.run([npm.program("node"), "-e", script], cwd=folder, capture_output=True, check=True).stdout
    theirs = {code: name for name, code in json.loads(told).items() if code}
    # version 5.0, which it follows, calls optional parameters TLVs
    renamed = set(range(0xC0, 0xC5))
    ours = {code: status.name for code, status in statuses.standard().items() if code not in renamed}
    assert ours == {code: name for code, name in theirs.items() if code <= 0x106 and code not in renamed}


# --- TLS


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for this machine, which is its own authority, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    addresses = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(addresses), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / f"{name}.pem", folder / f"{name}.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem, secret


@in_loop
async def test_tls_trusts_the_authority_of_the_lane_and_no_other(clock: Clock, tmp_path: Path) -> None:
    pem, key = certificate(tmp_path, "smsc")
    certificate(tmp_path, "other")
    with peers.node_smsc(key, pem) as peer:
        port = int(peer.first)
        own = {"tls": True, "tls_ca": "smsc.pem"}
        for given in (own, {**own, "tls_name": "localhost"}):
            async with gateway(line(clock, port, folder=tmp_path, **given)) as smpp:
                assert len(await smpp.submit(messages(clock, 30))) == 30
        for given in ({**own, "tls_ca": "other.pem"}, {"tls": True}, {**own, "tls_name": "smsc.nhamang.vn"}):
            async with gateway(line(clock, port, folder=tmp_path, **given)) as smpp:
                with pytest.raises(GatewayError) as caught:
                    await smpp.submit(messages(clock, 1))
            assert caught.value.fields["problem"] == "CERTIFICATE_VERIFY_FAILED"
