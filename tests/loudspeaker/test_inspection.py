"""A person's recording: what is good is taken in any format, and what is wrong is said before it goes on the air."""

from __future__ import annotations

import array
import io
import math
import random
import tracemalloc

import pytest
from PIL import Image

from loa.loudspeaker.audio import Audio, joined, silence, to_wav
from loa.loudspeaker.codec import UnreadableSoundError, decode
from loa.loudspeaker.inspection import Inspected, inspect, inspect_file, tidy
from loa.loudspeaker.measure import measure
from loa.model.finding import Level
from loa.model.sentences import table

from .recordings import FORMATS, WORDS, cut, encoded, louder, padded, voice

RATE = 22_050


def codes(found: Inspected) -> list[str]:
    assert all(finding.words.vi and finding.subject == "-" for finding in found.findings)
    return [finding.code for finding in found.findings]


def looked_at(sound: Audio, words: str = WORDS, language: str = "vi") -> list[str]:
    return codes(inspect(sound, words, language))


def hiss(seconds: float, size: float, rate: int = RATE) -> Audio:
    chance = random.Random(1)  # noqa: S311 - noise, and the same every time
    return Audio(array.array("h", (round(chance.gauss(0, size)) for _ in range(round(seconds * rate)))).tobytes(), rate)


def tone(seconds: float, hertz: float = 440) -> Audio:
    wave = (round(9_000 * math.sin(2 * math.pi * hertz * i / RATE)) for i in range(round(seconds * RATE)))
    return Audio(array.array("h", wave).tobytes(), RATE)


def over(sound: Audio, other: Audio) -> Audio:
    pairs = zip(array.array("h", sound.pcm), array.array("h", other.pcm), strict=False)
    return Audio(array.array("h", (max(-32_768, min(32_767, a + b)) for a, b in pairs)).tobytes(), sound.rate)


# --- formats


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_voice_is_taken_in_every_format_people_have(name: str) -> None:
    found = inspect_file(encoded(padded(), name), WORDS, "vi")
    assert codes(found) == (["recording-narrow"] if name == "amr" else [])
    assert found.seconds == pytest.approx(padded().seconds, abs=0.1)
    assert (found.lead, found.tail) == (pytest.approx(0.5, abs=0.1), pytest.approx(0.8, abs=0.1))
    assert found.words_a_second == pytest.approx(3.8, abs=0.1)
    assert found.container and found.codec


def test_a_film_with_two_channels_gives_its_sound() -> None:
    found = inspect_file(encoded(padded(), "m4a", layout="stereo", picture=True), WORDS, "vi")
    assert (codes(found), found.channels, found.codec) == ([], 2, "aac")


@pytest.mark.parametrize(
    ("rate", "code"), [(8_000, ["recording-narrow"]), (6_000, ["recording-rate"]), (16_000, [])], ids=str
)
def test_what_sounds_like_a_telephone_is_said(rate: int, code: list[str]) -> None:
    assert codes(inspect_file(encoded(padded(), "wav", rate=rate), WORDS, "vi")) == code


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(buffer, "JPEG")
    return buffer.getvalue()


PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n"
SESSION = b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n"


@pytest.mark.parametrize(
    "data",
    [
        picture(),
        WORDS.encode() * 50,
        random.Random(2).randbytes(50_000),  # noqa: S311
        b"RIFF\xff\xff\xff\xffWAVEfmt ",
        PLAYLIST,
        b"ffconcat version 1.0\nfile '/etc/hostname'\n",
        SESSION,
        to_wav(Audio(b"", RATE)),
    ],
    ids=["picture", "text", "noise", "cut header", "playlist", "list", "session", "no samples"],
)
def test_what_holds_no_sound_is_refused_and_opens_nothing(data: bytes) -> None:
    found = inspect_file(data, WORDS, "vi")
    assert (codes(found), found.blocks, found.sound) == (["recording-unreadable"], True, None)
    with pytest.raises(UnreadableSoundError):
        decode(data)
    with pytest.raises(UnreadableSoundError):
        measure(data)


