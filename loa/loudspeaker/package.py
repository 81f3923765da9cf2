"""The broadcast package: what one commune's radio clerk is given. Pure: the same bytes for the same inputs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from loa.archive import zipped
from loa.loudspeaker.airlog import Sheet, airlog
from loa.loudspeaker.sheet import Reader, reading_sheet
from loa.model.artefact import Artefact
from loa.model.campaign import Localised
from loa.model.languages import language_words
from loa.model.places import Commune, Station
from loa.text.normal import slug

LevelName = Literal["thong-thuong", "uu-tien", "khan-cap"]
# Circular 39/2020/TT-BTTTT: the commune schedules ordinary bulletins itself, priority ones go before them, urgent ones
# are broadcast at once.
LEVELS: Mapping[LevelName, Localised] = {
    "thong-thuong": Localised(vi="Thông thường", en="Ordinary"),
    "uu-tien": Localised(vi="Ưu tiên", en="Priority"),
    "khan-cap": Localised(vi="Khẩn cấp", en="Urgent"),
}
_WHEN: Mapping[LevelName, str] = {
    "thong-thuong": "Đài xếp vào khung giờ phát thanh của mình trong thời gian nêu dưới đây.",
    "uu-tien": "Phát trước các bản tin thông thường, ngay trong buổi phát gần nhất thuộc thời gian nêu dưới đây.",
    "khan-cap": "Phát ngay khi nhận được, không chờ đến khung giờ.",
}

_LONGEST = 100  # of a commune's name in a file's; file systems take 255 bytes, Windows 260 with all folders
MANIFEST, GUIDE, AIRLOG = "manifest.json", "huong-dan-phat.txt", "nhat-ky-phat-thanh.xlsx"


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approved what goes out, when, under which bundle, and what was passed with a written reason."""

    by: str
    at: datetime
    bundle: str
    overrides: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Order:
    """What one commune is to broadcast, and from when to when (Vietnam's time). `times`: at least so often."""

    id: str
    title: Localised
    campaign: Localised
    issuer: Localised
    plan: str
    clauses: tuple[str, ...]
    level: LevelName
    valid_from: datetime
    valid_to: datetime
    times: int
    body_times: int
    commune: Commune
    station: Station
    approval: Approval | None = None

    @property
    def stem(self) -> str:
        """The name of its zip, without the ending: `05443-phuong-phan-dinh-phung`."""
        return f"{self.commune.code}-{slug(self.commune.name)[:_LONGEST]}"


def build(order: Order, files: Sequence[tuple[Artefact, bytes]]) -> dict[str, bytes]:
    """File name -> bytes. `files` are the scripts, spoken texts and audio of this commune in its languages."""
    package: dict[str, bytes] = {}
    for artefact, data in files:
        if artefact.role != "script" or "translates" not in artefact.provenance:
            package[file_name(artefact)] = data
        if artefact.role == "spoken":
            reader = Reader(artefact.language, translates="translates" in artefact.provenance)
            words, place = data.decode("utf-8-sig"), order.commune.name
            sheet = reading_sheet(order.title.vi, place, words, reader, order.body_times)
            package[sheet_name(artefact.language)] = sheet
    audio = [artefact for artefact, _ in files if artefact.role == "audio"]
    package[AIRLOG] = airlog(_sheet(order, audio))
    package[GUIDE] = _guide(order, audio).encode("utf-8-sig")  # Notepad knows UTF-8 by its mark
    package[MANIFEST] = _manifest(order, audio, package)
    return dict(sorted(package.items()))


def parcel(order: Order, files: Sequence[tuple[Artefact, bytes]]) -> dict[str, bytes]:
    """The package as it is handed over: one zip named after the commune."""
    return {f"{order.stem}.zip": zipped(build(order, files), order.valid_from)}


def _sheet(order: Order, audio: Sequence[Artefact]) -> Sheet:
    return Sheet(
        package=order.id,
        title=order.title.vi,
        commune=order.commune,
        clusters=order.station.clusters,
        slots=() if order.level == "khan-cap" else order.station.slots,
        languages=tuple(artefact.language for artefact in audio),
        valid_from=order.valid_from.date(),
        valid_to=order.valid_to.date(),
        level=LEVELS[order.level].vi,
        seconds={artefact.language: round(float(artefact.provenance["seconds"])) for artefact in audio},
    )


