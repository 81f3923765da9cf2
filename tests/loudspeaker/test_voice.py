"""One voice for a whole piece: which one, and what is noted of the others; the embedded voice itself."""

from __future__ import annotations

import threading
from itertools import pairwise
from pathlib import Path

import pytest

from loa.loudspeaker.audio import silence
from loa.loudspeaker.bulletin import Bulletin, Piece, Studio, Titles
from loa.loudspeaker.lexicon import read_lexicon
from loa.loudspeaker.profile import Profile
from loa.loudspeaker.script import Part, Passage, plain
from loa.loudspeaker.speech.cache import MemoryCache
from loa.loudspeaker.speech.catalogue import ENGINES, Needs, engines_for
from loa.loudspeaker.speech.engine import Fit, Grain
from loa.loudspeaker.speech.espeak import EspeakEngine
from loa.loudspeaker.speech.memory import MemoryEngine
from loa.loudspeaker.voice import Spoken, lines, to_speech
from loa.model.errors import ContentError, GatewayError, Unsupported
from loa.model.settings import SpeechSettings

from .tables import ROOT

VI = read_lexicon(ROOT / "assets", "vi")
DOWN = GatewayError("speech-unreachable", {"engine": "net"})


def spoken(text: str = "Xin chào.\n\nGọi 1022.") -> Spoken:
    return to_speech(plain(text, "vi", "-"), VI)


def speak(words: Spoken, engines: list[MemoryEngine], online: bool = True) -> Bulletin:
    return Studio(engines, MemoryEngine().speak("chuông", "vi"), Profile(), online).make(Piece(words, Titles("thử")))


def test_the_first_engine_that_can_speaks_all_of_it() -> None:
    first, second = MemoryEngine("first"), MemoryEngine("second")
    assert speak(spoken(), [first, second]).engine is first
    assert first.said == [("vi", "Xin chào."), ("vi", "Gọi một không hai hai.")]
    assert second.said == []


def test_an_engine_that_fails_in_the_middle_leaves_no_sentence_in_the_piece() -> None:
    class Tired(MemoryEngine):
        def speak(self, text: str, language: str):  # type: ignore[no-untyped-def]
            if self.said:
                raise DOWN
            return super().speak(text, language)

    second = MemoryEngine("second")
    voiced = speak(spoken(), [Tired("net"), second])
    assert (voiced.engine, voiced.passed_over) == (second, (("net", "speech-unreachable"),))
    assert len(second.said) == 2


def test_offline_nobody_elses_machine_is_asked() -> None:
    far, near = MemoryEngine("far", online=True), MemoryEngine("near")
    voiced = speak(spoken(), [far, near], online=False)
    assert (voiced.engine, voiced.passed_over, far.said) == (near, (("far", "offline"),), [])


def test_a_language_that_nobody_speaks_is_refused() -> None:
    with pytest.raises(Unsupported) as error:
        speak(Spoken("jra", ()), [MemoryEngine()])
    assert error.value.code == "speech-no-language"


def test_where_nobody_could_speak_each_reason_is_told() -> None:
    with pytest.raises(GatewayError) as error:
        speak(spoken(), [MemoryEngine("a", online=True), MemoryEngine("b", fails=DOWN)], online=False)
    assert error.value.fields["tried"] == "a: offline, b: speech-unreachable"


def test_an_engine_that_fails_half_way_through_a_family_speaks_none_of_it() -> None:
    class Tired(MemoryEngine):
        def speak(self, text: str, language: str):  # type: ignore[no-untyped-def]
            if len(self.said) == 3:
                raise DOWN
            return super().speak(text, language)

    second = MemoryEngine("second")
    studio = Studio([Tired("net"), second], MemoryEngine().speak("chuông", "vi"), Profile())
    pieces = [Piece(spoken(f"Xã {name}.\n\nGọi 1022."), Titles(name)) for name in ("một", "hai", "ba")]
    made = studio.make_all(pieces, lambda place, bulletin: (place, bulletin.engine))
    assert made == ((0, second), (1, second), (2, second))
    assert [text for _, text in second.said].count("Gọi một không hai hai.") == 1


BULLETIN = Spoken(
    "vi",
    (
        Passage(Part.GREETING, ("Kính thưa bà con.",), (1,)),
        Passage(Part.BODY, ("Câu một. Câu hai.", "Câu ba."), (2, 3)),
        Passage(Part.REMINDER, ("Gọi số một.",), (4,)),
        Passage(Part.SIGN_OFF, ("Xin cảm ơn.",), (5,)),
    ),
)


