"""`loa campaign`: read, lint and date campaigns."""

from __future__ import annotations

from typing import Any

from cyclopts import App

from loa.cli.session import Injected, table
from loa.cli.waves import Year

app = App(name="campaign", help="Chiến dịch: xem, kiểm tra, lịch các đợt. / Campaigns: list, show, check, dates.")

# what only made things show, English -> Vietnamese
_UNSEEN = {
    "people": "danh sách người nhận",
    "lanes, prices and hours": "đường gửi, giá và giờ gửi",
    "voice and sound": "giọng đọc và âm thanh",
    "the poster's layout": "bố cục áp phích",
}


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
    """Kiểm tra tệp, mẫu, lời văn và ngày; không tạo gì. / Check file, templates, words and dates; makes nothing.

    Parameters
    ----------
    id
        Mã chiến dịch. / The campaign's id.
    """
    from loa import calendar, pipeline
    from loa.cli.reviews import findings_document, print_findings
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
        findings = check_templates(desk, campaign)
    blocks = sum(finding.blocks for finding in findings)
    document = {"id": id, "ok": not blocks, "findings": findings_document(findings), "not_looked_at": list(_UNSEEN)}

    def render(out: Any) -> None:
        print_findings(out, findings)
        verdict = (
            f"{id}: có {blocks} lỗi chặn. / {blocks} blocking." if blocks else f"{id}: không có lỗi. / no mistakes."
        )
        out.print(verdict, markup=False, highlight=False)
        unseen = ", ".join(_UNSEEN.values())
        out.print(f"Chưa xem: {unseen}; “loa prepare” xem các phần này.", markup=False, highlight=False)
        out.print(f"Not looked at: {', '.join(_UNSEEN)}; `loa prepare` does.", style="dim", highlight=False)

    session.show(document, render)
    return 3 if blocks else 0


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
def forecast(id: str, wave: str, *, year: Year = None, session: Injected) -> int:
    """Dự báo một đợt: người nhận, bản tin, chi phí, giờ xong. / What a wave would reach, cost, and when it is done.

    Chạy được ngay khi đã nhập danh sách, chưa cần chuẩn bị. Mã thoát 3 khi có lỗi chặn đợt này. / Needs the audience
    only; nothing has to be prepared. Exit code 3 where something would block the wave.

    Parameters
    ----------
    id
        Mã chiến dịch. / The campaign's id.
    wave
        Mã đợt. / The wave's id.
    """
    from loa import pipeline
    from loa.cli.forecasts import blocked, outlook_document, print_outlook

    with session.desk() as desk:
        outlook = pipeline.forecast(desk, pipeline.occasion(desk, id, wave, year))
    session.show(outlook_document(outlook), lambda out: print_outlook(out, outlook))
    return 3 if blocked(outlook) else 0
