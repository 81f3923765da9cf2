"""Renders templates that people bring. A template is untrusted.

Three walls stand one behind the other: Jinja2's sandbox with StrictUndefined; a closed list of syntax nodes (fields,
conditions and filters: no calls, no attributes, no loops, no assignments, no arithmetic), in a number and depth that no
honest template needs, so that a template can neither reach anything nor run for long; and a limit on what comes out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, UndefinedError, meta, nodes
from jinja2.exceptions import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from loa.model.errors import ContentError, Where
from loa.text.normal import nfc, unaccent

MOST_SOURCE = 50_000  # characters; a five-minute bulletin is about 4,500
MOST_RESULT = 200_000
MOST_NODES = 1_000  # of syntax, in one template
DEEPEST = 25  # of syntax: an if in an if in an if is nine

# name -> what it does; nothing that multiplies a text's length or reads attributes by name
FILTERS: Mapping[str, Callable[..., Any]] = {
    "upper": lambda value: str(value).upper(),
    "lower": lambda value: str(value).lower(),
    "capitalize": lambda value: str(value)[:1].upper() + str(value)[1:],
    # “Xã Ba Bể” in the middle of a sentence
    "uncapitalize": lambda value: str(value)[:1].lower() + str(value)[1:],
    "trim": lambda value: str(value).strip(),
    "unaccent": lambda value: unaccent(str(value)),
    "length": len,
}

_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If, nodes.CondExpr,
    nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Filter, nodes.Test,
)  # fmt: skip
_TESTS = frozenset({"defined", "undefined", "none", "even", "odd", "eq", "ne", "lt", "gt", "le", "ge", "in"})


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text in one language, and the template it came from."""

    text: str
    path: str
    language: str
    sha256: str


@lru_cache(maxsize=1)
def _environment() -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False, autoescape=False
    )
    made.globals.clear()
    made.filters = dict(FILTERS)
    made.tests = {name: test for name, test in made.tests.items() if name in _TESTS}
    return made


class Templates:
    """The templates of a workspace: `templates/<kind>/<name>.<language>.<suffix>`, one file a language."""

    def __init__(self, folder: Path, name_of: Callable[[Path], str] = str) -> None:
        self._folder = folder
        self._name_of = name_of

    def path(self, kind: str, name: str, language: str, suffix: str = "j2") -> Path:
        return self._folder / kind / f"{name}.{language}.{suffix}"

    def source(self, kind: str, name: str, language: str, suffix: str = "j2") -> tuple[str, Path]:
        """The text of a template. Raises `ContentError` where it is missing or not UTF-8."""
        path = self.path(kind, name, language, suffix)
        if not path.is_file():
            folder = self._folder / kind
            end = f".{language}.{suffix}"
            known = sorted(str(item.relative_to(folder))[: -len(end)] for item in folder.rglob(f"*{end}"))
            raise ContentError.at(
                "template-missing",
                self._name_of(path),
                template=name,
                language=language,
                path=self._name_of(path),
                known=", ".join(known) or "-",
            )
        raw = path.read_bytes()
        try:
            return nfc(raw.decode("utf-8-sig")), path
        except UnicodeDecodeError as error:
            raise ContentError.at("not-utf-8", self._name_of(path), raw.count(b"\n", 0, error.start) + 1) from error

    def render(self, kind: str, name: str, language: str, suffix: str, values: Mapping[str, object]) -> Rendered:
        """One template in one language, NFC, without blank space at its ends.

        Raises `ContentError` naming file and line: missing, broken, unsafe, a placeholder that does not exist, empty.
        """
        source, path = self.source(kind, name, language, suffix)
        file = self._name_of(path)
        text = self.render_text(source, values, Where(file)).strip()
        if not text:
            raise ContentError.at("template-empty", file)
        return Rendered(text, file, language, hashlib.sha256(source.encode()).hexdigest())

    def placeholders(self, kind: str, name: str, language: str, suffix: str = "j2") -> frozenset[str]:
        """The placeholders that a template uses: what decides how many distinct texts a wave has."""
        source, path = self.source(kind, name, language, suffix)
        tree = _parse(source, Where(self._name_of(path)))
        return frozenset(meta.find_undeclared_variables(tree))

    def render_text(self, source: str, values: Mapping[str, object], where: Where) -> str:
        """One string, such as a line of a copy file. `where` is where it stands; a line in it is added to its own."""
        tree = _parse(source, where)
        for name, line in _names(tree):
            if name not in values:
                at = _line(where, line)
                raise ContentError.at(
                    "placeholder-unknown", at.file, at.line, at.field, name=name, known=", ".join(sorted(values))
                )
        pieces: list[str] = []
        size = 0
        try:
            for piece in _environment().from_string(tree).generate(**values):
                size += len(piece)
                if size > MOST_RESULT:
                    raise ContentError.at(
                        "template-too-long", where.file, where.line, where.field, size=size, most=MOST_RESULT
                    )
                pieces.append(piece)
        except (TemplateError, TypeError, ValueError, SyntaxError, RecursionError) as error:
            code = "placeholder-unknown" if isinstance(error, UndefinedError) else "template-broken"
            raise ContentError.at(
                code,
                where.file,
                where.line,
                where.field,
                problem=str(error),
                name=str(error),
                known=", ".join(sorted(values)),
            ) from error
        return nfc("".join(pieces))


