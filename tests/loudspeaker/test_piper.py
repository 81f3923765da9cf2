"""The workspace's own voice: a file that is brought is believed only after it has been looked at."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from loa.loudspeaker.audio import from_wav
from loa.loudspeaker.speech.cache import MemoryCache
from loa.loudspeaker.speech.catalogue import Needs, engines_for
from loa.loudspeaker.speech.engine import Engine, Fit
from loa.loudspeaker.speech.espeak import EspeakEngine
from loa.loudspeaker.speech.piper import PiperEngine, read_voices
from loa.model.errors import ContentError, GatewayError
from loa.model.settings import SpeechSettings
from loa.workspace import Workspace

from .tables import ROOT

DATA = Path(__file__).with_name("data")
TEXT = "Kính thưa bà con. Mời gọi một không hai hai."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace with a voice in it."""
    (tmp_path / "voices").mkdir()
    for name in ("toy.onnx", "toy.onnx.json"):
        shutil.copy(DATA / name, tmp_path / "voices" / name)
    return tmp_path


def made(folder: Path, cache: MemoryCache | None = None, **voices: str) -> PiperEngine:
    written = voices or {"vi": "voices/toy.onnx"}
    return PiperEngine(read_voices(written, folder, lambda path: path.name), cache or MemoryCache())


def changed(folder: Path, **fields: object) -> None:
    path = folder / "voices" / "toy.onnx.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **fields}), "utf-8")


def refused(folder: Path, **voices: str) -> tuple[str, str, str | None]:
    with pytest.raises(ContentError) as error:
        made(folder, **voices).speak(TEXT, "vi")
    [mistake] = error.value.mistakes
    assert mistake.words.vi
    return mistake.code, mistake.where.file, mistake.where.field


def test_a_voice_that_is_brought_is_fit_for_broadcast_and_stays_here(folder: Path) -> None:
    engine: Engine = made(folder)
    assert (engine.languages, engine.fit, engine.online) == ({"vi"}, Fit.BROADCAST, False)
    audio = engine.speak(TEXT, "vi")
    assert (audio.rate, audio.clipped) == (16_000, 0)
    assert 0.5 < audio.peak < 0.9


def test_the_version_names_the_library_and_the_voice(folder: Path) -> None:
    before = made(folder).version
    assert re.fullmatch(r"piper-tts \d[\d.]*, vi [0-9a-f]{12}\+[0-9a-f]{8}", before)
    changed(folder, inference={"length_scale": 1.2})
    assert made(folder).version != before


def test_a_voice_file_that_was_replaced_is_another_version(folder: Path) -> None:
    before = made(folder).version
    path = folder / "voices" / "toy.onnx"
    path.write_bytes(path.read_bytes() + b"\0")
    assert made(folder).version != before


def test_its_noise_is_off_so_that_it_says_the_same_in_every_run(folder: Path) -> None:
    assert made(folder).speak(TEXT, "vi") == made(folder).speak(TEXT, "vi")


def test_a_sentence_is_spoken_once_and_kept_without_loss(folder: Path) -> None:
    cache = MemoryCache()
    first = made(folder, cache).speak(TEXT, "vi")
    assert len(cache.kept) == 2
    for key, sound in cache.kept.items():
        cache.kept[key] = sound[:44] + bytes(len(sound) - 44)  # what is kept is what is heard
    again = made(folder, cache).speak(TEXT, "vi")
    assert (again.seconds, again.peak) == (first.seconds, 0)
    assert all(from_wav(sound).rate == 16_000 for sound in cache.kept.values())


def test_one_changed_sentence_is_one_more_in_the_cache(folder: Path) -> None:
    cache = MemoryCache()
    made(folder, cache).speak(TEXT, "vi")
    made(folder, cache).speak(TEXT.replace("hai hai", "hai ba"), "vi")
    assert len(cache.kept) == 3


def test_a_text_cannot_bring_phonemes_of_its_own(folder: Path) -> None:
    engine = made(folder)
    assert engine.speak("[[aaaa]]", "vi") == engine.speak("aaaa", "vi")


# --- a file that is not what it should be


def test_a_voice_of_another_language_is_refused(folder: Path) -> None:
    assert refused(folder, jra="voices/toy.onnx") == ("piper-voice-language", "loa.toml", "speech.piper_voices.jra")


@pytest.mark.parametrize(
    "fields",
    [
        {"language": {"code": "en_US"}},
        {"espeak": {"voice": "en-us"}},
        {"language": None, "espeak": {"voice": "en"}},
    ],
    ids=["language", "phonemes", "old"],
)
def test_settings_that_name_another_language_are_refused(folder: Path, fields: dict[str, object]) -> None:
    changed(folder, **fields)
    assert refused(folder)[0] == "piper-voice-language"


def test_a_voice_without_a_language_goes_by_its_phonemes(folder: Path) -> None:
    changed(folder, language=None)
    assert made(folder).languages == {"vi"}


