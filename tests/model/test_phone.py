"""Numbers as people type them: every spelling of a number is one number, and nothing is guessed."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loa.model.phone import TABLE, Number, Problem, mask, parse, prefixes
from loa.model.sentences import words

SPELLINGS = [
    "0912000123",
    "+84 912 000 123",
    "+84912000123",
    "84912000123",
    "84 912 000 123",
    "0084912000123",
    "0084 912 000 123",
    "+84 (0)912 000 123",
    "(+84) 912000123",
    "840912000123",
    "0912.000.123",
    "0912 000 123",
    "0912-000-123",
    "0912–000–123",
    "(091)2000123",
    "(091) 200.0123",
    "912000123",
    "912.000.123",
    "912,000,123",
    "912000123.0",
    "84912000123.0",
    "O912000123",
    "o912OOO123",
    " 0912000123\t",
    "0912\u00a0000\u202f123",
    "\u202a0912000123\u202c",
    "\ufeff0912000123",
    "'0912000123",
    '="0912000123"',
    "０９１２０００１２３",
]

# 11 digits before 15 September 2018 -> ten since (domain.md; Decision 798/QĐ-BTTTT)
RENUMBERED = {
    "0120": "070", "0121": "079", "0122": "077", "0126": "076", "0128": "078",
    "0123": "083", "0124": "084", "0125": "085", "0127": "081", "0129": "082",
    "0162": "032", "0163": "033", "0164": "034", "0165": "035",
    "0166": "036", "0167": "037", "0168": "038", "0169": "039",
    "0186": "056", "0188": "058", "0199": "059",
}  # fmt: skip

OPERATORS = {
    "Viettel": "032 033 034 035 036 037 038 039 086 096 097 098",
    "VinaPhone": "081 082 083 084 085 088 091 094",
    "MobiFone": "070 076 077 078 079 089 090 093",
    "Vietnamobile": "052 056 058 092",
    "Gmobile": "059 099",
    "iTel": "087",
    "Wintel": "055",
}

PROBLEMS = [
    ("", "phone-missing"),
    ("  \u00a0\t", "phone-missing"),
    ("02083000123", "phone-landline"),
    ("+84 208 3000 123", "phone-landline"),
    ("0084 24 3000 0123", "phone-landline"),
    ("(0208) 3000.123", "phone-landline"),
    ("2083000123", "phone-landline"),
    ("0950000123", "phone-unknown-prefix"),
    ("0600000123", "phone-unknown-prefix"),
    ("01610000123", "phone-unknown-prefix"),
    ("0130000123", "phone-unknown-prefix"),
    ("+66 812 345 678", "phone-foreign"),
    ("0066812345678", "phone-foreign"),
    ("+912000123", "phone-foreign"),
    ("091200012", "phone-digits"),
    ("09120001234", "phone-digits"),
    ("9120001234", "phone-no-zero"),
    ("8491200012", "phone-no-zero"),
    ("0977000123456", "phone-digits"),
    ("+84 91 200", "phone-country-digits"),
    ("0084 912 345 67", "phone-country-digits"),
    ("+84 0912 345 678 9", "phone-country-digits"),
    ("912000123.5", "phone-fraction"),
    ("912000123,25", "phone-fraction"),
    ("910000000.00", "phone-fraction"),
    ("9.1e8", "phone-rounded"),
    ("091200012.0", "phone-digits"),
    ("0", "phone-digits"),
    ("113", "phone-digits"),
    ("9,12E+08", "phone-rounded"),
    ("9.12E+08", "phone-rounded"),
    ("8,49E+10", "phone-rounded"),
    ("2000-12-09 00:00:00", "phone-date"),
    ("2000-12-09", "phone-date"),
    ("09/12/2000", "phone-date"),
    ("9.12.2000", "phone-date"),
    ("09-12-2000", "phone-date"),
    ("09-12/2000", "phone-not-a-number"),
    ("0912000123/0912000124", "phone-several"),
    ("0912 000 123; 0912 000 124", "phone-several"),
    ("0912000123 hoặc 0912000124", "phone-several"),
    ("0912000123 0912000124", "phone-several"),
    ("0912000123\n0912000124", "phone-several"),
    ("không có", "phone-not-a-number"),
    ("?", "phone-not-a-number"),
    ("-", "phone-not-a-number"),
    ("x", "phone-not-a-number"),
    ("#N/A", "phone-not-a-number"),
    ("091200012x", "phone-not-a-number"),
    ("l912000123", "phone-not-a-number"),
    ("0912+84000123", "phone-not-a-number"),
]


@pytest.mark.parametrize("text", SPELLINGS)
def test_every_spelling_of_a_number_is_the_number(text: str) -> None:
    assert parse(text) == Number("+84912000123", "VinaPhone")


@pytest.mark.parametrize(("old", "new"), RENUMBERED.items())
@pytest.mark.parametrize("written", ["0{}", "+84{}", "84{}", "0084{}", "{}"])
def test_a_number_of_before_2018_is_mapped(old: str, new: str, written: str) -> None:
    found = parse(written.format(f"{old[1:]}0001234"))
    assert isinstance(found, Number)
    assert found.e164 == f"+84{new[1:]}0001234"


@pytest.mark.parametrize(("operator", "prefix"), [(name, p) for name, row in OPERATORS.items() for p in row.split()])
def test_the_prefix_tells_who_was_given_the_number(operator: str, prefix: str) -> None:
    assert parse(f"{prefix}0001234") == Number(f"+84{prefix[1:]}0001234", operator)


def test_nine_digits_that_begin_with_84_are_prefix_084_without_its_zero() -> None:
    assert parse("841234567") == Number("+84841234567", "VinaPhone")
    assert parse("84841234567") == parse("0841234567") == parse("841234567")


@pytest.mark.parametrize(("text", "code"), PROBLEMS)
def test_what_is_no_mobile_number_is_named(text: str, code: str) -> None:
    found = parse(text)
    assert isinstance(found, Problem)
    assert found.code == code


@pytest.mark.parametrize(("text", "code"), PROBLEMS)
def test_a_problem_has_its_sentences_and_never_repeats_the_number(text: str, code: str) -> None:
    found = parse(text)
    assert isinstance(found, Problem)
    said = words(found.code, found.fields)
    assert "{" not in said.vi + said.en
    assert len(re.sub("[^0-9]", "", text)) < 8 or text.strip() not in said.vi + said.en


def test_the_count_of_digits_is_that_of_the_cell() -> None:
    assert parse("091.200.012") == Problem("phone-digits", {"digits": 9})
    assert parse("+84 (0)91 200") == Problem("phone-country-digits", {"digits": 5})


@pytest.mark.parametrize(("text", "code"), PROBLEMS)
def test_no_number_of_ten_digits_is_told_that_it_should_have_ten(text: str, code: str) -> None:
    found = parse(text)
    assert isinstance(found, Problem)
    assert found.fields.get("digits") != (9 if code == "phone-country-digits" else 10)


# --- any number, any spelling

SUBSCRIBER = st.text("0123456789", min_size=7, max_size=7)
ANY = st.tuples(st.sampled_from(" ".join(OPERATORS.values()).split()), SUBSCRIBER).map("".join)
START = st.sampled_from(["0", "", "+84", "84", "0084", "+840", "00840"])
BETWEEN = st.lists(st.sampled_from(["", "", "", " ", ".", "-", "\u00a0", "(", ")"]), min_size=20, max_size=20)


@given(number=ANY, start=START, between=BETWEEN, letter=st.sampled_from("0oO"))
def test_any_spelling_of_a_number_parses_to_the_same_number(
    number: str, start: str, between: list[str], letter: str
) -> None:
    digits = (start + number[1:]).replace("0", letter)
    written = "".join(mark + digit for mark, digit in zip(between, digits, strict=False))
    found = parse(written)
    assert isinstance(found, Number), written
    assert found.e164 == f"+84{number[1:]}"


@given(old=st.sampled_from(sorted(RENUMBERED)), subscriber=SUBSCRIBER, start=START)
def test_any_spelling_of_an_old_number_is_the_new_one(old: str, subscriber: str, start: str) -> None:
    assert parse(start + old[1:] + subscriber) == parse(RENUMBERED[old] + subscriber)


@given(st.text(max_size=30) | st.text("0123456789+84 .()-oO/,", max_size=30))
def test_a_number_is_always_e164_and_all_else_has_a_code(text: str) -> None:
    found = parse(text)
    if isinstance(found, Number):
        assert re.fullmatch(r"\+84[35789][0-9]{8}", found.e164)
        assert parse(found.e164) == found
    else:
        assert found.code.startswith("phone-")


# --- what people may see


@pytest.mark.parametrize(
    ("phone", "shown"),
    [("+84912000123", "+84 91x xxx x23"), ("0912000123", "xxx"), ("", "xxx"), ("+849120001234", "xxx")],
)
def test_a_log_sees_the_prefix_and_two_digits(phone: str, shown: str) -> None:
    assert mask(phone) == shown


# --- the table


def test_every_prefix_has_one_operator_a_source_and_a_date() -> None:
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    held = Counter(prefix for row in table["operators"] for prefix in row["prefixes"])
    assert set(held.values()) == {1}
    for row in [table["plan"], table["renumbering"], *table["operators"]]:
        assert row["source"]
        assert isinstance(row["checked"], date)


def test_every_old_prefix_leads_to_one_that_is_held() -> None:
    table = prefixes()
    assert len(table.renumbered) == len(set(table.renumbered.values())) == 21
    assert set(table.renumbered.values()) <= set(table.operators)
