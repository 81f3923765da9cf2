"""What the letter says, sentence by sentence, in the words of a Vietnamese office. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time

from loa.sms.broadcast.request import Area, Request, data, in_sentence, may_request
from loa.text.normal import fold

FEW = 8  # communes that are named in a sentence; more are listed in an annex
ENCODINGS = {"accented": "có dấu", "unaccented": "không dấu"}
CLASSES = {
    "notice": "thông báo của cơ quan nhà nước, không phải tin nhắn quảng cáo",
    "advertising": "tin nhắn quảng cáo",  # the checks let no such request out
}
ALPHABETS = {"gsm7": "bảng mã GSM 7 bit", "ucs2": "bảng mã Unicode (UCS-2)"}


def heading(request: Request) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lines at the top left, in capitals: the superior body's, of which a provincial or central body has none, and
    the issuer's own.

    A People's Committee's name is written out and set over two lines; only a superior body's may be abbreviated
    (Decree 30/2020, Annex I, part I, section II).
    """
    whole = _written_out(request.issuer)
    start = "Ủy ban nhân dân"
    own = (start.upper(), whole[len(start) :].strip().upper()) if whole.startswith(start) else (whole.upper(),)
    return () if may_request(request.issuer) else (request.plan.issuer.upper(),), own


def symbol(request: Request) -> str:
    """The end of the number line, as far as it is known: the office adds its own unit."""
    return "/UBND-……" if _written_out(request.issuer).startswith("Ủy ban nhân dân") else "/……-……"


def subject(request: Request) -> str:
    """The trích yếu."""
    return f"V/v nhắn tin tuyên truyền {_small(request.campaign.vi)}"


def opening(request: Request) -> str:
    """Legal grounds, plan, and what is asked for."""
    grounds = " và ".join(
        f"Nghị định số {ground['number']} ngày {day(ground['date'])} của {ground['issuer']} {_about(ground['title'])}"
        for ground in data("letter")["grounds"]
    )
    plan = request.plan
    clauses = [task.clause for task in plan.tasks if task.clause in request.clauses]
    decided = f"{plan.decision} của Thủ tướng Chính phủ" if plan.decision.endswith("QĐ-TTg") else plan.decision
    return (
        f"Căn cứ {grounds}; thực hiện Kế hoạch số {plan.number} ngày {day(plan.date)} của {plan.issuer} "
        f"triển khai Quyết định số {decided} (nhiệm vụ {', '.join(clauses)}), {request.issuer} đề nghị "
        f"Quý doanh nghiệp phối hợp nhắn tin tới các thuê bao di động trên địa bàn, cụ thể như sau:"
    )


def items(request: Request) -> tuple[tuple[str, ...], ...]:
    """The numbered points, each a paragraph or more; the text itself is set apart by the layout, under the first."""
    return (
        (
            "1. Nội dung tin nhắn (gửi đúng nguyên văn, không thêm, bớt hoặc sửa đổi; có tệp văn bản kèm theo):",
            request.text.payload,
            text_facts(request),
        ),
        (f"2. Tên định danh của người gửi (brandname): {request.sender}.",),
        (f"3. Đối tượng nhận: các thuê bao di động của Quý doanh nghiệp {where(request)}.",),
        (f"4. Thời gian gửi: {when(request)}; mỗi thuê bao nhận một lần.",),
        (f"5. Loại tin nhắn: {CLASSES[request.message_class]}.",),
        (
            "6. Kết quả: đề nghị Quý doanh nghiệp có văn bản thông báo số thuê bao thuộc đối tượng nhận, số tin nhắn "
            "đã gửi, số tin nhắn gửi thành công và thời gian gửi thực tế (theo biểu kèm theo), gửi về "
            f"{request.office} trước ngày {day(request.times.answer_by)}.",
        ),
    )


def text_facts(request: Request) -> str:
    """How the text goes out, and what it says with its accents."""
    text = request.text
    facts = (
        f"Tin nhắn {ENCODINGS[text.encoding]}, {ALPHABETS[text.alphabet]}, {text.units} ký tự, "
        f"{text.parts:02d} bản tin cho mỗi thuê bao."
    )
    if text.encoding == "unaccented":
        facts += f" Bản có dấu để đối chiếu, không gửi: “{text.accented}”"
    return facts


def where(request: Request) -> str:
    """The area, as it stands after "the subscribers": few communes by name, many by their annex."""
    region = request.region
    provinces = " và ".join(region.provinces)
    if region.whole:
        return f"trên địa bàn {provinces}"
    names = [in_sentence(area.name) for area in region.areas]
    if len(names) > FEW:
        return f"tại {len(names)} xã, phường thuộc {provinces} (danh sách tại Phụ lục kèm theo)"
    return f"tại {_listed(names)}, {provinces}"


def annex(request: Request) -> Sequence[Area]:
    """The communes that the letter lists in an annex; none where the sentence names them."""
    region = request.region
    return () if region.whole or len(region.areas) <= FEW else region.areas


def when(request: Request) -> str:
    times = request.times
    words = f"từ {moment(times.start)} đến {moment(times.end)}"
    if times.days > 1:
        words += f", mỗi ngày chỉ gửi từ {hour(times.start.time())} đến {hour(times.end.time())}"
    return words


def contact(request: Request) -> str:
    asked = request.contact
    email = f", thư điện tử {asked.email}" if asked.email else ""
    return (
        f"Trong quá trình thực hiện, nếu cần trao đổi, đề nghị liên hệ {asked.name}, điện thoại {asked.phone}{email}."
    )


def closing(request: Request) -> str:
    """The last sentence, with the mark that ends an official document."""
    return f"{request.issuer} rất mong nhận được sự phối hợp của Quý doanh nghiệp./."


def recipients(request: Request) -> tuple[str, ...]:
    """The lines of "Nơi nhận"."""
    own = () if fold(request.office) == fold(request.issuer) else (f"- {request.office};",)
    return ("- Như trên;", *own, "- Lưu: VT.")


def day(value: date) -> str:
    """`05/4/2025`: a zero stands before days below 10 and before the months 1 and 2 (Decree 30/2020)."""
    return (
        f"{value.day:02d}/{value.month:02d}/{value.year}"
        if value.month < 3
        else f"{value:%d}/{value.month}/{value.year}"
    )


def hour(value: time) -> str:
    return f"{value:%H} giờ {value:%M} phút"


def moment(value: datetime) -> str:
    return f"{hour(value.time())} ngày {day(value.date())}"


def _written_out(issuer: str) -> str:
    return f"Ủy ban nhân dân{issuer[4:]}" if issuer.startswith("UBND") else issuer


def _about(title: str) -> str:
    """A decree's title begins with its own verb, or takes "về"."""
    return title if title.startswith("quy định") else f"về {title}"


def _small(title: str) -> str:
    """A title inside a sentence: its first letter small, unless its first word is a name or an abbreviation."""
    first = title.split()[0] if title else ""
    return title if first.isupper() else title[:1].lower() + title[1:]


def _listed(names: Sequence[str]) -> str:
    """`xã A, xã B và xã C`."""
    return " và ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
