"""The command line. These names are a contract: `loa --help` lists them, README commands are run by the tests.

Everything heavy is imported inside the commands, so that `loa --help` answers at once.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Parameter

from loa import __version__
from loa.cli import (
    airlogs,
    broadcasts,
    campaigns,
    media,
    messages,
    people,
    recordings,
    reviews,
    sounds,
    system,
    waves,
)  # fmt: skip
from loa.cli.session import Session

app = App(
    name="loa",
    version=__version__,
    help=(
        "Loa: một tệp chiến dịch thành tin nhắn, bản tin truyền thanh, áp phích và báo cáo.\n\n"
        "One campaign file becomes SMS, loudspeaker bulletins, posters and the report."
    ),
    version_flags=["--version"],
    # markdown would load a markdown reader and a syntax highlighter for every `--help`
    help_format="plaintext",
)
app.meta.group_parameters = app.group_parameters
for group in (
    campaigns.app, people.app, recordings.app, reviews.app, messages.app, airlogs.app, sounds.app, media.poster,
    waves.ledger,
):  # fmt: skip
    app.command(group)
for command in (
    system.new, system.doctor, system.demo, waves.prepare, waves.release, waves.status, media.speak, media.speakable,
    system.up,
):  # fmt: skip
    app.command(command)

messages.app.command(broadcasts.results)


@app.meta.default
def _launch(
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    workspace: Annotated[Path | None, Parameter(env_var="LOA_WORKSPACE")] = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> Any:
    """Loa.

    Parameters
    ----------
    workspace
        Thư mục làm việc; mặc định là thư mục đang đứng. / The workspace; the current folder unless named.
    json
        In một tài liệu JSON ra stdout. / Print one JSON document on stdout.
    """
    session = Session(root=workspace or Path(), json=json, environ=os.environ)
    command, bound, injected = app.parse_args(tokens, exit_on_error=False, print_error=False)
    extra = {"session": session} if "session" in injected else {}
    return command(*bound.args, **bound.kwargs, **extra)


def main(arguments: list[str] | None = None) -> None:
    """Runs a command and ends the process with its exit code.

    0 done, 1 our bug, 2 usage, 3 content or gate, 4 partly delivered, 5 provider or store down, 130 interrupted.
    """
    raise SystemExit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Runs a command and returns its exit code."""
    from loa.cli.session import show_bug, show_error
    from loa.cli.usage import show_usage
    from loa.model.errors import LoaError

    as_json = "--json" in arguments
    try:
        result = app.meta(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        return show_usage(error, as_json=as_json)
    except LoaError as error:
        show_error(error, as_json=as_json)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # whoever read our output has gone; nothing can be told to them
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the last net: our bug, said as such, without a page of traceback
        show_bug(error)
        return 1
    return result if isinstance(result, int) and not isinstance(result, bool) else 0
