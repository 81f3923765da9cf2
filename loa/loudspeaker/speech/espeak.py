"""eSpeak NG from the `espeakng-loader` wheel: the embedded engine, offline, always a draft.

An independent recogniser hears four words in five of its Vietnamese wrong, so it is for hearing a script and its
length, not for the air. The library is called in this process through its C interface (version 1.52's speak_lib.h).
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from loa.loudspeaker.audio import Audio
from loa.loudspeaker.speech.engine import Fit, Grain, refuse_other_languages, refuse_silence
from loa.loudspeaker.speech.versions import version_of
from loa.model.errors import GatewayError, Unsupported

# constants of speak_lib.h
_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000  # a broken data folder must not end our process
_UTF8 = 1
_END_PAUSE = 0x1000
_RATE, _VOLUME = 1, 2

# at the default volume of 100 the samples clip; at 60 their peaks are 0.72-0.80
_LOUDNESS = 60
# the default of 175 words a minute is a screen reader's; announcers read slower (Vietnamese "words" are syllables)
_WORDS_PER_MINUTE = {"vi": 165, "en": 165}

# The library keeps one state for the whole process and cannot be entered twice.
_entered = threading.Lock()

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class EspeakEngine:
    """The embedded voice. Calls from several threads wait for one another."""

    name = "espeak"
    languages = frozenset({"vi", "en"})
    fit = Fit.DRAFT
    online = False
    grains = (Grain.SENTENCE,)

    @cached_property
    def version(self) -> str:
        return version_of("espeakng-loader")

    def speak(self, text: str, language: str) -> Audio:
        """The same text gives the same samples. Raises `Unsupported` where the `espeak` extra is not installed."""
        refuse_other_languages(self, language)
        refuse_silence(self, text)
        samples = bytearray()
        with _entered, _library() as (library, data):
            rate = _with_voice(library, data, language, samples, lambda: _synthesise(library, text))
        if not samples:
            raise GatewayError("speech-empty", {"engine": self.name})
        return Audio(bytes(samples), rate)


@contextmanager
def _library() -> Iterator[tuple[Any, str]]:
    """The library, fresh, and its data folder.

    It is unloaded after every text: its noise and its wave tables go on from where the last text left them, also
    over espeak_Terminate, and the same words would never sound the same twice. Loading takes 8 ms.
    """
    try:
        import espeakng_loader
    except ImportError as error:
        raise Unsupported("espeak-missing") from error
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    try:
        yield library, espeakng_loader.get_data_path()
    finally:
        close = ctypes.CDLL(None).dlclose
        close.argtypes = [ctypes.c_void_p]
        close(library._handle)


def _with_voice(library: Any, data: str, language: str, samples: bytearray, synthesise: Callable[[], None]) -> int:
    """Sets the library up, lets `synthesise` run into `samples`, and ends it. Returns samples a second."""

    def collect(wave: Any, count: int, _events: Any) -> int:
        if wave and count > 0:
            samples.extend(ctypes.string_at(wave, 2 * count))
        return 0

    callback = _Callback(collect)  # kept in a name: the library only holds its address
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), _DONT_EXIT)
    if rate <= 0:
        raise GatewayError("espeak-broken", {"problem": f"espeak_Initialize: {rate}"})
    try:
        library.espeak_SetSynthCallback(callback)
        _succeed("espeak_SetVoiceByName", library.espeak_SetVoiceByName(language.encode()))
        _succeed("espeak_SetParameter", library.espeak_SetParameter(_VOLUME, _LOUDNESS, 0))
        _succeed("espeak_SetParameter", library.espeak_SetParameter(_RATE, _WORDS_PER_MINUTE[language], 0))
        synthesise()
    finally:
        library.espeak_Terminate()
    return int(rate)


def _synthesise(library: Any, text: str) -> None:
    # a null byte would end the text early and unseen
    words = text.replace("\0", " ").encode()
    size = ctypes.c_size_t(len(words) + 1)
    _succeed("espeak_Synth", library.espeak_Synth(words, size, 0, 0, 0, _UTF8 | _END_PAUSE, None, None))
    _succeed("espeak_Synchronize", library.espeak_Synchronize())


def _succeed(call: str, answer: int) -> None:
    if answer != 0:
        raise GatewayError("espeak-broken", {"problem": f"{call}: {answer}"})
