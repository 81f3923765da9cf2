"""Where each key of a TOML text stands: `tomllib` reads the values and forgets their lines.

Only for a text that `tomllib` has read: what is walked through here is known to be well formed, so that telling keys,
strings, arrays and tables apart is enough.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'|[ \t]*\.[ \t]*)+""")
# a string of several lines ends with the last three quotes of a run: up to two of it are its own
_TEXT = re.compile(r"\"\"\"(?:\\.|[^\\])*?\"\"\"(?!\")|'''.*?'''(?!')|\"(?:[^\"\\]|\\.)*\"|'[^']*'", re.DOTALL)
_PLAIN = re.compile(r"[^,\]}#\n]+")


def lines_of(text: str) -> Mapping[Path, int]:
    """The line (from 1) of every table, key and item of a list; items of a list go by their place, from 0."""
    walk = _Walk(text)
    walk.document()
    return walk.lines


class _Walk:
    """Goes through the text once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._counted: dict[Path, int] = {}  # how often [[name]] has come so far
        self.lines: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        while self._next():
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> Path:
        line, many = self._line(), self._text.startswith("[[", self._at)
        self._skip(2 if many else 1)
        *around, last = self._keys()
        path: Path = ()
        for key in around:  # inside a table that comes several times, the newest is meant
            path = self._newest((*path, key))
        path = (*path, last)
        if many:
            self._note(path, line)
            self._counted[path] = self._counted.get(path, -1) + 1
            path = self._newest(path)
        self._note(path, line)
        self._next()
        self._skip(2 if many else 1)
        return path

    def _newest(self, path: Path) -> Path:
        return (*path, self._counted[path]) if path in self._counted else path

    def _pair(self, table: Path) -> None:
        line, path = self._line(), table
        for key in self._keys():
            path = (*path, key)
            self._note(path, line)
        self._next()
        self._skip(1)  # the equals sign
        self._value(path)

    def _value(self, path: Path) -> None:
        self._next()
        begun = self._text[self._at]
        if begun in "[{":
            self._group(path, "]" if begun == "[" else "}")
            return
        found = (_TEXT if begun in "\"'" else _PLAIN).match(self._text, self._at)
        self._at = found.end() if found else len(self._text)

    def _group(self, path: Path, end: str) -> None:
        self._skip(1)
        place = 0
        while self._next() and self._text[self._at] != end:
            if self._text[self._at] == ",":
                self._skip(1)
            elif end == "]":
                self._note((*path, place), self._line())
                self._value((*path, place))
                place += 1
            else:
                self._pair(path)
        self._skip(1)

    def _keys(self) -> tuple[str, ...]:
        """The names of `a."b c".d`, as the reader itself takes them."""
        self._next()
        found = _KEY.match(self._text, self._at)
        if found is None:
            self._at = len(self._text)
            return ("",)
        self._at = found.end()
        inner: Any = tomllib.loads(f"{found[0]} = 0")
        keys: list[str] = []
        while isinstance(inner, dict):
            (key, inner), *_ = inner.items()
            keys.append(key)
        return tuple(keys)

    def _next(self) -> bool:
        """Goes on to what is not blank; false at the end."""
        found = _BLANK.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._at < len(self._text)

    def _skip(self, letters: int) -> None:
        self._at += letters

    def _line(self) -> int:
        return self._text.count("\n", 0, self._at) + 1

    def _note(self, path: Path, line: int) -> None:
        self.lines.setdefault(path, line)
