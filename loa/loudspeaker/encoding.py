"""Encoding in stretches that can be put together in any order without encoding them again.

An MP3 frame may borrow room from the frames before it; without that (LAME's `reservoir=0`) every frame stands by
itself, and stretches that end and begin in silence are joined without a click. So what two hundred communes hear alike
is encoded once.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from loa.loudspeaker.codec import frames, run

if TYPE_CHECKING:
    from loa.loudspeaker.profile import Profile

FLOAT = 4  # bytes a sample
_FRAME = 1152  # samples in a frame of MPEG-1 layer III
# a third of LAME's usual time is saved, and one voice needs far less than 128 kbit/s
_LAME = {"reservoir": "0", "compression_level": "7"}
_MOST_PACKET = 65_536  # bytes of WAV handed over at a time


def encoded(sound: bytes, profile: Profile) -> tuple[bytes, ...]:
    """Mono 32-bit floats at the profile's rate as packets: frames of MP3, or stretches of 16-bit PCM."""
    if profile.codec == "wav":
        whole = run(frames(sound, profile.rate, "flt", FLOAT), [("aformat", "sample_fmts=s16")]).data
        return tuple(whole[place : place + _MOST_PACKET] for place in range(0, len(whole), _MOST_PACKET))
    return tuple(_mp3(sound, profile))


def _mp3(sound: bytes, profile: Profile) -> Iterable[bytes]:
    import av
    from av.audio.codeccontext import AudioCodecContext

    coder = av.CodecContext.create("libmp3lame", "w")
    assert isinstance(coder, AudioCodecContext)  # noqa: S101 - for the type checker
    coder.sample_rate, coder.layout, coder.format = profile.rate, "mono", "fltp"
    coder.bit_rate, coder.options = profile.bit_rate, dict(_LAME)
    cut = av.AudioResampler(format="fltp", layout="mono", rate=profile.rate, frame_size=_FRAME)
    for frame in (*frames(sound, profile.rate, "flt", FLOAT), None):
        for part in cut.resample(frame):
            yield from map(bytes, coder.encode(part))
    yield from map(bytes, coder.encode(None))


def seconds_of(packets: Sequence[bytes], profile: Profile) -> float:
    """How long a stretch sounds."""
    samples = sum(map(len, packets)) // 2 if profile.codec == "wav" else _FRAME * len(packets)
    return samples / profile.rate


def assembled(packets: Iterable[bytes], profile: Profile, tags: Mapping[str, str]) -> bytes:
    """Packets as one file with its tags (ID3; in a WAV an INFO list). The same bytes for the same packets."""
    import av

    buffer = io.BytesIO()
    wav = profile.codec == "wav"
    # 2.3 is the version of ID3 that Windows and car radios read
    options = {"fflags": "+bitexact"} if wav else {"id3v2_version": "3", "fflags": "+bitexact"}
    with av.open(buffer, "w", format=profile.codec, options=options) as container:
        container.metadata.update(tags)
        stream = container.add_stream("pcm_s16le" if wav else "libmp3lame", rate=profile.rate, layout="mono")
        if not wav:
            stream.bit_rate = profile.bit_rate
        at = 0
        for data in packets:
            packet = av.Packet(data)
            packet.stream, packet.time_base = stream, Fraction(1, profile.rate)
            packet.duration = len(data) // 2 if wav else _FRAME
            packet.pts = packet.dts = at
            at += packet.duration
            container.mux(packet)
    return buffer.getvalue()
