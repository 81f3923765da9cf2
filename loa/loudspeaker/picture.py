"""Pictures of a sound: its waveform and its loudness, against what they should be. Drawn with Pillow, the same bytes
every time."""

from __future__ import annotations

import array
import io
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from operator import mul
from typing import TYPE_CHECKING

from loa.loudspeaker.audio import Audio

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

WIDTH, WAVE_HEIGHT, LOUDNESS_HEIGHT = 1_560, 400, 300  # pixels: twice what the page shows, for print and good screens
_LEFT, _RIGHT, _TOP, _BOTTOM = 96, 24, 44, 44
_TEXT = 24
_TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600)  # seconds between marks on the time axis
_MOST_TICKS = 12
_CEILING = -1.0  # dBFS: what a true peak should stay below
_QUIETEST, _LOUDEST = -48.0, 0.0  # LUFS on the loudness picture

PAPER, INK, MUTED, GRID = (255, 255, 255), (34, 40, 49), (100, 110, 122), (226, 230, 235)
BAND, PEAK, BODY = (244, 246, 249), (158, 187, 222), (28, 84, 148)
TARGET, TOLERANCE, LIMIT = (20, 122, 76), (222, 240, 230), (190, 30, 45)

Marked = tuple[str, float, float]
"""A part of a programme: its name, and where it starts and ends in seconds."""


@dataclass(frozen=True, slots=True)
class _Plot:
    """Where things are: time to the right, 1 at the top and 0 at the bottom."""

    seconds: float
    height: int

    @property
    def wide(self) -> int:
        return WIDTH - _LEFT - _RIGHT

    @property
    def high(self) -> int:
        return self.height - _TOP - _BOTTOM

    def x(self, second: float) -> int:
        return _LEFT + round(self.wide * second / self.seconds) if self.seconds else _LEFT

    def y(self, share: float) -> int:
        return _TOP + round(self.high * (1 - share))


def waveform(sound: Audio, parts: Sequence[Marked] = (), font: bytes | None = None) -> bytes:
    """Peaks and mean power over time as PNG, the parts of the programme named above them."""

    def draw(plot: _Plot, pen: ImageDraw, letters: FreeTypeFont) -> None:
        for x, (low, high, power) in enumerate(_columns(sound, plot.wide), _LEFT):
            pen.line([(x, plot.y(0.5 + high / 2)), (x, plot.y(0.5 + low / 2))], fill=PEAK)
            pen.line([(x, plot.y(0.5 + power / 2)), (x, plot.y(0.5 - power / 2))], fill=BODY)
        for share, label in ((0.5, "0"), (_of_sample(_CEILING), "−1 dB"), (1 - _of_sample(_CEILING), "")):
            colour = LIMIT if share != 0.5 else GRID
            pen.line([(_LEFT, plot.y(share)), (WIDTH - _RIGHT, plot.y(share))], fill=colour, width=2)
            pen.text((_LEFT - 10, plot.y(share)), label, fill=MUTED, font=letters, anchor="rm")

    return _drawn(_Plot(sound.seconds, WAVE_HEIGHT), parts, font, draw)


def loudness(
    curve: Sequence[float],
    seconds: float,
    target: float,
    tolerance: float,
    parts: Sequence[Marked] = (),
    font: bytes | None = None,
) -> bytes:
    """The momentary loudness (LUFS, evenly spread over `seconds`) as PNG, against its target."""

    def draw(plot: _Plot, pen: ImageDraw, letters: FreeTypeFont) -> None:
        band = [(_LEFT, plot.y(_of_lufs(target + tolerance))), (WIDTH - _RIGHT, plot.y(_of_lufs(target - tolerance)))]
        pen.rectangle(band, fill=TOLERANCE)
        for level in range(int(_QUIETEST), int(_LOUDEST) + 1, 12):
            y = plot.y(_of_lufs(level))
            pen.line([(_LEFT, y), (WIDTH - _RIGHT, y)], fill=GRID, width=2)
            if abs(level - target) >= 6 and level > _QUIETEST:  # the last would meet the time axis
                pen.text((_LEFT - 10, y), f"{level}".replace("-", "−"), fill=MUTED, font=letters, anchor="rm")
        wanted = plot.y(_of_lufs(target))
        pen.line([(_LEFT, wanted), (WIDTH - _RIGHT, wanted)], fill=TARGET, width=3)
        pen.text((_LEFT - 10, wanted), f"{target:g}".replace("-", "−"), fill=TARGET, font=letters, anchor="rm")
        step = seconds / len(curve) if curve else 0.0
        points = [(plot.x((place + 1) * step), plot.y(_of_lufs(level))) for place, level in enumerate(curve)]
        if len(points) > 1:
            pen.line(points, fill=BODY, width=3, joint="curve")

    return _drawn(_Plot(seconds, LOUDNESS_HEIGHT), parts, font, draw)


