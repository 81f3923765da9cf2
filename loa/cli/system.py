"""`loa new`, `loa doctor`, `loa demo`, `loa up`: the workspace and what runs it."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

from loa.cli.session import Injected, table


def new(dir: Path, *, session: Injected) -> None:
    """Tạo một thư mục làm việc mới. / Lay out a fresh workspace.

    Parameters
    ----------
    dir
        Thư mục chưa có gì. / A folder with nothing in it.
    """
    from loa.seed import lay_out

    lay_out(dir)
    words = f"Đã tạo {dir}. Tiếp theo: sửa {dir}/loa.toml rồi chạy “loa --workspace {dir} doctor”."
    session.show({"workspace": str(dir)}, lambda out: out.print(words, markup=False, highlight=False))


def doctor(*, session: Injected) -> int:
    """Kiểm tra phông chữ, giọng đọc, cơ sở dữ liệu, cổng gửi tin, Prefect. / Check what Loa stands on."""
    from loa.doctor import examine

    found = examine(session.root, session.environ)
    rows = [("✓" if item.ok else "✗", item.what, item.found, item.advice) for item in found]
    document = [{"what": item.what, "ok": item.ok, "found": item.found, "advice": item.advice} for item in found]
    session.show(document, lambda out: table(out, ("", "Mục", "Tình trạng", "Cần làm gì"), rows))
    return 0 if all(item.ok for item in found) else 3


def demo(dir: Path = Path("loa-demo"), *, session: Injected) -> int:
    """Chạy thử toàn bộ chu trình, không cần mạng, không gửi cho ai. / The whole path, offline, reaching nobody.

    Parameters
    ----------
    dir
        Thư mục thử; chạy lại thì dùng tiếp. / A scratch workspace; used again when it is there.
    """
    from loa.cli.demo import Demo

    return Demo(dir, session).run()


def up(*, port: int = 4200, session: Injected) -> None:
    """Bật máy chủ Prefect và chạy các lịch cho tới khi nhấn Ctrl+C. / Server and worker, until Ctrl+C.

    Parameters
    ----------
    port
        Cổng của trang Prefect trên máy này. / The port of Prefect's page on this machine.
    """
    from loa import orchestrator
    from loa.cli.listen import listening
    from loa.model.errors import Refused
    from loa.workspace import Workspace

    workspace = Workspace.at(session.root)
    if (already := orchestrator.running(workspace)) is not None:
        raise Refused("already-up", {"page": already.page})
    # a service manager ends us with SIGTERM: as orderly as Ctrl+C
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # the database is brought up to date before anything starts
    with session.desk() as desk, listening(desk) as callbacks:
        session.tell("Đang bật máy chủ Prefect … / starting the Prefect server …")
        with orchestrator.serve(workspace, port) as server:
            orchestrator.deploy(workspace, server)
            with orchestrator.worker(workspace, server):
                document = {"page": server.page, "api": server.url, "logs": str(workspace.var / "logs")}
                session.show(document, lambda out: _say_up(out, server, workspace))
                _until_stopped(server, callbacks)


def _say_up(out: Any, server: Any, workspace: Any) -> None:
    out.print(f"Trang Prefect: {server.page}", markup=False, highlight=False)
    out.print(f"  mật khẩu / password: {server.auth}", markup=False, highlight=False)
    out.print(f"  nhật ký / logs: {workspace.name_of(workspace.var / 'logs')}", markup=False, highlight=False)
    out.print("Nhấn Ctrl+C để dừng. / Ctrl+C stops it.", highlight=False)


def _until_stopped(server: Any, callbacks: Any) -> None:
    from loa import orchestrator
    from loa.model.errors import StoreError

    while orchestrator.healthy(server.url):
        if callbacks is not None and not callbacks.is_alive():
            raise StoreError("callbacks-stopped")
        time.sleep(2)
    raise StoreError("prefect-not-up", {"log": "var/logs/prefect-server.log"})
