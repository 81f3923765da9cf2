"""A machine listens: what it hears wrong is counted, and every date, hour, number and address is heard or missed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loa.loudspeaker.audio import Audio, joined, silence
from loa.loudspeaker.comparing import Kind, Step, fold, in_words, steps, tokens, was_heard, word_error
from loa.loudspeaker.lexicon import read_lexicon
from loa.loudspeaker.listening import (
    Hearing,
    Listener,
    MemoryListener,
    VietAsr,
    findings,
    listen,
    other_language,
    pieces,
    sounds_like,
    understood,
)
from loa.loudspeaker.speakable import speakable
from loa.model.errors import GatewayError, Unsupported

from .recordings import WORDS, voice
from .tables import ROOT

VI = read_lexicon(ROOT / "assets", "vi")
SCRIPT = """## Nội dung

Ngày 10/10/2026, từ 7h30 đến 11:00, mời bà con đến UBND xã. Từ ngày 1 tháng 7 đến 15/10, nộp hồ sơ tại
dichvucong.gov.vn.

## Lời nhắc

Gọi 1022 hoặc 0912 000 123. Khẩn cấp gọi 113, 114 hoặc 115. Tháng 10 là tháng chuyển đổi số."""
SPOKEN = speakable("\n".join(line for line in SCRIPT.splitlines() if not line.startswith("##")), "vi", VI)


def hearing(transcript: str, script: str = SCRIPT, spoken: str = SPOKEN) -> Hearing:
    return understood(script, spoken, transcript, "vi", VI, MemoryListener())


def missed(script: str, heard: str) -> list[str]:
    return [token.written for token in hearing(heard, script, speakable(script, "vi", VI)).missed]


# --- words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hòa, thủy; UỶ BAN!", "hoà thuỷ ủy ban"),
        ("kỹ lý quý mỹ", "kĩ lí quí mĩ"),
        ("hai mươi tư, hai mươi mốt", "hai mười bốn hai mười một"),
        ("một nghìn linh hai, bảy tỷ", "một ngàn lẻ hai bẩy tỉ"),
        ("Xin cha\u0300o", "xin chào"),
        ("mùng một", "ngày một"),
    ],
    ids=["marks", "y", "numbers", "south", "decomposed", "days"],
)
def test_what_sounds_the_same_is_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"), [("năm", "lăm"), ("ma", "má"), ("thúy", "thúi"), ("ban", "bàn"), ("đa", "da")]
)
def test_what_sounds_different_stays_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@pytest.mark.parametrize(
    ("wanted", "heard", "error"),
    [
        ("một hai ba bốn", "một hai ba bốn", 0),
        ("một hai ba bốn", "Một, hai, ba, tư!", 0),
        ("một hai ba bốn", "một ba bốn", 0.25),
        ("một hai ba bốn", "một hai hai ba bốn", 0.25),
        ("một hai ba bốn", "một tám ba chín", 0.5),
        ("một hai ba bốn", "", 1),
        ("một", "xin chào bà con", 1),
        ("", "", 0),
        ("", "xin", 1),
    ],
)
def test_wrong_missing_and_added_words_count_the_same(wanted: str, heard: str, error: float) -> None:
    assert word_error(wanted, heard) == error


def test_every_step_says_what_was_wanted_and_what_was_heard() -> None:
    assert steps(("a", "b", "c"), ("a", "x", "c", "d")) == (
        Step("a", "a"),
        Step("b", "x"),
        Step("c", "c"),
        Step(None, "d"),
    )


WORD = st.lists(st.sampled_from("abc"), max_size=8).map(tuple)


@settings(max_examples=200)
@given(WORD, WORD)
def test_the_way_is_the_shortest_and_leads_from_one_to_the_other(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    way = steps(one, other)
    assert tuple(step.wanted for step in way if step.wanted is not None) == one
    assert tuple(step.heard for step in way if step.heard is not None) == other
    assert sum(not step.right for step in way) == distance(one, other)


def distance(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """Another way to count: by its definition."""
    if not one or not other:
        return len(one) + len(other)
    if one[0] == other[0]:
        return distance(one[1:], other[1:])
    return 1 + min(distance(one[1:], other), distance(one, other[1:]), distance(one[1:], other[1:]))


# --- what must come across


def test_every_date_hour_number_and_address_of_a_script_is_listed() -> None:
    assert [(token.kind, token.written) for token in tokens(SCRIPT, "vi", VI)] == [
        (Kind.DATE, "Ngày 10/10/2026"),
        (Kind.TIME, "7h30"),
        (Kind.TIME, "11:00"),
        (Kind.DATE, "ngày 1 tháng 7"),
        (Kind.DATE, "15/10"),
        (Kind.ADDRESS, "dichvucong.gov.vn"),
        (Kind.PHONE, "1022"),
        (Kind.PHONE, "0912 000 123"),
        (Kind.PHONE, "113"),
        (Kind.PHONE, "114"),
        (Kind.PHONE, "115"),
        (Kind.DATE, "Tháng 10"),
    ]


def test_a_number_is_said_digit_by_digit_whatever_stands_before_it() -> None:
    said = {token.written: token.spoken for token in tokens("Gọi 113 hoặc 115, +84 912 000 123.", "vi", VI)}
    assert said == {
        "113": "một một ba",
        "115": "một một năm",
        "+84 912 000 123": "không chín một hai không không không một hai ba",
    }


def test_a_bulletin_that_was_heard_word_for_word_is_clear() -> None:
    found = hearing(SPOKEN.lower().replace(",", "").replace(".", ""))
    assert (found.word_error, found.missed, found.clear) == (0, (), True)
    assert list(findings(found, "x")) == []


def test_a_transcript_with_figures_is_understood_too() -> None:
    assert in_words("gọi 1022 ngày 10/10", "vi", VI) == "gọi một không hai hai ngày mười tháng mười"
    script = "Gọi 1022 hoặc 0912 000 123 trước ngày 10/10."
    assert missed(script, "gọi 1022 hoặc 0912 000 123 trước ngày 10/10") == []
    assert missed(script, "gọi 1022 hoặc 0912000123 trước ngày 10/10") == []
    assert missed(script, "gọi 1023 hoặc 0912000124 trước ngày 11/10") == ["1022", "0912 000 123", "ngày 10/10"]


@pytest.mark.parametrize(
    ("script", "heard", "lost"),
    [
        ("Gọi 1022.", "gọi một không hai ba", ["1022"]),
        ("Gọi 1022.", "gọi một không hai", ["1022"]),
        ("Gọi 1022.", "gọi một không hai hai hai", ["1022"]),
        ("Hạn 10/10.", "hạn ngày mười tháng mười hai", ["10/10"]),
        ("Hạn 10/10.", "hạn ngày mười lăm tháng mười", ["10/10"]),
        ("Hạn 10/10.", "hạn này mười tháng mười", []),
        ("Hạn 10/10.", "hạn mười tháng mười", []),
        ("Hạn 10/10.", "hạn này mười thánh mười", ["10/10"]),
        ("Mở 1h.", "mở mười một giờ", ["1h"]),
        ("Mở 7h30.", "mở bảy giờ ba mươi phút", []),
        ("Mở 7h30.", "mở bảy giờ ba mươi", []),
        ("Mở 7h30.", "mở bảy giờ bốn mươi phút", ["7h30"]),
        ("Vào dichvucong.gov.vn.", "vào dịch vụ công chấm gốp chấm vê nờ", []),
        ("Vào dichvucong.gov.vn.", "vào dịch vụ công chấm", ["dichvucong.gov.vn"]),
        ("Vào dichvucong.gov.vn.", "vào dịch vụ tông chấm gốp chấm vê nờ", []),
        ("Vào dichvucong.gov.vn.", "vào nhịp phụ tông chấm gốp chấm vê nờ", ["dichvucong.gov.vn"]),
        ("Đến 10/10, 24 hộ dự.", "đến ngày mười tháng mười hai mươi bốn hộ dự", []),
        ("Tháng 10.", "", ["Tháng 10"]),
    ],
)
def test_figures_must_be_right_and_one_other_word_need_not(script: str, heard: str, lost: list[str]) -> None:
    assert missed(script, heard) == lost


def test_what_was_missed_and_how_much_was_wrong_are_said() -> None:
    found = hearing("xin chào bà con gọi một không hai hai")
    assert not found.clear
    said = {item.code: item for item in findings(found, "ban-tin.mp3")}
    assert set(said) == {"heard-unclear", "heard-missed"}
    assert "0912 000 123" in said["heard-missed"].words.vi
    assert "; 1022" not in said["heard-missed"].words.vi
    assert not any(item.blocks for item in said.values())


def test_a_word_error_of_a_quarter_is_still_clear_and_nothing_may_be_missed() -> None:
    assert Hearing("", 0.25, (), "x", "1").clear
    assert not Hearing("", 0.26, (), "x", "1").clear
    lost = hearing(SPOKEN.replace("một không hai hai", "một không hai ba"))
    assert lost.word_error < 0.05
    assert not lost.clear


@pytest.mark.parametrize("transcript", ["", "\n", "%%% ///", "￼", "١٢٣", "1" * 400, "0" * 40 + " 99/99/9999"], ids=repr)
def test_a_transcript_of_anything_is_no_reason_to_fall(transcript: str) -> None:
    assert hearing(transcript).word_error > 0.9


def test_nothing_to_look_for_is_nothing_missed() -> None:
    assert missed("Xin chào bà con.", "gì đó") == []
    assert not any(was_heard(token, "", SPOKEN) for token in tokens(SCRIPT, "vi", VI))


def test_a_recording_of_the_vietnamese_words_is_told_from_others() -> None:
    """Word errors as they were measured: person 7, noise 16, echo 31, embedded voice 83 in a hundred."""
    words = SPOKEN.split()
    echo = " ".join("ơ" if place % 3 == 0 else word for place, word in enumerate(words))
    assert sounds_like(SPOKEN, SPOKEN)
    assert sounds_like(echo, SPOKEN)
    assert not sounds_like(WORDS, SPOKEN)
    assert not sounds_like("", SPOKEN)


def test_a_vietnamese_recording_in_another_languages_place_is_found() -> None:
    def codes(transcript: str, language: str) -> list[str]:
        found = other_language(voice(), SPOKEN, language, MemoryListener(transcript), "jra.mp3")
        return [item.code for item in found]

    assert codes(SPOKEN, "jra") == ["recording-language"]
    assert codes(WORDS, "jra") == []
    assert codes(SPOKEN, "vi") == []


# --- listeners


def test_a_listener_hears_the_sound_once() -> None:
    listener = MemoryListener(SPOKEN)
    found = listen(voice(), SCRIPT, SPOKEN, "vi", VI, listener)
    assert (found.clear, found.listener, found.version) == (True, "memory", "1")
    assert listener.heard == [voice()]


def test_a_language_it_does_not_know_is_refused_before_it_hears_anything() -> None:
    listener = MemoryListener()
    with pytest.raises(Unsupported) as error:
        listen(voice(), SCRIPT, SPOKEN, "jra", VI, listener)
    assert (error.value.code, listener.heard) == ("listen-language", [])


def test_a_listener_that_fails_is_an_error() -> None:
    with pytest.raises(GatewayError):
        listen(voice(), SCRIPT, SPOKEN, "vi", VI, MemoryListener(fails=GatewayError("listen-failed", {"problem": "x"})))


def test_long_sound_is_cut_where_nobody_speaks() -> None:
    long = joined([voice(), silence(0.5, voice().rate)] * 8)
    parts = list(pieces(long))
    assert joined(parts) == long
    assert all(10 < part.seconds <= 30 for part in parts[:-1])
    assert all(part.pcm[:200] == bytes(200) for part in parts[1:]), "each begins in silence"


def test_sound_without_a_silence_is_cut_all_the_same() -> None:
    hum = Audio(b"\0\x20\0\xe0" * (8_000 * 35), 8_000)
    assert [round(part.seconds) for part in pieces(hum)] == [30, 30, 10]


@pytest.fixture(scope="module")
def recogniser() -> Listener:
    return VietAsr()


def test_the_real_recogniser_hears_something_of_the_embedded_voice(recogniser: Listener) -> None:
    """It is a draft voice: much is wrong, but there are words, in Vietnamese, and no figures."""
    heard = recogniser.hear(voice())
    assert "missing" not in recogniser.version
    assert 0.3 * len(WORDS.split()) < len(heard.split()) < 1.5 * len(WORDS.split())
    assert set(fold(heard)) & set(fold(WORDS))
    assert not any(char.isdigit() for char in heard)
    assert heard == recogniser.hear(voice())


def test_the_real_recogniser_hears_nothing_in_silence(recogniser: Listener) -> None:
    assert recogniser.hear(silence(2, 44_100)) == ""
    assert recogniser.hear(Audio(b"", 44_100)) == ""
    assert recogniser.hear(Audio(b"\1\0" * 30, 44_100)) == ""