def _drawn(
    plot: _Plot,
    parts: Sequence[Marked],
    font: bytes | None,
    draw: Callable[[_Plot, ImageDraw, FreeTypeFont], None],
) -> bytes:
    """A picture with its time axis and the names of the parts; `draw` adds what it is about."""
    from PIL import Image
    from PIL import ImageDraw as Drawing

    picture = Image.new("RGB", (WIDTH, plot.height), PAPER)
    pen = Drawing.Draw(picture)
    letters = _letters(font)
    for place, (_, start, end) in enumerate(parts):
        if place % 2 == 0 and plot.x(end) > plot.x(start):
            pen.rectangle([(plot.x(start), _TOP), (plot.x(end), plot.y(0))], fill=BAND)
    draw(plot, pen, letters)
    for name, start, end in parts:
        room = plot.x(end) - plot.x(start) - 8
        label = _shortened(name, room, partial(pen.textlength, font=letters))
        pen.text((plot.x(start) + 4, _TOP - 10), label, fill=INK, font=letters, anchor="ls")
        pen.line([(plot.x(start), _TOP - 8), (plot.x(start), plot.y(0))], fill=MUTED)
    for second in _ticks(plot.seconds):
        x = plot.x(second)
        pen.line([(x, plot.y(0)), (x, plot.y(0) + 8)], fill=MUTED, width=2)
        anchor = "mt" if x + 40 < WIDTH else "rt"
        pen.text((x, plot.y(0) + 12), f"{second // 60}:{second % 60:02}", fill=MUTED, font=letters, anchor=anchor)
    buffer = io.BytesIO()
    # few colours: a palette halves the file, and median cut keeps white white
    picture.quantize(64, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _letters(font: bytes | None) -> FreeTypeFont:
    from PIL import ImageFont

    # the plain layout: which of the two there is differs from machine to machine
    if font is not None:
        return ImageFont.truetype(io.BytesIO(font), _TEXT, layout_engine=ImageFont.Layout.BASIC)
    return ImageFont.load_default(_TEXT)  # type: ignore[return-value]


def _shortened(name: str, room: float, length: Callable[[str], float]) -> str:
    """As much of a name as there is room for."""
    name = " ".join(name.split())
    if length(name) <= room:
        return name
    while name and length(f"{name}…") > room:
        name = name[:-1]
    return f"{name}…" if name else ""


def _columns(sound: Audio, wide: int) -> Iterator[tuple[float, float, float]]:
    """Lowest and highest sample and the root of the mean power of every column, -1 to 1."""
    samples = array.array("h", sound.pcm)
    for column in range(wide):
        part = samples[len(samples) * column // wide : len(samples) * (column + 1) // wide]
        if part:
            power = math.sqrt(sum(map(mul, part, part)) / len(part)) / 32_768
            yield min(part) / 32_768, max(part) / 32_768, power
        else:
            yield 0.0, 0.0, 0.0


def _ticks(seconds: float) -> Iterable[int]:
    step = next((step for step in _TICKS if seconds / step <= _MOST_TICKS), 3_600)
    return range(0, int(seconds) + 1, step)


def _of_sample(decibels: float) -> float:
    return float(0.5 + 10 ** (decibels / 20) / 2)


def _of_lufs(level: float) -> float:
    return (min(_LOUDEST, max(_QUIETEST, level)) - _QUIETEST) / (_LOUDEST - _QUIETEST)
