"""The PDF of a scene: for the printing house, and for screens.

Print: CMYK as the theme gives it, bleed, TrimBox and BleedBox, crop marks; QR and small text keep the one plate their
colours name. Screen: the same page trimmed, in RGB. Both embed subset fonts only, carry a title and a language, and
give their text back as it was written. The same scene always makes the same bytes.
"""

from __future__ import annotations

import io
from typing import Any, Literal

from loa.poster.scene import (
    MM_PER_PT,
    Box,
    Circle,
    Element,
    Face,
    Ink,
    Line,
    Picture,
    Qr,
    Rectangle,
    Rule,
    Run,
    Scene,
    Text,
)
from loa.poster.tokens import Font, Weight

Purpose = Literal["print", "screen"]

MARK = 6.0  # mm; length of a crop mark
MARK_OFFSET = 3.0  # mm from the trim at least, and never inside the bleed: a cut a hair off must not show one
HAIRLINE = 0.25  # pt
SLUG = 2.0  # mm of paper beyond the marks


def write(scene: Scene, font: Font, purpose: Purpose) -> bytes:
    """The PDF. Raises nothing of its own: a scene is always drawable."""
    return _Writer(scene, font, purpose).bytes()


def margin(scene: Scene, purpose: Purpose) -> float:
    """Millimetres of page around the trimmed sheet."""
    return max(MARK_OFFSET, scene.sheet.bleed) + MARK + SLUG if purpose == "print" else 0.0


