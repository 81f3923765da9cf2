"""What a lane may say of its SMSC, and that every mistake names its field."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from loa.model.clock import Clock
from loa.model.errors import ContentError
from loa.sms.gateways.base import secret_variable
from loa.sms.smpp import options, pdu
from tests.sms.smpp.kit import PASSWORD, SECRETS, SYSTEM_ID, line


def mistakes(clock: Clock, **given: Any) -> list[tuple[str, str | None]]:
    with pytest.raises(ContentError) as caught:
        options.read(line(clock, 2775, **given))
    return [(one.code, one.where.field) for one in caught.value.mistakes]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"hosst": "x"}, "unknown-key-close"),
        ({"host": ""}, "text-empty"),
        ({"host": "smpp://x"}, "wrong-form"),
        ({"port": 0}, "too-small"),
        ({"bind": "both"}, "not-one-of"),
        ({"long": "cut"}, "not-one-of"),
        ({"tls": "yes"}, "not-boolean"),
        ({"source_ton": 7}, "too-big"),
        ({"service_type": "GATEWAY"}, "text-too-long"),
        ({"response_seconds": 60}, "too-big"),  # a lane gives a submit up before
        ({"statuses": "0x410=gone"}, "wrong-form"),
        ({"statuses": "refused"}, "wrong-form"),
    ],
)
def test_a_mistake_names_its_field(clock: Clock, given: dict[str, Any], code: str) -> None:
    (name,) = given
    assert mistakes(clock, **given) == [(code, f"sms.lanes.thu.options.{name}")]


def test_ids_are_numbers_on_both_sides_or_on_none(clock: Clock) -> None:
    assert mistakes(clock, receipt_ids="hex") == [("not-one-of", "sms.lanes.thu.options.receipt_ids")]
    assert mistakes(clock, answer_ids="hex", receipt_ids="text") == [
        ("not-one-of", "sms.lanes.thu.options.receipt_ids")
    ]
    assert options.read(line(clock, 1, answer_ids="hex")).ids == options.Ids("hex", "decimal")


def test_mistakes_come_all_at_once(clock: Clock) -> None:
    assert len(mistakes(clock, port=0, bind="both", long="cut")) == 3


@pytest.mark.parametrize("name", ["SYSTEM_ID", "PASSWORD"])
def test_a_missing_secret_is_named_by_its_variable(clock: Clock, name: str) -> None:
    made = line(clock, 2775)
    variable = secret_variable("thu", name)
    without = replace(made, environ={key: value for key, value in SECRETS.items() if key != variable})
    with pytest.raises(ContentError) as caught:
        options.read(without)
    assert caught.value.fields["variable"] == variable


@pytest.mark.parametrize(
    ("sender", "address"),
    [
        ("DVC-MAU", pdu.Address(5, 0, "DVC-MAU")),
        ("8088", pdu.Address(3, 0, "8088")),
        ("19001022", pdu.Address(3, 0, "19001022")),
        ("+84912000001", pdu.Address(1, 1, "84912000001")),
        ("84912000001", pdu.Address(1, 1, "84912000001")),
    ],
)
def test_the_senders_type_follows_from_what_it_is(clock: Clock, sender: str, address: pdu.Address) -> None:
    assert options.read(line(clock, 1, sender=sender)).source == address
    own = options.read(line(clock, 1, sender=sender, source_ton=2, source_npi=8)).source
    assert own == pdu.Address(2, 8, address.text)


def test_a_sender_that_no_phone_would_show_is_refused(clock: Clock) -> None:
    with pytest.raises(ContentError) as caught:
        options.read(line(clock, 1, sender="DVC-MẪU"))
    assert caught.value.where is not None
    assert caught.value.where.field == "sms.lanes.thu.sender"


def test_certificates_are_read_at_once_and_a_wrong_file_is_named(clock: Clock, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("xin chào")
    for name, code in (("missing.pem", "file-missing"), ("empty.pem", "certificates-unreadable")):
        with pytest.raises(ContentError) as caught:
            options.read(line(clock, 1, folder=tmp_path, tls=True, tls_ca=name))
        assert (caught.value.code, caught.value.where and caught.value.where.file) == (code, str(tmp_path / name))
    assert options.read(line(clock, 1, tls_ca="missing.pem")).tls is None  # not used without tls


def test_credentials_are_in_the_bind_and_in_no_word(clock: Clock) -> None:
    made = options.read(line(clock, 1, system_type="VMA"))
    assert made.bind_body == pdu.bind(SYSTEM_ID.encode(), PASSWORD.encode(), b"VMA", b"")
    assert SYSTEM_ID not in repr(made)
    assert PASSWORD not in repr(made)
