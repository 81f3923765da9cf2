"""The sheet that a person reads from: first the cue sheet - what is heard when - then the words, in large type.

It is the announcer's way where the file cannot be played, and the reader's way to make a recording in a language that
no machine speaks.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loa.archive import EPOCH, settled
from loa.loudspeaker.script import HEADINGS, Part, Passage, estimated_seconds, parse
from loa.model.languages import language_words
from loa.text.normal import NOT_IN_XML, slug

if TYPE_CHECKING:
    from docx.document import Document

_FONT = "Times New Roman"
_TYPE = 18  # points: read standing, at arm's length
_CHIME_SECONDS = 5.0
_BREATH_SECONDS = 1.0  # between two cues


@dataclass(frozen=True, slots=True)
class Cue:
    """One row of the cue sheet: its number (0: nothing to read), when it begins and how long it lasts, in seconds."""

    number: int
    part: Part | None
    start: float
    seconds: float
    again: bool = False

    @property
    def name(self) -> str:
        if self.part is None:
            return "Nhạc hiệu"
        return HEADINGS[self.part]["vi"] + (" (nhắc lại)" if self.again else "")


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a sheet is for. `records`: the reader makes a recording, in `language`; `meaning`: the same in Vietnamese,
    part by part, where there is a text of both; `translates`: the words are Vietnamese, the reader puts them over."""

    language: str = "vi"
    records: bool = False
    translates: bool = False
    meaning: tuple[Passage, ...] = ()


def cues(passages: Sequence[Passage], language: str, body_times: int) -> tuple[Cue, ...]:
    """The programme in order, with about how long each cue takes to read."""
    found = [Cue(0, None, 0.0, _CHIME_SECONDS)]
    at = _CHIME_SECONDS + _BREATH_SECONDS
    for number, passage in enumerate(passages, 1):
        seconds = estimated_seconds(" ".join(passage.paragraphs), language)
        for turn in range(body_times if passage.part is Part.BODY else 1):
            found.append(Cue(number, passage.part, at, seconds, turn > 0))
            at += seconds + _BREATH_SECONDS
    return tuple(found)


def reading_sheet(title: str, place: str, words: str, reader: Reader | None = None, body_times: int = 2) -> bytes:
    """The sheet as DOCX. `words` are a printed script, under its headings; the same bytes for the same words."""
    import docx

    reader = reader or Reader()
    passages = parse(words, reader.language, title).passages
    document = docx.Document()
    _page(document, title)
    name = language_words(reader.language).vi
    _say(document, "BẢN ĐỌC PHÁT THANH", 16, bold=True)
    _say(document, title, 14, bold=True)
    _say(document, f"{place} - {name}" if place else name, 13, after=6)
    for line in _how(reader, body_times):
        _say(document, line, 12, after=2)
    _cue_table(document, cues(passages, reader.language, body_times), reader)
    for number, passage in enumerate(passages, 1):
        _part(document, number, passage, reader)
    saved = io.BytesIO()
    document.save(saved)
    return settled(saved.getvalue())


def part_name(part: Part) -> str:
    """How a part is called on the command line and in the name of its recording: `loi-chao`."""
    return slug(HEADINGS[part]["vi"])


def _how(reader: Reader, body_times: int) -> list[str]:
    name = language_words(reader.language).vi
    lines = ["Đọc chậm, rõ, đều giọng; nghỉ một nhịp ở cuối mỗi câu. Số đã viết ra chữ: đọc đúng như đã viết."]
    if reader.translates:
        lines.append(
            f"Lời dưới đây viết bằng tiếng Việt. Người đọc dịch và đọc bằng {name}, giữ đúng ngày, giờ, số máy."
        )
    if not reader.records:
        again = f"; đọc nội dung {body_times} lần" if body_times > 1 else ""
        return [*lines, f"Dùng khi không phát được tệp âm thanh, hoặc khi cần đọc trực tiếp{again}."]
    return [
        *lines,
        "Ghi âm nơi yên tĩnh, cách micro một gang tay. Ghi mỗi lượt thành một tệp, không cần nhạc hiệu, không đọc lại:"
        " máy sẽ tự ghép, tự phát lại nội dung.",
        "Đặt tên tệp theo cột “Tệp ghi âm”. Đọc vấp thì ghi lại cả lượt đó.",
    ]


def _page(document: Document, title: str) -> None:
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt

    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin = section.bottom_margin = Mm(20)
    section.left_margin, section.right_margin = Mm(25), Mm(20)
    style = document.styles["Normal"]
    style.font.name, style.font.size = _FONT, Pt(13)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for script in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
        fonts.set(qn(script), _FONT)
    told = document.core_properties
    told.title, told.comments, told.language = NOT_IN_XML.sub("", title)[:255], "", "vi-VN"
    told.author = told.last_modified_by = ""
    told.created = told.modified = EPOCH


def _say(where: Any, words: str, size: float, *, bold: bool = False, italic: bool = False, after: float = 0) -> Any:
    from docx.shared import Pt

    paragraph = where.add_paragraph()
    paragraph.paragraph_format.space_before = Pt(0)
    paragraph.paragraph_format.space_after = Pt(after)
    run = paragraph.add_run(NOT_IN_XML.sub("", words))
    run.bold, run.italic, run.font.size = bold, italic, Pt(size)
    return paragraph


_COLUMNS = (("Lượt", 14.0), ("Bắt đầu", 20.0), ("Dài khoảng", 26.0), ("Phần", 58.0), ("Tệp ghi âm", 50.0))


def _cue_table(document: Document, rows: Sequence[Cue], reader: Reader) -> None:
    from docx.shared import Mm

    _say(document, "Bảng dẫn", 14, bold=True, after=3).paragraph_format.keep_with_next = True
    columns = _COLUMNS if reader.records else _COLUMNS[:-1]
    table = document.add_table(rows=1, cols=len(columns), style="Table Grid")
    table.autofit = False
    for column, (_, width) in zip(table.columns, columns, strict=True):
        column.width = Mm(width)
    lines = [[name for name, _ in columns]]
    for cue in rows:
        file = f"{cue.number}-{part_name(cue.part)}" if cue.part and not cue.again else "máy tự ghép"
        lines.append([str(cue.number or "–"), _clock(cue.start), f"{round(cue.seconds)} giây", cue.name, file])
    for place, line in enumerate(lines):
        cells = table.rows[0].cells if place == 0 else table.add_row().cells
        for cell, words, (_, width) in zip(cells, line, columns, strict=False):
            cell.width = Mm(width)
            run = cell.paragraphs[0].add_run(words)
            run.bold = place == 0
    total = rows[-1].start + rows[-1].seconds
    _say(document, f"Cả chương trình dài khoảng {_clock(total)} (phút:giây).", 12, italic=True, after=12)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _part(document: Document, number: int, passage: Passage, reader: Reader) -> None:
    head = _say(document, f"Lượt {number}. {HEADINGS[passage.part]['vi']}", 14, bold=True, after=4)
    head.paragraph_format.keep_with_next = True
    for paragraph in passage.paragraphs:
        said = _say(document, paragraph, _TYPE, after=10)
        said.paragraph_format.line_spacing = 1.4
        said.paragraph_format.keep_together = True
    for told in reader.meaning:
        if told.part is passage.part:
            _say(document, "Nghĩa tiếng Việt: " + " ".join(told.paragraphs), 12, italic=True, after=12)
