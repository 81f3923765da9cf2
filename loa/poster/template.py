"""Reads a poster template: the tree of boxes, and the copy of one language.

templates/poster/<name>/poster.yaml          the tree
templates/poster/<name>/copy.<language>.yaml  its words, one key each, with placeholders
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from loa.model.campaign import Localised, Slug, Written
from loa.model.errors import ContentError, Mistake, Where
from loa.text.render import Templates
from loa.workspace import Workspace
from loa.written import Located, read_yaml, validate

MOST_NODES = 400  # the largest poster of a studio has about a hundred
MOST_DEPTH = 16
MOST_COPY = 2_000  # characters of one value; more is a leaflet, and belongs in several keys

# a spacing token ("m"), or a number with a unit: u (the format's unit), mm, or % of the box around
Length = Annotated[str, StringConstraints(pattern=r"^(-?\d{1,4}(\.\d+)?(u|mm|%)|[a-z][a-z0-9-]*)$")]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$", max_length=60)]
AssetPath = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9-]+(/[A-Za-z0-9][A-Za-z0-9_-]*)+\.(png|jpe?g)$", max_length=120)
]


class Inset(Written):
    """Takes an element out of the flow and pins it to the box around it."""

    top: Length | None = None
    right: Length | None = None
    bottom: Length | None = None
    left: Length | None = None


class Node(Written):
    """What every element may say of its place in the box around it. `id` names it in findings and in the PPTX."""

    kind: str
    id: Slug | None = None
    width: Length | None = None
    height: Length | None = None
    grow: float = Field(default=0, ge=0, le=100)
    shrink: float = Field(default=0, ge=0, le=100)
    align_self: Literal["start", "center", "end", "stretch"] | None = None
    inset: Inset | None = None


class BoxNode(Node):
    """A flexbox, with or without a surface."""

    kind: Literal["box"]
    direction: Literal["row", "column"] = "column"
    gap: Length | None = None
    padding: Annotated[tuple[Length, ...], Field(min_length=1, max_length=4)] | None = None
    align: Literal["start", "center", "end", "stretch"] = "stretch"
    justify: Literal["start", "center", "end", "between", "evenly"] = "start"
    fill: Slug | None = None
    radius: Slug | None = None
    stroke: Slug | None = None
    thickness: Length | None = None
    children: tuple[Node, ...] = ()


class TextNode(Node):
    """A text from the copy. `lines` is the most it may take; `trim` measures it from cap height to baseline."""

    kind: Literal["text"]
    copy_key: Key = Field(alias="copy")
    style: Slug
    ink: Slug
    align: Literal["start", "center", "end"] = "start"
    lines: int = Field(default=1, ge=1, le=60)
    trim: bool = False


class QrNode(Node):
    """A QR code. `link` may hold placeholders; `width` is its side, quiet zone included."""

    kind: Literal["qr"]
    link: str = Field(min_length=1, max_length=300)
    alt: Key
    level: Literal["M", "Q", "H"] = "M"
    ink: Slug = "key"
    paper: Slug = "paper"


class CircleNode(Node):
    """A circle or an ellipse, filling its place."""

    kind: Literal["circle"]
    fill: Slug | None = None
    stroke: Slug | None = None
    thickness: Length | None = None


class RuleNode(Node):
    """A thin line across the box around it."""

    kind: Literal["rule"]
    ink: Slug
    thickness: Length


class PictureNode(Node):
    """A PNG or JPEG below `assets/`, shown whole."""

    kind: Literal["picture"]
    file: AssetPath
    alt: Key


NODES: Mapping[str, type[Node]] = {
    "box": BoxNode,
    "text": TextNode,
    "qr": QrNode,
    "circle": CircleNode,
    "rule": RuleNode,
    "picture": PictureNode,
}


class Poster(Written):
    """One `poster.yaml`. `theme` is the theme it is shown in where nobody names another."""

    title: Localised
    formats: Annotated[tuple[Slug, ...], Field(min_length=1)]
    theme: Slug
    page: BoxNode


@dataclass(frozen=True)
class Template:
    """A poster template: the tree, and where everything in it stands."""

    name: str
    poster: Poster
    sha256: str
    located: Located
    places: Mapping[int, tuple[str | int, ...]] = field(default_factory=dict)

    def mistake(self, node: Node, code: str, key: str, **fields: object) -> ContentError:
        """An error on one field of one node, at its line."""
        return ContentError(self.located.mistake(code, (*self.places[id(node)], key), **fields))

    def where(self, node: Node, key: str) -> Where:
        return self.located.where((*self.places[id(node)], key))


@dataclass(frozen=True, slots=True)
class Copy:
    """The words of one language, placeholders filled in, and the template's title in it."""

    language: str
    words: Mapping[str, str]
    links: Mapping[str, str]


def template_names(workspace: Workspace) -> tuple[str, ...]:
    folder = workspace.templates / "poster"
    return tuple(sorted(str(path.parent.relative_to(folder)) for path in folder.rglob("poster.yaml")))


