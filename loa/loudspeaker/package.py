"""The broadcast package: what a commune's radio clerk is given. Pure: the same bytes for the same inputs."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Literal

from loa.loudspeaker.airlog import airlog
from loa.model.artefact import Artefact
from loa.model.campaign import Localised
from loa.model.places import Commune

LevelName = Literal["thong-thuong", "uu-tien", "khan-cap"]
# Circular 39/2020/TT-BTTTT: the commune schedules ordinary bulletins itself, priority ones go before them, urgent ones
# are broadcast at once.
LEVELS: Mapping[LevelName, Localised] = {
    "thong-thuong": Localised(vi="Thông thường", en="Ordinary"),
    "uu-tien": Localised(vi="Ưu tiên", en="Priority"),
    "khan-cap": Localised(vi="Khẩn cấp", en="Urgent"),
}
_WHEN = {
    "thong-thuong": "Xã, phường xếp vào khung giờ phát thanh của mình trong thời gian nêu dưới đây.",
    "uu-tien": "Phát trước các bản tin thông thường, ngay trong buổi phát gần nhất thuộc thời gian nêu trên.",
    "khan-cap": "Phát ngay khi nhận được.",
}

MANIFEST, GUIDE, AIRLOG = "manifest.json", "huong-dan-phat.txt", "nhat-ky-phat-thanh.xlsx"
_LANGUAGES = {"vi": "tiếng Việt", "en": "tiếng Anh"}


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be broadcast, where, and from when to when (Vietnam's time). No `slots`: the commune's own hours."""

    id: str
    title: Localised
    campaign: Localised
    issuer: Localised
    plan: str
    clauses: tuple[str, ...]
    level: LevelName
    valid_from: datetime
    valid_to: datetime
    communes: tuple[Commune, ...]
    slots: tuple[time, ...] = ()


def build(order: Order, files: Sequence[tuple[Artefact, bytes]]) -> dict[str, bytes]:
    """File name -> bytes. `files` are the scripts, spoken texts and audio of every language."""
    package = {artefact.name: data for artefact, data in files}
    audio = [artefact for artefact, _ in files if artefact.role == "audio"]
    package[AIRLOG] = airlog(order.id, order.title.vi, order.communes, order.slots)
    package[GUIDE] = _guide(order, audio).encode("utf-8-sig")  # Notepad knows UTF-8 by its mark
    package[MANIFEST] = _manifest(order, audio, package)
    return dict(sorted(package.items()))


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The files as one zip whose bytes depend on nothing but them: no clock, no machine."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # otherwise the machine's own
            entry.external_attr = 0o644 << 16
            # MP3 does not shrink
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(".mp3") else zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return buffer.getvalue()


def _manifest(order: Order, audio: Sequence[Artefact], package: Mapping[str, bytes]) -> bytes:
    level = LEVELS[order.level]
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
        "slots": [f"{slot:%H:%M}" for slot in order.slots],
        "communes": len(order.communes),
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
        "file": artefact.name,
        "language": artefact.language,
        "engine": told["engine"],
        "engine_version": told["engine_version"],
        "fit": told["fit"],
        "seconds": float(told["seconds"]),
        "loudness_lufs": float(told["loudness"]),
        "true_peak_dbtp": float(told["peak"]),
    }


def _guide(order: Order, audio: Sequence[Artefact]) -> str:
    """One page for the clerk who opens the folder."""
    hours = ", ".join(f"{slot:%H:%M}" for slot in order.slots) or "theo khung giờ phát thanh của địa phương"
    lines = [
        "HƯỚNG DẪN PHÁT THANH",
        "",
        f"Bản tin: {order.title.vi}",
        f"Chiến dịch: {order.campaign.vi}",
        f"Cơ quan ban hành: {order.issuer.vi}",
        f"Căn cứ: Kế hoạch {order.plan}, nhiệm vụ {', '.join(order.clauses)}",
        f"Mức độ: {LEVELS[order.level].vi}. {_WHEN[order.level]}",
        f"Thời gian phát: từ {_moment(order.valid_from)} đến {_moment(order.valid_to)}",
        f"Giờ phát: {hours}",
        f"Nơi phát: {len(order.communes)} xã, phường (danh sách trong {AIRLOG})",
        "",
        "TRONG THƯ MỤC NÀY CÓ",
        "",
    ]
    for artefact in audio:
        draft = (
            " BẢN NHÁP: chỉ phát khi lãnh đạo đã cho phép bằng văn bản."
            if artefact.provenance["fit"] == "draft"
            else ""
        )
        length = round(float(artefact.provenance["seconds"]))
        name = _LANGUAGES.get(artefact.language, artefact.language)
        lines.append(f"- {artefact.name}: tệp âm thanh {name}, dài {length} giây.{draft}")
        lines.append(f"- {script_name(artefact.language)}: toàn văn {name}.")
        lines.append(
            f"- {spoken_name(artefact.language)}: lời đọc {name} cho phát thanh viên, mọi con số đã viết ra chữ."
        )
    lines += [
        f"- {AIRLOG}: nhật ký phát, ghi một dòng cho mỗi lần phát.",
        f"- {MANIFEST}: thông tin gói tin cho máy đọc.",
        "",
        "CÁCH LÀM",
        "",
        "1. Nghe thử tệp âm thanh trước khi phát. Nếu không phát được tệp, phát thanh viên đọc theo lời đọc.",
        "2. Không cắt, ghép hay sửa tệp âm thanh.",
        f"3. Phát xong, ghi vào {AIRLOG}: ngày giờ, cụm loa, kết quả; nếu không phát được, ghi lý do.",
        "4. Gửi lại nhật ký đã có người ký cho cơ quan ban hành. Kết quả chỉ được tính theo nhật ký này.",
        "",
    ]
    return "\r\n".join(lines)


def _moment(moment: datetime) -> str:
    return f"{moment:%H:%M} ngày {moment:%d/%m/%Y}"


def audio_name(language: str, *, draft: bool) -> str:
    return f"phat-thanh-{language}{'-ban-nhap-draft' if draft else ''}.mp3"


def script_name(language: str) -> str:
    return f"toan-van-{language}.txt"


def spoken_name(language: str) -> str:
    return f"loi-doc-{language}.txt"
