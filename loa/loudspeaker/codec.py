"""Reading and filtering sound with PyAV (FFmpeg). The `audio` extra; imported where it is used."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, cast

from loa.loudspeaker.audio import WIDTH, Audio
from loa.model.errors import Unsupported

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.filter.graph import Graph
    from av.packet import Packet

Filter = tuple[str, str]
"""A filter of FFmpeg and its arguments."""

_FRAME = 32_768  # samples handed over at a time: small frames cost more in calls than in sound


OPTIONS = {
    # files that people bring: never a playlist or a session description, which open other files and the network
    "format_whitelist": "wav,w64,aiff,caf,au,mp3,flac,ogg,mov,mp4,m4a,3gp,3g2,mj2,aac,amr,amrnb,amrwb,"
    "matroska,webm,asf,avi,mpeg,mpegts,flv,wv",
}
_MOST_RATE = 48_000  # samples a second that are kept; no voice has anything above


class UnreadableSoundError(Exception):
    """Bytes that hold no sound that can be decoded."""


class TooLongSoundError(Exception):
    """More sound than was asked for."""


def require_av() -> None:
    """Raises `Unsupported` where the `audio` extra is not installed."""
    try:
        import av  # noqa: F401
    except ImportError as error:
        raise Unsupported("audio-missing") from error


def decode(data: bytes) -> Audio:
    """Any format FFmpeg knows, as mono at its own rate. Raises `UnreadableSoundError`."""
    require_av()
    import av

    try:
        with av.open(io.BytesIO(data), mode="r", options=OPTIONS) as container:
            if not container.streams.audio:
                raise UnreadableSoundError
            rate = container.streams.audio[0].rate
            mono = run(
                container.decode(audio=0), [("aformat", f"sample_fmts=s16:channel_layouts=mono:sample_rates={rate}")]
            )
    except (av.FFmpegError, ValueError) as error:
        raise UnreadableSoundError from error
    if not mono.data:
        raise UnreadableSoundError
    return Audio(mono.data, rate)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's sound as mono, and what the file is. `damaged` counts packets that could not be decoded."""

    audio: Audio
    container: str
    codec: str
    channels: int
    damaged: int


def decode_up_to(data: bytes, seconds: float) -> Decoded:
    """Any format FFmpeg knows, a film's sound too, packet by packet: what is broken is left out and counted.

    Raises `UnreadableSoundError`, and `TooLongSoundError` as soon as there is more than `seconds`: a file of hours is
    never held in memory.
    """
    require_av()
    import av

    try:
        with av.open(io.BytesIO(data), mode="r", options=OPTIONS) as container:
            if not container.streams.audio:
                raise UnreadableSoundError
            # what a file says of its own length is sometimes an estimate, but never by a factor of three
            if container.duration and container.duration / av.time_base > 3 * seconds:
                raise TooLongSoundError
            stream = container.streams.audio[0]
            taken = _Taken(seconds)
            sound = taken.from_packets(container.demux(stream))
            first = next(sound, None)
            if first is None:
                raise UnreadableSoundError
            rate = min(first.sample_rate, _MOST_RATE)
            whole = [("aformat", f"sample_fmts=s16:channel_layouts=mono:sample_rates={rate}")]
            mono = run(itertools.chain([first], sound), whole)
            return Decoded(
                Audio(mono.data, rate),
                container.format.name.split(",")[0],
                stream.codec_context.name,
                len(first.layout.channels),
                taken.damaged,
            )
    except (av.FFmpegError, ValueError) as error:
        raise UnreadableSoundError from error


@dataclass
class _Taken:
    """Frames of one format, up to a length."""

    seconds: float
    damaged: int = 0
    """Only what something whole follows: behind the sound there often stand tags that are no sound."""

    def from_packets(self, packets: Iterable[Packet[AudioStream]]) -> Iterator[AudioFrame]:
        import av

        format_: tuple[str, int, str] | None = None
        so_far = 0.0
        broken = 0
        for packet in packets:
            try:
                decoded = packet.decode()
            except av.FFmpegError:
                broken += 1
                continue
            for frame in decoded:
                now = (frame.format.name, frame.sample_rate, frame.layout.name)
                format_ = format_ or now
                if now != format_:
                    broken += 1  # noise taken for a header
                    continue
                self.damaged += broken
                broken = 0
                so_far += frame.samples / frame.sample_rate
                if so_far > self.seconds:
                    raise TooLongSoundError
                yield frame


@dataclass
class Filtered:
    """What came out of a chain: bytes in the last filter's format, how many samples, what the filters noted last."""

    data: bytes = b""
    samples: int = 0
    notes: dict[str, str] = field(default_factory=dict)


def run(
    frames: Iterable[AudioFrame],
    chain: Sequence[Filter],
    *,
    keep: bool = True,
    each: Callable[[Mapping[str, str]], None] | None = None,
) -> Filtered:
    """Frames through a chain of filters. The graph is built for the format of the first frame.

    `keep=False` drops the sound and keeps only what the filters noted (loudness); `each` is told the notes on every
    frame that comes out.
    """
    import av

    result = Filtered()
    collected = bytearray()
    graph: Graph | None = None

    def pull() -> None:
        assert graph is not None  # noqa: S101 - for the type checker: pushed before
        while True:
            try:
                frame = cast("AudioFrame", graph.pull())
            except (av.BlockingIOError, av.EOFError):
                return
            if keep:
                collected.extend(bytes(frame.planes[0])[: frame.samples * frame.format.bytes])
            result.samples += frame.samples
            result.notes.update(frame.metadata)
            if each is not None:
                each(frame.metadata)

    for frame in frames:
        if graph is None:
            graph = _graph(frame, chain)
        graph.push(frame)
        pull()
    if graph is not None:
        graph.push(None)
        pull()
    result.data = bytes(collected)
    return result


def _graph(frame: AudioFrame, chain: Sequence[Filter]) -> Graph:
    from av.filter import Graph

    graph = Graph()
    source = graph.add_abuffer(
        format=frame.format.name,
        sample_rate=frame.sample_rate,
        layout=frame.layout.name,
        time_base=Fraction(1, frame.sample_rate),
    )
    nodes = [source, *(graph.add(name, arguments) for name, arguments in chain), graph.add("abuffersink")]
    graph.link_nodes(*nodes)
    graph.configure()
    return graph


@cache
def refused(name: str, arguments: str) -> str | None:
    """Why FFmpeg will not have a filter with these arguments; nothing where it will. Without PyAV nobody can say."""
    try:
        import av
        from av.filter import Graph
    except ImportError:
        return None
    try:
        Graph().add(name, arguments)
    except (av.FFmpegError, ValueError, OSError) as error:
        return getattr(error, "strerror", None) or str(error) or type(error).__name__
    return None


def frames(pcm: bytes, rate: int, sample_format: str = "s16", width: int = WIDTH) -> Iterator[AudioFrame]:
    """Mono samples as frames. `width` is the bytes of one sample of `sample_format`."""
    import av

    step = _FRAME * width
    for place in range(0, len(pcm), step):
        part = pcm[place : place + step]
        frame = av.AudioFrame(format=sample_format, layout="mono", samples=len(part) // width)
        plane = frame.planes[0]
        plane.update(part.ljust(plane.buffer_size, b"\0"))  # a plane is padded for alignment
        frame.sample_rate = rate
        frame.time_base = Fraction(1, rate)
        frame.pts = place // width
        yield frame