def test_an_empty_file_is_said_to_be_empty() -> None:
    assert codes(inspect_file(b"", WORDS, "vi")) == ["recording-empty"]


@pytest.mark.parametrize("size", [200, 2_000, 20_000])
def test_noise_in_the_middle_of_a_file_is_damage(size: int) -> None:
    mp3 = encoded(padded(), "mp3")
    half = len(mp3) // 2
    broken = mp3[:half] + random.Random(3).randbytes(size) + mp3[half + size :]  # noqa: S311
    found = inspect_file(broken, WORDS, "vi")
    assert codes(found)[0] == "recording-damaged"
    assert found.findings[0].overridable


def test_a_file_without_its_first_bytes_is_still_heard() -> None:
    assert codes(inspect_file(encoded(padded(), "mp3")[300:], WORDS, "vi")) == []


def test_tags_behind_the_sound_are_no_damage() -> None:
    tag = b"TAG" + b"ti\xe1\xbb\x83u \xc4\x91\xe1\xbb\x81".ljust(125, b"\0")
    assert codes(inspect_file(encoded(padded(), "mp3") + tag, WORDS, "vi")) == []


def test_hours_are_refused_without_being_held_in_memory() -> None:
    hours = encoded(Audio(bytes(2 * 8_000 * 1_300), 8_000), "flac", rate=8_000)
    endless = to_wav(Audio(bytes(2 * 8_000 * 3 * 3_600), 8_000))
    assert codes(inspect_file(hours, WORDS, "vi")) == ["recording-endless"]
    tracemalloc.start()
    found = inspect_file(endless, WORDS, "vi")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert codes(found) == ["recording-endless"]
    assert most < 10_000_000


# --- loudness, noise, silence


def test_a_clean_take_has_no_findings() -> None:
    found = inspect(padded(), WORDS, "vi")
    assert (found.findings, found.blocks, found.pauses, found.clipped) == ((), False, (), 0)
    assert found.speech - found.noise > 20


@pytest.mark.parametrize(
    ("times", "code"),
    [
        (1.2, []),
        (2, ["recording-clipped"]),
        (4, ["recording-distorted"]),
        (0.1, ["recording-quiet"]),
        (0.005, ["recording-silent"]),
        (0, ["recording-silent"]),
    ],
    ids=str,
)
def test_too_loud_and_too_quiet_are_told_apart(times: float, code: list[str]) -> None:
    assert looked_at(louder(padded(), times)) == code


def test_a_take_that_was_clipped_and_then_turned_down_is_still_clipped() -> None:
    assert looked_at(louder(louder(padded(), 4), 0.5)) == ["recording-distorted"]


@pytest.mark.parametrize("name", ["mp3", "m4a", "ogg"])
def test_an_encoder_does_not_hide_that_a_take_was_clipped(name: str) -> None:
    assert "recording-clipped" in codes(inspect_file(encoded(louder(padded(), 4), name), WORDS, "vi"))


@pytest.mark.parametrize(
    ("size", "code"), [(30, []), (100, []), (400, ["recording-noisy"]), (1_500, ["recording-noisy"])]
)
def test_noise_is_heard_against_the_voice(size: float, code: list[str]) -> None:
    assert looked_at(over(padded(), hiss(padded().seconds, size))) == code


@pytest.mark.parametrize(
    "sound",
    [hiss(10, 1_000), tone(10), joined([silence(3, RATE), tone(9), silence(2, RATE)]), tone(10, 50)],
    ids=["hiss", "tone", "tone in silence", "mains hum"],
)
def test_what_does_not_move_is_no_speech(sound: Audio) -> None:
    assert looked_at(sound) == ["recording-no-speech"]


def test_a_hole_in_a_take_is_named_by_its_place() -> None:
    take = joined([padded(), silence(4, voice().rate), padded()])
    found = inspect(take, WORDS * 2, "vi")
    assert codes(found) == ["recording-pause"]
    assert found.findings[0].fields["at"] == "00:10"
    assert looked_at(joined([padded(), silence(1, voice().rate), padded()]), WORDS * 2) == []


