"""From what is written to what is read aloud."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loa.loudspeaker.lexicon import Lexicon, read_lexicon
from loa.loudspeaker.reading.leftovers import leftovers
from loa.loudspeaker.reading.numbers import cardinal
from loa.loudspeaker.speakable import read, speakable
from loa.model.errors import ContentError, Unsupported

from .tables import ROOT, cases, golden

VI = read_lexicon(ROOT / "assets", "vi")
EN = read_lexicon(ROOT / "assets", "en")


@pytest.mark.parametrize(("kind", "written", "spoken"), golden())
def test_an_announcer_would_say_it_so(kind: str, written: str, spoken: str) -> None:
    assert speakable(written, "vi", VI) == spoken


def test_the_golden_table_is_large_and_says_nothing_twice() -> None:
    written = [case[1] for case in golden()]
    assert len(written) >= 500
    assert len(set(written)) == len(written)


@pytest.mark.parametrize(("written", "spoken"), cases("speakable.en.tsv"))
def test_english(written: str, spoken: str) -> None:
    assert speakable(written, "en", EN) == spoken


@pytest.mark.parametrize(
    "token",
    [
        "31/02/2027",
        "25:99",
        "XYZ",
        "QL3",
        "1.000.000.000.001",
        "nguoi-la@vidu.vn",
        "vidu.vn",
        "12/QĐ-XYZ",
        "3+500",
        "50€",
        "CA",
        "10/10/26",  # which century?
        "30-4",  # a date without its word, or a range that goes down
        "PayNow",
        "TT",  # thường trực, thông tư, thị trấn?
        "5→7",
    ],
)
def test_what_cannot_be_read_is_never_guessed(token: str) -> None:
    assert [item.token for item in read(f"Mời bà con xem {token}, rồi gọi 1022.", "vi", VI).unread] == [token]


def test_every_unreadable_token_is_listed_with_its_line() -> None:
    with pytest.raises(ContentError) as error:
        speakable("Kính thưa bà con.\nMã ABC và số 45:99.\nGọi 1022, mã DEF.", "vi", VI, "ban-tin.txt")
    assert [(item.where.file, item.where.line, item.fields["token"]) for item in error.value.mistakes] == [
        ("ban-tin.txt", 2, "ABC"),
        ("ban-tin.txt", 2, "45:99"),
        ("ban-tin.txt", 3, "DEF"),
    ]


def test_a_language_without_rules_is_refused() -> None:
    with pytest.raises(Unsupported) as error:
        speakable("…", "jra", Lexicon("jra"))
    assert error.value.code == "speakable-language"


def test_decomposed_letters_are_read_like_composed_ones() -> None:
    text = "UBND mời bà con đến 10/10."
    assert speakable(unicodedata.normalize("NFD", text), "vi", VI) == speakable(text, "vi", VI)


def test_a_campaign_adds_its_hotline() -> None:
    assert speakable("số 1234", "vi", VI.with_hotline("1234")) == "số một hai ba bốn"
    assert speakable("số 1234", "vi", VI) == "số một nghìn hai trăm ba mươi tư"


@given(st.dates(date(1975, 1, 1), date(2100, 12, 31)))
def test_every_day_of_the_calendar_is_read_with_its_month_and_year(day: date) -> None:
    month = {4: "tư"}.get(day.month, cardinal(day.month))
    said = f"ngày {cardinal(day.day)} tháng {month} năm {cardinal(day.year)}"
    assert speakable(f"{day:%d/%m/%Y}", "vi", VI) == said


@given(st.text(alphabet="0123456789 /.,-:%hA Gđ", max_size=24))
def test_nothing_unread_ever_passes_unseen(text: str) -> None:
    """Whatever is written: either it is listed as unread, or what comes out is plain words."""
    reading = read(text, "vi", VI)
    assert reading.unread or not list(leftovers(reading.text))