def _manifest(order: Order, audio: Sequence[Artefact], package: Mapping[str, bytes]) -> bytes:
    level, station, approval = LEVELS[order.level], order.station, order.approval
    content = {
        "id": order.id,
        "title": {"vi": order.title.vi, "en": order.title.en},
        "campaign": {"vi": order.campaign.vi, "en": order.campaign.en},
        "issuer": {"vi": order.issuer.vi, "en": order.issuer.en},
        "plan": order.plan,
        "clauses": list(order.clauses),
        "level": {"id": order.level, "vi": level.vi, "en": level.en},
        "valid_from": order.valid_from.isoformat(),
        "valid_to": order.valid_to.isoformat(),
        "times": order.times,
        "commune": {"code": order.commune.code, "name": order.commune.name, "province": order.commune.province},
        "station": station.name,
        "slots": [f"{slot:%H:%M}" for slot in station.slots],
        "clusters": list(station.clusters),
        "approval": {
            "by": approval.by,
            "at": approval.at.isoformat(),
            "bundle": approval.bundle,
            "overrides": dict(approval.overrides),
        }
        if approval
        else None,
        "audio": [_audio(artefact) for artefact in audio],
        "files": [
            {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in sorted(package.items())
        ],
    }
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def _audio(artefact: Artefact) -> dict[str, object]:
    told = artefact.provenance
    return {
        "file": file_name(artefact),
        "language": artefact.language,
        "language_name": language_words(artefact.language).vi,
        "voice": told["engine"],
        "voice_version": told["engine_version"],
        "fit": told["fit"],
        "profile": told["profile"],
        "seconds": float(told["seconds"]),
        "loudness_lufs": float(told["loudness"]),
        "true_peak_dbtp": float(told["peak"]),
    }


def _guide(order: Order, audio: Sequence[Artefact]) -> str:
    """One page for the clerk who opens the folder."""
    station = order.station
    hours = ", ".join(f"{slot:%H:%M}" for slot in station.slots)
    each = " mỗi thứ tiếng" if len(audio) > 1 else ""
    lines = [
        "HƯỚNG DẪN PHÁT THANH",
        "",
        f"Bản tin: {order.title.vi}",
        f"Chiến dịch: {order.campaign.vi}",
        f"Cơ quan ban hành: {order.issuer.vi}",
        f"Căn cứ: Kế hoạch {order.plan}, nhiệm vụ {', '.join(order.clauses)}",
        f"Nơi phát: {', '.join(filter(None, (station.name, order.commune.name)))} (mã xã {order.commune.code})",
        f"Mức độ: {LEVELS[order.level].vi}. {_WHEN[order.level]}",
        f"Thời gian phát: {_from(order)} đến {_moment(order.valid_to)}, ít nhất {order.times} lần{each}",
    ]
    if order.level != "khan-cap":
        lines.append(f"Khung giờ: {hours}")
    if station.clusters:
        lines.append(f"Cụm loa: {'; '.join(station.clusters)}")
    if order.approval:
        lines.append(f"Phê duyệt: {order.approval.by}, {_moment(order.approval.at)}, gói {order.approval.bundle[:12]}")
    lines += ["", "TRONG THƯ MỤC NÀY CÓ", "", *_listed(order, audio), "", "CÁCH LÀM", "", *_STEPS, ""]
    return "\r\n".join(lines)


_STEPS = (
    "1. Giải nén gói này, nghe thử tệp âm thanh trước khi phát. Không cắt, ghép hay sửa tệp âm thanh.",
    "2. Nếu không phát được tệp (hỏng máy, mất tệp), phát thanh viên đọc trực tiếp theo bản đọc.",
    f"3. Phát xong, ghi vào {AIRLOG}: ngày, giờ, cụm loa, kết quả; nếu không phát được, ghi lý do.",
    "4. Gửi lại chính tệp nhật ký này cho cơ quan ban hành; nếu cần chữ ký, gửi kèm bản in đã ký. Kết quả chỉ được tính"
    " theo nhật ký.",
)


def _listed(order: Order, audio: Sequence[Artefact]) -> list[str]:
    lines = []
    for artefact in audio:
        name, language = language_words(artefact.language).vi, artefact.language
        length = round(float(artefact.provenance["seconds"]))
        lines.append(f"- {file_name(artefact)}: tệp âm thanh {name}, dài {length} giây.{_draft(order, artefact)}")
        if "translates" in artefact.provenance:
            lines.append(f"- {text_name('translates', language)}: lời tiếng Việt để người đọc dịch sang {name}.")
        else:
            lines.append(f"- {text_name('script', language)}: toàn văn {name}.")
            lines.append(f"- {text_name('spoken', language)}: lời đọc {name}, mọi con số đã viết ra chữ.")
        lines.append(f"- {sheet_name(language)}: bản đọc {name} cho phát thanh viên, chữ to, chia theo lượt.")
    return [
        *lines,
        f"- {AIRLOG}: nhật ký phát, ghi một dòng cho mỗi lần phát.",
        f"- {MANIFEST}: thông tin gói tin cho máy đọc.",
    ]


def _draft(order: Order, artefact: Artefact) -> str:
    """What the clerk must know of a draft: whether it was allowed, and why."""
    if artefact.provenance["fit"] != "draft":
        return ""
    reason = order.approval.overrides.get("draft-speech") if order.approval else None
    if reason:
        return f" BẢN NHÁP do máy đọc; người phê duyệt cho phép phát với lý do: {reason}"
    return " BẢN NHÁP do máy đọc: chỉ phát khi lãnh đạo đã cho phép bằng văn bản."


def _from(order: Order) -> str:
    return "ngay khi nhận được" if order.level == "khan-cap" else f"từ {_moment(order.valid_from)}"


def _moment(moment: datetime) -> str:
    return f"{moment:%H:%M} ngày {moment:%d/%m/%Y}"


def language_slug(language: str) -> str:
    """A language in a file's name: `tieng-viet`, `tieng-gia-rai`."""
    return slug(language_words(language).vi)


def file_name(artefact: Artefact) -> str:
    """The name of an artefact in a commune's package. A draft says so in its name."""
    if artefact.role != "audio":
        role = "translates" if "translates" in artefact.provenance else artefact.role
        return text_name(role, artefact.language)
    ending = artefact.name.rpartition(".")[2]
    return f"{audio_stem(artefact.language, draft=artefact.provenance['fit'] == 'draft')}.{ending}"


def audio_stem(language: str, *, draft: bool) -> str:
    return f"{'BAN-NHAP-' if draft else ''}phat-thanh-{language_slug(language)}"


def text_name(role: str, language: str) -> str:
    """`script` is the full text, `spoken` what is read aloud, `translates` Vietnamese words that a reader puts over."""
    names = {"script": "toan-van", "spoken": "loi-doc", "translates": "loi-tieng-viet-de-doc-bang"}
    return f"{names[role]}-{language_slug(language)}.txt"


def sheet_name(language: str) -> str:
    """The sheet that a person reads from."""
    return f"ban-doc-{language_slug(language)}.docx"
