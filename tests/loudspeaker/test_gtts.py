"""The online voice, against a service on loopback."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from loa.loudspeaker.speech.cache import MemoryCache
from loa.loudspeaker.speech.gtts import MOST_CHARACTERS, GttsEngine
from loa.loudspeaker.speech.packing import pack
from loa.model.errors import GatewayError, Unsupported

from .sounds import mastered
from .speech_service import Service, serving

TEXT = (
    "Kính thưa bà con. "
    + "Mời bà con gọi tổng đài một không hai hai, hoặc đến Bộ phận Một cửa cấp xã, để được hướng dẫn. "
)


@pytest.fixture
def service(short_mp3: bytes) -> Iterator[Service]:
    with serving(short_mp3) as running:
        yield running


def engine(service: Service, **given: object) -> GttsEngine:
    return GttsEngine(base_url=service.base_url, sleep=lambda _: None, **given)  # type: ignore[arg-type]


def test_a_text_is_spoken_in_as_few_requests_as_its_sentences_allow(service: Service) -> None:
    audio = engine(service).speak(TEXT, "vi")
    assert [language for _, language in service.asked] == ["vi"] * len(service.asked)
    assert "".join(text for text, _ in service.asked).replace(" ", "") == TEXT.replace(" ", "")
    assert max(len(text) for text, _ in service.asked) <= MOST_CHARACTERS
    assert len(service.asked) == 2
    assert audio.seconds == pytest.approx(2 * 4.2, abs=0.3)


def test_a_sentence_that_was_spoken_is_not_asked_for_again(service: Service) -> None:
    cache = MemoryCache()
    first = engine(service, cache=cache).speak(TEXT, "vi")
    service.asked.clear()
    assert engine(service, cache=cache).speak(TEXT, "vi") == first
    assert service.asked == []


def test_requests_are_paced(service: Service) -> None:
    waited: list[float] = []
    GttsEngine(base_url=service.base_url, sleep=waited.append, clock=lambda: 100.0).speak(TEXT, "vi")
    assert waited == [pytest.approx(0.7)]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"body": b"<!DOCTYPE html><html><body>Sign in to the network</body></html>"}, "speech-empty"),
        ({"body": b""}, "speech-empty"),
        ({"sound": b"not an MP3 at all"}, "speech-empty"),
        ({"status": 302, "headers": {"Location": "http://127.0.0.1:1/login"}}, "speech-refused"),
        ({"status": 503}, "speech-refused"),
        ({"status": 429, "headers": {"Retry-After": "30"}}, "speech-throttled"),
    ],
)
def test_an_answer_without_sound_is_a_failure_and_never_cached(
    service: Service, answer: dict[str, object], code: str
) -> None:
    for name, value in answer.items():
        setattr(service, name, value)
    cache = MemoryCache()
    with pytest.raises(GatewayError) as error:
        engine(service, cache=cache).speak("Xin chào bà con.", "vi")
    assert (error.value.code, cache.kept) == (code, {})
    assert error.value.words.vi


def test_sound_that_is_far_too_short_for_its_words_is_a_failure(service: Service) -> None:
    from loa.loudspeaker.speech.memory import MemoryEngine

    service.sound = mastered(MemoryEngine().speak("một", "vi"), {}).data
    with pytest.raises(GatewayError) as error:
        engine(service).speak("Mời bà con gọi tổng đài một không hai hai để được hướng dẫn.", "vi")
    assert error.value.code == "speech-cut"


def test_after_a_refusal_nothing_more_is_asked_in_this_run(service: Service) -> None:
    service.status = 429
    voice = engine(service)
    for _ in range(3):
        with pytest.raises(GatewayError):
            voice.speak("Xin chào bà con.", "vi")
    assert len(service.asked) == 1


def test_a_slow_service_is_given_up(service: Service) -> None:
    service.delay = 1.5
    started = time.monotonic()
    with pytest.raises(GatewayError) as error:
        engine(service, timeout=0.2).speak("Xin chào bà con.", "vi")
    assert error.value.code == "speech-unreachable"
    assert time.monotonic() - started < 1.2


def test_a_service_that_is_not_there_fails_at_once() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        started = time.monotonic()
        with pytest.raises(GatewayError) as error:
            GttsEngine(base_url=f"http://127.0.0.1:{closed.getsockname()[1]}").speak("Xin chào bà con.", "vi")
    assert error.value.code == "speech-unreachable"
    assert time.monotonic() - started < 3


def test_a_certificate_nobody_vouches_for_is_refused_before_anything_is_sent(tmp_path: Path, short_mp3: bytes) -> None:
    chain, key = certificate(tmp_path)
    with serving(short_mp3, (chain, key)) as service:
        with pytest.raises(GatewayError) as error:
            engine(service).speak("Xin chào bà con.", "vi")
        assert (error.value.code, service.asked) == ("speech-untrusted", [])
        assert engine(service, certificates=Path(chain)).speak("Xin chào bà con.", "vi").seconds > 1


def test_other_languages_are_refused(service: Service) -> None:
    with pytest.raises(Unsupported) as error:
        engine(service).speak("…", "jra")
    assert (error.value.code, service.asked) == ("speech-language", [])


@pytest.mark.parametrize(
    ("text", "chunks"),
    [
        ("Một. Hai! Ba?", ("Một.", "Hai!", "Ba?")),
        ("một, hai, ba", ("một, hai, ba",)),
        (f"{'a' * 60}, {'b' * 30}, {'c' * 50}.", (f"{'a' * 60}, {'b' * 30},", f"{'c' * 50}.")),
        (" ".join(["từ"] * 40), (" ".join(["từ"] * 33), " ".join(["từ"] * 7))),
        ("x" * 250, ("x" * 100, "x" * 100, "x" * 50)),
        ("Một.\n\n…\n", ("Một.",)),
        ("", ()),
    ],
)
def test_packing_ends_where_a_sentence_or_a_clause_does(text: str, chunks: tuple[str, ...]) -> None:
    assert pack(text, MOST_CHARACTERS) == chunks


def certificate(folder: Path) -> tuple[str, str]:
    """A certificate for 127.0.0.1 that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(chain), str(secret)
