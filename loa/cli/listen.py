"""`loa sms listen`: takes what gateways bring over HTTP."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from loa.cli.session import Injected, table

if TYPE_CHECKING:
    import threading

    from loa.channel import Desk


def listen(*, port: int | None = None, session: Injected) -> None:
    """Nhận báo cáo và tin nhắn trả lời mà các cổng gửi về, cho tới khi nhấn Ctrl+C. / Take callbacks, until Ctrl+C.

    Parameters
    ----------
    port
        Cổng trên máy này; mặc định là sms.callbacks.port của loa.toml. / The port; loa.toml's unless given.
    """
    from loa.console.callbacks import Callbacks, doors
    from loa.console.server import Server
    from loa.model.errors import Refused

    with session.desk() as desk:
        lanes = doors(desk)
        if not lanes:
            raise Refused("callbacks-nobody")
        callbacks = desk.workspace.settings.sms.callbacks
        server = Server(Callbacks(desk), callbacks.host, callbacks.port if port is None else port)
        document = {
            "host": callbacks.host,
            "port": server.port,
            "lanes": [{"lane": name, "address": door.address} for name, door in lanes.items()],
        }
        rows = [(name, door.address) for name, door in lanes.items()]

        def render(out: Any) -> None:
            out.print(f"Nhận báo cáo tại {callbacks.host}:{server.port}.", markup=False, highlight=False)
            table(out, ("Đường gửi", "Địa chỉ đưa cho nhà cung cấp"), rows)

        session.show(document, render)
        sys.stdout.flush()  # it may be a pipe, and nothing more will be written for days
        server.run_until_told()


@contextlib.contextmanager
def listening(desk: Desk) -> Iterator[threading.Thread | None]:
    """The same beside something else, for the length of a block; nothing where no gateway calls back."""
    from loa.console.callbacks import Callbacks, called_back
    from loa.console.server import Server

    if not called_back(desk):
        yield None
        return
    callbacks = desk.workspace.settings.sms.callbacks
    with Server(Callbacks(desk), callbacks.host, callbacks.port).beside() as thread:
        yield thread
