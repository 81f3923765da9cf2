"""Mastering: what is measured on the finished file."""

from __future__ import annotations

import array
import hashlib
import random
import runpy
import wave

import pytest

from loa.loudspeaker.audio import Audio, joined, silence
from loa.loudspeaker.bulletin import read_chime
from loa.loudspeaker.codec import UnreadableSoundError, decode
from loa.loudspeaker.master import Mastered, Profile, Programme, master
from loa.loudspeaker.measure import measure
from loa.loudspeaker.speech.espeak import EspeakEngine
from loa.loudspeaker.speech.memory import MemoryEngine
from loa.model.errors import ContentError, GatewayError

from .tables import ROOT

CHIME, _ = read_chime(ROOT / "assets")
WORDS = "Kính thưa bà con, mời bà con làm thủ tục hành chính ngay tại nhà, trên Cổng Dịch vụ công quốc gia. "


def louder(audio: Audio, times: float) -> Audio:
    scaled = (max(-32768, min(32767, round(sample * times))) for sample in array.array("h", audio.pcm))
    return Audio(array.array("h", scaled).tobytes(), audio.rate)


def noise(seconds: float) -> Audio:
    dice = random.Random(10)  # noqa: S311 - noise, not secrets
    return Audio(
        array.array("h", (dice.randint(-30000, 30000) for _ in range(round(seconds * 24_000)))).tobytes(), 24_000
    )


VOICES = {
    "the embedded voice": lambda: EspeakEngine().speak(WORDS * 2, "vi"),
    "a quiet one": lambda: louder(EspeakEngine().speak(WORDS, "vi"), 0.02),
    "a clipped one": lambda: louder(EspeakEngine().speak(WORDS, "vi"), 8),
    "tones": lambda: MemoryEngine().speak(WORDS, "vi"),
    "noise at another rate": lambda: noise(6),
    "two words and long pauses": lambda: joined(
        [MemoryEngine().speak("xin chào", "vi"), silence(8, 22_050), MemoryEngine().speak("tạm biệt", "vi")]
    ),
}


@pytest.mark.parametrize("voice", VOICES)
def test_every_voice_comes_out_at_one_loudness_with_no_peak_over_the_mark(voice: str) -> None:
    profile = Profile()
    mastered = master(Programme(VOICES[voice](), CHIME), {"title": "thử"}, profile)
    found = measure(mastered.mp3)
    assert found == mastered.measured
    assert abs(found.loudness - profile.loudness) <= 0.5
    assert found.peak <= -1.0
    assert (found.rate, found.channels, found.bit_rate) == (44_100, 1, 128_000)


@pytest.fixture(scope="module")
def usual() -> Mastered:
    return master(
        Programme(EspeakEngine().speak(WORDS, "vi"), CHIME), {"title": "Bản tin 10/10", "artist": "UBND tỉnh"}
    )


def test_the_usual_bulletin_is_encoded_once(usual: Mastered) -> None:
    assert usual.passes == 1


def test_the_same_programme_gives_the_same_bytes(usual: Mastered) -> None:
    again = master(
        Programme(EspeakEngine().speak(WORDS, "vi"), CHIME), {"title": "Bản tin 10/10", "artist": "UBND tỉnh"}
    )
    assert hashlib.sha256(again.mp3).hexdigest() == hashlib.sha256(usual.mp3).hexdigest()


def test_tags_are_kept_with_their_marks(usual: Mastered) -> None:
    assert (usual.measured.tags["title"], usual.measured.tags["artist"]) == ("Bản tin 10/10", "UBND tỉnh")


def test_chime_pause_voice_and_tail_all_count(usual: Mastered) -> None:
    voice = EspeakEngine().speak(WORDS, "vi")
    assert usual.measured.seconds == pytest.approx(CHIME.seconds + 0.8 + voice.seconds + 0.6, abs=0.1)


def test_the_chime_is_softer_than_the_voice(usual: Mastered) -> None:
    heard = decode(usual.mp3)
    split = round(CHIME.seconds * heard.rate) * 2
    chime, voice = Audio(heard.pcm[:split], heard.rate), Audio(heard.pcm[split:], heard.rate)
    assert 0.05 < chime.peak < voice.peak


def test_silence_is_no_bulletin() -> None:
    with pytest.raises(GatewayError) as error:
        master(Programme(silence(3, 22_050), CHIME), {})
    assert error.value.code == "speech-silent"


@pytest.mark.parametrize("data", [b"", b"<html></html>", b"ID3\x03\x00\x00\x00\x00\x00\x00" + bytes(400)])
def test_what_is_no_sound_is_not_measured(data: bytes) -> None:
    with pytest.raises(UnreadableSoundError):
        measure(data)


def test_a_workspace_with_a_broken_chime_is_told_which_file(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "sounds").mkdir()
    (tmp_path / "sounds" / "chime.wav").write_bytes(b"RIFF")
    with pytest.raises(ContentError) as error:
        read_chime(tmp_path, lambda path: str(path.relative_to(tmp_path)))
    assert (error.value.code, error.value.where and error.value.where.file) == ("sound-unreadable", "sounds/chime.wav")


def test_the_chime_in_the_repository_is_what_its_script_makes() -> None:
    made = runpy.run_path(str(ROOT / "tools" / "make_chime.py"))["samples"]()
    with wave.open(str(ROOT / "assets" / "sounds" / "chime.wav")) as file:
        assert file.readframes(file.getnframes()) == made.tobytes()