class _Writer:
    """Draws one scene. The canvas has points from the bottom left corner; `_x` and `_y` say so from millimetres."""

    def __init__(self, scene: Scene, font: Font, purpose: Purpose) -> None:
        self.scene, self.purpose = scene, purpose
        self.margin = margin(scene, purpose)
        sheet = scene.sheet
        self.fonts = {weight: _register(font, weight) for weight in font.files}
        self.out = io.BytesIO()
        self.canvas = self._canvas(
            ((sheet.width + 2 * self.margin) / MM_PER_PT, (sheet.height + 2 * self.margin) / MM_PER_PT)
        )

    def _canvas(self, size: tuple[float, float]) -> Any:
        from reportlab.pdfgen.canvas import Canvas

        sheet = self.scene.sheet
        trim = self._corners(sheet.trim)
        bleed = self._corners(sheet.trim.inset(-sheet.bleed if self.purpose == "print" else 0.0))
        canvas = Canvas(
            self.out,
            pagesize=size,
            invariant=1,  # no clock and no random id in the file
            pageCompression=1,
            initialFontName=self.fonts["regular"],  # else an unembedded Helvetica stays in the file
            trimBox=trim,
            bleedBox=bleed,
            lang=self.scene.language,
        )
        canvas.setTitle(self.scene.title)
        canvas.setAuthor(self.scene.issuer)
        canvas.setSubject(f"{sheet.format}, {sheet.width:g} × {sheet.height:g} mm")
        canvas.setCreator("Loa")
        canvas.setViewerPreference("DisplayDocTitle", "true")
        return canvas

    def bytes(self) -> bytes:
        canvas, sheet = self.canvas, self.scene.sheet
        canvas.saveState()
        path = canvas.beginPath()
        bleed = sheet.trim.inset(-sheet.bleed)
        path.rect(self._x(bleed.x), self._y(bleed.bottom), bleed.width / MM_PER_PT, bleed.height / MM_PER_PT)
        canvas.clipPath(path, stroke=0, fill=0)
        for element in self.scene.elements:
            self._draw(element)
        canvas.restoreState()
        if self.purpose == "print":
            self._marks()
        canvas.showPage()
        canvas.save()
        return self.out.getvalue()

    def _draw(self, element: Element) -> None:
        match element:
            case Text():
                for line in element.lines:
                    self._line(element, line)
            case Rectangle():
                self._rectangle(element)
            case Circle():
                self._circle(element)
            case Rule():
                self.canvas.setLineWidth(element.thickness / MM_PER_PT)
                self.canvas.setStrokeColor(self._colour(element.ink))
                (x, y), (to_x, to_y) = element.start, element.end
                self.canvas.line(self._x(x), self._y(y), self._x(to_x), self._y(to_y))
            case Picture():
                self._picture(element)
            case Qr():
                self._qr(element)

    # text

    def _line(self, text: Text, line: Line) -> None:
        canvas = self.canvas
        canvas.setFillColor(self._colour(text.ink))
        for run in line.runs:
            shaped, exact = _shaped(run, self.fonts["bold" if run.face.bold else "regular"])
            out = canvas.beginText(self._x(line.x) + run.x * text.size, self._y(line.baseline))
            out.setFont(self.fonts["bold" if run.face.bold else "regular"], text.size)
            if not exact:
                # A glyph that no single character stands for: say what the text is, for whoever copies it.
                actual = "\ufeff".encode("utf-16-be") + run.text.encode("utf-16-be")
                out._code.append(f"/Span <</ActualText <{actual.hex()}>>> BDC")
            out._textOut(shaped)
            if not exact:
                out._code.append("EMC")
            canvas.drawText(out)

    # shapes

    def _rectangle(self, shape: Rectangle) -> None:
        box, canvas = shape.box, self.canvas
        self._surface(shape.fill, shape.stroke, shape.thickness)
        x, y = self._x(box.x), self._y(box.bottom)
        width, height = box.width / MM_PER_PT, box.height / MM_PER_PT
        drawn = {"stroke": int(shape.stroke is not None), "fill": int(shape.fill is not None)}
        if shape.radius:
            canvas.roundRect(x, y, width, height, shape.radius / MM_PER_PT, **drawn)
        else:
            canvas.rect(x, y, width, height, **drawn)

    def _circle(self, shape: Circle) -> None:
        box = shape.box
        self._surface(shape.fill, shape.stroke, shape.thickness)
        self.canvas.ellipse(
            self._x(box.x),
            self._y(box.bottom),
            self._x(box.right),
            self._y(box.y),
            stroke=int(shape.stroke is not None),
            fill=int(shape.fill is not None),
        )

    def _surface(self, fill: Ink | None, stroke: Ink | None, thickness: float) -> None:
        if fill:
            self.canvas.setFillColor(self._colour(fill))
        if stroke:
            self.canvas.setStrokeColor(self._colour(stroke))
            self.canvas.setLineWidth(thickness / MM_PER_PT)

    def _picture(self, picture: Picture) -> None:
        from reportlab.lib.utils import ImageReader

        box = picture.box
        image = ImageReader(io.BytesIO(picture.png))
        self.canvas.drawImage(
            image,
            self._x(box.x),
            self._y(box.bottom),
            box.width / MM_PER_PT,
            box.height / MM_PER_PT,
            mask="auto",
            preserveAspectRatio=True,
        )

    def _qr(self, code: Qr) -> None:
        """Paper under the whole symbol, then every run of dark modules in one path: no seams between them."""
        canvas, box = self.canvas, code.box
        canvas.setFillColor(self._colour(code.paper))
        side = box.width / MM_PER_PT
        canvas.rect(self._x(box.x), self._y(box.bottom), side, side, stroke=0, fill=1)
        module = code.module / MM_PER_PT
        left, top = self._x(box.x) + code.quiet * module, self._y(box.y) - code.quiet * module
        path = canvas.beginPath()
        for row, modules in enumerate(code.modules):
            for start, length in _dark_runs(modules):
                path.rect(left + start * module, top - (row + 1) * module, length * module, module)
        canvas.setFillColor(self._colour(code.ink))
        canvas.drawPath(path, stroke=0, fill=1)

    def _marks(self) -> None:
        """Crop marks on all four plates, clear of the bleed."""
        from reportlab.lib.colors import CMYKColor

        canvas, sheet = self.canvas, self.scene.sheet
        canvas.setStrokeColor(CMYKColor(1, 1, 1, 1))
        canvas.setLineWidth(HAIRLINE)
        near = max(MARK_OFFSET, sheet.bleed)
        far = near + MARK
        for x in (0.0, sheet.width):
            for a, b in ((-far, -near), (sheet.height + near, sheet.height + far)):
                canvas.line(self._x(x), self._y(a), self._x(x), self._y(b))
        for y in (0.0, sheet.height):
            for a, b in ((-far, -near), (sheet.width + near, sheet.width + far)):
                canvas.line(self._x(a), self._y(y), self._x(b), self._y(y))

    # places and colours

    def _x(self, x: float) -> float:
        return (x + self.margin) / MM_PER_PT

    def _y(self, y: float) -> float:
        return (self.scene.sheet.height - y + self.margin) / MM_PER_PT

    def _corners(self, box: Box) -> tuple[float, float, float, float]:
        return self._x(box.x), self._y(box.bottom), self._x(box.right), self._y(box.y)

    def _colour(self, ink: Ink) -> Any:
        from reportlab.lib.colors import CMYKColor, Color

        if self.purpose == "print":
            return CMYKColor(*(part / 100 for part in ink.cmyk))
        return Color(*(part / 255 for part in ink.rgb))


