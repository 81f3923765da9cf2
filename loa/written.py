"""Reads YAML and TOML that a person wrote and remembers where everything stood, so that mistakes name their line.

YAML 1.2 by ruamel.yaml: `no` is a word and `19:30` a text, not `false` and 1,170. Keys may not repeat; anchors,
aliases and tags are refused, since no campaign needs them and each is a way to write a file that means something
else than it seems to.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from loa.model.campaign import EXAMPLES
from loa.model.errors import ContentError, Mistake, Where
from loa.model.sentences import Words
from loa.toml_lines import lines_of

Model = TypeVar("Model", bound=BaseModel)
Path_ = tuple[str | int, ...]

MAX_BYTES = 1_000_000  # a campaign of a thousand deliverables is a tenth of it


@dataclass(frozen=True)
class Located:
    """Plain data (dicts, lists, scalars) with the line of every value."""

    data: Any
    file: str
    lines: Mapping[Path_, int] = field(default_factory=dict)
    prefix: Path_ = ()

    def line(self, path: Path_) -> int | None:
        """The line of the value at `path`, or of the nearest thing around it that is there."""
        whole = (*self.prefix, *path)
        while whole and whole not in self.lines:
            whole = whole[:-1]
        return self.lines.get(whole)

    def where(self, path: Path_) -> Where:
        whole = (*self.prefix, *path)
        return Where(self.file, self.line(path), ".".join(str(part) for part in whole) or None)

    def mistake(self, code: str, path: Path_, **fields: object) -> Mistake:
        return Mistake(code, self.where(path), fields)

    def take_list(self, key: str) -> Located:
        """The list under `key`; an empty one where it is missing or not a list (the model then says so)."""
        items = self.data.get(key) if isinstance(self.data, dict) else None
        return Located(items if isinstance(items, list) else [], self.file, self.lines, (*self.prefix, key))

    def elements(self) -> Iterator[Located]:
        for i, item in enumerate(self.data):
            yield Located(item, self.file, self.lines, (*self.prefix, i))


def read_yaml(path: Path, name: str) -> Located:
    """One YAML file. Raises `ContentError` naming file and line where it cannot be read."""
    return _parse(read_words(path, name), name)


def read_words(path: Path, name: str, most: int = MAX_BYTES) -> str:
    """The text of a file that a person wrote. Raises `ContentError`: missing, too big, not UTF-8 (at its line)."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ContentError.at("file-missing", name) from error
    if len(raw) > most:
        raise ContentError.at("file-too-big", name, size=len(raw), most=most)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ContentError.at("not-utf-8", name, line) from error


def read_toml(path: Path, name: str) -> Located:
    """One TOML file. Raises `ContentError` naming file, line and column where it cannot be read."""
    raw = path.read_bytes()
    try:
        # Notepad puts a mark before the text, and line ends of its own
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ContentError.at("not-utf-8", name, raw.count(b"\n", 0, error.start) + 1) from error
    try:
        return Located(tomllib.loads(text), name, lines_of(text))
    except tomllib.TOMLDecodeError as error:
        line, problem = _broken_toml(str(error), text)
        raise ContentError.at("toml-broken", name, line, problem=problem) from None


def _broken_toml(said: str, text: str) -> tuple[int, Words]:
    """The line and what is wrong there; what the reader itself says of it is English."""
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", said, re.DOTALL)
    if found is None:  # “at end of document”: something was opened and never closed
        return text.rstrip().count("\n") + 1, Words("hết tệp khi chưa viết xong", said)
    return int(found[2]), Words(f"cột {found[3]}", f"column {found[3]}: {found[1]}")


def _parse(text: str, name: str) -> Located:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    yaml = YAML(typ="safe", pure=True)
    try:
        node = yaml.compose(text)
        if node is None:
            raise ContentError.at("file-empty", name)
        lines: dict[Path_, int] = {}
        data = _Reader(name, lines, yaml.constructor).read(node, ())
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        raise ContentError.at("yaml-broken", name, line, problem=error.problem or "") from error
    except YAMLError as error:
        raise ContentError.at("yaml-broken", name, problem=str(error).splitlines()[0]) from error
    except RecursionError as error:
        raise ContentError.at("yaml-too-deep", name) from error
    if not isinstance(data, dict):
        raise ContentError.at("yaml-not-mapping", name, 1)
    return Located(data, name, lines)


_SCALARS = frozenset({"str", "int", "float", "bool", "null", "timestamp"})


