"""Mastering: what is measured on the finished file."""

from __future__ import annotations

import array
import hashlib
import random
import runpy
import wave
from collections import Counter

import pytest

from loa.loudspeaker.audio import Audio, joined, silence
from loa.loudspeaker.bulletin import read_chime
from loa.loudspeaker.codec import UnreadableSoundError, decode
from loa.loudspeaker.master import Mastered, Mastering, Take
from loa.loudspeaker.measure import measure
from loa.loudspeaker.profile import read_profile
from loa.loudspeaker.speech.espeak import EspeakEngine
from loa.loudspeaker.speech.memory import MemoryEngine
from loa.model.errors import ContentError, GatewayError

from .sounds import mastered
from .tables import ROOT

PROFILE = read_profile(ROOT / "templates")
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


def takes(voice: Audio, chime: Audio | None = CHIME, name: str = "voice") -> list[Take]:
    opening = [Take("", lambda: chime, 0.8, chime=True)] if chime else []
    return [*opening, Take(name, lambda: voice, 0.6)]


@pytest.mark.parametrize("profile", ["loa-mp3-128", "loa-mp3-64", "fm-wav"])
@pytest.mark.parametrize("voice", VOICES)
def test_every_voice_comes_out_at_one_loudness_with_no_peak_over_the_mark(voice: str, profile: str) -> None:
    wanted = read_profile(ROOT / "templates", profile)
    made = Mastering(wanted).master(takes(VOICES[voice]()), {"title": "thử"})
    found = measure(made.data)
    assert found == made.measured
    assert abs(found.loudness - wanted.loudness) <= 0.5
    assert found.peak <= wanted.peak
    assert (found.rate, found.channels) == (wanted.rate, 1)
    assert found.bit_rate == (wanted.bit_rate if wanted.codec == "mp3" else 16 * wanted.rate)


@pytest.fixture(scope="module")
def usual() -> Mastered:
    return mastered(EspeakEngine().speak(WORDS, "vi"), {"title": "Bản tin 10/10", "artist": "UBND tỉnh"}, CHIME)


def test_the_usual_bulletin_is_encoded_once(usual: Mastered) -> None:
    assert usual.passes == 1


def test_the_same_programme_gives_the_same_bytes(usual: Mastered) -> None:
    again = mastered(EspeakEngine().speak(WORDS, "vi"), {"title": "Bản tin 10/10", "artist": "UBND tỉnh"}, CHIME)
    assert hashlib.sha256(again.data).hexdigest() == hashlib.sha256(usual.data).hexdigest()


def test_tags_are_kept_with_their_marks(usual: Mastered) -> None:
    assert (usual.measured.tags["title"], usual.measured.tags["artist"]) == ("Bản tin 10/10", "UBND tỉnh")


def test_chime_pauses_and_voice_all_count(usual: Mastered) -> None:
    voice = EspeakEngine().speak(WORDS, "vi")
    assert usual.measured.seconds == pytest.approx(CHIME.seconds + 0.8 + voice.seconds + 0.6, abs=0.2)
    assert usual.starts == (0.0, pytest.approx(CHIME.seconds + 0.8, abs=0.1))


def test_the_chime_is_softer_than_the_voice(usual: Mastered) -> None:
    heard = decode(usual.data)
    split = round(CHIME.seconds * heard.rate) * 2
    chime, voice = Audio(heard.pcm[:split], heard.rate), Audio(heard.pcm[split:], heard.rate)
    assert 0.05 < chime.peak < voice.peak


def test_silence_is_no_bulletin() -> None:
    with pytest.raises(GatewayError) as error:
        mastered(silence(3, 22_050), {}, CHIME)
    assert error.value.code == "speech-silent"


# --- pieces that differ in a sentence


class Asked:
    """Sentences by the embedded voice, and how often each was asked for."""

    def __init__(self) -> None:
        self.times: Counter[str] = Counter()

    def take(self, words: str) -> Take:
        def sound() -> Audio:
            self.times[words] += 1
            return EspeakEngine().speak(words, "vi")

        return Take(words, sound, 0.35)


SHARED = [sentence + "." for sentence in (WORDS * 3).strip().split(",")]


def test_what_pieces_share_is_spoken_once_and_each_file_keeps_to_the_profile() -> None:
    asked, mastering = Asked(), Mastering(PROFILE)
    names = ["Tân Cương", "Phan Đình Phùng", "Vạn Xuân"]
    made = [
        mastering.master([asked.take(f"Kính thưa bà con xã {name}."), *map(asked.take, SHARED)], {"title": name})
        for name in names
    ]
    assert set(asked.times.values()) == {1}
    for name, one in zip(names, made, strict=True):
        found = measure(one.data)
        assert PROFILE.holds(found.loudness, found.peak)
        assert found.tags["title"] == name
        assert found.seconds == one.measured.seconds
        # its figures are those of the finished file, though its takes were measured by themselves
        assert one.measured.loudness == found.loudness
        assert one.measured.peak == pytest.approx(found.peak, abs=0.1)


def test_a_piece_of_a_family_sounds_as_it_would_by_itself_and_no_join_clicks() -> None:
    asked, family = Asked(), Mastering(PROFILE)
    family.master([asked.take("Xã một."), *map(asked.take, SHARED)], {})
    together = family.master([asked.take("Xã hai."), *map(asked.take, SHARED)], {})
    alone = Mastering(PROFILE).master([asked.take("Xã hai."), *map(asked.take, SHARED)], {})
    assert together.starts == alone.starts
    assert together.measured.loudness == pytest.approx(alone.measured.loudness, abs=0.3)
    heard = decode(together.data)
    samples = array.array("h", heard.pcm)
    for start in together.starts[1:]:
        middle = round(start * heard.rate)
        around = samples[middle - 400 : middle + 400]  # 9 ms before and after a join
        assert max(map(abs, around)) < 330  # -40 dB


def test_a_sentence_that_is_far_too_loud_gets_a_level_of_its_own() -> None:
    asked, mastering = Asked(), Mastering(PROFILE)
    mastering.master([*map(asked.take, SHARED)], {})
    loud = Take("loud", lambda: louder(noise(20), 1.0), 0.35)
    made = mastering.master([loud, asked.take(SHARED[0])], {})
    assert PROFILE.holds(made.measured.loudness, made.measured.peak)
    after = mastering.master([*map(asked.take, SHARED)], {})
    assert PROFILE.holds(after.measured.loudness, after.measured.peak)


def test_a_sentence_that_says_nothing_is_no_sentence() -> None:
    asked, mastering = Asked(), Mastering(PROFILE)
    mastering.master([*map(asked.take, SHARED)], {})
    with pytest.raises(GatewayError) as error:
        mastering.master([Take("name", lambda: silence(2, 22_050), 0.35), *map(asked.take, SHARED)], {})
    assert error.value.code == "speech-silent"


def test_only_what_comes_again_is_kept_in_memory() -> None:
    asked = Asked()
    mastering = Mastering(PROFILE, {*SHARED}.__contains__)
    for name in ("Xã một.", "Xã hai.", "Xã ba."):
        mastering.master([asked.take(name), *map(asked.take, SHARED)], {})
    assert asked.times["Xã một."] == 1
    mastering.master([asked.take("Xã một."), *map(asked.take, SHARED)], {})
    assert (asked.times["Xã một."], asked.times[SHARED[0]]) == (2, 1)


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
