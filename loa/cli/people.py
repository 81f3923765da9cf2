"""`loa audience`: import people, and see what was imported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cyclopts import App

from loa.cli.session import Injected, table
from loa.model.audience import Reject

app = App(name="audience", help="Đối tượng: nhập danh sách, xem danh sách. / Audiences: import and show.")


@app.command(name="import")
def import_(file: Path, *, name: str, rejects: Path | None = None, session: Injected) -> None:
    """Nhập danh sách người nhận; dòng hỏng ghi ra tệp riêng. / Import people; bad rows go to a file of their own.

    Parameters
    ----------
    file
        Tệp CSV hoặc XLSX. / The CSV or XLSX file.
    name
        Tên danh sách, như trong tệp chiến dịch. / The audience's name, as campaigns write it.
    rejects
        Tệp ghi các dòng bị loại. / Where rejected rows go; var/rejects/ unless named.
    """
    from loa import audience

    with session.desk() as desk:
        done = audience.run(file, name, rejects, desk)
        show_outcome(session, done, desk.workspace.name_of(done.rejects_file), rows=True)


def show_outcome(session: Any, done: Any, rejects_name: str, *, rows: bool = False) -> None:
    """What an import did, in numbers an officer checks against the source; with the first rejected rows if wanted."""
    info = done.info
    document = {
        "name": info.name,
        "total": info.total,
        "clean": info.clean,
        "rejected": info.rejected,
        "unchanged": done.unchanged,
        "operators": dict(info.operators),
        "reasons": dict(info.reasons),
        "added": asdict(done.added) if done.added else None,
        "rejects": rejects_name,
        "warnings": [{"vi": words.vi, "en": words.en} for words in done.warnings],
        "first": [asdict(reject) for reject in done.first],
    }

    def render(out: Any) -> None:
        if done.unchanged:
            out.print(f"“{info.name}”: tệp này đã nhập, không làm lại. / imported before, nothing to do.")
        _print_sums(out, done, rejects_name)
        for words in done.warnings:
            out.print(f"CHÚ Ý {words.vi} / {words.en}", markup=False, highlight=False)
        if info.reasons and not done.unchanged:
            out.print()
            table(out, ("Lý do loại", "Số dòng"), sorted(info.reasons.items()), (1,))
        if rows:
            show_rejects(out, done.first, info.rejected)

    session.show(document, render)


def _print_sums(out: Any, done: Any, rejects_name: str) -> None:
    """Sums that add up to the rows of the very file; a mended one is a part of the list only."""
    info, added = done.info, done.added
    if added is None:
        words = f"{info.total} dòng: {info.clean} dùng được, {info.rejected} bị loại → {rejects_name}"
        out.print(words, markup=False, highlight=False)
        return
    known = f"{added.known} đã có sẵn, " if added.known else ""
    words = f"Tệp sửa có {added.rows} dòng: {added.new} người thêm mới, {known}{info.rejected} vẫn bị loại"
    out.print(f"{words} → {rejects_name}", markup=False, highlight=False)
    back = f" (đã bỏ {added.taken_back} người vì có dòng ghi không đồng ý)" if added.taken_back else ""
    before = info.clean - added.new + added.taken_back
    out.print(
        f"Danh sách “{info.name}” trước có {before} người, nay có {info.clean}{back}. / {info.clean} people by now.",
        markup=False, highlight=False,
    )  # fmt: skip


def show_rejects(out: Any, first: Sequence[Reject], rejected: int) -> None:
    """The first rows that were rejected, as a spreadsheet numbers them; of the numbers in them the last two digits."""
    if not first:
        return
    out.print()
    out.print(f"{len(first)} dòng bị loại đầu tiên trong {rejected}:", highlight=False)
    for reject in first:
        value = f" “{reject.value}”" if reject.value else ""
        out.print(f"dòng {reject.row}{value}: {reject.vi}", markup=False, highlight=False)


@app.command
def show(name: str, *, session: Injected) -> None:
    """Xem một danh sách đã nhập: số lượng theo mạng, lý do loại. / Show an audience: networks, reasons of rejects."""
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
def opt_out(*numbers: str, source: str, file: Path | None = None, session: Injected) -> None:
    """Ghi nhận số máy từ chối nhận tin; có hiệu lực ngay. / Note numbers that want nothing more; at once.

    Parameters
    ----------
    numbers
        Các số máy, viết kiểu nào cũng được. / Numbers, in any spelling.
    source
        Nguồn, ví dụ "tổng đài 1022". / Where it came from.
    file
        Tệp danh sách số (CSV, XLSX, mỗi dòng một số), ví dụ danh sách không quảng cáo. / A file of numbers, such as
        the national do-not-call list.
    """
    from loa.model.errors import Misused

    source = source.strip()
    if not source:
        raise Misused("opt-out-no-source")
    if not numbers and file is None:
        raise Misused("opt-out-nobody")
    phones = [_phone(place, text) for place, text in enumerate(numbers, start=1)]
    if file is None:
        _note(phones, source, session)
    else:
        _note_file(file, phones, source, session)


def _phone(place: int, text: str) -> str:
    from loa.model.errors import ContentError, Mistake, Where
    from loa.model.phone import Problem, parse

    number = parse(text)
    if isinstance(number, Problem):
        raise ContentError(Mistake(number.code, Where(f"opt-out, {place}"), number.fields))
    return number.e164


def _note(phones: Sequence[str], source: str, session: Any) -> None:
    with session.desk() as desk:
        added = desk.store.audiences.opt_out(phones, source, desk.clock.now())
        desk.store.audit.note(source, "opt-out", "audiences", {"added": added}, desk.clock.now())
    words = f"Đã ghi nhận {added} số mới từ chối nhận tin. / {added} numbers noted."
    session.show({"given": len(phones), "added": added}, lambda out: out.print(words, markup=False, highlight=False))


def _note_file(file: Path, phones: Sequence[str], source: str, session: Any) -> None:
    from loa import audience

    with session.desk() as desk:
        listed = audience.opt_out(file, source, desk)
        added = listed.added + desk.store.audiences.opt_out(phones, source, desk.clock.now())
        name = desk.workspace.name_of(file.resolve())
        desk.store.audit.note(source, "opt-out", name, {"added": added}, desk.clock.now())
    given = len(listed.phones) + len(phones)
    document = {
        "given": given,
        "added": added,
        "rows": listed.rows,
        "rejected": listed.rejected,
        "reasons": dict(listed.reasons),
        "first": [asdict(reject) for reject in listed.first],
    }

    def render(out: Any) -> None:
        out.print(
            f"{listed.rows} dòng: {given} số, {added} số mới từ chối nhận tin; {listed.rejected} dòng không đọc được. "
            f"/ {given} numbers, {added} noted, {listed.rejected} rows hold none.",
            highlight=False,
        )
        show_rejects(out, listed.first, listed.rejected)

    session.show(document, render)
