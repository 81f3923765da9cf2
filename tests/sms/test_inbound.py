"""What people write back: who wants nothing more, and nothing else of their words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from loa import pipeline
from loa.channel import Desk
from loa.model.clock import Clock
from loa.model.ledger import Inbound
from loa.model.settings import StopWords
from loa.sms.inbound import OTHER, hear, meaning
from loa.store.inbound import STOP
from loa.store.schema import inbound, opt_outs

WORDS = StopWords().words


@pytest.mark.parametrize(
    "text",
    [
        "TC",
        "tc",
        " Tc. ",
        '"TC"',
        "TC!!!",
        "tc, tôi không muốn nhận nữa",
        "TC-QC",
        "(TC)",
        "TC\nCảm ơn",
        "TU CHOI",
        "Từ chối",
        "từ chối nhận tin",
        unicodedata.normalize("NFD", "TỪ CHỐI"),
        "Tu  Chối.",
        "tuchoi",
        "STOP",
        "stop please",
        "ＳＴＯＰ",
        "\u200bSTOP\u200b",
    ],
)
def test_a_message_that_begins_with_a_keyword_is_a_stop(text: str) -> None:
    assert meaning(text, WORDS) == STOP


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "...",
        "TCVN",
        "tức quá",
        "tcc",
        "t c hỏi chút",  # how the young write "tôi", "cô"
        "tôi không từ chối",
        "Tôi muốn từ chối",
        "Đừng STOP",
        "từ",
        "chối",
        "từ từ chối",
        "non-stop",
        "stopover",
        "1022",
        "👍",
    ],
)
def test_a_keyword_inside_a_message_is_none(text: str) -> None:
    assert meaning(text, WORDS) == OTHER


def test_the_keywords_are_the_workspaces() -> None:
    assert meaning("hủy đi", ["HUY"]) == STOP
    assert meaning("TC", ["HUY"]) == OTHER
    assert meaning("anything", []) == OTHER
    assert meaning("anything", ["..."]) == OTHER, "a keyword without a letter matches nothing"


@given(st.text(max_size=200), st.sampled_from(WORDS))
def test_anything_behind_a_keyword_is_still_a_stop_and_nothing_breaks(rest: str, word: str) -> None:
    assert meaning(rest, WORDS) in {STOP, OTHER}
    assert meaning(f"{word}\n{rest}", WORDS) == STOP


# --- stored


@pytest.fixture
def desk(small: Path, clock: Clock) -> Iterator[Desk]:
    opened = pipeline.open_desk(small, {}, clock)
    yield opened
    opened.store.close()


def wrote(desk: Desk, number: str, text: str, gateway_id: str = "m1") -> Inbound:
    return Inbound("thu", gateway_id, number, text, desk.clock.now())


def rows(desk: Desk) -> list[tuple[str, str]]:
    with desk.store.database.read() as connection:
        return [(row.phone, row.meaning) for row in connection.execute(sa.select(inbound).order_by(inbound.c.id))]


def opted_out(desk: Desk) -> list[tuple[str, str]]:
    with desk.store.database.read() as connection:
        return [(row.phone, row.source) for row in connection.execute(sa.select(opt_outs))]


@pytest.mark.parametrize("number", ["+84912000123", "84912000123", "0912000123", "0084912000123", "0912.000.123"])
def test_a_number_is_known_however_the_provider_spells_it(desk: Desk, number: str) -> None:
    (heard,) = hear(desk, [wrote(desk, number, "TC")])
    assert heard.meaning == STOP
    assert opted_out(desk) == [("+84912000123", "sms:thu")]
    assert desk.store.inbound.to_confirm("thu") == ("+84912000123",)


@pytest.mark.parametrize("number", ["+14155550123", "whatsapp:+84912000123", "VIETTEL", "", "9029", "+84550000123x"])
def test_a_number_that_is_none_of_ours_is_masked_and_nothing_follows(desk: Desk, number: str) -> None:
    assert len(hear(desk, [wrote(desk, number, "TC")])) == 1
    ((phone, said),) = rows(desk)
    assert said == STOP
    assert not any(char.isdigit() for char in phone)
    assert opted_out(desk) == []
    assert desk.store.inbound.to_confirm("thu") == ()


def test_a_number_of_a_prefix_that_nobody_holds_is_masked_too(desk: Desk) -> None:
    hear(desk, [wrote(desk, "+84500000123", "TC")])
    assert rows(desk) == [("+84 50x xxx x23", STOP)]
    assert opted_out(desk) == []
    assert desk.store.inbound.to_confirm("thu") == ()


def test_of_the_words_only_the_meaning_is_kept(desk: Desk, small: Path) -> None:
    hear(desk, [wrote(desk, "0912000123", "TC, con tôi đang ốm"), wrote(desk, "0912000124", "Cho hỏi", "m2")])
    assert rows(desk) == [("+84912000123", STOP), ("+84912000124", OTHER)]
    desk.store.close()
    kept = b"".join(path.read_bytes() for path in (small / "var").glob("loa.db*"))
    assert "đang ốm".encode() not in kept
    assert b"Cho h" not in kept


def test_the_same_message_again_is_no_new_one(desk: Desk) -> None:
    said = wrote(desk, "0912000123", "TC")
    assert len(hear(desk, [said, said])) == 1
    assert hear(desk, [said]) == ()
    assert len(rows(desk)) == 1


def test_a_message_without_an_id_is_told_apart_by_what_it_is(desk: Desk) -> None:
    said = wrote(desk, "0912000123", "Xin chào", "")
    assert len(hear(desk, [said, said, replace(said, number="0912000124"), replace(said, text="TC")])) == 3
    assert opted_out(desk) == [("+84912000123", "sms:thu")]


def test_a_stop_is_heard_by_the_next_wave(desk: Desk) -> None:
    """The list that a release looks at, at the last moment, is the one that this writes."""
    hear(desk, [wrote(desk, "0912000123", "TC")])
    assert desk.store.audiences.opt_out(["+84912000123"], "tệp", desk.clock.now()) == 0
