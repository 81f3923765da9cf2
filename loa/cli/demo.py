"""`loa demo`: the whole path in a scratch workspace, offline, reaching nobody; then where to look.

It uses what officers use - the same files, commands' functions and flows - and nothing of its own but the scratch
folder, two invented roles, and a rehearsal clock that stands at the wave's hour.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loa.cli.session import Session, console
from loa.model.clock import VIETNAM

if TYPE_CHECKING:
    from loa.workspace import Workspace

CAMPAIGN, WAVE, AUDIENCE = "dvc-10-10", "d-30", "thai-nguyen"
SAMPLE = "audiences/samples/thai-nguyen-2000.csv"
MARK = ".loa-demo.json"  # says that Loa made the folder, and for which year it rehearses
OFFICER, HEAD = "can-bo-truyen-thong", "lanh-dao-phong"
STEPS = 6
OVERRIDE = "Diễn tập: chưa có giọng đọc phát thanh, dùng bản nháp eSpeak. / Rehearsal: a draft voice is enough."


class Demo:
    """One run of the demo."""

    def __init__(self, folder: Path, session: Session) -> None:
        self._folder = folder
        self._session = session
        self._out = console()
        self._started = time.monotonic()

    def run(self) -> int:
        from loa.workspace import Workspace

        # nothing of a real workspace may be touched, whatever this shell is set up for
        for name in ("LOA_DATABASE_URL", "LOA_WORKSPACE", "LOA_ACTOR"):
            os.environ.pop(name, None)
        year = self._scratch()
        workspace = Workspace.at(self._folder)
        self._rehearse(workspace, year)
        with _Background(Workspace.at(self._folder)) as server:
            self._people()
            bundle = self._prepare(server, year)
            self._approve(bundle)
            self._release(year)
            self._receipts()
            self._figures(server, year)
        return 0

    # the scratch workspace

    def _scratch(self) -> int:
        """The folder, made now or before; the year whose wave it rehearses."""
        from loa.model.errors import ContentError
        from loa.seed import lay_out

        mark = self._folder / MARK
        if mark.is_file():
            self._say(0, f"Dùng lại {self._folder} / using it again")
            return int(json.loads(mark.read_text())["year"])
        if (self._folder / "loa.toml").exists():
            raise ContentError.at("target-exists", self._folder)  # a real workspace is not to be played with
        year = _year()
        lay_out(self._folder, {MARK: json.dumps({"year": year})})
        self._say(0, f"Thư mục diễn tập {self._folder} / scratch workspace")
        return year

    def _rehearse(self, workspace: Workspace, year: int) -> None:
        """Sets the rehearsal clock to the wave's hour, unless it already runs within the wave."""
        from loa import pipeline

        desk = pipeline.open_desk(self._folder, {})
        wave = pipeline.occasion(desk, CAMPAIGN, WAVE, year).wave
        rehearsing = workspace.settings.rehearsal is not None and wave.send_at <= desk.clock.now() < wave.closes_at
        desk.store.close()
        if rehearsing:
            return
        path = self._folder / "loa.toml"
        text = re.sub(r"\n\[rehearsal\].*\Z", "", path.read_text(encoding="utf-8"), flags=re.S)
        now = datetime.now(VIETNAM).isoformat(timespec="seconds")
        path.write_text(
            f"{text}\n[rehearsal]\n# Đồng hồ diễn tập: bây giờ được coi là giờ gửi của đợt.\n"
            f"starts_at = {wave.send_at.isoformat()}\nset_at = {now}\n",
            encoding="utf-8",
        )

    # the six steps

    def _people(self) -> None:
        from loa import audience
        from loa.cli.people import show_outcome

        self._say(1, "Nhập danh sách người nhận / importing the audience")
        with self._at_scratch().desk() as desk:
            done = audience.run(self._folder / SAMPLE, AUDIENCE, None, desk)
            show_outcome(self._at_scratch(), done, desk.workspace.name_of(done.rejects_file))

    def _prepare(self, server: _Background, year: int) -> str:
        self._say(2, f"Chuẩn bị đợt {WAVE} qua Prefect / preparing the wave as a Prefect flow")
        server.ready()
        from flows import catalogue

        return str(self._flow(catalogue.prepare, CAMPAIGN, WAVE, year, OFFICER, str(self._folder.resolve())))

    def _approve(self, digest: str) -> None:
        from loa import gate
        from loa.cli.reviews import print_bundle, texts_of
        from loa.model.review import Decision

        self._say(3, "Kiểm tra và thẩm định / findings and review")
        with self._at_scratch().desk() as desk:
            bundle = gate.find_bundle(desk, digest)
            print_bundle(self._out, bundle, texts_of(desk, bundle))
            self._say(4, f"“{HEAD}” phê duyệt gói mà “{OFFICER}” trình / another person approves")
            if bundle.decision is not Decision.APPROVED:
                passed = {item.code: OVERRIDE for item in gate.findings_of(bundle) if item.blocks and item.overridable}
                bundle = gate.approve(desk, bundle, HEAD, passed)
            self._out.print(f"  {bundle.short}: đã phê duyệt / approved by {bundle.decided_by}", highlight=False)
            for code, reason in (bundle.overrides or {}).items():
                self._out.print(f"  bỏ qua / overridden: {code}: {reason}", markup=False, highlight=False)

    def _release(self, year: int) -> None:
        from flows import catalogue

        self._say(5, "Gửi qua Prefect: tin nhắn, gói phát thanh, áp phích / releasing as a Prefect flow")
        done = self._flow(catalogue.release, CAMPAIGN, WAVE, year, str(self._folder.resolve()))
        self._out.print(f"  {done} dòng được gửi lần này / rows went out this time", highlight=False)

    def _receipts(self) -> None:
        from flows import catalogue

        moved = self._flow(catalogue.receipts, str(self._folder.resolve()))
        self._out.print(f"  {moved} báo cáo kết quả / receipts", highlight=False)

    def _figures(self, server: _Background, year: int) -> None:
        from loa import orchestrator
        from loa.cli.waves import export_rows, packages_of, print_counts

        self._say(6, "Kết quả / figures")
        with self._at_scratch().desk() as desk:
            for wave in desk.store.figures.waves(CAMPAIGN):
                counts = desk.store.figures.counts(wave)
                print_counts(self._out, wave, counts, packages_of(desk, wave, counts))
            ledger = self._folder / "var" / "ledger.csv"
            written = export_rows(desk, CAMPAIGN, ledger)
            doubtful = len(desk.store.figures.in_doubt())
            outbox = self._folder / "var" / "outbox" / CAMPAIGN / str(year) / WAVE
        here, loa = self._folder, _program()
        for words in (
            f"{doubtful} tin chưa rõ kết quả: “{loa} --workspace {here} sms reconcile” hỏi lại cổng gửi tin / in doubt",
            f"Sổ gửi {written} dòng / every row: {ledger}",
            f"Gói phát thanh, áp phích / packages: {outbox}",
            f"Các dòng bị loại / rejects: {here}/var/rejects",
            f"Các lần chạy trên trang Prefect / flow runs: {loa} --workspace {here} up",
            f"Chạy lại không gửi gì thêm / again sends nothing: {loa} demo {here}",
        ):
            self._out.print(f"  {words}", markup=False, highlight=False)
        total = time.monotonic() - self._started
        prefect = server.waited + orchestrator.SPENT.prefects
        self._out.print(
            f"\n{total:.0f} giây, trong đó Prefect {prefect:.0f} giây "
            f"(chờ máy chủ và nạp thư viện {server.waited:.0f}, ghi nhận các bước {orchestrator.SPENT.prefects:.0f}). "
            f"/ {total:.0f} s, of which Prefect's own {prefect:.0f} s.",
            highlight=False,
        )

    # helpers

    def _say(self, step: int, words: str) -> None:
        mark = f"[{step}/{STEPS}]" if step else "Loa"
        self._out.print(f"\n{mark} {words}", markup=False, highlight=False, style="bold")

    def _flow(self, flow: Callable[..., Any], *parameters: object) -> Any:
        from loa import orchestrator

        started = time.monotonic()
        try:
            return asyncio.run(flow(*parameters))
        finally:
            orchestrator.SPENT.flows += time.monotonic() - started

    def _at_scratch(self) -> Session:
        return Session(self._folder, json=False, environ=os.environ)