def _parse(source: str, where: Where) -> nodes.Template:
    if len(source) > MOST_SOURCE:
        raise ContentError.at(
            "template-too-long", where.file, where.line, where.field, size=len(source), most=MOST_SOURCE
        )
    try:
        tree = _environment().parse(source)
        _refuse_unsafe(tree, where)
    except TemplateSyntaxError as error:
        at = _line(where, error.lineno)
        raise ContentError.at("template-broken", at.file, at.line, at.field, problem=error.message or "") from error
    except (RecursionError, ValueError, SyntaxError) as error:
        problem = type(error).__name__
        raise ContentError.at("template-broken", where.file, where.line, where.field, problem=problem) from error
    return tree


def _refuse_unsafe(tree: nodes.Template, where: Where) -> None:
    """Raises `ContentError` at the first node that is not on the list, or where there are too many or too deep."""
    waiting: list[tuple[nodes.Node, int]] = [(tree, 1)]
    seen = 0
    while waiting:
        node, depth = waiting.pop()
        seen += 1
        unsafe = _unsafe(node)
        if seen > MOST_NODES or depth > DEEPEST:
            unsafe = f"{seen} nodes, {depth} deep"
        if unsafe:
            at = _line(where, node.lineno)
            raise ContentError.at(
                "template-unsafe", at.file, at.line, at.field, construct=unsafe, filters=", ".join(sorted(FILTERS))
            )
        waiting.extend((child, depth + 1) for child in node.iter_child_nodes())


def _unsafe(node: nodes.Node) -> str:
    """What is wrong with a node, or nothing."""
    if not isinstance(node, _ALLOWED):
        return type(node).__name__.lower()
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        return f"|{node.name}"
    if isinstance(node, nodes.Test) and node.name not in _TESTS:
        return f"is {node.name}"
    return ""


def _names(tree: nodes.Template) -> list[tuple[str, int]]:
    """The undeclared names with the line each is first used in."""
    undeclared = meta.find_undeclared_variables(tree)
    first: dict[str, int] = {}
    for node in tree.find_all(nodes.Name):
        if node.name in undeclared:
            first.setdefault(node.name, node.lineno)
    return sorted(first.items(), key=lambda pair: pair[1])


def _line(where: Where, line: int) -> Where:
    """A line inside a text, as a line of its file."""
    return Where(where.file, line if where.line is None else where.line + line - 1, where.field)
