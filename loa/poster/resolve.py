"""What a template's words mean: lengths, colours and type styles, resolved in a theme and a format."""

from __future__ import annotations

from collections.abc import Mapping

from loa.model.errors import ContentError
from loa.poster.boxes import Side
from loa.poster.scene import Ink
from loa.poster.template import BoxNode, Node, Template, TextNode
from loa.poster.tokens import Format, Theme, TypeStyle


class Resolver:
    """Looks names up. What is not there is a `ContentError` at the line of the template that named it."""

    def __init__(self, template: Template, theme: Theme, form: Format) -> None:
        self._template, self._theme, self._form = template, theme, form

    def side(self, node: Node, key: str) -> Side:
        """A width or height, as far as one is written."""
        return self._length(node, key, getattr(node, key))

    def mm(self, node: Node, key: str) -> float:
        """A length that must be in millimetres; 0 where none is written."""
        return self._absolute(node, key, getattr(node, key))

    def inset(self, node: Node) -> tuple[Side, Side, Side, Side] | None:
        """Top, right, bottom, left of an element that is out of the flow."""
        if node.inset is None:
            return None
        top, right, bottom, left = (
            self._length(node, "inset", getattr(node.inset, side)) for side in ("top", "right", "bottom", "left")
        )
        return top, right, bottom, left

    def padding(self, node: BoxNode) -> tuple[float, float, float, float]:
        """One to four lengths as CSS reads them: top, right, bottom, left."""
        found = [self._absolute(node, "padding", written) for written in node.padding or ("0mm",)]
        top = found[0]
        right = found[1] if len(found) > 1 else top
        bottom = found[2] if len(found) > 2 else top
        return top, right, bottom, found[3] if len(found) > 3 else right

    def radius(self, node: BoxNode) -> float:
        if node.radius is None:
            return 0.0
        if node.radius not in self._theme.radii:
            raise self._unknown(node, "radius", "radii", node.radius, self._theme.radii)
        return self._theme.radii[node.radius] * self._form.unit

    def ink(self, node: Node, key: str, role: str) -> Ink:
        """The colour of a role; `key` is the field of the node that names it."""
        ink = self._theme.ink(role)
        if ink is None:
            raise self._unknown(node, key, "colours", role, self._theme.colours)
        return ink

    def maybe_ink(self, node: Node, key: str) -> Ink | None:
        role: str | None = getattr(node, key)
        return self.ink(node, key, role) if role is not None else None

    def style(self, node: TextNode) -> TypeStyle:
        if node.style not in self._theme.type:
            raise self._unknown(node, "style", "type", node.style, self._theme.type)
        return self._theme.type[node.style]

    def _absolute(self, node: Node, key: str, written: str | None) -> float:
        side = self._length(node, key, written)
        if isinstance(side, str):
            raise self._template.mistake(node, "poster-length-percent", key, value=side)
        return side or 0.0

    def _length(self, node: Node, key: str, written: str | None) -> Side:
        """A written length in millimetres, or as a percentage."""
        if written is None or written.endswith("%"):
            return written
        if written[0] in "-0123456789":
            return float(written[:-2]) if written.endswith("mm") else float(written[:-1]) * self._form.unit
        if written in self._theme.spacing:
            return self._theme.spacing[written] * self._form.unit
        raise self._unknown(node, key, "spacing", written, self._theme.spacing)

    def _unknown(self, node: Node, key: str, kind: str, name: str, known: Mapping[str, object]) -> ContentError:
        theme = self._theme.title.vi
        return self._template.mistake(
            node, "poster-token-missing", key, kind=kind, name=name, known=", ".join(known), theme=theme
        )
