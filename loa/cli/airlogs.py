"""`loa airlog`: what communes' air logs say was broadcast, and the quota that is counted from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from loa.cli.session import Injected, shown, table
from loa.cli.waves import Year

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loa.loudspeaker.airlog_figures import Reported, TaskQuota
    from loa.loudspeaker.airlog_reading.taking import Filled, Taken
    from loa.loudspeaker.airlog_reading.whose import Bulletin
    from loa.model.errors import Mistake

app = App(
    name="airlog",
    help="Nhật ký phát thanh: nhập, xem, tính định mức. / Air logs: read back, show, hold against the quota.",
)
_MOST_WARNINGS = 40  # of an import, on a screen; --json has all of them


@app.command(name="import")
def import_(
    files: list[Path],
    *,
    package: str = "",
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    partly: Annotated[bool, Parameter(negative=())] = False,
    replace: Annotated[bool, Parameter(negative=())] = False,
    by: Annotated[str | None, Parameter(name="--as")] = None,
    session: Injected,
) -> int:
    """Nhập nhật ký phát thanh các xã gửi về; nhập lại không tính thêm. / Read filled air logs; again changes nothing.

    Đọc hết mọi tệp trước; còn một lỗi thì không nhập gì. / Nothing is entered while any file has a mistake.

    Parameters
    ----------
    files
        Tệp .xlsx, .xls, .ods, .csv, thư mục hoặc .zip. / Sheets, folders or zips of them.
    package
        Mã gói tin, khi nhật ký không ghi. / The package's id, where a log does not say it.
    dry_run
        Chỉ đọc thử. / Only read them.
    partly
        Vẫn nhập những tệp không có lỗi. / Enter the files that have no mistakes.
    replace
        Thay những gì các xã đó đã ghi cho gói tin này. / Take back what these communes had sent and do not say again.
    by
        Người nhập; hoặc biến LOA_ACTOR. / Who enters it; or LOA_ACTOR.
    """
    from loa.loudspeaker.airlog_reading.taking import take
    from loa.model.errors import ContentError

    actor = "" if dry_run else session.actor(by)
    with session.desk() as desk:
        taken = take(desk, files, actor, package=package, dry_run=dry_run, partly=partly, instead=replace)
    session.show(_import_document(taken), lambda out: _print_import(out, taken))
    if taken.mistakes and not session.json:
        from loa.cli.session import show_error

        show_error(ContentError(taken.mistakes), as_json=False)
    return ContentError.exit_code if taken.mistakes else 0


def _import_document(taken: Taken) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "entered": asdict(taken.entered) if taken.entered else None,
        "files": [
            {
                "file": file.name,
                "played": sum(one.played for one, _ in file.entries),
                "not_played": sum(not one.played for one, _ in file.entries),
                "waiting": file.waiting,
                "warnings": [_plain(one) for one in file.warnings],
                "mistakes": [_plain(one) for one in file.mistakes],
            }
            for file in taken.files
        ],
    }


def _plain(one: Mistake) -> dict[str, Any]:
    place = one.where
    said = {"vi": one.words.vi, "en": one.words.en}
    return {"code": one.code, "file": place.file, "line": place.line, "field": place.field, **said}


def _print_import(out: Any, taken: Taken) -> None:
    headings = ("Tệp", "Đã phát", "Không phát được", "Chưa ghi", "Lưu ý", "Lỗi")
    table(out, headings, [_file_row(file) for file in taken.files], (1, 2, 3, 4, 5))
    warnings = [one for file in taken.files for one in file.warnings]
    for one in warnings[:_MOST_WARNINGS]:
        said = f"LƯU Ý [{one.code}] {one.where.words.vi}: {one.words.vi} / {one.words.en}"
        out.print(shown(said), markup=False, highlight=False)
    if len(warnings) > _MOST_WARNINGS:
        more = len(warnings) - _MOST_WARNINGS
        out.print(f"… và {more} lưu ý nữa (--json). / and {more} more.", highlight=False)
    if done := taken.entered:
        vi = f"Đã ghi {done.new} lần mới, đính chính {done.corrected}, bỏ {done.taken_back}, không đổi {done.same}."
        en = f"{done.new} new, {done.corrected} corrected, {done.taken_back} taken back, {done.same} the same."
        out.print(f"{vi} / {en}", highlight=False)
    else:
        out.print("Mới đọc thử, chưa ghi gì. / Only read, nothing entered.", highlight=False)


def _file_row(file: Filled) -> tuple[object, ...]:
    played = sum(one.played for one, _ in file.entries)
    return (
        file.name, played, len(file.entries) - played, file.waiting, len(file.warnings), len(file.mistakes),
    )  # fmt: skip


@app.command
def show(id: str, wave: str, *, year: Year = None, session: Injected) -> None:
    """Từng xã đã phát gì, xã nào chưa gửi nhật ký. / What each commune played, and who has not reported.

    Parameters
    ----------
    id
        Mã chiến dịch. / The campaign's id.
    wave
        Mã đợt. / The wave's id.
    """
    from loa.loudspeaker.airlog_figures import of_wave

    with session.desk() as desk:
        found = of_wave(desk, id, wave, year)

    def render(out: Any) -> None:
        for bulletin, communes in found:
            _print_bulletin(out, bulletin, communes)

    session.show([_bulletin_document(*one) for one in found], render)


def _bulletin_document(bulletin: Bulletin, communes: Sequence[Reported]) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "package": bulletin.id,
        "wave": bulletin.wave,
        "deliverable": bulletin.deliverable,
        "valid_from": bulletin.valid_from.isoformat(),
        "valid_to": bulletin.valid_to.isoformat(),
        "communes": [
            {
                "code": one.row.recipient,
                "name": one.name,
                "state": one.row.state.value,
                "played": one.played,
                "not_played": one.failed,
                "waiting": one.waiting,
                "entries": [{**asdict(entry), "day": entry.day.isoformat()} for entry in one.entries],
            }
            for one in communes
        ],
    }


def _print_bulletin(out: Any, bulletin: Bulletin, communes: Sequence[Reported]) -> None:
    from loa.model.states import words_of

    days = f"{bulletin.valid_from:%d/%m/%Y} - {bulletin.valid_to:%d/%m/%Y}"
    out.print(f"\n{bulletin.id} ({days})", markup=False, highlight=False, style="bold")
    rows = [
        (
            one.row.recipient, one.name, words_of(one.row.state, package=True)[0],
            one.played, one.failed, _latest(one),
        )
        for one in communes
    ]  # fmt: skip
    headings = ("Mã xã", "Xã, phường", "Tình trạng", "Lần phát", "Không phát được", "Gần nhất")
    table(out, headings, rows, (3, 4))
    waiting = sum(one.waiting for one in communes)
    heard = sum(bool(one.entries) for one in communes)
    vi = f"{heard}/{len(communes)} xã, phường đã gửi nhật ký; còn chờ {waiting}."
    out.print(f"{vi} / {heard} have reported, {waiting} are waited for.", highlight=False)
    if any(one.row.state.value == "delivered" and not one.played for one in communes):
        out.print("CHÚ Ý: có xã từng ghi là đã phát, nay đính chính là không phát. Định mức tính theo nhật ký mới.")


def _latest(one: Reported) -> str:
    """The last line of a log: when, and why not."""
    if not one.entries:
        return "chưa có / none yet"
    last = one.entries[-1]
    when = f"{last.at_time} {last.day:%d/%m/%Y}".strip()
    return when if last.played else f"{when}: {last.reason or 'không phát được'}"


@app.command
def quota(
    plan: str,
    *,
    month: str = "",
    quarter: str = "",
    year: str = "",
    times: int = 1,
    session: Injected,
) -> None:
    """Xã nào đạt định mức phát thanh của kế hoạch, chỉ tính theo nhật ký. / Which communes met a plan's quota.

    Parameters
    ----------
    plan
        Mã kế hoạch. / The plan's id.
    month
        Tháng, như 2027-10; mặc định là tháng này. / A month; this one unless named.
    quarter
        Quý, như 2027-Q4. / A quarter.
    year
        Năm, như 2027. / A year.
    times
        Số lần phát tối thiểu ở mỗi xã trong mỗi kỳ. / At least so many broadcasts in every commune and period.
    """
    from loa.loudspeaker import airlog_figures
    from loa.loudspeaker.quota import period
    from loa.model.errors import ContentError, Misused

    given = [(name, text) for name, text in (("month", month), ("quarter", quarter), ("year", year)) if text]
    if len(given) > 1:
        raise Misused("airlog-period-two")
    if not 1 <= times <= 1000:
        raise ContentError.at("wrong-value", f"--times {times}", value=times, expected="1 … 1000")
    with session.desk() as desk:
        name, text = given[0] if given else ("month", f"{desk.clock.now():%Y-%m}")
        asked = period(text.strip())
        if asked is None or asked.months != {"month": 1, "quarter": 3, "year": 12}[name]:
            raise ContentError.at("airlog-period", f"--{name}", value=text[:40])
        communes = {code: unit.name for code, unit in desk.workspace.communes.items()}
        found = airlog_figures.of_plan(desk, desk.workspace.plan(plan), asked, times)
        today = desk.clock.now().date()
    document = [{**_quota_document(one, communes), "over": one.quota.period.last < today} for one in found]

    def render(out: Any) -> None:
        for one in found:
            _print_quota(out, one, communes, over=one.quota.period.last < today)

    session.show(document, render)


_GROUPS = {
    "short": "Phát chưa đủ số lần / played less",
    "failed": "Chỉ báo không phát được / reported failure only",
    "silent": "Chưa gửi nhật ký / have not reported",
    "without": "Chưa được giao gói tin nào / had no package",
}


def _quota_document(one: TaskQuota, communes: dict[str, str]) -> dict[str, Any]:
    quota = one.quota
    groups = {
        name: [{"code": code, "name": communes.get(code, code)} for code in getattr(quota, name)]
        for name in ("met", *_GROUPS)
    }
    return {
        "clause": one.task.clause,
        "cadence": one.task.cadence,
        "period": quota.period.name,
        "from": quota.period.first.isoformat(),
        "to": quota.period.last.isoformat(),
        "times": quota.times,
        "communes": quota.communes,
        "reached": quota.reached,
        "packages": list(one.packages),
        **groups,
    }


def _print_quota(out: Any, one: TaskQuota, communes: dict[str, str], *, over: bool) -> None:
    quota = one.quota
    title = f"Nhiệm vụ {one.task.clause}: {one.task.title} - {quota.period.words}"
    out.print(f"\n{title}", markup=False, highlight=False, style="bold")
    state = "ĐẠT" if quota.reached else "chưa đạt" if not over else "KHÔNG ĐẠT"
    if one.task.cadence == "continuous":
        out.print("Kế hoạch không ấn định số lần; tính mỗi xã ít nhất số lần đã hỏi. / The plan sets no rhythm.")
    said = f"{len(quota.met)}/{quota.communes} xã, phường đã phát ít nhất {quota.times} lần: {state}."
    out.print(f"{said} / {len(quota.met)} of {quota.communes} have met it.", highlight=False)
    for name, words in _GROUPS.items():
        codes = getattr(quota, name)
        if codes:
            names = ", ".join(f"{communes.get(code, code)} ({code})" for code in codes)
            out.print(shown(f"- {words}: {len(codes)}: {names}"), markup=False, highlight=False)
