"""What a commune's radio clerk is given."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import datetime, time

import docx
import pytest

from loa.loudspeaker.package import Approval, Order, build, parcel
from loa.model.artefact import Artefact
from loa.model.campaign import Localised
from loa.model.clock import VIETNAM
from loa.model.places import Commune, Station

ORDER = Order(
    id="dvc-10-10-2027-d-30-phat-thanh",
    title=Localised(vi="Bản tin truyền thanh - Mở đầu", en="Bulletin"),
    campaign=Localised(vi="Dịch vụ công trực tuyến", en="Online public services"),
    issuer=Localised(vi="UBND tỉnh Thái Nguyên", en="Thai Nguyen People's Committee"),
    plan="81/KH-UBND",
    clauses=("2.2", "3.3"),
    level="uu-tien",
    valid_from=datetime(2027, 9, 10, 8, 30, tzinfo=VIETNAM),
    valid_to=datetime(2027, 9, 10, 23, 59, tzinfo=VIETNAM),
    times=1,
    body_times=2,
    commune=Commune("05443", "Phường Phan Đình Phùng", "phường", "19", "Thái Nguyên"),
    station=Station("05443", (time(5, 30), time(17, 0)), clusters=("Tổ 1", "Tổ 2")),
)
APPROVED = replace(
    ORDER,
    approval=Approval(
        "lãnh đạo phòng", datetime(2027, 9, 9, 9, 0, tzinfo=VIETNAM), "ab" * 32, {"draft-speech": "diễn tập nội bộ"}
    ),
)
TOLD = {
    "engine": "espeak",
    "engine_version": "1",
    "fit": "draft",
    "profile": "loa-mp3-128",
    "seconds": "75.2",
    "loudness": "-16.05",
    "peak": "-1.9",
}
SCRIPT = "## Lời chào\n\nA\n\n## Nội dung\n\nB\n\n## Lời nhắc\n\nC\n\n## Lời kết\n\nD\n"


def artefact(name: str, role: str, data: bytes, language: str = "vi") -> tuple[Artefact, bytes]:
    sha256 = hashlib.sha256(data).hexdigest()
    told = TOLD if role == "audio" else {}
    return Artefact(sha256, name, "application/octet-stream", len(data), role, language, told), data


FILES = (
    artefact("toan-van-tieng-viet-05443.txt", "script", SCRIPT.encode()),
    artefact("loi-doc-tieng-viet-05443.txt", "spoken", SCRIPT.encode()),
    artefact("BAN-NHAP-phat-thanh-tieng-viet-05443.mp3", "audio", b"mp3"),
)


@pytest.fixture(scope="module")
def package() -> dict[str, bytes]:
    return build(ORDER, FILES)


def test_the_package_is_complete_and_its_names_say_what_is_in_it(package: dict[str, bytes]) -> None:
    assert set(package) == {
        "huong-dan-phat.txt", "loi-doc-tieng-viet.txt", "manifest.json", "nhat-ky-phat-thanh.xlsx",
        "BAN-NHAP-phat-thanh-tieng-viet.mp3", "toan-van-tieng-viet.txt", "ban-doc-tieng-viet.docx",
    }  # fmt: skip


def test_file_names_survive_every_machine(package: dict[str, bytes]) -> None:
    assert all(re.fullmatch(r"[A-Za-z0-9-]+\.[a-z0-9]+", name) for name in package)


def test_only_a_draft_is_called_one() -> None:
    sound, data = artefact("phat-thanh-tieng-gia-rai.wav", "audio", b"wav", "jra")
    broadcast = replace(sound, provenance={**TOLD, "fit": "broadcast"})
    assert "phat-thanh-tieng-gia-rai.wav" in build(ORDER, [(broadcast, data)])


def test_words_that_are_still_to_be_translated_are_not_called_a_text_in_that_language() -> None:
    files = [
        (replace(one, language="jra", provenance={**TOLD, "fit": "broadcast", "translates": "vi"}), data)
        for one, data in FILES
    ]
    made = build(ORDER, files)
    assert "loi-tieng-viet-de-doc-bang-tieng-gia-rai.txt" in made
    assert not {name for name in made if name.startswith(("toan-van", "loi-doc"))}
    assert "lời tiếng Việt để người đọc dịch sang tiếng Gia Rai" in made["huong-dan-phat.txt"].decode("utf-8-sig")


def test_the_manifest_names_every_other_file_by_its_hash(package: dict[str, bytes]) -> None:
    manifest = json.loads(package["manifest.json"])
    assert {item["name"]: item["sha256"] for item in manifest["files"]} == {
        name: hashlib.sha256(data).hexdigest() for name, data in package.items() if name != "manifest.json"
    }


def test_the_manifest_says_what_where_and_until_when(package: dict[str, bytes]) -> None:
    manifest = json.loads(package["manifest.json"])
    assert {key: manifest[key] for key in ("id", "plan", "clauses", "valid_from", "valid_to", "slots")} == {
        "id": ORDER.id,
        "plan": "81/KH-UBND",
        "clauses": ["2.2", "3.3"],
        "valid_from": "2027-09-10T08:30:00+07:00",
        "valid_to": "2027-09-10T23:59:00+07:00",
        "slots": ["05:30", "17:00"],
    }
    assert manifest["commune"]["code"] == "05443"
    assert manifest["approval"] is None
    assert manifest["level"]["vi"] == "Ưu tiên"
    assert manifest["audio"][0] | {"fit": "draft", "voice": "espeak", "seconds": 75.2} == manifest["audio"][0]


def test_the_guide_warns_of_a_draft(package: dict[str, bytes]) -> None:
    guide = package["huong-dan-phat.txt"].decode("utf-8-sig")
    assert "BẢN NHÁP do máy đọc: chỉ phát khi lãnh đạo đã cho phép bằng văn bản." in guide
    assert "Mức độ: Ưu tiên." in guide
    assert "từ 08:30 ngày 10/09/2027 đến 23:59 ngày 10/09/2027" in guide


def test_who_approved_and_why_a_draft_may_be_heard_goes_with_the_package() -> None:
    made = build(APPROVED, FILES)
    assert json.loads(made["manifest.json"])["approval"] == {
        "by": "lãnh đạo phòng",
        "at": "2027-09-09T09:00:00+07:00",
        "bundle": "ab" * 32,
        "overrides": {"draft-speech": "diễn tập nội bộ"},
    }
    guide = made["huong-dan-phat.txt"].decode("utf-8-sig")
    assert "cho phép phát với lý do: diễn tập nội bộ" in guide
    assert "Phê duyệt: lãnh đạo phòng" in guide


def test_an_urgent_bulletin_names_no_hours() -> None:
    guide = build(replace(ORDER, level="khan-cap"), FILES)["huong-dan-phat.txt"].decode("utf-8-sig")
    assert "Phát ngay khi nhận được" in guide
    assert "05:30" not in guide


def test_the_same_inputs_give_the_same_bytes(package: dict[str, bytes]) -> None:
    assert build(ORDER, FILES) == package
    assert parcel(ORDER, FILES) == parcel(ORDER, FILES)


def test_the_zip_is_named_after_the_commune_and_holds_the_files_and_no_clock(package: dict[str, bytes]) -> None:
    ((name, data),) = parcel(ORDER, FILES).items()
    assert name == "05443-phuong-phan-dinh-phung.zip"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == package
        assert {entry.date_time for entry in archive.infolist()} == {(2027, 9, 10, 8, 30, 0)}  # the broadcast's own


@pytest.mark.parametrize("name", ["Xã ../../etc/passwd", "Xã A/B", "C:\\Xã", "***", "Xã\nmới", "Xã " + "x" * 300])
def test_whatever_a_commune_is_called_its_zip_stays_in_its_folder(name: str) -> None:
    (made,) = parcel(replace(ORDER, commune=replace(ORDER.commune, name=name)), FILES)
    assert re.fullmatch(r"05443-[a-z0-9-]{1,100}\.zip", made)


def words_of(document: bytes) -> str:
    return "\n".join(
        [paragraph.text for paragraph in docx.Document(io.BytesIO(document)).paragraphs]
        + [cell.text for row in docx.Document(io.BytesIO(document)).tables[0].rows for cell in row.cells]
    )


def test_the_sheet_to_read_from_has_every_word_and_the_order_they_are_heard_in(package: dict[str, bytes]) -> None:
    words = words_of(package["ban-doc-tieng-viet.docx"])
    assert all(said in words.splitlines() for said in "ABCD")
    assert "Nội dung (nhắc lại)" in words
