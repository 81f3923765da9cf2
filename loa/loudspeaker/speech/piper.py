"""Piper: a neural voice from a file that the workspace brings, offline. The `piper` extra (GPL-3).

A voice is an `.onnx` file of about 60 MB with an `.onnx.json` beside it; it speaks one language. It is asked without
noise: a voice's own noise makes the same words sound different every time, and without it the rhythm is more even and
the tone a little flatter, which a horn loses anyway.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from loa.loudspeaker.audio import Audio, from_wav, joined, silence, to_wav
from loa.loudspeaker.speech.cache import MemoryCache, SentenceCache
from loa.loudspeaker.speech.engine import Fit, Grain, refuse_other_languages
from loa.loudspeaker.speech.packing import pack
from loa.loudspeaker.speech.versions import version_of
from loa.model.artefact import digest
from loa.model.errors import ContentError, GatewayError, Unsupported

if TYPE_CHECKING:
    from piper import PiperVoice

_MOST_CHARACTERS = 400  # at a time: memory grows with a sentence, and none that people understand is longer
_BETWEEN_SENTENCES = 0.25  # seconds
_LOUDNESS = 0.8  # of full scale: the same headroom as the embedded voice
_INPUTS = {"input", "input_lengths", "scales", "sid"}
_QUIET = 3  # errors only: onnxruntime's warnings are about graphs, and nobody here can mend a graph


class _Part(BaseModel):
    """A part of a voice's settings; what piper does not read is left alone."""

    model_config = ConfigDict(extra="allow", frozen=True)


class _Sound(_Part):
    sample_rate: int = Field(ge=8_000, le=48_000)


class _Phonemes(_Part):
    voice: str = Field(min_length=1)


class _Language(_Part):
    code: str = Field(min_length=1)


class _Scales(_Part):
    length_scale: float = Field(default=1.0, gt=0.1, lt=10)
    noise_scale: float = 0.667
    noise_w: float = 0.8


class Settings(_Part):
    """The `.onnx.json` of a voice, as far as piper reads it."""

    audio: _Sound
    espeak: _Phonemes
    phoneme_type: Literal["espeak", "text"] = "espeak"
    phoneme_id_map: dict[str, list[int]] = Field(min_length=1)
    num_symbols: int = Field(gt=0)
    num_speakers: int = Field(gt=0)
    language: _Language | None = None
    inference: _Scales = _Scales()

    @property
    def languages(self) -> frozenset[str]:
        """What it was trained in and what its phonemes are made with: `vi_VN` and `vi` are both `vi`."""
        codes = [self.language.code] if self.language else []
        if self.phoneme_type == "espeak" or not codes:
            codes.append(self.espeak.voice)
        return frozenset(code.replace("_", "-").split("-")[0].lower() for code in codes)


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice file and what stands beside it. `rate` is in samples a second."""

    language: str
    path: Path
    name: str
    settings: Settings

    @property
    def rate(self) -> int:
        return self.settings.audio.sample_rate

    @property
    def digest(self) -> str:
        """The first 12 hex digits of the model's SHA-256 and the first 8 of its settings': both are heard."""
        return f"{_sha256(self.path)[:12]}+{_sha256(beside(self.path))[:8]}"


@dataclass
class PiperEngine:
    """The workspace's own voices, one a language. A voice is loaded when it is first asked, and stays loaded."""

    voices: Mapping[str, Voice]
    cache: SentenceCache = field(default_factory=MemoryCache)

    name = "piper"
    fit = Fit.BROADCAST
    online = False
    grains = (Grain.SENTENCE,)

    _loaded: dict[str, PiperVoice] = field(default_factory=dict, init=False, repr=False)
    _loading: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    @property
    def languages(self) -> frozenset[str]:
        return frozenset(self.voices)

    @cached_property
    def version(self) -> str:
        """Raises `ContentError` where a voice file cannot be read."""
        named = (f"{language} {self.voices[language].digest}" for language in sorted(self.voices))
        return ", ".join((version_of("piper-tts"), *named))

    def speak(self, text: str, language: str) -> Audio:
        """The same text gives the same samples on one machine; the cache keeps them for others.

        Raises `Unsupported` where the `piper` extra is not installed, `ContentError` for a voice file that is none.
        """
        refuse_other_languages(self, language)
        sentences = pack(text, _MOST_CHARACTERS)
        if not sentences:
            raise GatewayError("speech-empty", {"engine": self.name})
        pause = silence(_BETWEEN_SENTENCES, self.voices[language].rate)
        parts = [part for sentence in sentences for part in (pause, self._sentence(sentence, language))]
        return joined(parts[1:])

    def _sentence(self, text: str, language: str) -> Audio:
        key = digest({"engine": self.name, "version": self.version, "language": language, "text": text})
        kept = self.cache.get(key)
        if kept is not None:
            return from_wav(kept)
        audio = self._spoken(text, self.voices[language])
        if audio.peak == 0:
            raise GatewayError("speech-empty", {"engine": self.name})
        self.cache.put(key, to_wav(audio))
        return audio

    def _spoken(self, text: str, voice: Voice) -> Audio:
        loaded = self._load(voice)
        import numpy
        from piper import SynthesisConfig

        settings = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0, volume=_LOUDNESS)
        # double brackets would be taken for phonemes
        words = text.replace("[", " ").replace("]", " ").replace("\0", " ")
        try:
            chunks = list(loaded.synthesize(words, settings))
        except Exception as error:  # onnxruntime's errors share no class
            raise ContentError.at("piper-voice-broken", voice.name, problem=type(error).__name__) from error
        if not all(numpy.isfinite(chunk.audio_float_array).all() for chunk in chunks):
            raise ContentError.at("piper-voice-broken", voice.name, problem="NaN")
        return Audio(b"".join(chunk.audio_int16_bytes for chunk in chunks), voice.rate)

    def _load(self, voice: Voice) -> PiperVoice:
        with self._loading:
            if voice.language not in self._loaded:
                self._loaded[voice.language] = _loaded(voice)
            return self._loaded[voice.language]


