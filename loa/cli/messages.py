"""`loa sms`: count parts, hold a wave, settle what is in doubt."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from loa.cli.session import Injected, table
from loa.cli.waves import Year

app = App(name="sms", help="Tin nhắn: đếm bản tin, tạm dừng, đối soát. / SMS: count, hold, reconcile.")

Who = Annotated[str | None, Parameter(name="--as")]


@app.command
def parts(text: str, *, session: Injected) -> None:
    """Đếm số bản tin của một nội dung, có dấu và không dấu. / Count the parts of a text, with accents and without."""
    from loa.sms.parts import split
    from loa.text.normal import unaccent

    found = {"co-dau": split(text), "khong-dau": split(unaccent(text))}
    document = {
        name: {
            "text": item.text,
            "alphabet": item.alphabet.value,
            "parts": item.count,
            "units": item.units,
            "left": item.left,
            "forcing": list(item.forcing),
        }
        for name, item in found.items()
    }
    names = {"co-dau": "có dấu / accented", "khong-dau": "không dấu / unaccented"}
    rows = [
        (names[name], item.alphabet.value, item.count, item.units, item.left, " ".join(item.forcing) or "–")
        for name, item in found.items()
    ]
    headings = ("Kiểu chữ", "Bảng mã", "Bản tin", "Ký tự", "Còn trống", "Ký tự buộc dùng UCS-2")
    session.show(document, lambda out: table(out, headings, rows, (2, 3, 4)))


def _hold(id: str, wave: str, year: int | None, kind: str, by: str | None, session: Any) -> None:
    from loa import pipeline

    with session.desk() as desk:
        actor = session.actor(by)
        done = pipeline.hold(desk, pipeline.occasion(desk, id, wave, year), kind, actor)
    document = {"wave": done.wave, "hold": kind, "stopped": done.stopped, "out": done.out}
    words = f"{done.wave}: {done.words.vi} / {done.words.en}"
    session.show(document, lambda out: out.print(words, markup=False, highlight=False))


@app.command
def pause(id: str, wave: str, *, year: Year = None, by: Who = None, session: Injected) -> None:
    """Tạm dừng gửi một đợt. / Pause a wave."""
    _hold(id, wave, year, "paused", by, session)


@app.command
def resume(id: str, wave: str, *, year: Year = None, by: Who = None, session: Injected) -> None:
    """Cho gửi tiếp một đợt đã tạm dừng. / Let a paused wave go on."""
    _hold(id, wave, year, "", by, session)


@app.command
def cancel(id: str, wave: str, *, year: Year = None, by: Who = None, session: Injected) -> None:
    """Hủy phần chưa gửi của một đợt; phần đã gửi không thu lại được. / Cancel what is not out yet, for good."""
    _hold(id, wave, year, "cancelled", by, session)


@app.command
def reconcile(*, session: Injected) -> None:
    """Đối soát: hỏi lại cổng gửi về các tin chưa rõ kết quả. / Ask the gateways about what is in doubt."""
    import asyncio

    from loa import pipeline

    with session.desk() as desk:
        done = asyncio.run(pipeline.reconcile(desk))
        doubtful = desk.store.figures.in_doubt()
    rows = [(row.wave, row.deliverable, row.id, row.lane, row.reason) for row in doubtful]
    document = {
        "settled": done.settled,
        "in_doubt": [row[2] for row in rows],
        "counters_that_differ": len(done.mismatched),
    }

    def render(out: Any) -> None:
        out.print(f"Đã rõ thêm {done.settled}; còn {len(rows)} chưa rõ kết quả.", highlight=False)
        if rows:
            table(out, ("Đợt", "Sản phẩm", "Mã dòng", "Đường gửi", "Lý do"), rows)

    session.show(document, render)


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
