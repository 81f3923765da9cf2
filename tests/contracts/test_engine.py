"""What every speech engine must do, whatever is behind it. A new module in the catalogue needs a line in `VOICES`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import pytest

from loa.loudspeaker.audio import Audio
from loa.loudspeaker.speech.catalogue import ENGINES
from loa.loudspeaker.speech.engine import Engine, Fit
from loa.loudspeaker.speech.espeak import EspeakEngine
from loa.loudspeaker.speech.gtts import GttsEngine
from loa.loudspeaker.speech.memory import MemoryEngine
from loa.loudspeaker.speech.piper import PiperEngine, read_voices
from loa.loudspeaker.speech.recording import MemoryShelf, RecordingEngine
from loa.model.errors import GatewayError, Unsupported
from tests.loudspeaker.sounds import mastered
from tests.loudspeaker.speech_service import serving

DATA = Path(__file__).parents[1] / "loudspeaker" / "data"
WORDS = "Kính thưa bà con, mời gọi tổng đài một không hai hai."
LONG = " ".join([WORDS] * 38)  # 2,000 characters
BOTH, BETWEEN, ONE = "Xin chào bà con, hello everyone.", "Trời hôm nay đẹp quá!", "chào"
AT_ONCE = [f"{word} bà con." for word in ("Chào", "Mời", "Cảm ơn", "Thưa", "Nhắc", "Gọi")]
ODD = {
    "null": "Xin\u0000chào bà con.",
    "emoji": "Xin chào 😀 bà con — “quý vị”…",
    "brackets": "[[a b c]] xin chào {bà} <break/> con & cô",
    "unseen": "Xin chào\u202e bà\ufeff con\u00ad",
    "decomposed": "Xin cha\u0300o ba\u0300 con",
    "endless": "x" * 300,
}


@contextmanager
def gtts() -> Iterator[Engine]:
    sound = mastered(MemoryEngine().speak("một hai ba bốn năm sáu bảy tám chín mười " * 2, "vi"), {}).data
    with serving(sound) as service:
        yield GttsEngine(base_url=service.base_url, sleep=lambda _: None)


# a person has read what the others are asked to say
RECORDED = {
    ("vi", words): MemoryEngine().speak(words, "vi")
    for words in (WORDS, LONG, BOTH, BETWEEN, ONE, *AT_ONCE, *ODD.values())
}

# engine -> one that is whole, its other side on loopback
VOICES: dict[str, Callable[[], AbstractContextManager[Engine]]] = {
    "memory": lambda: nullcontext(MemoryEngine()),
    "espeak": lambda: nullcontext(EspeakEngine()),
    "piper": lambda: nullcontext(PiperEngine(read_voices({"vi": "toy.onnx"}, DATA))),
    "gtts": gtts,
    "recording": lambda: nullcontext(RecordingEngine(MemoryShelf(RECORDED))),
}


def test_every_engine_of_the_catalogue_is_held_to_the_contract() -> None:
    assert set(VOICES) == {*ENGINES, "memory"}


@pytest.fixture(scope="module", params=sorted(VOICES))
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with VOICES[request.param]() as made:
        yield made


def loud(audio: Audio) -> bool:
    return audio.peak > 0.05


def test_it_says_what_it_is(engine: Engine) -> None:
    assert engine.name
    assert "missing" not in engine.version
    assert engine.version == engine.version
    assert "vi" in engine.languages
    assert engine.fit in Fit
    assert engine.online in (True, False)


def test_it_speaks_every_language_it_declares(engine: Engine) -> None:
    for language in sorted(engine.languages):
        audio = engine.speak(BOTH, language)
        assert 0.3 < audio.seconds < 20
        assert 8_000 <= audio.rate <= 48_000
        assert loud(audio)


@pytest.mark.parametrize("language", ["jra", "mww", "", "VI", "vi-VN"])
def test_other_languages_are_refused(engine: Engine, language: str) -> None:
    with pytest.raises(Unsupported) as error:
        engine.speak(WORDS, language)
    assert error.value.code == "speech-language"


def test_the_same_text_is_the_same_sound(engine: Engine) -> None:
    assert engine.speak(WORDS, "vi") == engine.speak(WORDS, "vi")


def test_what_is_between_does_not_change_a_sound(engine: Engine) -> None:
    before = engine.speak(WORDS, "vi")
    engine.speak(BETWEEN, "vi")
    assert engine.speak(WORDS, "vi") == before


@pytest.mark.parametrize("text", ["", " ", "\n\n"], ids=["nothing", "space", "lines"])
def test_nothing_to_say_is_an_error_and_no_silence(engine: Engine, text: str) -> None:
    with pytest.raises(GatewayError) as error:
        engine.speak(text, "vi")
    assert error.value.code == "speech-empty"


def test_one_word_is_enough(engine: Engine) -> None:
    assert loud(engine.speak(ONE, "vi"))


def test_two_thousand_characters_are_spoken_to_the_end(engine: Engine) -> None:
    assert len(LONG) > 2_000
    assert engine.speak(LONG, "vi").seconds > 8 * engine.speak(WORDS, "vi").seconds


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_odd_characters_are_no_reason_to_fall(engine: Engine, text: str) -> None:
    assert loud(engine.speak(text, "vi"))


def test_threads_that_speak_at_once_hear_what_each_asked_for(engine: Engine) -> None:
    texts = AT_ONCE
    alone = {text: engine.speak(text, "vi") for text in texts}
    heard: dict[str, Audio] = {}

    def speak(text: str) -> None:
        heard[text] = engine.speak(text, "vi")

    threads = [threading.Thread(target=speak, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == alone