def read_template(workspace: Workspace, name: str) -> Template:
    """One template. Raises `ContentError` with file, line and field of what is wrong."""
    path = workspace.templates / "poster" / name / "poster.yaml"
    known = template_names(workspace)
    if name not in known:
        file = workspace.name_of(path)
        raise ContentError.at(
            "template-missing", file, template=name, language="-", path=file, known=", ".join(known) or "-"
        )
    located = read_yaml(path, workspace.name_of(path))
    places: dict[int, tuple[str | int, ...]] = {}
    replaced: dict[str, object] = {}
    page = located.data.get("page")
    if isinstance(page, dict):
        replaced["page"] = _read_node(Located(page, located.file, located.lines, ("page",)), places, 0)
        if not isinstance(replaced["page"], BoxNode):
            raise ContentError(located.mistake("not-one-of", ("page", "kind"), value=page.get("kind"), expected="box"))
    poster = validate(Poster, located, replaced)
    return Template(name, poster, hashlib.sha256(path.read_bytes()).hexdigest(), located, places)


def _read_node(located: Located, places: dict[int, tuple[str | int, ...]], depth: int) -> Node:
    """One node and all below it, each with the fields of its kind."""
    if depth > MOST_DEPTH or len(places) >= MOST_NODES:
        raise ContentError(located.mistake("poster-tree-too-big", (), most=MOST_NODES, deep=MOST_DEPTH))
    data = located.data
    kind = data.get("kind") if isinstance(data, dict) else None
    model = NODES.get(kind) if isinstance(kind, str) else None
    if isinstance(data, dict) and model is None:
        if "kind" not in data:
            raise ContentError(located.mistake("key-missing", (), key="kind"))
        raise ContentError(located.mistake("not-one-of", ("kind",), value=str(kind)[:60], expected=", ".join(NODES)))
    replaced: dict[str, object] = {}
    if model is BoxNode and isinstance(data.get("children"), list):
        below = located.take_list("children").elements()
        replaced["children"] = tuple(_read_node(item, places, depth + 1) for item in below)
    node = validate(model or Node, located, replaced)
    places[id(node)] = located.prefix
    return node


def nodes_of(node: Node) -> tuple[Node, ...]:
    """A node and every node below it, in the order they are painted."""
    below = node.children if isinstance(node, BoxNode) else ()
    return (node, *(inner for child in below for inner in nodes_of(child)))


def read_copy(workspace: Workspace, template: Template, language: str, values: Mapping[str, object]) -> Copy:
    """The copy of one language with its placeholders filled in.

    Raises `ContentError` where the file or a key is missing, a key is not used by the tree, or a value cannot be
    rendered.
    """
    path = workspace.templates / "poster" / template.name / f"copy.{language}.yaml"
    file = workspace.name_of(path)
    if not path.is_file():
        known = ", ".join(sorted(item.name.split(".")[1] for item in path.parent.glob("copy.*.yaml"))) or "-"
        raise ContentError.at(
            "template-missing", file, template=template.name, language=language, path=file, known=known
        )
    located = read_yaml(path, file)
    used = _copy_keys(template)
    mistakes = _compare_keys(located, used)
    if mistakes:
        raise ContentError(mistakes)
    templates = Templates(workspace.templates, workspace.name_of)
    words: dict[str, str] = {}
    for key in used:
        value = located.data[key]
        if not isinstance(value, str) or len(value) > MOST_COPY:
            raise ContentError(located.mistake("poster-copy-not-text", (key,), key=key, most=MOST_COPY))
        words[key] = templates.render_text(value, values, located.where((key,))).strip()
        if not words[key]:
            raise ContentError(located.mistake("template-empty", (key,)))
    links = {
        node.link: templates.render_text(node.link, values, template.where(node, "link")).strip()
        for node in nodes_of(template.poster.page)
        if isinstance(node, QrNode)
    }
    return Copy(language, words, links)


def _copy_keys(template: Template) -> tuple[str, ...]:
    """Every key that the tree asks for, in order."""
    keys: dict[str, None] = {}
    for node in nodes_of(template.poster.page):
        if isinstance(node, TextNode):
            keys[node.copy_key] = None
        elif isinstance(node, QrNode | PictureNode):
            keys[node.alt] = None
    return tuple(keys)


def _compare_keys(located: Located, used: tuple[str, ...]) -> list[Mistake]:
    """Keys that are missing, and keys that nothing uses: mostly the same slip of the pen, seen from both sides."""
    written = tuple(located.data)
    found = [located.mistake("poster-copy-missing", (key,), key=key) for key in used if key not in written]
    for key in written:
        if key in used:
            continue
        close = difflib.get_close_matches(key, used, 1, 0.6)
        known = ", ".join(used)
        if close:
            found.append(located.mistake("unknown-key-close", (key,), key=key, close=close[0], known=known))
        else:
            found.append(located.mistake("unknown-key", (key,), key=key, known=known))
    return found