def test_the_body_is_heard_again_between_opening_and_closing() -> None:
    said = lines(BULLETIN, Grain.SENTENCE, 2)
    assert [(line.text, line.again) for line in said] == [
        ("Kính thưa bà con.", False),
        ("Câu một.", False), ("Câu hai.", False), ("Câu ba.", False),
        ("Câu một.", True), ("Câu hai.", True), ("Câu ba.", True),
        ("Gọi số một.", False), ("Xin cảm ơn.", False),
    ]  # fmt: skip
    pauses = [line.pause for line in said[1:4]]
    assert pauses == sorted(pauses)  # a sentence, a paragraph, the end of the body
    assert len(set(pauses)) == 3


@pytest.mark.parametrize(
    ("grain", "said"),
    [
        (Grain.PART, ["Kính thưa bà con.", "Câu một. Câu hai.\n\nCâu ba.", "Gọi số một.", "Xin cảm ơn."]),
        (Grain.WHOLE, ["Kính thưa bà con.\n\nCâu một. Câu hai.\n\nCâu ba.\n\nGọi số một.\n\nXin cảm ơn."]),
    ],
)
def test_a_person_records_parts_or_the_whole(grain: Grain, said: list[str]) -> None:
    assert [line.text for line in lines(BULLETIN, grain)] == said


def test_marks_say_where_each_part_is_heard() -> None:
    studio = Studio([MemoryEngine()], silence(1, 22_050), Profile())
    marks = (
        Studio([MemoryEngine()], MemoryEngine().speak("chuông", "vi"), studio.profile)
        .make(Piece(BULLETIN, Titles("thử"), 2))
        .marks
    )
    assert [mark.name for mark in marks] == [
        "Nhạc hiệu", "Lời chào", "Nội dung", "Nội dung (nhắc lại)", "Lời nhắc", "Lời kết",
    ]  # fmt: skip
    assert all(before.end == after.start for before, after in pairwise(marks))


def test_sentences_start_with_a_capital_after_abbreviations_are_read() -> None:
    assert spoken("UBND xã mời bà con. UBND xã cảm ơn.").text == (
        "Ủy ban nhân dân xã mời bà con. Ủy ban nhân dân xã cảm ơn."
    )


def test_what_cannot_be_read_is_named_by_its_own_line() -> None:
    with pytest.raises(ContentError) as error:
        to_speech(plain("Xin chào.\n\nCâu đầu,\nmã XYZ.", "vi", "thu.txt"), VI)
    assert [(item.where.file, item.where.line) for item in error.value.mistakes] == [("thu.txt", 4)]


def test_the_catalogue_makes_engines_in_the_order_of_the_settings() -> None:
    made = engines_for(Needs(SpeechSettings(engines=("espeak", "gtts")), MemoryCache()))
    assert [engine.name for engine in made] == ["espeak", "gtts"]


def test_every_engine_goes_by_its_name_in_the_catalogue() -> None:
    needs = Needs(SpeechSettings(piper_voices={"vi": "toy.onnx"}), MemoryCache(), Path(__file__).with_name("data"))
    assert all(engine.name == name for name in ENGINES if (engine := ENGINES[name](needs)))


def test_an_unknown_engine_is_named_with_those_there_are() -> None:
    with pytest.raises(ContentError) as error:
        engines_for(Needs(SpeechSettings(engines=("pipper",)), MemoryCache()))
    assert (error.value.code, error.value.fields["known"]) == ("speech-engine-unknown", ", ".join(ENGINES))


# --- the embedded voice


@pytest.mark.parametrize(
    ("language", "text"), [("vi", "Kính thưa bà con, xin chào!"), ("en", "Good morning, everyone!")]
)
def test_the_embedded_voice_speaks_without_clipping_and_is_a_draft(language: str, text: str) -> None:
    engine = EspeakEngine()
    audio = engine.speak(text, language)
    assert engine.fit is Fit.DRAFT
    assert 1 < audio.seconds < 5
    assert 0.3 < audio.peak < 0.9
    assert audio.clipped == 0


def test_the_embedded_voice_says_the_same_twice() -> None:
    engine = EspeakEngine()
    assert engine.speak("Xin chào bà con.", "vi") == engine.speak("Xin chào bà con.", "vi")


def test_the_embedded_voice_is_entered_by_one_thread_at_a_time() -> None:
    alone = EspeakEngine().speak("Xin chào bà con.", "vi")
    heard = []
    threads = [
        threading.Thread(target=lambda: heard.append(EspeakEngine().speak("Xin chào bà con.", "vi"))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == [alone] * 6


def test_the_embedded_voice_refuses_other_languages() -> None:
    with pytest.raises(Unsupported):
        EspeakEngine().speak("…", "jra")
