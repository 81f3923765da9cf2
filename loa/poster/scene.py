"""The scene: what stands on the sheet and where, worked out to the last line break.

Millimetres from the top left corner of the trimmed sheet, y downwards; type sizes in points; colours as RGB for
screens and CMYK for print. Values only: every writer reads the same ones and decides nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

MM_PER_PT = 25.4 / 72

Align = Literal["start", "center", "end"]


@dataclass(frozen=True, slots=True)
class Ink:
    """A colour by its role. `rgb` in 0-255, `cmyk` in per cent.

    `slot` is the place of the colour in an Office theme (`accent1`, `dk1`), empty where it has none.
    """

    role: str
    rgb: tuple[int, int, int]
    cmyk: tuple[float, float, float, float]
    slot: str = ""

    @property
    def hex(self) -> str:
        return "{:02X}{:02X}{:02X}".format(*self.rgb)

    @property
    def black_only(self) -> bool:
        """Printed by the black plate alone, so that small shapes cannot be out of register."""
        return self.cmyk[:3] == (0, 0, 0) and self.cmyk[3] > 0

    @property
    def paper(self) -> bool:
        return self.cmyk == (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in millimetres."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    def within(self, other: Box, tolerance: float = 0.05) -> bool:
        """Whether it lies inside another; `tolerance` in millimetres."""
        return (
            self.x >= other.x - tolerance
            and self.y >= other.y - tolerance
            and self.right <= other.right + tolerance
            and self.bottom <= other.bottom + tolerance
        )

    def inset(self, by: float) -> Box:
        return Box(self.x + by, self.y + by, self.width - 2 * by, self.height - 2 * by)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The sheet: trimmed size, bleed beyond it, and the margin within it that nothing to be read may enter."""

    format: str
    width: float
    height: float
    bleed: float
    safe: float

    @property
    def trim(self) -> Box:
        return Box(0, 0, self.width, self.height)


@dataclass(frozen=True, slots=True)
class Face:
    """One font file: its family and weight as designers name them, its bytes by hash."""

    family: str
    weight: Literal["regular", "bold"]
    sha256: str

    @property
    def bold(self) -> bool:
        return self.weight == "bold"


@dataclass(frozen=True, slots=True)
class Glyph:
    """One shaped glyph. Advance and offsets in thousandths of the type size; `cluster` indexes the run's text."""

    gid: int
    cluster: int
    advance: float
    dx: float
    dy: float


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring glyphs of one face; `x` from the start of the line, in em."""

    text: str
    face: Face
    glyphs: tuple[Glyph, ...]
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text: where its first glyph starts and its baseline lies, in millimetres."""

    text: str
    x: float
    baseline: float
    width: float
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Fit:
    """How a text was fitted. `wanted` and `least` are the largest and smallest size allowed, in points.

    `fits` is false where even the smallest size needs more lines than allowed or is wider than its box.
    """

    wanted: float
    least: float
    size: float
    fits: bool


@dataclass(frozen=True, slots=True)
class Text:
    """A text block, broken into lines. `ascent` and `descent` are those of the face, in em; `leading` in em."""

    name: str
    box: Box
    copy: str
    lines: tuple[Line, ...]
    face: Face
    size: float
    leading: float
    ascent: float
    descent: float
    ink: Ink
    align: Align
    fit: Fit
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A filled or outlined rectangle; `radius` and `thickness` in millimetres."""

    name: str
    box: Box
    fill: Ink | None
    radius: float = 0.0
    stroke: Ink | None = None
    thickness: float = 0.0


@dataclass(frozen=True, slots=True)
class Circle:
    """An ellipse that fills its box; a circle where the box is square."""

    name: str
    box: Box
    fill: Ink | None
    stroke: Ink | None = None
    thickness: float = 0.0


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line between two points."""

    name: str
    start: tuple[float, float]
    end: tuple[float, float]
    ink: Ink
    thickness: float


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, upright and in RGB, as PNG bytes; `alt` is read to people who do not see it."""

    name: str
    box: Box
    png: bytes
    pixels: tuple[int, int]
    alt: str


@dataclass(frozen=True, slots=True)
class Qr:
    """A QR code with its quiet zone inside the box. `modules` are rows of dark (true) modules without it."""

    name: str
    box: Box
    link: str
    modules: tuple[tuple[bool, ...], ...]
    quiet: int
    ink: Ink
    paper: Ink
    alt: str

    @property
    def module(self) -> float:
        """The side of a module in millimetres."""
        return self.box.width / (len(self.modules) + 2 * self.quiet)


Element = Text | Rectangle | Circle | Rule | Picture | Qr


@dataclass(frozen=True, slots=True)
class Overflow:
    """An element that is larger than the place it has, by so many millimetres."""

    name: str
    by: float


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything on one sheet, in the order it is painted."""

    title: str
    language: str
    issuer: str
    sheet: Sheet
    elements: tuple[Element, ...]
    overflows: tuple[Overflow, ...]
    large: float
    """From this size in points on, text counts as large: it is read from further away, and may have less contrast."""
    small: float
    """Up to this size in points, text must be printed by one plate."""

    def texts(self) -> Iterator[Text]:
        return (item for item in self.elements if isinstance(item, Text))

    def codes(self) -> Iterator[Qr]:
        return (item for item in self.elements if isinstance(item, Qr))
