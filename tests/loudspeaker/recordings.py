"""Recordings as people bring them: a voice in every format, made with PyAV."""

from __future__ import annotations

import io
from fractions import Fraction
from functools import cache

import av

from loa.loudspeaker.audio import WIDTH, Audio, joined, silence
from loa.loudspeaker.codec import frames
from loa.loudspeaker.speech.espeak import EspeakEngine

WORDS = (
    "Kính thưa bà con. Ủy ban nhân dân xã mời bà con nộp hồ sơ trên cổng dịch vụ công. "
    "Ngày mười tháng mười là ngày chuyển đổi số. Mời gọi một không hai hai để được hướng dẫn."
)

# name -> container, codec, rate
FORMATS = {
    "wav": ("wav", "pcm_s16le", 44_100),
    "flac": ("flac", "flac", 44_100),
    "mp3": ("mp3", "libmp3lame", 44_100),
    "m4a": ("mp4", "aac", 44_100),
    "ogg": ("ogg", "libopus", 48_000),
    "webm": ("webm", "libopus", 48_000),
    "amr": ("amr", "libopencore_amrnb", 8_000),
    "wma": ("asf", "wmav2", 44_100),
}


@cache
def voice() -> Audio:
    """About twelve seconds of the embedded voice."""
    return EspeakEngine().speak(WORDS, "vi")


@cache
def padded(before: float = 0.5, after: float = 0.5) -> Audio:
    """The voice with silence at both ends."""
    return joined([silence(before, voice().rate), voice(), silence(after, voice().rate)])


def encoded(audio: Audio, name: str, *, layout: str = "mono", picture: bool = False, rate: int | None = None) -> bytes:
    """The sound in a format of `FORMATS`; with `picture`, as a film that shows something."""
    container_format, codec, usual = FORMATS[name]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container_format) as container:
        stream = container.add_stream(codec, rate=rate or usual, layout=layout)
        if codec == "wmav2":
            stream.bit_rate = 64_000  # it has no rate of its own
        if picture:
            film = container.add_stream("mpeg4", rate=5)
            film.width, film.height, film.pix_fmt = 64, 64, "yuv420p"
            for i in range(round(audio.seconds * 5)):
                image = av.VideoFrame(64, 64, "yuv420p")
                image.pts, image.time_base = i, Fraction(1, 5)
                container.mux(film.encode(image))
            container.mux(film.encode(None))
        graph = av.AudioResampler(
            format=stream.format, layout=layout, rate=stream.rate, frame_size=stream.frame_size or 0
        )
        for frame in frames(audio.pcm, audio.rate):
            for part in graph.resample(frame):
                container.mux(stream.encode(part))
        for part in graph.resample(None):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def louder(audio: Audio, times: float) -> Audio:
    """Amplified without care: what does not fit is cut off."""
    import array

    samples = array.array("h", audio.pcm)
    return Audio(array.array("h", (max(-32_768, min(32_767, round(times * s))) for s in samples)).tobytes(), audio.rate)


def cut(audio: Audio, start: float, end: float) -> Audio:
    """From a second to a second."""
    first, last = (WIDTH * round(at * audio.rate) for at in (start, end))
    return Audio(audio.pcm[first:last], audio.rate)
