"""From a template, its copy, a theme and a format to a scene.

Sizes are found once: every text at the largest size its own place allows, the same for all texts of one style, and
where the sheet is still too small, all of them a step of the way down to their smallest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from loa.poster import pictures, qr
from loa.poster.boxes import Boxes, Flex, Measure
from loa.poster.order import Order
from loa.poster.resolve import Resolver
from loa.poster.scene import (
    MM_PER_PT,
    Box,
    Circle,
    Element,
    Fit,
    Line,
    Overflow,
    Picture,
    Qr,
    Rectangle,
    Rule,
    Scene,
    Text,
)
from loa.poster.template import (
    BoxNode,
    CircleNode,
    Node,
    PictureNode,
    QrNode,
    RuleNode,
    TextNode,
    nodes_of,
)
from loa.poster.tokens import TypeStyle
from loa.poster.typeset import STEP, Block, Setting, Typesetter

HALVINGS = 5  # of the way from the wanted to the least size: 1/32 of it is below what anybody sees
SLACK = 0.02  # mm; the engine counts in 32-bit floats, and a line must not break by their last digit
TOLERANCE = 0.1  # mm that a box may stand out before it counts
LARGE = 1.6  # times the body size: from here on text is read from further off (WCAG: 18 pt beside 12 pt)
SMALL = 0.85  # times the body size: up to here text is printed by one plate


def compose(ordered: Order, typesetter: Typesetter) -> Scene:
    """The scene of one piece.

    Raises `ContentError` where the template names a colour, style or token that the theme does not have. What does
    not fit raises nothing: it is in the scene's overflows and each text's fit, for the checks to say.
    """
    return _Layout(ordered, typesetter).scene()


@dataclass(frozen=True)
class _Sized:
    """The sheet with every box in place, at one share of the way between least (0) and wanted (1) sizes."""

    share: float
    caps: Mapping[str, float]
    boxes: Mapping[int, Box]
    overflows: tuple[Overflow, ...]


class _Layout:
    """Working state of one composition."""

    def __init__(self, ordered: Order, typesetter: Typesetter) -> None:
        template = ordered.template
        self.template, self.copy, self.form, self.issuer = template, ordered.copy, ordered.form, ordered.issuer
        self.look = Resolver(template, ordered.theme, ordered.form)
        self.typesetter = typesetter
        self.sheet = ordered.form.sheet(ordered.format_name)
        self.nodes = nodes_of(template.poster.page)
        self.names = _names(self.nodes)
        self.pictures: dict[int, pictures.Upright] = {}
        for node in self.nodes:
            if isinstance(node, PictureNode):
                self.pictures[id(node)] = pictures.read(ordered.workspace, node.file, template.where(node, "file"))
        self.sized = _Sized(1.0, {}, {}, ())
        self.blocks: dict[tuple[int, float, float, float], Block] = {}

    def scene(self) -> Scene:
        page = replace(self._flex(self.template.poster.page), width=self.sheet.width, height=self.sheet.height)
        with Boxes(page) as boxes:
            sized = self._fit(boxes)
        elements = [element for node in self.nodes for element in self._elements(node, sized)]
        return Scene(
            title=self.template.poster.title.get(self.copy.language),
            language=self.copy.language,
            issuer=self.issuer,
            sheet=self.sheet,
            elements=tuple(elements),
            overflows=sized.overflows,
            large=round(LARGE * self.form.body, 2),
            small=round(SMALL * self.form.body, 2),
        )

    # sizes

    def _fit(self, boxes: Boxes) -> _Sized:
        """The largest share of the wanted sizes at which nothing stands out of its box."""
        best = self._at(boxes, 1.0)
        if not best.overflows:
            return best
        best = self._at(boxes, 0.0)
        if best.overflows:
            return best
        low, high = 0.0, 1.0
        for _ in range(HALVINGS):
            tried = self._at(boxes, (low + high) / 2)
            if tried.overflows:
                high = tried.share
            else:
                low, best = tried.share, tried
        return best

    def _at(self, boxes: Boxes, share: float) -> _Sized:
        """The sheet at one share, each style in the one size that all of its texts can have."""
        caps: dict[str, float] = {}
        sized = self._solve(boxes, share, caps)
        for node in self.nodes:
            if isinstance(node, TextNode):
                size = self._block(node, sized.boxes[id(node)].width, sized).fit.size
                if size < caps.get(node.style, self._size_at(self.look.style(node), share)):
                    caps[node.style] = size
        return self._solve(boxes, share, caps) if caps else sized

    def _solve(self, boxes: Boxes, share: float, caps: Mapping[str, float]) -> _Sized:
        self.sized = _Sized(share, caps, {}, ())
        solved = boxes.solve(self.sheet.width, self.sheet.height)
        placed = {id(node): box for node, box in zip(self.nodes, solved, strict=True)}
        return replace(self.sized, boxes=placed, overflows=self._overflows(placed))

    def _overflows(self, boxes: Mapping[int, Box]) -> tuple[Overflow, ...]:
        """What stands out of the box around it. What is pinned is meant to."""
        found: list[Overflow] = []
        for parent in self.nodes:
            if not isinstance(parent, BoxNode) or parent.inset:
                continue
            outer = boxes[id(parent)]
            for child in parent.children:
                inner = boxes[id(child)]
                by = max(inner.right - outer.right, inner.bottom - outer.bottom, outer.x - inner.x, outer.y - inner.y)
                if child.inset is None and by > TOLERANCE:
                    found.append(Overflow(self.names[id(child)], round(by, 1)))
        return tuple(found)

    def _size_at(self, style: TypeStyle, share: float) -> float:
        """A style's size at a share, in quarter points: what a designer would have set."""
        least, wanted = style.least * self.form.body, style.size * self.form.body
        return max(round(least, 2), math.floor((least + share * (wanted - least)) / STEP) * STEP)

    def _block(self, node: TextNode, width: float, sized: _Sized) -> Block:
        """A text set in a width in millimetres. Each width is set once."""
        cap = sized.caps.get(node.style, 1e9)
        key = (id(node), round(width, 2), sized.share, cap)
        if key not in self.blocks:
            style = self.look.style(node)
            least = round(style.least * self.form.body, 2)
            wanted = max(least, min(cap, self._size_at(style, sized.share)))
            setting = Setting(style.weight, wanted, least, style.leading, node.lines, node.trim)
            points = (width + SLACK) / MM_PER_PT
            self.blocks[key] = self.typesetter.set(self.copy.words[node.copy_key], points, setting)
        return self.blocks[key]

    def _measure(self, node: TextNode) -> Measure:
        def measure(width: float) -> tuple[float, float]:
            if width == 0:
                style = self.look.style(node)
                widest = self.typesetter.widest_word(self.copy.words[node.copy_key], style.weight)
                width = widest * style.least * self.form.body * MM_PER_PT
            block = self._block(node, min(width, 1e5), self.sized)
            points = block.fit.size * MM_PER_PT
            return min(width, block.width * points), block.height * points

        return measure

    # the tree

    def _flex(self, node: Node) -> Flex:
        flex = Flex(
            width=self.look.side(node, "width"),
            height=self.look.side(node, "height"),
            grow=node.grow,
            shrink=node.shrink,
            align_self=node.align_self,
            inset=self.look.inset(node),
        )
        if isinstance(node, BoxNode):
            return replace(
                flex,
                direction=node.direction,
                gap=self.look.mm(node, "gap"),
                padding=self.look.padding(node),
                align=node.align,
                justify=node.justify,
                children=tuple(self._flex(child) for child in node.children),
            )
        if isinstance(node, TextNode):
            self.look.style(node)  # a name that is not there is said here, not from inside the engine
            return replace(flex, measure=self._measure(node))
        if isinstance(node, QrNode):
            return replace(flex, aspect=1.0)
        if isinstance(node, PictureNode):
            width, height = self.pictures[id(node)].pixels
            return replace(flex, aspect=width / height)
        if isinstance(node, RuleNode):
            return replace(flex, height=self.look.mm(node, "thickness"))
        return flex

    # what is drawn

    def _elements(self, node: Node, sized: _Sized) -> tuple[Element, ...]:
        box, name = sized.boxes[id(node)], self.names[id(node)]
        if isinstance(node, BoxNode):
            return self._surface(node, name, box)
        if isinstance(node, TextNode):
            return (self._text(node, name, box, sized),)
        if isinstance(node, QrNode):
            return (self._qr(node, name, box),)
        if isinstance(node, CircleNode):
            fill, stroke = self.look.maybe_ink(node, "fill"), self.look.maybe_ink(node, "stroke")
            return (Circle(name, box, fill, stroke, self.look.mm(node, "thickness") if stroke else 0.0),)
        if isinstance(node, RuleNode):
            thickness = self.look.mm(node, "thickness")
            middle = box.y + thickness / 2
            return (Rule(name, (box.x, middle), (box.right, middle), self.look.ink(node, "ink", node.ink), thickness),)
        if isinstance(node, PictureNode):
            upright = self.pictures[id(node)]
            return (Picture(name, box, upright.png, upright.pixels, self.copy.words[node.alt]),)
        return ()

    def _surface(self, node: BoxNode, name: str, box: Box) -> tuple[Element, ...]:
        fill, stroke = self.look.maybe_ink(node, "fill"), self.look.maybe_ink(node, "stroke")
        if fill is None and stroke is None:
            return ()
        radius = min(self.look.radius(node), box.width / 2, box.height / 2)
        thickness = self.look.mm(node, "thickness") if stroke else 0.0
        return (Rectangle(name, self._bled(box), fill, radius, stroke, thickness),)

    def _bled(self, box: Box) -> Box:
        """A surface that reaches the edge of the sheet goes on to the edge of the bleed."""
        trim, bleed = self.sheet.trim, self.sheet.bleed
        x = -bleed if box.x <= trim.x + TOLERANCE else box.x
        y = -bleed if box.y <= trim.y + TOLERANCE else box.y
        right = trim.right + bleed if box.right >= trim.right - TOLERANCE else box.right
        bottom = trim.bottom + bleed if box.bottom >= trim.bottom - TOLERANCE else box.bottom
        return Box(x, y, right - x, bottom - y)

    def _text(self, node: TextNode, name: str, box: Box, sized: _Sized) -> Text:
        style, block = self.look.style(node), self._block(node, box.width, sized)
        points = block.fit.size * MM_PER_PT
        ascent, descent, _ = self.typesetter.vertical(style.weight)
        shift = {"start": 0.0, "center": 0.5, "end": 1.0}[node.align]
        lines: list[Line] = []
        for i, (shaped, words) in enumerate(zip(block.lines, block.texts, strict=True)):
            width = shaped.width * points
            baseline = box.y + (block.ascent + i * block.leading) * points
            lines.append(Line(words, box.x + shift * (box.width - width), baseline, width, shaped.runs))
        fit = Fit(style.size * self.form.body, style.least * self.form.body, block.fit.size, block.fit.fits)
        return Text(
            name=name,
            box=box,
            copy=self.copy.words[node.copy_key],
            lines=tuple(lines),
            face=self.typesetter.faces[style.weight],
            size=block.fit.size,
            leading=block.leading,
            ascent=ascent,
            descent=descent,
            ink=self.look.ink(node, "ink", node.ink),
            align=node.align,
            fit=fit,
            missing=block.missing,
        )

    def _qr(self, node: QrNode, name: str, box: Box) -> Qr:
        link = self.copy.links[node.link]
        try:
            modules = qr.modules(link, node.level)
        except ValueError as error:
            raise self.template.mistake(node, "poster-qr-too-long", "link", size=len(link)) from error
        ink, paper = self.look.ink(node, "ink", node.ink), self.look.ink(node, "paper", node.paper)
        side = min(box.width, box.height)
        square = Box(box.x, box.y, side, side)
        return Qr(name, square, link, modules, qr.QUIET_ZONE, ink, paper, self.copy.words[node.alt])


def _names(nodes: tuple[Node, ...]) -> Mapping[int, str]:
    """A name for every element that no other has: its id, else its copy key, else its kind and a number."""
    taken: dict[str, int] = {}
    names: dict[int, str] = {}
    for node in nodes:
        wanted = node.id or (node.copy_key.replace("_", "-") if isinstance(node, TextNode) else node.kind)
        taken[wanted] = taken.get(wanted, 0) + 1
        names[id(node)] = wanted if taken[wanted] == 1 else f"{wanted}-{taken[wanted]}"
    return names