def test_long_silence_at_the_ends_is_said_and_does_not_count_as_speech() -> None:
    take = joined([silence(30, voice().rate), voice(), silence(30, voice().rate)])
    assert looked_at(take) == ["recording-edges"]


# --- length


@pytest.mark.parametrize(
    ("share", "code"),
    [(1.0, []), (0.6, ["recording-fast"]), (0.3, ["recording-short"])],
    ids=["whole", "a third missing", "most missing"],
)
def test_a_take_without_all_its_words_is_too_short(share: float, code: list[str]) -> None:
    assert looked_at(cut(voice(), 0, share * voice().seconds)) == code


def test_a_take_with_much_more_than_its_words_is_too_long() -> None:
    assert looked_at(joined([voice()] * 3)) == ["recording-long"]


def test_languages_nobody_has_measured_get_a_wide_band() -> None:
    assert looked_at(cut(voice(), 0, 0.7 * voice().seconds), language="jra") == []
    assert looked_at(cut(voice(), 0, 0.3 * voice().seconds), language="jra") == ["recording-short"]
    assert looked_at(joined([voice()] * 6), language="jra") == ["recording-long"]


@pytest.mark.parametrize("words", ["", "Xin chào bà con."], ids=["none", "few"])
def test_without_words_the_length_is_nobodys_business(words: str) -> None:
    assert looked_at(joined([voice()] * 3), words) == []


def test_what_nobody_could_hear_cannot_be_let_pass() -> None:
    hopeless = ("recording-empty", "recording-unreadable", "recording-endless", "recording-rate", "recording-silent")
    assert not any(table()[code].overridable for code in hopeless)
    assert all(Level(table()[code].level or "") is Level.BLOCK for code in hopeless)


@pytest.mark.parametrize(
    "sound", [Audio(b"", RATE), Audio(b"\1\0", RATE), silence(0.01, RATE)], ids=["nothing", "one sample", "a moment"]
)
def test_next_to_nothing_is_silence_and_no_crash(sound: Audio) -> None:
    assert looked_at(sound) == ["recording-silent"]
    assert tidy(sound) == sound


# --- tidy


@pytest.mark.parametrize("times", [1, 0.05, 1.4], ids=["as it is", "quiet", "loud"])
def test_a_tidy_take_has_short_ends_and_one_loudness(times: float) -> None:
    tidied = tidy(louder(joined([silence(5, voice().rate), voice(), silence(9, voice().rate)]), times))
    assert measure(to_wav(tidied)).loudness == pytest.approx(-23, abs=0.1)
    found = inspect(tidied, WORDS, "vi")
    assert (found.findings, found.lead, found.tail) == (
        (),
        pytest.approx(0.15, abs=0.051),
        pytest.approx(0.15, abs=0.051),
    )


def test_tidying_is_the_same_every_time_and_once_is_enough() -> None:
    tidied = tidy(padded())
    assert tidied == tidy(padded())
    assert tidy(tidied).seconds == tidied.seconds
    assert measure(to_wav(tidy(tidied))).loudness == pytest.approx(-23, abs=0.1)


def test_only_one_gain_is_put_on_a_take() -> None:
    before, after = (array.array("h", sound.pcm) for sound in (voice(), tidy(voice())))
    shift = after.index(max(after)) - before.index(max(before))
    gain = max(after) / max(before)
    for place in range(20_000, 120_000, 997):
        assert after[place + shift] == pytest.approx(gain * before[place], abs=1.5)


def test_a_knock_keeps_a_take_from_being_raised_into_its_ceiling() -> None:
    quiet = louder(voice(), 0.05)
    samples = array.array("h", quiet.pcm)
    samples[60_000] = 20_000
    tidied = tidy(Audio(samples.tobytes(), quiet.rate))
    assert 0.8 < tidied.peak < 0.9
    assert tidied.clipped == 0
