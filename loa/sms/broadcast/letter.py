"""The official letter as DOCX, in the layout of Decree 30/2020. Number, date and signature are left to the office.

The same bytes for the same request: nothing of the clock or the machine is in it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from loa.archive import EPOCH, settled
from loa.sms.broadcast import wording
from loa.sms.broadcast.request import Area, Request, data
from loa.text.normal import NOT_IN_XML

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import Table, _Cell
    from docx.text.paragraph import Paragraph

WIDTHS = (66.0, 98.0)  # millimetres: issuer and state, of the 164 between the margins
STATE, MOTTO = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"


def letter(request: Request) -> bytes:
    """The letter."""
    import docx

    document = docx.Document()
    _page(document, request)
    _head(document, request)
    _addressed(document, request)
    _body(document, request)
    _foot(document, request)
    if areas := wording.annex(request):
        _annex(document, request, areas)
    saved = io.BytesIO()
    document.save(saved)
    return settled(saved.getvalue())


def said_in(letter_bytes: bytes) -> tuple[str, ...]:
    """The paragraphs of a letter's body: what a check holds against the text."""
    import docx

    return tuple(paragraph.text for paragraph in docx.Document(io.BytesIO(letter_bytes)).paragraphs)


# the parts of the page


def _page(document: Document, request: Request) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt

    layout = data("letter")["layout"]
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(layout["top"]), Mm(layout["bottom"])
    section.left_margin, section.right_margin = Mm(layout["left"]), Mm(layout["right"])
    section.header_distance = Mm(10)
    # the number stands in the middle of the top margin, from the second page on
    section.different_first_page_header_footer = True
    numbered = section.header.paragraphs[0]
    numbered.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _page_number(numbered, layout["page_number"])
    style = document.styles["Normal"]
    style.font.name, style.font.size = layout["font"], Pt(layout["body"])
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for script in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
        fonts.set(qn(script), layout["font"])
    _vietnamese(style.element.get_or_add_rPr())
    style.paragraph_format.space_after = style.paragraph_format.space_before = Pt(0)
    told = document.core_properties
    # a property takes 255 characters
    told.title, told.subject = _safe(wording.subject(request))[:255], request.id[:255]
    told.author = told.last_modified_by = _safe(request.issuer)[:255]
    told.comments, told.language = "", "vi-VN"
    told.created = told.modified = EPOCH


def _head(document: Document, request: Request) -> None:
    """Issuer and number on the left, the state's name, place and date on the right."""
    layout = data("letter")["layout"]
    left, right = _columns(document)
    superior, own = wording.heading(request)
    for line in superior:
        _say(left, line, layout["issuer"])
    for line in own:
        _say(left, line, layout["issuer"], bold=True)
    _rule(left, 22)
    _say(right, STATE, layout["state_name"], bold=True)
    _say(right, MOTTO, layout["motto"], bold=True)
    _rule(right, 60)
    left, right = _columns(document)
    _say(left, f"Số:          {wording.symbol(request)}", layout["number"], before=6)
    _say(left, wording.subject(request), layout["subject"], before=6)
    place = f"{request.region.seat}, ngày       tháng       năm 20……"
    _say(right, place, layout["body"], italic=True, before=6)


def _addressed(document: Document, request: Request) -> None:
    _say(document, f"Kính gửi: {request.addressee}", data("letter")["layout"]["body"], before=18, after=12)


def _body(document: Document, request: Request) -> None:
    _paragraph(document, wording.opening(request))
    for said in wording.items(request):
        if len(said) == 1:
            _paragraph(document, said[0])
            continue
        start, payload, facts = said
        _paragraph(document, start, keep=True)
        _boxed(_paragraph(document, payload, keep=True))
        _paragraph(document, facts)
    # with what follows: a signature never stands on a page by itself
    _paragraph(document, wording.contact(request), keep=True)
    _paragraph(document, wording.closing(request), keep=True)


def _foot(document: Document, request: Request) -> None:
    """Whom it goes to on the left, the signature on the right."""
    layout = data("letter")["layout"]
    left, right = _columns(document)
    _say(left, "Nơi nhận:", layout["recipients_head"], bold=True, italic=True, centred=False, before=6, keep=True)
    for line in wording.recipients(request):
        _say(left, line, layout["recipients"], centred=False, keep=True)
    for place, line in enumerate(request.sign_as):
        _say(right, line, layout["body"], bold=True, before=0 if place else 6, keep=True)
    # the room that a signature and a seal take
    _say(right, "Họ và tên", layout["body"], bold=True, before=84)


def _annex(document: Document, request: Request, areas: Sequence[Area]) -> None:
    """The communes, on pages of their own that are numbered by themselves."""
    from docx.enum.section import WD_SECTION
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    section = document.add_section(WD_SECTION.NEW_PAGE)
    section.different_first_page_header_footer = True
    again = OxmlElement("w:pgNumType")
    again.set(qn("w:start"), "1")
    section._sectPr.insert_element_before(again, "w:cols", "w:titlePg", "w:docGrid")
    size = data("letter")["layout"]["body"]
    _say(document, "PHỤ LỤC", size, bold=True)
    title = f"Danh sách xã, phường đề nghị nhắn tin thuộc {' và '.join(request.region.provinces)}"
    _say(document, title, size, bold=True)
    symbol = wording.symbol(request)
    kept = f"(Kèm theo Công văn số          {symbol} ngày       tháng       năm 20…… của {request.issuer})"
    _say(document, kept, size, italic=True, after=12)
    table = document.add_table(rows=1, cols=3, style="Table Grid")
    _row(table.rows[0].cells, ("STT", "Mã", "Xã, phường"), bold=True)
    _repeated(table.rows[0])
    for number, area in enumerate(areas, 1):
        _row(table.add_row().cells, (str(number), area.code, area.name))
    _fixed_widths(table, (15.0, 30.0, 119.0))


