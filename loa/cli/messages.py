"""`loa sms`: count parts, hold a wave, settle what is in doubt."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from loa.cli.listen import listen
from loa.cli.session import Injected, table
from loa.cli.waves import Year

app = App(name="sms", help="Tin nhắn: đếm bản tin, tạm dừng, đối soát. / SMS: count, hold, reconcile.")
app.command(listen)

Who = Annotated[
    str | None, Parameter(name="--as", help="Người thao tác; hoặc biến LOA_ACTOR. / Who acts; or LOA_ACTOR.")
]
Reason = Annotated[str, Parameter(help="Lý do, được lưu lại. / Why; it is kept.")]


@app.command
def parts(
    text: str | None = None,
    /,
    *,
    file: Path | None = None,
    stdin: Annotated[bool, Parameter(name=["--stdin", "-"], negative=())] = False,
    session: Injected,
) -> None:
    """Đếm số bản tin của một nội dung, có dấu và không dấu. / Count the parts of a text, with accents and without.

    Parameters
    ----------
    text
        Nội dung. / The text.
    file
        Tệp UTF-8 có nội dung đó. / A UTF-8 file that holds it.
    stdin
        Đọc nội dung từ đầu vào chuẩn. / Read it from standard input.
    """
    from loa.cli.parts import document, show, text_of
    from loa.sms.forcing import saving
    from loa.sms.parts import split
    from loa.text.normal import unaccent

    found = text_of(text, file, from_stdin=stdin)
    accented, unaccented = split(found), split(unaccent(found))
    both = (accented, saving(accented)), (unaccented, saving(unaccented))
    session.show({"co-dau": document(*both[0]), "khong-dau": document(*both[1])}, lambda out: show(out, *both))


def _hold(id: str, wave: str, year: int | None, kind: str, by: str | None, reason: str, session: Any) -> None:
    from loa import pipeline

    with session.desk() as desk:
        actor = session.actor(by)
        done = pipeline.hold(desk, pipeline.occasion(desk, id, wave, year), kind, actor, reason)
    document = {
        "wave": done.wave, "hold": kind, "by": actor, "reason": reason.strip(), "stopped": done.stopped,
        "out": done.out,
    }  # fmt: skip
    words = f"{done.wave}: {done.words.vi} / {done.words.en}"
    session.show(document, lambda out: out.print(words, markup=False, highlight=False))


@app.command
def pause(id: str, wave: str, *, year: Year = None, by: Who = None, reason: Reason = "", session: Injected) -> None:
    """Tạm dừng gửi một đợt. / Pause a wave."""
    _hold(id, wave, year, "paused", by, reason, session)


@app.command
def resume(id: str, wave: str, *, year: Year = None, by: Who = None, reason: Reason = "", session: Injected) -> None:
    """Cho gửi tiếp một đợt đã tạm dừng. / Let a paused wave go on."""
    _hold(id, wave, year, "", by, reason, session)


@app.command
def cancel(id: str, wave: str, *, year: Year = None, by: Who = None, reason: Reason = "", session: Injected) -> None:
    """Hủy phần chưa gửi của một đợt; phần đã gửi không thu lại được. / Cancel what is not out yet, for good."""
    _hold(id, wave, year, "cancelled", by, reason, session)


@app.command
def lanes(*, session: Injected) -> None:
    """Các đường gửi: cổng, tốc độ, mạng, tình trạng. / The lanes: gateway, rate, networks, state."""
    from loa.cli.waves import print_outage

    with session.desk() as desk:
        settings = desk.workspace.settings.sms.lanes
        outages = desk.store.lanes.outages(desk.clock.now())
        holders = {lane.name: desk.store.lanes.holder(lane.name) for lane in settings}
    document = [
        {
            **lane.model_dump(mode="json", exclude={"options"}),
            "holder": holders[lane.name],
            "out_of_order": lane.name in outages,
        }
        for lane in settings
    ]

    def state(name: str) -> str:
        return "tạm ngắt" if name in outages else "đang gửi" if holders[name] else "sẵn sàng"

    def render(out: Any) -> None:
        headings = ("Đường gửi", "Cổng", "Tên định danh", "Bản tin/giây", "Mạng", "Tình trạng")
        rows = [
            (
                lane.name,
                lane.gateway,
                lane.sender,
                f"{lane.parts_per_second:g}",
                " ".join(lane.networks),
                state(lane.name),
            )
            for lane in settings
        ]
        table(out, headings, rows, (3,))
        for outage in outages.values():
            print_outage(out, outage)

    session.show(document, render)


@app.command
def reconcile(*, session: Injected) -> None:
    """Đối soát: hỏi lại cổng gửi về các tin chưa rõ kết quả. / Ask the gateways about what is in doubt."""
    import asyncio
    from dataclasses import asdict

    from loa.reconciling import reconcile as run

    with session.desk() as desk:
        done = asyncio.run(run(desk))
        doubtful = desk.store.figures.in_doubt()
    document = {
        "settled": done.settled,
        "in_doubt": [row.id for row in doubtful],
        "counters_that_differ": len(done.mismatched),
        "missing": [asdict(item) for item in done.missing],
        "stuck": [asdict(item) for item in done.stuck],
        "receipts_of_nobody": [asdict(item) for item in done.orphans],
        "lanes_gone": done.lanes_gone,
    }

    def render(out: Any) -> None:
        out.print(f"Đã rõ thêm {done.settled}; còn {len(doubtful)} chưa rõ kết quả.", highlight=False)
        if doubtful:
            rows = [(row.wave, row.deliverable, row.id, row.lane, row.reason) for row in doubtful]
            table(out, ("Đợt", "Sản phẩm", "Mã dòng", "Đường gửi", "Lý do"), rows)
        _render_rest(out, done)

    session.show(document, render)
    if done.failed:
        raise done.failed[0]


def _render_rest(out: Any, done: Any) -> None:
    """What a person should look at, if there is anything."""
    from loa.calendar import moment_words
    from loa.model.states import STATE_WORDS

    if done.stuck:
        out.print("\nĐứng yên quá lâu / standing still for too long", style="bold", highlight=False)
        rows = [
            (
                item.wave,
                item.deliverable,
                STATE_WORDS[item.state][0],
                item.lane or "–",
                item.rows,
                moment_words(item.since),
            )
            for item in done.stuck
        ]
        table(out, ("Đợt", "Sản phẩm", "Kết quả", "Đường gửi", "Số dòng", "Từ"), rows, (4,))
    for item in done.missing:
        words = (
            f"{item.wave} {item.deliverable}: {item.rows} người đã duyệt chưa có trong sổ gửi; chạy lại “loa release”."
        )
        out.print(f"CHÚ Ý {words}", markup=False, highlight=False)
    for item in done.orphans:
        words = f"{item.receipts} báo cáo “{STATE_WORDS[item.state][0]}” của đường “{item.lane}” không khớp tin nào."
        out.print(f"CHÚ Ý {words}", markup=False, highlight=False)
    for lane in done.lanes_gone:
        words = f"đường gửi “{lane}” không còn trong loa.toml, nhưng còn tin chưa có kết quả mà không ai lấy báo cáo."
        out.print(f"CHÚ Ý {words}", markup=False, highlight=False)


@app.command
def resolve(
    row: str,
    *,
    outcome: Literal["delivered", "undelivered", "resend", "cancelled"],
    reason: str,
    by: Who = None,
    session: Injected,
) -> None:
    """Cán bộ kết luận một tin chưa rõ kết quả. / An officer settles one message in doubt.

    Parameters
    ----------
    row
        Mã dòng, như “loa sms reconcile” liệt kê. / The row's id, as `loa sms reconcile` lists it.
    outcome
        Kết luận; “resend” là gửi lại. / What became of it; “resend” sends it again.
    reason
        Căn cứ, được lưu lại. / On what grounds; it is kept.
    by
        Người kết luận; hoặc biến LOA_ACTOR. / Who settles it; or LOA_ACTOR.
    """
    from loa import pipeline

    with session.desk() as desk:
        pipeline.resolve(desk, row, outcome, session.actor(by), reason)
    session.show({"row": row, "outcome": outcome}, lambda out: out.print("Đã ghi nhận. / Noted.", highlight=False))
