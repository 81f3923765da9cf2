"""What is wrong with a command line, in our sentences: the reader of the command line speaks English only."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, get_args

from cyclopts import CycloptsError
from cyclopts.exceptions import (
    CoercionError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)

if TYPE_CHECKING:
    from loa.model.errors import Misused


def show_usage(error: CycloptsError, *, as_json: bool) -> int:
    """Says what is wrong with a command line, Vietnamese first. Returns the exit code."""
    from loa.cli.session import progress, show_error

    said = misused(error)
    show_error(said, as_json=as_json)
    if not as_json:
        help_ = " ".join(("loa", *(error.command_chain or ()), "--help"))
        progress().print(f"  Xem / see: {help_}", markup=False, highlight=False)
    return said.exit_code


def misused(error: CycloptsError) -> Misused:
    """The error as one of ours."""
    from loa.model.errors import Misused
    from loa.model.sentences import Words

    if isinstance(error, UnknownCommandError) and error.unused_tokens:
        return _command(error, error.unused_tokens[0])
    if isinstance(error, UnknownOptionError):
        return _option(error)
    if isinstance(error, CoercionError) and error.token is not None:
        fields = {"value": _hidden(error.token.value), "name": _name(error), "expected": _expected(error)}
        return Misused("usage-value", fields)
    if isinstance(error, MissingArgumentError):
        return Misused("usage-missing", {"name": error.keyword or _name(error)})
    if isinstance(error, UnusedCliTokensError):
        return Misused("usage-too-many", {"given": _hidden(" ".join(error.unused_tokens or ()))})
    if isinstance(error, RepeatArgumentError):
        return Misused("usage-repeated", {"name": error.token.keyword or _name(error)})
    error.verbose = False
    return Misused("usage-other", {"problem": Words("không đọc được", str(error))})


def _command(error: CycloptsError, given: str) -> Misused:
    from loa.model.errors import Misused

    known = [name for name in error.app or () if not name.startswith("-")]
    fields = {"given": given, "known": ", ".join(known) or "-"}
    if close := _close(given, known):
        return Misused("usage-command-close", {**fields, "close": close})
    return Misused("usage-command", fields)


def _option(error: UnknownOptionError) -> Misused:
    from loa.model.errors import Misused

    given = error.token.keyword or error.token.value
    known = [name for argument in error.argument_collection if argument.parse for name in argument.names]
    if close := _close(given, known):
        return Misused("usage-option-close", {"given": given, "close": close})
    return Misused("usage-option", {"given": given})


def _hidden(given: str) -> str:
    """Without what may be somebody's number: no error carries one in full."""
    return re.sub(r"[0-9](?=[0-9 .]*[0-9]{2})", "x", given) if re.search(r"(?:[0-9][ .]?){8}", given) else given


def _close(given: str, known: Sequence[str]) -> str:
    return next(iter(difflib.get_close_matches(given, known, 1, 0.6)), "")


def _name(error: CycloptsError) -> str:
    """What help calls the value: `ID` where it may stand by itself, `--name` where it may not."""
    if error.argument is None:
        return "-"
    name = error.argument.name
    by_itself = error.argument.field_info.is_positional
    return name.lstrip("-").upper().replace("-", "_") if by_itself else name


def _expected(error: CoercionError) -> Any:
    from loa.model.sentences import Words

    choices = [str(choice) for choice in get_args(error.target_type) if isinstance(choice, str)]
    if choices:
        return ", ".join(choices)
    plain = {int: Words("số nguyên", "a whole number"), float: Words("số", "a number")}
    named = error.target_type.__name__ if isinstance(error.target_type, type) else "-"
    return plain.get(error.target_type, named) if error.target_type is not None else named
