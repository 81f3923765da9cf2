"""The deck that a designer edits: native text in theme fonts and colours, named shapes, the QR code as a picture.

One slide of the trimmed size. Line breaks are written out, so that a line breaks here where it broke in print. The
same scene makes the same bytes: no dates in the properties, one moment for every file of the archive.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from loa.archive import settled
from loa.poster.scene import MM_PER_PT, Box, Circle, Element, Ink, Picture, Qr, Rectangle, Rule, Scene, Text

EMU_PER_MM = 36_000
SLACK = 1.02  # text boxes are this much wider than their text: two renderers never agree to the last unit
QR_SCALE = 12  # pixels a module in the QR picture
SLOTS = ("dk1", "lt1", "dk2", "lt2", "accent1", "accent2", "accent3", "accent4", "accent5", "accent6")
LANGUAGES = {"vi": "vi-VN", "en": "en-GB"}
ALIGN = {"start": "l", "center": "ctr", "end": "r"}


def write(scene: Scene, inks: Sequence[Ink], family: str, notes: Mapping[str, str]) -> bytes:
    """The deck. `inks` are the theme's colours; `notes` (name -> value) stand in the speaker notes."""
    from pptx import Presentation

    deck: Any = Presentation()
    deck.slide_width, deck.slide_height = _emu(scene.sheet.width), _emu(scene.sheet.height)
    _theme(deck, inks, family)
    _properties(deck, scene)
    slide = deck.slides.add_slide(deck.slide_layouts[6])  # the blank one
    slide.name = scene.title
    draw = _Drawing(slide, scene.language)
    for element in scene.elements:
        draw.element(element)
    slide.notes_slide.notes_text_frame.text = "\n".join(f"{name}: {value}" for name, value in notes.items())
    out = io.BytesIO()
    deck.save(out)
    return settled(out.getvalue())


class _Drawing:
    """Puts elements on one slide."""

    def __init__(self, slide: Any, language: str) -> None:
        self.slide, self.language = slide, LANGUAGES.get(language, language)

    def element(self, element: Element) -> None:
        match element:
            case Text():
                self._text(element)
            case Rectangle():
                kind = "ROUNDED_RECTANGLE" if element.radius else "RECTANGLE"
                shape = self._shape(kind, element.name, element.box, element.fill, element.stroke, element.thickness)
                if element.radius:
                    shape.adjustments[0] = min(0.5, element.radius / min(element.box.width, element.box.height))
            case Circle():
                self._shape("OVAL", element.name, element.box, element.fill, element.stroke, element.thickness)
            case Rule():
                (x, y), (to_x, to_y) = element.start, element.end
                half = element.thickness / 2
                self._shape("RECTANGLE", element.name, Box(x, y - half, to_x - x, to_y - y + 2 * half), element.ink)
            case Picture():
                self._picture(element.name, element.box, element.png, element.alt)
            case Qr():
                self._picture(element.name, element.box, _qr_png(element), element.alt)

    def _shape(
        self, kind: str, name: str, box: Box, fill: Ink | None, stroke: Ink | None = None, thickness: float = 0.0
    ) -> Any:
        from pptx.enum.shapes import MSO_SHAPE

        shape = self.slide.shapes.add_shape(getattr(MSO_SHAPE, kind), *_place(box))
        shape.name = name
        # p:style brings a shadow and an outline from the theme
        for style in shape._element.findall(_tag("p:style")):
            shape._element.remove(style)
        if fill:
            shape.fill.solid()
            _colour(shape.fill.fore_color, fill)
        else:
            shape.fill.background()
        if stroke:
            shape.line.width = _emu(thickness)
            _colour(shape.line.color, stroke)
        else:
            shape.line.fill.background()
        return shape

    def _picture(self, name: str, box: Box, png: bytes, alt: str) -> None:
        picture = self.slide.shapes.add_picture(io.BytesIO(png), *_place(box))
        picture.name = name
        picture._element.nvPicPr.cNvPr.set("descr", alt)

    def _text(self, text: Text) -> None:
        """A text box whose first baseline lies where the scene has it."""
        from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE
        from pptx.util import Pt

        points = text.size * MM_PER_PT
        natural = text.ascent + text.descent
        # Office and LibreOffice take what is under 100 % line spacing off the top of the first line as well
        share = text.leading / natural
        lift = min(0.0, share - 1) * natural * points
        top = text.lines[0].baseline - text.ascent * points - lift if text.lines else text.box.y
        height = (text.ascent + text.descent + text.leading * (len(text.lines) - 1)) * points
        widest = max((line.width for line in text.lines), default=text.box.width)
        width = max(text.box.width, widest) * SLACK
        left = text.box.x - {"start": 0.0, "center": 0.5, "end": 1.0}[text.align] * (width - text.box.width)
        shape = self.slide.shapes.add_textbox(*_place(Box(left, top, width, height)))
        shape.name = text.name
        frame = shape.text_frame
        frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
        frame.word_wrap, frame.auto_size, frame.vertical_anchor = False, MSO_AUTO_SIZE.NONE, MSO_ANCHOR.TOP
        paragraph = frame.paragraphs[0]
        paragraph._p.get_or_add_pPr().set("algn", ALIGN[text.align])
        paragraph.line_spacing = round(share, 4)
        for i, line in enumerate(text.lines):
            if i:
                paragraph.add_line_break()
            run = paragraph.add_run()
            run.text = line.text
            run.font.size = Pt(text.size)
            run.font.bold = text.face.bold
            run.font.name = "+mn-lt"  # the theme's font: change it once and the whole deck follows
            _colour(run.font.color, text.ink)
            run._r.get_or_add_rPr().set("lang", self.language)


