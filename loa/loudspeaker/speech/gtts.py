"""gTTS: Google Translate's voice, online. The workspace's own choice; the text goes to Google's servers.

gTTS makes the request; it is sent here, because the library's own sending checks no certificate (`verify=False`),
waits for ever and takes a page of HTML for an empty recording. Sound is decoded in memory before it is believed.
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from loa.loudspeaker.audio import Audio, joined
from loa.loudspeaker.speech.cache import MemoryCache, SentenceCache
from loa.loudspeaker.speech.engine import Fit, Grain, refuse_other_languages
from loa.loudspeaker.speech.packing import pack
from loa.loudspeaker.speech.versions import version_of
from loa.model.artefact import digest
from loa.model.errors import GatewayError

if TYPE_CHECKING:
    import requests

MOST_CHARACTERS = 100  # what the service takes at a time
_SERVICE = "https://translate.google.com"
_PATH = "/_/TranslateWebserverUi/data/batchexecute"
_PACE_SECONDS = 0.7  # between requests; faster ones are answered with 429
_MOST_CONNECT_SECONDS = 3.0
_MOST_ANSWER = 4_000_000  # bytes; a hundred characters are about 100 KB
# a syllable is never shorter than this, so a shorter answer is not the text that was asked for
_LEAST_SECONDS_A_CHARACTER = 0.02
_SOUND = re.compile(rb'jQ1olc",\s*"\[\\"([A-Za-z0-9+/=]+)\\"')


@dataclass
class GttsEngine:
    """One run's connection to the service. After a refusal or a failure it stays silent for the rest of the run.

    `base_url`, `certificates` (a file of authorities to trust instead of the built-in ones), `sleep` and `clock` are
    passed in for tests and for offices behind an inspecting proxy; `REQUESTS_CA_BUNDLE` works as everywhere.
    """

    timeout: float = 10.0
    cache: SentenceCache = field(default_factory=MemoryCache)
    base_url: str = _SERVICE
    certificates: Path | None = None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    name = "gtts"
    languages = frozenset({"vi", "en"})
    fit = Fit.BROADCAST
    online = True
    grains = (Grain.SENTENCE,)

    _stopped: GatewayError | None = field(default=None, init=False, repr=False)
    _asked_at: float = field(default=float("-inf"), init=False, repr=False)

    @cached_property
    def version(self) -> str:
        return version_of("gTTS")

    def speak(self, text: str, language: str) -> Audio:
        """Raises `GatewayError`: not reachable, certificate not trusted, 429, an answer without sound."""
        refuse_other_languages(self, language)
        chunks = pack(text, MOST_CHARACTERS)
        if not chunks:
            raise GatewayError("speech-empty", {"engine": self.name})
        return joined(self._chunk(chunk, language) for chunk in chunks)

    def _chunk(self, text: str, language: str) -> Audio:
        key = digest({"engine": self.name, "version": self.version, "language": language, "text": text})
        kept = self.cache.get(key)
        if kept is not None:
            return _decoded(kept, text)
        if self._stopped is not None:
            raise self._stopped
        try:
            sound = self._ask(text, language)
            audio = _decoded(sound, text)
        except GatewayError as error:
            self._stopped = error
            raise
        self.cache.put(key, sound)
        return audio

    def _ask(self, text: str, language: str) -> bytes:
        import requests
        from gtts import gTTS

        wait = self._asked_at + _PACE_SECONDS - self.clock()
        if wait > 0:
            self.sleep(wait)
        self._asked_at = self.clock()
        # lang_check reads a table of the library's own; ours is `languages`
        body = gTTS(text, lang=language, lang_check=False, pre_processor_funcs=[]).get_bodies()[0]
        try:
            with requests.Session() as session:
                answer = session.post(
                    self.base_url + _PATH,
                    data=body,
                    headers=gTTS.GOOGLE_TTS_HEADERS,
                    timeout=(min(self.timeout, _MOST_CONNECT_SECONDS), self.timeout),
                    verify=str(self.certificates) if self.certificates else True,
                    stream=True,
                    allow_redirects=False,  # a redirect is a sign-in page of the network, never the service
                )
                with answer:
                    return _sound(answer, self._whole(answer))
        except requests.exceptions.SSLError as error:
            raise GatewayError("speech-untrusted", {"engine": self.name}) from error
        except requests.exceptions.RequestException as error:
            raise GatewayError("speech-unreachable", {"engine": self.name}) from error

    def _whole(self, answer: requests.Response) -> bytes:
        """The answer's bytes, within the time for one request and a size that a sentence can have."""
        until = self.clock() + self.timeout
        body = bytearray()
        for part in answer.iter_content(64 * 1024):
            body += part
            if len(body) > _MOST_ANSWER or self.clock() > until:
                raise GatewayError("speech-unreachable", {"engine": self.name})
        return bytes(body)


def _sound(answer: requests.Response, body: bytes) -> bytes:
    """The MP3 in an answer. Raises `GatewayError` for every answer that has none, a page of HTML among them."""
    if answer.status_code == 429:
        wait = answer.headers.get("Retry-After", "?")
        raise GatewayError("speech-throttled", {"engine": "gtts", "wait": wait})
    if answer.status_code != 200:
        raise GatewayError("speech-refused", {"engine": "gtts", "status": answer.status_code})
    parts = _SOUND.findall(body.replace(b"\\u003d", b"="))
    try:
        sound = b"".join(base64.b64decode(part, validate=True) for part in parts)
    except binascii.Error:
        sound = b""
    if not sound:
        raise GatewayError("speech-empty", {"engine": "gtts"})
    return sound


def _decoded(sound: bytes, text: str) -> Audio:
    from loa.loudspeaker.codec import UnreadableSoundError, decode

    try:
        audio = decode(sound)
    except UnreadableSoundError as error:
        raise GatewayError("speech-empty", {"engine": "gtts"}) from error
    if audio.seconds < _LEAST_SECONDS_A_CHARACTER * len(text):
        raise GatewayError("speech-cut", {"engine": "gtts", "seconds": round(audio.seconds, 1)})
    return audio
