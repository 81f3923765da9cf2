"""`loa recording`: what people read into a microphone - the sheet they read from, and the file that comes back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from loa.cli.session import Injected, table
from loa.cli.waves import Year

if TYPE_CHECKING:
    from loa.channel import Desk, Job
    from loa.loudspeaker.script import Part
    from loa.loudspeaker.words import Words
    from loa.model.places import Commune

app = App(name="recording", help="Bản ghi âm của người đọc: in bản đọc, nhập tệp, xem. / Recordings: sheet, add, list.")

Who = Annotated[str | None, Parameter(name="--as")]
_ALL = "chung"


@app.command
def sheet(
    id: str,
    wave: str,
    deliverable: str,
    *,
    language: str,
    commune: str = "",
    out: Annotated[Path, Parameter(name=["-o", "--out"])],
    year: Year = None,
    session: Injected,
) -> None:
    """In bản đọc và bảng dẫn cho người ghi âm, tệp DOCX. / The sheet to read from, with its cues.

    Parameters
    ----------
    id
        Mã chiến dịch. / The campaign's id.
    wave
        Mã đợt. / The wave's id.
    deliverable
        Mã bản tin truyền thanh. / The deliverable's id.
    language
        Ngôn ngữ sẽ đọc, như jra. / The language that will be read.
    commune
        Mã xã, nếu lời của mỗi xã một khác. / The commune's code, where each has its own words.
    out
        Thư mục ghi ra. / The folder to write to.
    """
    from loa.loudspeaker.order import ordered
    from loa.loudspeaker.package import language_slug
    from loa.loudspeaker.sheet import Reader, reading_sheet
    from loa.loudspeaker.words import wording
    from loa.model.errors import ContentError
    from loa.store.artefacts import write_whole

    with session.desk() as desk:
        job = _job(desk, id, wave, deliverable, year)
        if language not in job.deliverable.languages:
            known = ", ".join(job.deliverable.languages)
            raise ContentError.at("recording-not-asked", "--language", name=language, known=known)
        source = wording(job, desk, language)
        whose = [_commune(desk, job, commune)] if commune else (list(source.communes) if source.varies else [None])
        made: list[Path] = []
        for place in whose:
            words = source.for_commune(place)
            vietnamese = _vietnamese(desk, job, place) if language != "vi" and not words.translates else None
            reader = Reader(
                language, records=True, translates=words.translates,
                meaning=vietnamese.spoken.passages if vietnamese else (),
            )  # fmt: skip
            title, name = f"{job.deliverable.title.vi} - {job.wave.title.vi}", place.name if place else ""
            data = reading_sheet(title, name, words.spoken.printed, reader, ordered(job).body_times)
            path = out / f"ban-doc-{language_slug(language)}-{place.code if place else _ALL}.docx"
            write_whole(path, data)
            made.append(path)
    session.show({"files": [str(path) for path in made]}, lambda screen: screen.print("\n".join(map(str, made))))


@app.command
def add(
    file: Path,
    id: str,
    wave: str,
    deliverable: str,
    *,
    language: str,
    part: str = "",
    commune: str = "",
    hear: Annotated[bool, Parameter(negative=())] = False,
    year: Year = None,
    by: Who = None,
    session: Injected,
) -> int:
    """Nhập một tệp ghi âm, định dạng nào cũng được. / Bring a recording in.

    Tệp được gắn với đúng lời đã đọc: kịch bản đổi thì phải ghi lại. / It is bound to the very words that were read.

    Parameters
    ----------
    file
        Tệp ghi âm. / The recording.
    id
        Mã chiến dịch. / The campaign's id.
    wave
        Mã đợt. / The wave's id.
    deliverable
        Mã bản tin truyền thanh. / The deliverable's id.
    language
        Ngôn ngữ đã đọc. / The language that was read.
    part
        Phần đã đọc: loi-chao, noi-dung, loi-nhac, loi-ket; bỏ trống nếu tệp có cả bài. / The part; none: the whole.
    commune
        Mã xã, nếu lời của mỗi xã một khác. / The commune's code, where each has its own words.
    hear
        Cho máy nghe và so với kịch bản (cần phần cài thêm “listen”). / Have a recogniser compare it with the script.
    by
        Người nhập; hoặc biến LOA_ACTOR. / Who brings it; or LOA_ACTOR.
    """
    from loa.cli.reviews import findings_document, print_findings
    from loa.cli.sounds import read_file
    from loa.loudspeaker.listening import VietAsr
    from loa.loudspeaker.recordings import Brought
    from loa.loudspeaker.recordings import add as put_away

    data = read_file(file)
    with session.desk() as desk:
        job = _job(desk, id, wave, deliverable, year)
        place = _commune(desk, job, commune) if commune else None
        brought = Brought(data, file.name, language, _part(part), place)
        findings = put_away(job, desk, brought, session.actor(by), VietAsr() if hear else None)

    def render(out: Any) -> None:
        out.print(f"Đã nhập {file.name}. / Taken in.", markup=False, highlight=False)
        print_findings(out, findings)

    session.show({"file": str(file), "findings": findings_document(findings)}, render)
    return 3 if any(finding.blocks for finding in findings) else 0


@app.command(name="list")
def list_(id: str, wave: str, deliverable: str, *, year: Year = None, session: Injected) -> None:
    """Các bản ghi âm đã có, và còn thiếu phần nào. / The recordings there are, and what is missing.

    Parameters
    ----------
    id
        Mã chiến dịch. / The campaign's id.
    wave
        Mã đợt. / The wave's id.
    deliverable
        Mã bản tin truyền thanh. / The deliverable's id.
    """
    from loa.loudspeaker.recordings import standing

    with session.desk() as desk:
        rows = standing(_job(desk, id, wave, deliverable, year), desk)
    headings = ("Ngôn ngữ", "Xã", "Phần", "Tình trạng", "Người nhập")
    words = {"recorded": "đã có", "missing": "còn thiếu", "stale": "lời đã sửa, phải ghi lại"}
    lines = [(row.language, row.commune or _ALL, row.part or "cả bài", words[row.state], row.by) for row in rows]
    document = [
        {"language": row.language, "commune": row.commune, "part": row.part, "state": row.state, "by": row.by}
        for row in rows
    ]
    session.show(document, lambda out: table(out, headings, lines))


def _job(desk: Desk, id: str, wave: str, deliverable: str, year: int | None) -> Job:
    """Raises `ContentError` where the wave has no bulletin of that name."""
    from loa import pipeline
    from loa.model.errors import ContentError

    found = pipeline.occasion(desk, id, wave, year)
    asked = {job.deliverable.id: job for job in found.jobs if job.deliverable.channel == "loudspeaker"}
    if deliverable not in asked:
        where = desk.workspace.line_of(id, ("deliverables",))
        raise ContentError.at(
            "recording-deliverable", where.file, where.line, where.field,
            name=deliverable, wave=found.wave.id, known=", ".join(asked) or "-",
        )  # fmt: skip
    return asked[deliverable]


def _commune(desk: Desk, job: Job, code: str) -> Commune:
    from loa import handover
    from loa.loudspeaker.order import ordered
    from loa.model.errors import ContentError

    for commune in handover.communes_for(job, ordered(job).places, desk):
        if commune.code == code.zfill(5):  # spreadsheets eat zeros
            return commune
    raise ContentError.at("recording-commune", "--commune", commune=code)


def _part(name: str) -> Part | None:
    from loa.loudspeaker.script import Part
    from loa.loudspeaker.sheet import part_name
    from loa.model.errors import ContentError

    if not name:
        return None
    parts = {part_name(part): part for part in Part}
    name = re.sub(r"^\d-", "", name)  # as the sheet names files
    if name not in parts:
        raise ContentError.at("recording-part", "--part", name=name, known=", ".join(parts))
    return parts[name]


def _vietnamese(desk: Desk, job: Job, commune: Commune | None) -> Words | None:
    """What the words mean, where there is a Vietnamese text of the same bulletin."""
    from loa.loudspeaker.words import wording
    from loa.model.errors import ContentError

    try:
        return wording(job, desk, "vi").for_commune(commune)
    except ContentError:
        return None
