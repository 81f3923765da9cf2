"""Reading and filtering sound with PyAV (FFmpeg). The `audio` extra; imported where it is used."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from loa.loudspeaker.audio import WIDTH, Audio
from loa.model.errors import Unsupported

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.filter.graph import Graph

Filter = tuple[str, str]
"""A filter of FFmpeg and its arguments."""

_FRAME = 32_768  # samples handed over at a time: small frames cost more in calls than in sound


class UnreadableSoundError(Exception):
    """Bytes that hold no sound that can be decoded."""


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
        with av.open(io.BytesIO(data), mode="r") as container:
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


@dataclass
class Filtered:
    """What came out of a chain: bytes in the last filter's format, how many samples, what the filters noted last."""

    data: bytes = b""
    samples: int = 0
    notes: dict[str, str] = field(default_factory=dict)


def run(frames: Iterable[AudioFrame], chain: Sequence[Filter], *, keep: bool = True) -> Filtered:
    """Frames through a chain of filters. The graph is built for the format of the first frame.

    `keep=False` drops the sound and keeps only what the filters noted (loudness).
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