def _qr_png(code: Qr) -> bytes:
    """The symbol with its quiet zone, one colour on another, sharp at any size that it is printed in."""
    from PIL import Image

    side = len(code.modules) + 2 * code.quiet
    image = Image.new("P", (side, side), 0)
    image.putpalette([*code.paper.rgb, *code.ink.rgb])
    for row, modules in enumerate(code.modules):
        for column, dark in enumerate(modules):
            if dark:
                image.putpixel((column + code.quiet, row + code.quiet), 1)
    out = io.BytesIO()
    image.resize((side * QR_SCALE, side * QR_SCALE), Image.Resampling.NEAREST).save(out, "PNG", bits=1)
    return out.getvalue()


def _theme(deck: Any, inks: Sequence[Ink], family: str) -> None:
    """Fonts and colours of the workspace's theme in place of Office's."""
    from pptx.opc.constants import RELATIONSHIP_TYPE
    from pptx.opc.oxml import serialize_part_xml
    from pptx.oxml import parse_xml

    part = deck.slide_master.part.part_related_by(RELATIONSHIP_TYPE.THEME)
    root: Any = parse_xml(part.blob)
    by_slot = {ink.slot: ink for ink in inks if ink.slot}
    for slot in SLOTS:
        place = root.find(f".//{_tag('a:clrScheme')}/{_tag('a:' + slot)}")
        if slot in by_slot and place is not None:
            for child in list(place):
                place.remove(child)
            colour = place.makeelement(_tag("a:srgbClr"), {"val": by_slot[slot].hex})
            place.append(colour)
    for latin in root.findall(f".//{_tag('a:fontScheme')}/*/{_tag('a:latin')}"):
        latin.set("typeface", family)
    part._blob = serialize_part_xml(root)


def _properties(deck: Any, scene: Scene) -> None:
    """Title, author and language. No dates: they would make every file another one, and say nothing."""
    core = deck.core_properties
    core.title, core.author, core.language = scene.title, scene.issuer, scene.language
    core.last_modified_by = scene.issuer
    for name in ("created", "modified"):
        for element in core._element.findall(_tag(f"dcterms:{name}")):
            core._element.remove(element)


def _colour(target: Any, ink: Ink) -> None:
    """A theme colour where the theme has a place for it, else the colour itself."""
    from pptx.dml.color import RGBColor
    from pptx.enum.dml import MSO_THEME_COLOR

    names = {"dk1": "DARK_1", "lt1": "LIGHT_1", "dk2": "DARK_2", "lt2": "LIGHT_2"}
    if ink.slot in names:
        target.theme_color = getattr(MSO_THEME_COLOR, names[ink.slot])
    elif ink.slot:
        target.theme_color = getattr(MSO_THEME_COLOR, f"ACCENT_{ink.slot[-1]}")
    else:
        make: Any = RGBColor  # its annotations are incomplete
        target.rgb = make(*ink.rgb)


def _tag(name: str) -> str:
    from pptx.oxml.ns import qn

    return str(qn(name))


def _place(box: Box) -> tuple[int, int, int, int]:
    return _emu(box.x), _emu(box.y), _emu(box.width), _emu(box.height)


def _emu(mm: float) -> int:
    return round(mm * EMU_PER_MM)
