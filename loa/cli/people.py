"""`loa audience`: import people, and see what was imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cyclopts import App

from loa.cli.session import Injected, table

app = App(name="audience", help="Đối tượng: nhập danh sách, xem danh sách. / Audiences: import and show.")


@app.command(name="import")
def import_(file: Path, *, name: str, rejects: Path | None = None, session: Injected) -> None:
    """Nhập danh sách người nhận; dòng hỏng ghi ra tệp riêng. / Import people; bad rows go to a file of their own.

    Parameters
    ----------
    file
        Tệp CSV. / The CSV file.
    name
        Tên danh sách, như trong tệp chiến dịch. / The audience's name, as campaigns write it.
    rejects
        Tệp ghi các dòng bị loại. / Where rejected rows go; var/rejects/ unless named.
    """
    from loa import audience

    with session.desk() as desk:
        done = audience.run(file, name, rejects, desk)
        show_outcome(session, done, desk.workspace.name_of(done.rejects_file))


def show_outcome(session: Any, done: Any, rejects_name: str) -> None:
    """What an import did, in numbers an officer checks against the source."""
    info = done.info
    document = {
        "name": info.name,
        "total": info.total,
        "clean": info.clean,
        "rejected": info.rejected,
        "unchanged": done.unchanged,
        "operators": dict(info.operators),
        "reasons": dict(info.reasons),
        "rejects": rejects_name,
        "warnings": [{"vi": words.vi, "en": words.en} for words in done.warnings],
    }

    def render(out: Any) -> None:
        if done.unchanged:
            out.print(f"“{info.name}”: tệp này đã nhập, không làm lại. / imported before, nothing to do.")
        out.print(
            f"{info.total} dòng: {info.clean} dùng được, {info.rejected} bị loại → {rejects_name}", highlight=False
        )
        for words in done.warnings:
            out.print(f"CHÚ Ý {words.vi} / {words.en}", markup=False, highlight=False)

    session.show(document, render)


@app.command
def show(name: str, *, session: Injected) -> None:
    """Xem một danh sách đã nhập: số lượng theo mạng, lý do loại. / Show an audience: networks, reasons of rejects."""
    from dataclasses import asdict

    from loa.model.errors import ContentError

    with session.desk() as desk:
        info = desk.store.audiences.find(name)
        if info is None:
            known = ", ".join(desk.store.audiences.names()) or "-"
            raise ContentError.at("audience-missing", name, name=name, known=known)

    def render(out: Any) -> None:
        out.print(f"{info.name}: {info.clean} người nhận ({info.source_name})", highlight=False)
        table(out, ("Mạng (đoán theo đầu số)", "Người nhận"), sorted(info.operators.items()), (1,))
        if info.reasons:
            out.print()
            table(out, ("Lý do loại", "Số dòng"), sorted(info.reasons.items()), (1,))

    session.show(asdict(info), render)


@app.command(name="opt-out")
def opt_out(*numbers: str, source: str, session: Injected) -> None:
    """Ghi nhận số máy từ chối nhận tin; có hiệu lực ngay. / Note numbers that want nothing more; at once.

    Parameters
    ----------
    numbers
        Các số máy, viết kiểu nào cũng được. / Numbers, in any spelling.
    source
        Nguồn, ví dụ "tổng đài 1022". / Where it came from.
    """
    from loa.model.errors import ContentError, Mistake, Where
    from loa.model.phone import Problem, parse

    phones: list[str] = []
    for place, text in enumerate(numbers, start=1):
        number = parse(text)
        if isinstance(number, Problem):
            raise ContentError(Mistake(number.code, Where(f"opt-out, {place}"), number.fields))
        phones.append(number.e164)
    with session.desk() as desk:
        added = desk.store.audiences.opt_out(phones, source, desk.clock.now())
        desk.store.audit.note(source, "opt-out", "audiences", {"added": added}, desk.clock.now())
    words = f"Đã ghi nhận {added} số mới từ chối nhận tin. / {added} numbers noted."
    session.show({"given": len(phones), "added": added}, lambda out: out.print(words, markup=False, highlight=False))