def _loaded(voice: Voice) -> PiperVoice:
    """Raises `Unsupported` without the extra, `ContentError` for a file that is no Piper voice."""
    try:
        import onnxruntime
        from piper import PiperVoice
        from piper.config import PiperConfig
    except ImportError as error:
        raise Unsupported("piper-missing") from error
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    options.log_severity_level = _QUIET
    try:
        session = onnxruntime.InferenceSession(str(voice.path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no class
        raise ContentError.at("piper-voice-broken", voice.name, problem=type(error).__name__) from error
    inputs = {given.name for given in session.get_inputs()}
    if not {"input", "input_lengths", "scales"} <= inputs <= _INPUTS:
        raise ContentError.at("piper-voice-broken", voice.name, problem=", ".join(sorted(inputs)))
    return PiperVoice(session=session, config=PiperConfig.from_dict(voice.settings.model_dump()))


def beside(path: Path) -> Path:
    """Where a voice's settings stand."""
    return path.with_name(f"{path.name}.json")


def read_voices(
    written: Mapping[str, str], root: Path, name_of: Callable[[Path], str] = str, file: str = "loa.toml"
) -> Mapping[str, Voice]:
    """The voices of `[speech] piper_voices`, by language; the models themselves are not read yet.

    Raises `ContentError` naming file and field: a file that is missing or outside the workspace, settings that cannot
    be read, a voice of another language than the one it stands under (it would mangle that language unheard).
    """
    return {language: _read_voice(language, path, root, name_of, file) for language, path in written.items()}


def _read_voice(language: str, written: str, root: Path, name_of: Callable[[Path], str], file: str) -> Voice:
    where = f"speech.piper_voices.{language}"
    path = root / written
    if Path(written).is_absolute() or not path.resolve().is_relative_to(root.resolve()):
        raise ContentError.at("piper-voice-outside", file, None, where, path=written)
    for needed in (path, beside(path)):
        if not needed.is_file():
            raise ContentError.at("piper-voice-missing", file, None, where, path=name_of(needed))
    settings = _read_config(beside(path), name_of(beside(path)))
    if settings.languages != {language}:
        spoken = ", ".join(sorted(settings.languages))
        raise ContentError.at("piper-voice-language", file, None, where, path=written, spoken=spoken, language=language)
    return Voice(language, path, name_of(path), settings)


def _read_config(path: Path, name: str) -> Settings:
    """The settings of a voice. Raises `ContentError` naming the field that is not what piper needs."""
    try:
        return Settings.model_validate_json(path.read_bytes(), strict=True)
    except OSError as error:
        raise ContentError.at("file-missing", name) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ContentError.at("piper-voice-config", name, None, place or None, problem=first["msg"]) from error


def _sha256(path: Path) -> str:
    try:
        seen = path.stat()
        return _hashed(path, seen.st_mtime_ns, seen.st_size)
    except OSError as error:
        raise ContentError.at("file-missing", path) from error


@lru_cache(maxsize=32)
def _hashed(path: Path, _changed: int, _size: int) -> str:
    """Read once as long as the file stays what it was."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