class _Background:
    """The Prefect server, coming up while people are imported; `waited` is what was waited for it in the end."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._stop = threading.Event()
        self._up = threading.Event()
        self._failed: BaseException | None = None
        self._server: Any = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.waited = 0.0

    def _serve(self) -> None:
        from loa import orchestrator

        try:
            with orchestrator.serve(self._workspace) as self._server:
                self._up.set()
                self._stop.wait()
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            self._failed = error
        finally:
            self._up.set()

    def __enter__(self) -> _Background:
        self._thread.start()
        return self

    def ready(self) -> None:
        """Waits for the server and makes this process its client. Raises what kept it from coming up."""
        from loa import orchestrator

        started = time.monotonic()
        self._up.wait()
        if self._failed is not None:
            raise self._failed
        orchestrator.use(self._workspace, self._server)
        import prefect  # noqa: F401 - counted here, where it is Prefect's cost

        self.waited = time.monotonic() - started

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def _program() -> str:
    """How this command was called, so that what is printed can be typed again."""
    called = Path(sys.argv[0])
    if called.name != "loa":
        return "loa"
    return os.path.relpath(called) if os.sep in sys.argv[0] and not shutil.which("loa") else "loa"


def _year() -> int:
    """The next year whose wave has not begun yet."""
    from loa import calendar, seed
    from loa.registry import deliverable_types
    from loa.workspace import Workspace

    now = datetime.now(VIETNAM)
    campaign = Workspace.at(seed.source()).campaign(CAMPAIGN, deliverable_types())
    year = calendar.current_year(campaign, now)
    begun = any(wave.id == WAVE and wave.send_at < now for wave in calendar.waves(campaign, year))
    return year + 1 if begun else year
