"""`loa sms results`: what operators' letters say of the broadcasts they made for us."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from loa.cli.session import Injected, table
from loa.cli.waves import Year

if TYPE_CHECKING:
    from loa.channel import Desk, Job

Who = Annotated[str | None, Parameter(name="--as")]


def results(
    id: str,
    wave: str,
    deliverable: str,
    *,
    letter: str = "",
    date: str = "",
    file: Path | None = None,
    operator: str = "",
    area: str = "",
    subscribers: str = "",
    sent: str = "",
    delivered: str = "",
    start: Annotated[str, Parameter(name="--from")] = "",
    end: Annotated[str, Parameter(name="--to")] = "",
    note: str = "",
    replaces: str = "",
    year: Year = None,
    by: Who = None,
    session: Injected,
) -> None:
    """Nhập kết quả nhắn tin theo công văn của nhà mạng; không ghi gì thêm thì xem. / Enter or show operators' results.

    Nhập lại cùng số công văn là đính chính. / The same letter number again is a correction.

    Parameters
    ----------
    id
        Mã chiến dịch. / The campaign's id.
    wave
        Mã đợt. / The wave's id.
    deliverable
        Mã sản phẩm kênh operator-package. / The deliverable's id.
    letter
        Số công văn trả lời. / The number of the operator's letter.
    date
        Ngày công văn, như 31/12/2027. / The letter's date.
    file
        Biểu kết quả đã điền, XLSX hoặc CSV. / The form, filled in.
    operator
        Doanh nghiệp, khi nhập từng dòng. / The operator, to enter one row.
    area
        Mã địa bàn, nếu doanh nghiệp có nhiều. / The area's code, where the operator has several.
    subscribers
        Số thuê bao thuộc đối tượng. / Subscribers that were asked for.
    sent
        Số tin đã gửi. / Messages sent.
    delivered
        Số tin gửi thành công. / Messages delivered.
    start
        Bắt đầu gửi, như "08:00 31/12/2027". / When sending began.
    end
        Kết thúc gửi. / When it ended.
    note
        Ghi chú. / A note.
    replaces
        Số công văn đã nhập nhầm trước đó. / The number it was entered under by mistake.
    by
        Người nhập; hoặc biến LOA_ACTOR. / Who enters it; or LOA_ACTOR.
    """
    from loa.sms.broadcast.reading import Entry, read_form
    from loa.sms.broadcast.results import take

    typed = {
        "letter": letter, "letter_date": date, "operator": operator, "area": area, "subscribers": subscribers,
        "sent": sent, "delivered": delivered, "start": start, "end": end, "note": note,
    }  # fmt: skip
    typed = {field: value for field, value in typed.items() if value.strip()}
    with session.desk() as desk:
        job = _job(desk, id, wave, deliverable, year)
        done = None
        if file is not None or typed or replaces:
            actor = session.actor(by)
            entries = read_form(file, str(file), typed) if file else (Entry({}, "loa sms results", None, typed),)
            done = take(desk, job, entries, actor, replaces.strip())
        rows = _rows(desk, job)
    document = {"entered": _plain(done), "rows": rows}
    session.show(document, lambda out: _print(out, done, rows))


def _job(desk: Desk, id: str, wave: str, deliverable: str, year: int | None) -> Job:
    """The job that is meant. Raises `ContentError` where the wave has none of that name that operators broadcast."""
    from loa import pipeline
    from loa.model.errors import ContentError
    from loa.store.broadcasts import CHANNEL

    found = pipeline.occasion(desk, id, wave, year)
    asked = {job.deliverable.id: job for job in found.jobs if job.deliverable.channel == CHANNEL}
    if deliverable not in asked:
        where = desk.workspace.line_of(id, ("deliverables",))
        known = ", ".join(asked) or "-"
        raise ContentError.at(
            "results-deliverable",
            where.file,
            where.line,
            where.field,
            name=deliverable,
            wave=found.wave.id,
            known=known,
        )
    return asked[deliverable]


def _plain(done: Any) -> dict[str, int] | None:
    from dataclasses import asdict

    return asdict(done) if done else None


def _rows(desk: Desk, job: Job) -> list[dict[str, Any]]:
    """Every row with its letters: one without any is still waited for."""
    letters: dict[str, list[Any]] = {}
    for one in desk.store.broadcasts.told(job.wave.key, job.deliverable.id):
        letters.setdefault(one.row, []).append(one)
    return [
        {
            "operator": row.operator,
            "area": row.recipient.partition("/")[2],
            "state": row.state.value,
            "letters": [f"{one.letter} ({one.letter_date:%d/%m/%Y})" for one in letters.get(row.id, [])],
            "subscribers": max((one.subscribers for one in letters.get(row.id, [])), default=None),
            "sent": sum(one.sent for one in letters[row.id]) if row.id in letters else None,
            "delivered": sum(one.delivered for one in letters[row.id]) if row.id in letters else None,
        }
        for row in desk.store.broadcasts.rows(job.wave.key, job.deliverable.id)
    ]


def _print(out: Any, done: Any, rows: list[dict[str, Any]]) -> None:
    from loa.model.states import RowState, words_of

    if done:
        words = f"Đã ghi {done.new} kết quả mới, đính chính {done.corrected}, không đổi {done.same}."
        out.print(f"{words} / {done.new} new, {done.corrected} corrected, {done.same} the same.", highlight=False)
    lines = [
        (
            row["operator"], row["area"], words_of(RowState(row["state"]), package=True)[0],
            "; ".join(row["letters"]) or "chưa có / none yet",
            *("–" if row[name] is None else row[name] for name in ("subscribers", "sent", "delivered")),
        )
        for row in rows
    ]  # fmt: skip
    headings = ("Doanh nghiệp", "Địa bàn", "Tình trạng", "Công văn", "Thuê bao", "Đã gửi", "Thành công")
    table(out, headings, lines, (4, 5, 6))
    waiting = sum(not row["letters"] for row in rows)
    out.print(f"{len(rows) - waiting}/{len(rows)} dòng đã có công văn. / have a letter.", highlight=False)
    if any(row["state"] == "delivered" and not row["sent"] for row in rows):
        out.print(
            "CHÚ Ý: có dòng từng ghi là đã gửi, nay đính chính là không gửi. Báo cáo tính theo số liệu đính chính."
        )
