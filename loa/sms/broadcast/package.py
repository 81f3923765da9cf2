"""The files that an office sends to one operator, and the page that tells the office what to do. Pure.

huong-dan.txt                   for the office: sign, send, enter what comes back
<operator>/cong-van-….docx      the letter, its number, date and signature left open
<operator>/noi-dung-gui-di.txt  exactly what is to be sent: no mark, no line end, nothing around it
<operator>/ban-co-dau-….txt     what it says with its accents, where it is sent without
<operator>/bieu-ket-qua-….xlsx  the form for the results
<operator>/danh-sach-xa-….csv   the communes, where the area is not whole provinces
<operator>/request-….json       all of it for machines
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from loa.sms.broadcast import wording
from loa.sms.broadcast.form import form
from loa.sms.broadcast.letter import letter
from loa.sms.broadcast.request import Request, data

GUIDE, PAYLOAD, ACCENTED = "huong-dan.txt", "noi-dung-gui-di.txt", "ban-co-dau-de-doi-chieu.txt"
OFFICE = "application/vnd.openxmlformats-officedocument"
MEDIA: Mapping[str, str] = {
    "docx": f"{OFFICE}.wordprocessingml.document",
    "xlsx": f"{OFFICE}.spreadsheetml.sheet",
    "txt": "text/plain",
    "csv": "text/csv",
    "json": "application/json",
}


def texts(request: Request) -> dict[str, bytes]:
    """The text files, the same for every operator.

    No byte order mark stands before what is sent: pasted with it, a plain text would go out as UCS-2.
    """
    made = {PAYLOAD: request.text.payload.encode()}
    if request.text.encoding == "unaccented":
        made[ACCENTED] = request.text.accented.encode("utf-8-sig")
    return made


def own_files(request: Request) -> dict[str, tuple[str, bytes]]:
    """Role -> (file name, bytes) of what is one operator's own."""
    slug = request.slug
    made = {
        "letter": (f"cong-van-{slug}.docx", letter(request)),
        "form": (f"bieu-ket-qua-{slug}.xlsx", form(request)),
    }
    if not request.region.whole:
        made["communes"] = (f"danh-sach-xa-phuong-{slug}.csv", _communes(request))
    # the letter and the form are filled in after this: their bytes do not stay
    listed = {**texts(request), **{name: content for role, (name, content) in made.items() if role == "communes"}}
    made["request"] = (f"request-{slug}.json", _request(request, listed))
    return made


def guide(requests: Sequence[Request]) -> bytes:
    """One page for the officer who opens the folder."""
    first = requests[0]
    ends = wording.day(first.times.answer_by)
    lines = [
        "HƯỚNG DẪN: ĐỀ NGHỊ DOANH NGHIỆP VIỄN THÔNG NHẮN TIN",
        "",
        f"Chiến dịch: {first.campaign.vi}",
        f"Cơ quan đề nghị: {first.issuer}",
        f"Thời gian đề nghị gửi: {wording.when(first)}",
        "",
        "MỖI DOANH NGHIỆP MỘT THƯ MỤC",
        "",
        *(f"- {request.slug}: gửi {request.addressee}" for request in requests),
        "",
        "CÁCH LÀM",
        "",
        "1. Mở công văn (.docx) trong từng thư mục, kiểm tra nơi nhận, ghi số, ngày, người ký; trình ký và phát hành.",
        f"2. Gửi công văn cùng mọi tệp trong thư mục đó. Nội dung nhắn tin là tệp {PAYLOAD}, không sửa.",
        f"3. Doanh nghiệp trả lời trước ngày {ends}, kèm biểu kết quả (.xlsx) đã điền.",
        "4. Nhập kết quả theo công văn trả lời:",
        f"   loa sms results {_command(first)} --file BIỂU.xlsx --letter SỐ-CÔNG-VĂN --date NGÀY --as TÊN",
        "   Kết quả chỉ được tính khi đã nhập công văn trả lời. Bàn giao gói này chưa có nghĩa là tin đã được gửi.",
        "",
    ]
    return "\r\n".join(lines).encode("utf-8-sig")  # Notepad knows UTF-8 by its mark


def _command(request: Request) -> str:
    campaign, year, wave = request.wave.split("/")
    return f"{campaign} {wave} {request.deliverable} --year {year}"


def _communes(request: Request) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(("ma_xa", "ten_xa"))
    writer.writerows((area.code, area.name) for area in request.region.areas)
    return buffer.getvalue().encode("utf-8-sig")


def _request(request: Request, files: Mapping[str, bytes]) -> bytes:
    content = {
        "version": 1,
        "kind": "operator-broadcast-request",
        "id": request.id,
        "wave": request.wave,
        "deliverable": request.deliverable,
        "operator": {"name": request.operator, "company": request.company, "addressee": request.addressee},
        "requester": {"issuer": request.issuer, "office": request.office, "contact": request.contact.model_dump()},
        "letter": {"number": None, "date": None, "subject": wording.subject(request)},
        "grounds": [ground["number"] for ground in data("letter")["grounds"]],
        "plan": {
            "number": request.plan.number,
            "date": request.plan.date.isoformat(),
            "decision": request.plan.decision,
            "clauses": list(request.clauses),
        },
        "message_class": request.message_class,
        "sender": request.sender,
        "text": _text(request),
        "area": {
            "whole": request.region.whole,
            "provinces": list(request.region.provinces),
            "areas": [{"code": area.code, "name": area.name} for area in request.region.areas],
        },
        "window": {
            "from": request.times.start.isoformat(),
            "to": request.times.end.isoformat(),
            "each_day": [f"{request.times.start:%H:%M}", f"{request.times.end:%H:%M}"],
        },
        "answer_by": request.times.answer_by.isoformat(),
        "files": [
            {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in sorted(files.items())
        ],
    }
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def _text(request: Request) -> dict[str, Any]:
    text = request.text
    return {
        "payload": text.payload,
        "sha256": hashlib.sha256(text.payload.encode()).hexdigest(),
        "accented": text.accented,
        "encoding": text.encoding,
        "alphabet": text.alphabet,
        "parts": text.parts,
        "units": text.units,
    }
