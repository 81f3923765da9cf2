"""A lane's options: every mistake names its field and what to write, all of them at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from loa.model.errors import ContentError
from loa.model.settings import LaneSettings
from loa.sms.gateways._options import Options, refuse_unknown
from tests.conftest import MovingClock

from .operators import FAKES, gateway_at


def lane(**options: Any) -> LaneSettings:
    return LaneSettings(name="op-1", gateway="esms", sender="DVC-MAU", options=options)


def mistake(read: Callable[[Options], object], **options: Any) -> tuple[str, str | None]:
    """The code and the field of what is wrong, or nothing."""
    reader = Options(lane(**options))
    read(reader)
    try:
        reader.done()
    except ContentError as error:
        (found,) = error.mistakes
        assert found.where.file == "loa.toml"
        assert found.words.vi
        return found.code, found.where.field
    return "", None


@pytest.mark.parametrize(
    ("read", "value", "code"),
    [
        (lambda o: o.text("x"), "chữ", ""),
        (lambda o: o.text("x"), 12, ""),
        (lambda o: o.text("x"), True, "not-text"),
        (lambda o: o.text("x"), 1.5, "not-text"),
        (lambda o: o.text("x"), "a\x00b", "wrong-value"),
        (lambda o: o.text("x"), "a\nb", "wrong-value"),
        (lambda o: o.text("x", needed=True), "", "text-empty"),
        (lambda o: o.text("x", most=3), "abcd", "text-too-long"),
        (lambda o: o.text("x", pattern="[a-z]+", example="abc"), "ABC", "wrong-form"),
        (lambda o: o.one_of("x", ("a", "b"), "a"), "b", ""),
        (lambda o: o.one_of("x", ("a", "b"), "a"), "c", "not-one-of"),
        (lambda o: o.one_of("x", ("a", "b"), "a"), 1, "not-one-of"),
        (lambda o: o.whole("x", 1, least=1, most=9), 9, ""),
        (lambda o: o.whole("x", 1, least=1, most=9), 0, "too-small"),
        (lambda o: o.whole("x", 1, least=1, most=9), 10, "too-big"),
        (lambda o: o.whole("x", 1, least=1, most=9), "3", "not-whole-number"),
        (lambda o: o.whole("x", 1, least=1, most=9), 3.0, "not-whole-number"),
        (lambda o: o.whole("x", 1, least=1, most=9), True, "not-whole-number"),
        (lambda o: o.number("x", 1, least=0, most=9), 2.5, ""),
        (lambda o: o.number("x", 1, least=0, most=9), -0.1, "too-small"),
        (lambda o: o.number("x", 1, least=0, most=9), float("nan"), "too-big"),
        (lambda o: o.number("x", 1, least=0, most=9), False, "not-number"),
        (lambda o: o.flag("x"), True, ""),
        (lambda o: o.flag("x"), 1, "not-boolean"),
        (lambda o: o.flag("x"), "true", "not-boolean"),
        (lambda o: o.parsed("x", 0, lambda text: len(text) or None, example="a"), "abc", ""),
        (lambda o: o.parsed("x", 0, lambda text: len(text) or None, example="a"), "", "wrong-form"),
        (lambda o: o.parsed("x", 0, lambda text: len(text) or None, example="a"), 5, "wrong-form"),
    ],
)
def test_an_option_of_the_wrong_kind_is_named(read: Callable[[Options], object], value: object, code: str) -> None:
    assert mistake(read, x=value) == (code, "sms.lanes.op-1.options.x" if code else None)


def test_what_was_read_is_given_as_it_should_be() -> None:
    options = Options(lane(id=12, rate=3, yes=True))
    assert options.text("id") == "12"
    assert options.number("rate", 0, least=0, most=9) == 3.0
    assert options.flag("yes") is True
    assert options.text("absent", "default") == "default"
    assert options.parsed("absent", 7, lambda _: None, example="") == 7
    options.done()


def test_one_that_is_needed_and_missing_is_named() -> None:
    assert mistake(lambda o: o.text("x", needed=True)) == ("key-missing", "sms.lanes.op-1.options.x")
    assert mistake(lambda o: o.url("x")) == ("key-missing", "sms.lanes.op-1.options.x")


def test_all_mistakes_are_said_at_once() -> None:
    options = Options(lane(a=1.5, b="x"))
    options.text("a")
    options.whole("b", 1, least=1, most=2)
    with pytest.raises(ContentError) as caught:
        options.done()
    assert [found.code for found in caught.value.mistakes] == ["not-text", "not-whole-number"]


@pytest.mark.parametrize(
    "address",
    ["https://a.example", "https://a.example:8443/b?c=d", "http://127.0.0.1:9/x", "http://localhost/x",
     "http://[::1]:9/x", "https://10.0.0.1/x"],
)  # fmt: skip
def test_an_address_is_https_or_on_this_machine(address: str) -> None:
    assert mistake(lambda o: o.url("x"), x=address) == ("", None)


@pytest.mark.parametrize(
    "address",
    ["http://a.example/", "http://10.0.0.1/", "ftp://a.example/", "a.example", "https://", "https:///x",
     "https://user:secret@a.example/", "https://a.example/#x", "https://a.example:port/", "https://a.example/ x",
     "https://a.example/\u200b", "https://đ.example/", "http://localhost.example/", "https://a..example/",
     "https://" + "a" * 64 + ".example/", "https://[::1", "http://127.0.0.1@a.example/"],
)  # fmt: skip
def test_any_other_address_is_refused_without_being_shown(address: str) -> None:
    reader = Options(lane(x=address))
    assert reader.url("x") == ""
    with pytest.raises(ContentError) as caught:
        reader.done()
    assert caught.value.code == "gateway-url"
    assert "value" not in caught.value.fields  # it may hold a password


def test_an_unknown_option_is_named_with_the_one_that_was_probably_meant() -> None:
    with pytest.raises(ContentError) as caught:
        refuse_unknown(lane(urll="x", other=1), {"url", "campaign"})
    assert [(found.code, found.where.field) for found in caught.value.mistakes] == [
        ("unknown-key-close", "sms.lanes.op-1.options.urll"),
        ("unknown-key", "sms.lanes.op-1.options.other"),
    ]
    assert "“url”" in caught.value.mistakes[0].words.vi


@pytest.mark.parametrize("name", FAKES)
def test_a_gateway_without_its_address_says_which_option_is_missing(name: str, clock: MovingClock) -> None:
    with pytest.raises(ContentError) as caught:
        gateway_at(name, "", clock)
    assert caught.value.where is not None
    assert caught.value.where.field == "sms.lanes.op.options.url"
