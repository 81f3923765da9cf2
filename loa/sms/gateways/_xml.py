"""XML that somebody else wrote, read safely: no document types, so no entities but the five; no depth without end."""

from __future__ import annotations

from collections.abc import Mapping
from xml.parsers import expat

DEEPEST = 16


class Unreadable(Exception):
    """Not XML, or XML that nobody honest sends. Its text is one word; never a piece of the document."""


def texts(document: bytes) -> Mapping[str, str]:
    """The text of every element that has no other in it, by its path of local names, like `Envelope/Body/a/b`.

    Raises `Unreadable`; an element that stands twice at one path is unreadable too.
    """
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, ValueError, LookupError):  # an encoding that there is none of is a LookupError
        raise Unreadable("malformed") from None
    return reader.found


class _Reader:
    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self._path: list[str] = []
        self._text: list[str] | None = None

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        self._path.append(name.rpartition(" ")[2])
        if len(self._path) > DEEPEST:
            raise Unreadable("deep")
        self._text = []

    def text(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def end(self, _name: str) -> None:
        path = "/".join(self._path)
        self._path.pop()
        if self._text is None:
            return
        if path in self.found:
            raise Unreadable("twice")
        self.found[path] = "".join(self._text)
        self._text = None  # what encloses this has others in it


def _refuse(*_declaration: object) -> None:
    raise Unreadable("doctype")