# small things


def _row(cells: Sequence[_Cell], words: Sequence[str], *, bold: bool = False) -> None:
    for place, (cell, said) in enumerate(zip(cells, words, strict=True)):
        _say(cell, said, data("letter")["layout"]["body"], bold=bold, centred=bold or place < 2)


def _fixed_widths(table: Table, widths: Sequence[float]) -> None:
    """The columns' widths in millimetres: programs differ in whether they look at the columns or at the cells."""
    from docx.shared import Mm

    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
    for row in table.rows:
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = Mm(width)


def _repeated(row: Any) -> None:
    """A table's head, again on every page."""
    from docx.oxml import OxmlElement

    row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def _columns(document: Document) -> tuple[_Cell, _Cell]:
    """Two cells side by side without lines, that stay on one page."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    table = document.add_table(rows=1, cols=2)
    _fixed_widths(table, WIDTHS)
    margins = OxmlElement("w:tblCellMar")
    for side in ("w:left", "w:right"):
        none = OxmlElement(side)
        none.set(qn("w:w"), "0")
        none.set(qn("w:type"), "dxa")
        margins.append(none)
    # the schema wants it before the look
    table._tbl.tblPr.insert_element_before(margins, "w:tblLook", "w:tblCaption")
    row = table.rows[0]
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
    return row.cells[0], row.cells[1]


def _say(
    to: Document | _Cell,
    words: str,
    size: float,
    *,
    bold: bool = False,
    italic: bool = False,
    centred: bool = True,
    before: float = 0,
    after: float = 0,
    keep: bool = False,
) -> Paragraph:
    """One line of words: into the document, or into a cell, whose own empty paragraph is used first."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    paragraphs = to.paragraphs
    empty = paragraphs[0] if len(paragraphs) == 1 and not paragraphs[0].text and hasattr(to, "width") else None
    made = empty or to.add_paragraph()
    made.alignment = WD_ALIGN_PARAGRAPH.CENTER if centred else WD_ALIGN_PARAGRAPH.LEFT
    # only what differs from the style: an annex has hundreds of these
    if before:
        made.paragraph_format.space_before = Pt(before)
    if after:
        made.paragraph_format.space_after = Pt(after)
    if keep:
        made.paragraph_format.keep_with_next = True
    run = made.add_run(_safe(words))
    run.font.size = Pt(size)
    if bold:
        run.bold = True
    if italic:
        run.italic = True
    return made


def _paragraph(document: Document, words: str, *, keep: bool = False) -> Paragraph:
    """A paragraph of the body: justified, its first line indented."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Mm

    layout = data("letter")["layout"]
    made = _say(document, words, layout["body"], after=6, keep=keep)
    made.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
    made.paragraph_format.first_line_indent = Mm(layout["indent"])
    return made


def _boxed(paragraph: Paragraph) -> None:
    """The text that is to be sent, in a frame: nobody may take the words around it for a part of it."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Mm

    paragraph.alignment = WD_ALIGN_PARAGRAPH.LEFT
    paragraph.paragraph_format.first_line_indent = Mm(0)
    paragraph.paragraph_format.left_indent = paragraph.paragraph_format.right_indent = Mm(3)
    _border(paragraph, ("w:top", "w:left", "w:bottom", "w:right"), 4)


def _rule(cell: _Cell, millimetres: float) -> None:
    """A line of a length, centred: the border of a paragraph with nothing in it."""
    from docx.shared import Mm, Pt

    made = _say(cell, "", 2)
    made.paragraph_format.line_spacing = Pt(3)
    side = Mm((WIDTHS[0] if millimetres < WIDTHS[0] / 2 else WIDTHS[1]) / 2 - millimetres / 2)
    made.paragraph_format.left_indent = made.paragraph_format.right_indent = side
    _border(made, ("w:bottom",), 0)


def _border(paragraph: Paragraph, sides: Sequence[str], space: int) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    borders = OxmlElement("w:pBdr")
    for side in sides:
        line = OxmlElement(side)
        for name, value in (("val", "single"), ("sz", "6"), ("space", str(space)), ("color", "000000")):
            line.set(qn(f"w:{name}"), value)
        borders.append(line)
    properties = paragraph._p.get_or_add_pPr()
    # the schema wants it before spacing, indent and alignment
    properties.insert_element_before(
        borders, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc", "w:rPr"
    )


def _page_number(paragraph: Paragraph, size: float) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Pt

    for kind, words in (("begin", ""), ("", "PAGE"), ("end", "")):
        run = paragraph.add_run()
        run.font.size = Pt(size)
        mark = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            mark.set(qn("w:fldCharType"), kind)
        else:
            mark.text = words
        run._r.append(mark)


def _vietnamese(properties: Any) -> None:
    """Marks the words as Vietnamese, so that no editor underlines them."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    language = OxmlElement("w:lang")
    for script in ("w:val", "w:eastAsia"):
        language.set(qn(script), "vi-VN")
    properties.append(language)


def _safe(words: str) -> str:
    # a text with such a character is refused by the checks, and until then its letter shows where
    return NOT_IN_XML.sub("�", words)
