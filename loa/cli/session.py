"""What every command has: the workspace it acts on, and one way to show things.

Results go to stdout - a table for people, one JSON document for programs - and progress to stderr, plain when that is
not a terminal.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

if TYPE_CHECKING:
    from rich.console import Console

    from loa.channel import Desk
    from loa.model.errors import LoaError

WIDE = 200


@dataclass(frozen=True)
class Session:
    """One call of the command line."""

    root: Path
    json: bool
    environ: Mapping[str, str]

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        """The desk of the workspace, closed at the end."""
        from loa import pipeline
        from loa.workspace import Workspace

        with Workspace.at(self.root).lines_named():
            desk = pipeline.open_desk(self.root, self.environ)
            try:
                yield desk
            finally:
                desk.store.close()

    def actor(self, given: str | None) -> str:
        """Who acts: `--as`, else LOA_ACTOR. Raises `Refused` where nobody is named: a review needs a name."""
        from loa.model.errors import Refused

        name = (given or self.environ.get("LOA_ACTOR") or "").strip()
        if not name:
            raise Refused("actor-missing")
        return name

    def show(self, document: Any, render: Callable[[Console], None]) -> None:
        """The result: `document` as JSON, or what `render` prints for people."""
        if self.json:
            sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n")
        else:
            render(console())

    def tell(self, words: str) -> None:
        """A line of progress."""
        progress().print(words, highlight=False)


# injected by the launcher; never read from the command line
Injected = Annotated[Session, Parameter(parse=False)]


def console() -> Console:
    return _console(stderr=False)


def progress() -> Console:
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    made = Console(stderr=stderr, soft_wrap=True)
    # a file or a pipe has no width of its own: nothing is folded there
    return made if made.is_terminal else Console(stderr=stderr, soft_wrap=True, width=WIDE)


def table(out: Console, headings: Sequence[str], rows: Sequence[Sequence[object]], numbers: Sequence[int] = ()) -> None:
    """A table; `numbers` are the columns that are set to the right."""
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, pad_edge=False, header_style="bold")
    for i, heading in enumerate(headings):
        made.add_column(heading, justify="right" if i in numbers else "left", overflow="fold")
    for row in rows:
        # as text, never as markup: a cell may be anybody's word
        made.add_row(*(Text(f"{cell:,}".replace(",", ".") if isinstance(cell, int) else shown(cell)) for cell in row))
    out.print(made)


def shown(value: object) -> str:
    """A word as a terminal may show it: characters that steer it are made visible, so that none paints over another."""
    return "".join(char if char.isprintable() or char in "\n" else f"<{ord(char):04X}>" for char in str(value))


def show_error(error: LoaError, *, as_json: bool) -> None:
    """What went wrong and what to do about it: Vietnamese, then English; no traceback."""
    from loa.model.errors import ContentError, Mistake

    single = (error.code, error.where, error.words)
    found: list[tuple[str, Any, Any]] = [single]
    if isinstance(error, ContentError):
        mistakes: Sequence[Mistake] = error.mistakes
        found = [(mistake.code, mistake.where, mistake.words) for mistake in mistakes]
    if as_json:
        document = [
            {
                "code": code,
                "file": where.file if where else None,
                "line": where.line if where else None,
                "field": where.field if where else None,
                "vi": words.vi,
                "en": words.en,
            }
            for code, where, words in found
        ]
        sys.stdout.write(json.dumps({"errors": document}, ensure_ascii=False, indent=2) + "\n")
        return
    out = progress()
    for code, where, words in found:
        place = f" {where.words.vi}" if where else ""
        out.print(f"LỖI [{code}]{place}", markup=False, highlight=False, style="bold red")
        out.print(f"  {words.vi}", markup=False, highlight=False)
        out.print(f"  {words.en}", markup=False, highlight=False, style="dim")


def show_bug(error: Exception) -> None:
    """Our own mistake, said as such. An unforeseen error's message may hold anything, so only its kind is shown."""
    out = progress()
    out.print(f"LỖI CỦA LOA ({type(error).__name__}). Hãy báo người vận hành.", markup=False, style="bold red")
    out.print("  A bug of Loa's. Tell the operator; LOA_DEBUG=1 shows where.", markup=False, style="dim")
    if os.environ.get("LOA_DEBUG"):
        import traceback

        out.print("".join(traceback.format_exception(error)), markup=False, highlight=False)
