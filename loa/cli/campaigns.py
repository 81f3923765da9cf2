"""`loa campaign`: read, lint and date campaigns."""

from __future__ import annotations

from typing import Any

from cyclopts import App

from loa.cli.session import Injected, table
from loa.cli.waves import Year

app = App(name="campaign", help="Chiến dịch: xem, kiểm tra, lịch các đợt. / Campaigns: list, show, check, dates.")


@app.command(name="list")
def list_(*, session: Injected) -> None:
    """Liệt kê các chiến dịch. / List the campaigns."""
    from loa import pipeline

    with session.desk() as desk:
        found = [pipeline.load_campaign(desk, name) for name in desk.workspace.campaign_ids()]
    document = [{"id": item.id, "title": item.title.model_dump(), "plan": item.plan} for item in found]
    rows = [(item.id, item.title.vi, item.plan, len(item.waves)) for item in found]
    session.show(document, lambda out: table(out, ("Mã / id", "Chiến dịch", "Kế hoạch", "Số đợt"), rows, (3,)))


@app.command
def show(id: str, *, session: Injected) -> None:
    """Xem một chiến dịch. / Show one campaign."""
    from loa import pipeline

    with session.desk() as desk:
        found = pipeline.load_campaign(desk, id)
    rows = [
        (item.id, item.channel, item.title.vi, " ".join(item.waves), ", ".join(item.clauses), " ".join(item.languages))
        for item in found.deliverables
    ]

    def render(out: Any) -> None:
        out.print(f"{found.title.vi}\n{found.title.en}\n", highlight=False)
        table(out, ("Sản phẩm", "Kênh", "Tên", "Đợt", "Nhiệm vụ", "Ngôn ngữ"), rows)

    session.show(found.model_dump(mode="json"), render)


@app.command
def check(id: str, *, session: Injected) -> int:
    """Kiểm tra tệp chiến dịch, mẫu và ngày; không tạo gì. / Check the file, its templates and dates; makes nothing."""
    from loa import calendar, pipeline
    from loa.model.errors import ContentError
    from loa.words import check_templates

    with session.desk() as desk:
        campaign = pipeline.load_campaign(desk, id)
        now = desk.clock.now()
        waves = calendar.waves(campaign, calendar.current_year(campaign, now))
        if not calendar.upcoming(waves, now):
            where = desk.workspace.line_of(id, ("anchor",))
            anchor, today = f"{waves[0].anchor:%d/%m/%Y}", f"{now:%d/%m/%Y}"
            raise ContentError.at("anchor-past", where.file, where.line, where.field, anchor=anchor, today=today)
        check_templates(desk, campaign)
    session.show({"id": id, "ok": True}, lambda out: out.print(f"{id}: không có lỗi. / no mistakes.", highlight=False))
    return 0


@app.command
def calendar(id: str, *, year: int | None = None, session: Injected) -> None:
    """Ngày giờ các đợt. / When each wave is prepared and sent.

    Parameters
    ----------
    id
        Mã chiến dịch. / The campaign's id.
    year
        Năm; mặc định là lần sắp tới. / The year; the coming edition unless named.
    """
    from loa import calendar as dates
    from loa import pipeline

    with session.desk() as desk:
        campaign = pipeline.load_campaign(desk, id)
        now = desk.clock.now()
        waves = dates.waves(campaign, year or dates.current_year(campaign, now))
    rows = [
        (
            wave.id,
            wave.title.vi,
            dates.moment_words(wave.prepare_at),
            dates.moment_words(wave.send_at),
            dates.moment_words(wave.closes_at),
            "đã qua" if dates.is_past(wave, now) else "",
        )
        for wave in waves
    ]
    document = [{**wave.model_dump(mode="json"), "past": dates.is_past(wave, now)} for wave in waves]
    headings = ("Đợt", "Tên", "Chuẩn bị từ", "Gửi lúc", "Hạn cuối", "")
    session.show(document, lambda out: table(out, headings, rows))


@app.command
def forecast(id: str, wave: str, *, year: Year = None, session: Injected) -> None:
    """Dự báo một đợt: người nhận, bản tin, chi phí, giờ xong. / What a wave would reach, cost, and when it is done.

    Chạy được ngay khi đã nhập danh sách, chưa cần chuẩn bị. / Needs the audience only; nothing has to be prepared.

    Parameters
    ----------
    id
        Mã chiến dịch. / The campaign's id.
    wave
        Mã đợt. / The wave's id.
    """
    from loa import pipeline
    from loa.cli.forecasts import outlook_document, print_outlook

    with session.desk() as desk:
        outlook = pipeline.forecast(desk, pipeline.occasion(desk, id, wave, year))
    session.show(outlook_document(outlook), lambda out: print_outlook(out, outlook))
