"""Boxes by flexbox. The only module that knows the layout engine (taffy, by `stretchable`)."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from loa.poster.scene import Box

# Given the width there is, in millimetres (infinite where nothing limits it, 0 for the narrowest): width and height.
Measure = Callable[[float], tuple[float, float]]
DEFINITE, MIN_CONTENT = 1, 3  # how the engine says what a measured width is
Side = float | str | None  # millimetres, a percentage such as "40%", or none


@dataclass(frozen=True)
class Flex:
    """One box of the tree. Sizes in millimetres or as "40%"; a box with `inset` is out of the flow."""

    direction: Literal["row", "column"] = "column"
    gap: float = 0.0
    padding: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)  # top, right, bottom, left
    align: str = "stretch"
    justify: str = "start"
    align_self: str | None = None
    width: Side = None
    height: Side = None
    grow: float = 0.0
    shrink: float = 0.0
    aspect: float | None = None
    inset: tuple[Side, Side, Side, Side] | None = None
    measure: Measure | None = None
    children: tuple[Flex, ...] = field(default=())


class Boxes:
    """A tree of boxes that can be solved again when its texts have other sizes.

    Use it in a `with`: the engine keeps every node for ever unless told otherwise. Not safe in two threads at once:
    the engine keeps one tree for the process.
    """

    def __init__(self, root: Flex) -> None:
        self._engine = _engine()
        self._nodes: list[Any] = []
        self._measures: dict[int, Measure] = {}
        self._root = self._build(root)

    def __enter__(self) -> Boxes:
        return self

    def __exit__(self, *_: object) -> None:
        for node in self._nodes:
            self._engine.taffylib.node_drop(self._engine.context.taffy._ptr, node._node_id)

    def solve(self, width: float, height: float) -> list[Box]:
        """The box of every node in the order of the tree, a node before its children, from the root's corner."""
        taffy, lib = self._engine.context.taffy, self._engine.taffylib
        for number in self._measures:
            lib.node_mark_dirty(taffy._ptr, number)
        taffy.use_rounding = False
        space = {"width": {"dim": DEFINITE, "value": width}, "height": {"dim": DEFINITE, "value": height}}
        # Not `Node.compute_layout`: its wrapper of the measure call takes five times as long as measuring does.
        lib.node_compute_layout_with_measure(taffy._ptr, self._root._node_id, space, self._measure)
        self._root._update_layout()
        return [_absolute(node) for node in self._nodes]

    def _measure(
        self, known_width: float, known_height: float, wide: Mapping[str, float], high: Mapping[str, float], number: int
    ) -> tuple[float, float]:
        """The engine's question for one node: a known width, else the width there is."""
        if number not in self._measures:
            return 0.0, 0.0
        if not math.isnan(known_width):
            width = known_width
        elif wide["dim"] == DEFINITE:
            width = wide["value"]
        else:
            width = 0.0 if wide["dim"] == MIN_CONTENT else math.inf
        found = self._measures[number](width)
        return (
            found[0] if math.isnan(known_width) else known_width,
            found[1] if math.isnan(known_height) else known_height,
        )

    def _build(self, flex: Flex) -> Any:
        s = self._engine.style
        justify = {"between": "SPACE_BETWEEN", "evenly": "SPACE_EVENLY"}
        kept: dict[str, Any] = {
            "flex_direction": s.FlexDirection.ROW if flex.direction == "row" else s.FlexDirection.COLUMN,
            "gap": flex.gap,
            "padding": flex.padding,
            "align_items": s.AlignItems[flex.align.upper()],
            "justify_content": s.JustifyContent[justify.get(flex.justify, flex.justify.upper())],
            "flex_shrink": flex.shrink,
            "size": (_side(flex.width, s), _side(flex.height, s)),
        }
        if flex.grow:
            # like `flex: 1` of CSS: shares are of the whole, not of what is left beside the contents
            kept |= {"flex_grow": flex.grow, "flex_shrink": 1.0, "flex_basis": 0.0}
        if flex.align_self:
            kept["align_self"] = s.AlignSelf[flex.align_self.upper()]
        if flex.aspect:
            kept["aspect_ratio"] = flex.aspect
        if flex.inset:
            kept["position"] = s.Position.ABSOLUTE
            kept["inset"] = tuple(_side(side, s) for side in flex.inset)
        node = self._engine.Node(style=s.Style(**kept))
        self._nodes.append(node)
        if flex.measure:
            self._measures[node._node_id] = flex.measure
            self._engine.taffylib.node_set_measure(self._engine.context.taffy._ptr, node._node_id, True)
        for child in flex.children:
            node.append(self._build(child))
        return node


def _engine() -> Any:
    root = logging.getLogger()
    before = list(root.handlers)
    import stretchable
    import stretchable.context
    import stretchable.style

    # importing it calls logging.basicConfig(), which would put its own format on everybody's log
    for handler in [item for item in root.handlers if item not in before]:
        root.removeHandler(handler)
    return stretchable


def _side(side: Side, s: Any) -> Any:
    if side is None:
        return s.AUTO
    if isinstance(side, str):
        return float(side.rstrip("%")) * s.PCT
    return side


def _absolute(node: Any) -> Box:
    box = node.border_box
    x, y = box.x, box.y
    parent = node.parent
    while parent is not None:
        x, y = x + parent.border_box.x, y + parent.border_box.y
        parent = parent.parent
    return Box(x, y, box.width, box.height)