@pytest.mark.parametrize("name", ["toy.onnx", "toy.onnx.json"])
def test_a_file_that_is_missing_is_named(folder: Path, name: str) -> None:
    (folder / "voices" / name).unlink()
    with pytest.raises(ContentError) as error:
        made(folder)
    assert (error.value.code, error.value.fields["path"]) == ("piper-voice-missing", name)
    assert error.value.where and error.value.where.field == "speech.piper_voices.vi"


def test_a_path_out_of_the_workspace_is_refused(folder: Path) -> None:
    inner = folder / "inner"
    inner.mkdir()
    (inner / "link").symlink_to(folder / "voices")
    for path in ("../voices/toy.onnx", str(folder / "voices" / "toy.onnx"), "link/toy.onnx"):
        assert refused(inner, vi=path)[0] == "piper-voice-outside"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"audio": {}}, "audio.sample_rate"),
        ({"audio": {"sample_rate": "22050"}}, "audio.sample_rate"),
        ({"audio": {"sample_rate": 4}}, "audio.sample_rate"),
        ({"audio": 3}, "audio"),
        ({"espeak": None}, "espeak"),
        ({"phoneme_id_map": []}, "phoneme_id_map"),
        ({"phoneme_id_map": {"a": "b"}}, "phoneme_id_map.a"),
        ({"language": {"code": 7}}, "language.code"),
        ({"num_symbols": 0}, "num_symbols"),
        ({"num_speakers": True}, "num_speakers"),
        ({"phoneme_type": "none"}, "phoneme_type"),
        ({"inference": 3}, "inference"),
        ({"inference": {"length_scale": "slow"}}, "inference.length_scale"),
    ],
    ids=str,
)
def test_a_field_of_the_settings_that_is_wrong_is_named(folder: Path, fields: dict[str, object], field: str) -> None:
    changed(folder, **fields)
    assert refused(folder) == ("piper-voice-config", "toy.onnx.json", field)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b"<html>404</html>"], ids=repr)
def test_settings_that_are_no_json_are_refused(folder: Path, data: bytes) -> None:
    (folder / "voices" / "toy.onnx.json").write_bytes(data)
    assert refused(folder)[:2] == ("piper-voice-config", "toy.onnx.json")


def test_a_model_that_is_none_is_refused(folder: Path) -> None:
    whole = (folder / "voices" / "toy.onnx").read_bytes()
    for data in (b"", b"<html>", whole[:1000], whole.replace(b"input_lengths", b"other_lengths")):
        (folder / "voices" / "toy.onnx").write_bytes(data)
        assert refused(folder)[:2] == ("piper-voice-broken", "toy.onnx")


def test_a_model_that_is_silent_gives_an_error_and_keeps_nothing(folder: Path) -> None:
    changed(folder, phoneme_id_map={"_": [0], "^": [1], "$": [2]})
    path = folder / "voices" / "toy.onnx"
    # the level of the hum, 0.5, taken to nothing
    path.write_bytes(path.read_bytes().replace(b"level\x4a\x04\x00\x00\x00\x3f", b"level\x4a\x04\x00\x00\x00\x00"))
    cache = MemoryCache()
    with pytest.raises(GatewayError) as error:
        made(folder, cache).speak(TEXT, "vi")
    assert (error.value.code, cache.kept) == ("speech-empty", {})


# --- in a workspace


def test_without_a_voice_the_engine_is_not_there() -> None:
    settings = SpeechSettings(engines=("piper", "espeak"))
    assert [engine.name for engine in engines_for(Needs(settings, MemoryCache()))] == ["espeak"]
    with pytest.raises(ContentError) as error:
        engines_for(Needs(SpeechSettings(engines=("piper",)), MemoryCache()))
    assert error.value.code == "piper-voice-none"


def test_a_workspace_names_its_voice_in_its_settings(folder: Path) -> None:
    text = (ROOT / "loa.toml").read_text("utf-8")
    line = next(line for line in text.splitlines() if line.startswith("# piper_voices"))
    text = text.replace(line, 'piper_voices = { vi = "voices/toy.onnx" }')
    (folder / "loa.toml").write_text(text, "utf-8")
    workspace = Workspace.at(folder)
    engines = engines_for(Needs(workspace.settings.speech, MemoryCache(), workspace.root, workspace.name_of))
    assert [engine.name for engine in engines] == ["piper", "gtts", "espeak"]


def test_it_and_the_embedded_voice_live_in_one_process(folder: Path) -> None:
    """Both carry eSpeak NG, and the embedded voice unloads its own after every text."""
    piper, espeak = made(folder), EspeakEngine()
    alone = (piper.speak(TEXT, "vi"), espeak.speak(TEXT, "vi"))
    for _ in range(3):
        fresh = made(folder)
        assert (fresh.speak(TEXT, "vi"), espeak.speak(TEXT, "vi"), piper.speak(TEXT, "vi")) == (*alone, alone[0])


def test_nothing_is_imported_before_it_is_asked() -> None:
    code = (
        "import sys, loa.loudspeaker.speech.catalogue; print([m for m in sys.modules if m in ('piper', 'onnxruntime')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ})
    assert done.stdout.strip() == "[]"