def _dark_runs(modules: tuple[bool, ...]) -> list[tuple[int, int]]:
    """Start and length of every run of dark modules in a row."""
    runs: list[tuple[int, int]] = []
    for i, dark in enumerate(modules):
        if dark and i and modules[i - 1]:
            start, length = runs[-1]
            runs[-1] = (start, length + 1)
        elif dark:
            runs.append((i, 1))
    return runs


def _register(font: Font, weight: Weight) -> str:
    """The name that the PDF library knows a font file by: its hash, so that two workspaces never share a name."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFError, TTFont

    from loa.model.errors import ContentError

    name = f"loa-{font.sha256[weight][:16]}"
    if name not in pdfmetrics.getRegisteredFontNames():
        try:
            pdfmetrics.registerFont(TTFont(name, io.BytesIO(font.files[weight]), asciiReadable=0))
        except TTFError as error:
            raise ContentError.at("font-broken", font.names[weight], family=font.family) from error
    return name


def _shaped(run: Run, font_name: str) -> tuple[Any, bool]:
    """A run as the library's shaped string, and whether each glyph stands for the one character it was made from.

    The shaping is ours, done once for all writers. The library's own `shapeStr()` names a glyph by the first
    character that has it, so that Đ (U+0110) would be copied out as Ð (U+00D0).
    """
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import ShapeData, ShapedStr

    face = pdfmetrics.getFont(font_name).face
    exact = len(run.glyphs) == len(run.text)
    chars: list[str] = []
    data: list[Any] = []
    for glyph in run.glyphs:
        code = ord(run.text[glyph.cluster])
        if face.charToGlyph.get(code) != glyph.gid:
            exact = exact and glyph.gid == 0
            code = _private(face, glyph.gid)
        chars.append(chr(code))
        width = face.charWidths.get(code, face.defaultWidth)
        data.append(ShapeData(glyph.cluster, glyph.advance, 0, glyph.dx, glyph.dy, width))
    return ShapedStr("".join(chars), shapeData=data), exact


def _private(face: Any, gid: int) -> int:
    """A private character for a glyph. Made of the glyph's number: the same in every run, whatever came before."""
    if gid == 0:
        return 0
    code = 0xE000 + gid % 0x1900
    if face.charToGlyph.get(code) not in (None, gid):
        code = 0xF0000 + gid
    face.charToGlyph[code] = gid
    face.charWidths.setdefault(code, face.hmetrics[gid][0] if hasattr(face, "hmetrics") else face.defaultWidth)
    return code


def faces(scene: Scene) -> tuple[Face, ...]:
    """The faces that a scene uses."""
    return tuple(dict.fromkeys(run.face for text in scene.texts() for line in text.lines for run in line.runs))