class _Reader:
    """Turns composed nodes into plain data, noting the line of each."""

    def __init__(self, name: str, lines: dict[Path_, int], scalars: Any) -> None:
        self._name = name
        self._lines = lines
        self._scalars = scalars  # ruamel's constructor: it knows YAML's forms of numbers
        self._seen: set[int] = set()

    def read(self, node: Any, path: Path_) -> Any:
        from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

        line = node.start_mark.line + 1
        self._lines.setdefault(path, line)
        # an alias gives the same node twice
        if id(node) in self._seen or getattr(node, "anchor", None):
            raise ContentError.at("yaml-anchor", self._name, line)
        self._seen.add(id(node))
        if isinstance(node, ScalarNode):
            return self._scalar(node, line)
        if str(node.tag).removeprefix("tag:yaml.org,2002:") not in {"seq", "map"}:
            raise ContentError.at("yaml-tag", self._name, line, tag=node.tag)
        if isinstance(node, SequenceNode):
            return [self.read(item, (*path, i)) for i, item in enumerate(node.value)]
        if not isinstance(node, MappingNode):
            raise ContentError.at("yaml-broken", self._name, line, problem=type(node).__name__)
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            key_line = key_node.start_mark.line + 1
            if key in found:
                raise ContentError.at("key-repeated", self._name, key_line, ".".join(map(str, (*path, key))), key=key)
            self._lines[(*path, key)] = key_line
            found[key] = self.read(value_node, (*path, key))
        return found

    def _scalar(self, node: Any, line: int) -> Any:
        tag = str(node.tag)
        kind = tag.removeprefix("tag:yaml.org,2002:")
        if kind not in _SCALARS:
            raise ContentError.at("yaml-tag", self._name, line, tag=kind)
        if kind == "int":
            return self._scalars.construct_yaml_int(node)
        if kind == "float":
            return self._scalars.construct_yaml_float(node)
        if kind == "bool":
            return self._scalars.construct_yaml_bool(node)
        if kind == "null":
            return None
        return str(node.value)  # dates too: pydantic reads them, and says what it wanted


def validate(model: type[Model], located: Located, replaced: Mapping[str, Any] | None = None) -> Model:
    """Data as a model. Raises `ContentError` with all mistakes, each at its line.

    `replaced` gives values that were read already; they are taken as they are.
    """
    data = located.data
    if not isinstance(data, dict):
        raise ContentError(located.mistake("wrong-type", (), expected="a mapping / các cặp khóa: giá trị"))
    try:
        return model.model_validate({**data, **(replaced or {})})
    except ValidationError as error:
        # a list whose items are all wrong is also reported as too short, which it is not
        found = [item for item in error.errors() if not (item["type"] == "too_short" and item["input"])]
        mistakes = [_mistake(model, located, details) for details in found]
        raise ContentError(_distinct(mistakes)) from None


def _distinct(mistakes: list[Mistake]) -> list[Mistake]:
    """One mistake a place, in the order of the file.

    A union reports the same value once for each of its branches, and a key that is misspelt is missing as well.
    """
    meant = {mistake.fields.get("close") for mistake in mistakes}
    seen: dict[Where, Mistake] = {}
    for mistake in mistakes:
        if not (mistake.code == "key-missing" and mistake.fields["key"] in meant):
            seen.setdefault(mistake.where, mistake)
    return sorted(seen.values(), key=lambda mistake: mistake.where.line or 0)


def _mistake(model: type[BaseModel], located: Located, details: ErrorDetails) -> Mistake:
    path = _written_path(located.data, details["loc"])
    kind = details["type"]
    context = details.get("ctx") or {}
    if kind == "extra_forbidden":
        key, known = str(details["loc"][-1]), _known_keys(model, details["loc"][:-1])
        close = difflib.get_close_matches(key, known, 1, 0.6)
        if close:
            return located.mistake("unknown-key-close", path, key=key, close=close[0], known=", ".join(known))
        return located.mistake("unknown-key", path, key=key, known=", ".join(known))
    if kind == "missing":
        return located.mistake("key-missing", path, key=str(details["loc"][-1]))
    value = _shown(details["input"])
    if "expected" in context:
        return located.mistake("not-one-of", path, value=value, expected=context["expected"])
    if kind == "string_pattern_mismatch":
        pattern = str(context["pattern"])
        return located.mistake("wrong-form", path, value=value, example=EXAMPLES.get(pattern, pattern))
    for start, code in _KINDS:
        if kind.startswith(start):
            limit = next((context[name] for name in ("ge", "gt", "le", "lt", "max_length") if name in context), "")
            return located.mistake(code, path, value=value, limit=limit)
    expected = str(context.get("error") or details["msg"])
    return located.mistake("wrong-value", path, value=value, expected=expected)


# the beginnings of pydantic's kinds of errors -> our codes
_KINDS = (
    ("int_", "not-whole-number"),
    ("float_", "not-number"),
    ("string_type", "not-text"),
    ("string_too_short", "text-empty"),
    ("string_too_long", "text-too-long"),
    ("bool_", "not-boolean"),
    ("date", "not-date"),
    ("time_", "not-time"),
    ("greater_than", "too-small"),
    ("less_than", "too-big"),
    ("too_short", "list-empty"),
    ("too_long", "list-too-long"),
    ("list_type", "not-list"),
    ("tuple_type", "not-list"),
)


def _written_path(data: Any, loc: tuple[int | str, ...]) -> Path_:
    """The part of pydantic's location that stands in the file: names of union branches are left out."""
    path: list[str | int] = []
    for part in loc:
        if isinstance(data, dict) and (part in data or len(path) == len(loc) - 1):
            path.append(part)
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            path.append(part)
            data = data[part]
        elif isinstance(data, dict) and part == loc[-1]:
            path.append(part)
    return tuple(path)


def _known_keys(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """The keys that may stand at a place, by walking the model's fields."""
    current: Any = model
    for part in loc:
        if isinstance(part, int):
            continue
        fields = getattr(current, "model_fields", {})
        by_name = {info.alias or name: info for name, info in fields.items()}
        if part not in by_name:
            continue
        current = _inner_model(by_name[str(part)].annotation)
    return [info.alias or name for name, info in getattr(current, "model_fields", {}).items()]


def _inner_model(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _inner_model(inner)
        if found is not None:
            return found
    return None


def _shown(value: object) -> str:
    """A value as it may be shown: short, and on one line."""
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
