"""What a commune's radio clerk is given."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import datetime, time

import pytest

from loa.loudspeaker.airlog import COLUMNS, RESULTS
from loa.loudspeaker.package import Order, audio_name, build, zipped
from loa.model.artefact import Artefact
from loa.model.campaign import Localised
from loa.model.clock import VIETNAM
from loa.model.places import Commune

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
    communes=(
        Commune("05443", "Phường Phan Đình Phùng", "phường", "19", "Thái Nguyên"),
        Commune("05449", "Xã Tân Cương", "xã", "19", "Thái Nguyên"),
    ),
)
TOLD = {
    "engine": "espeak",
    "engine_version": "1",
    "fit": "draft",
    "seconds": "75.2",
    "loudness": "-16.05",
    "peak": "-1.9",
}


def artefact(name: str, role: str, data: bytes) -> tuple[Artefact, bytes]:
    sha256 = hashlib.sha256(data).hexdigest()
    return Artefact(
        sha256, name, "application/octet-stream", len(data), role, "vi", TOLD if role == "audio" else {}
    ), data


FILES = (
    artefact("toan-van-vi.txt", "script", "Toàn văn".encode()),
    artefact("loi-doc-vi.txt", "spoken", "Lời đọc".encode()),
    artefact(audio_name("vi", draft=True), "audio", b"mp3"),
)


@pytest.fixture(scope="module")
def package() -> dict[str, bytes]:
    return build(ORDER, FILES)


def test_the_package_is_complete(package: dict[str, bytes]) -> None:
    assert set(package) == {
        "huong-dan-phat.txt", "loi-doc-vi.txt", "manifest.json", "nhat-ky-phat-thanh.xlsx",
        "phat-thanh-vi-ban-nhap-draft.mp3", "toan-van-vi.txt",
    }  # fmt: skip


def test_file_names_survive_every_machine(package: dict[str, bytes]) -> None:
    assert all(re.fullmatch(r"[a-z0-9-]+\.[a-z0-9]+", name) for name in package)


def test_a_draft_says_so_in_its_name_and_a_broadcast_does_not() -> None:
    assert audio_name("en", draft=True) == "phat-thanh-en-ban-nhap-draft.mp3"
    assert audio_name("en", draft=False) == "phat-thanh-en.mp3"


def test_the_manifest_names_every_other_file_by_its_hash(package: dict[str, bytes]) -> None:
    manifest = json.loads(package["manifest.json"])
    assert {item["name"]: item["sha256"] for item in manifest["files"]} == {
        name: hashlib.sha256(data).hexdigest() for name, data in package.items() if name != "manifest.json"
    }


def test_the_manifest_says_what_where_and_until_when(package: dict[str, bytes]) -> None:
    manifest = json.loads(package["manifest.json"])
    assert {key: manifest[key] for key in ("id", "plan", "clauses", "valid_from", "valid_to", "communes")} == {
        "id": ORDER.id,
        "plan": "81/KH-UBND",
        "clauses": ["2.2", "3.3"],
        "valid_from": "2027-09-10T08:30:00+07:00",
        "valid_to": "2027-09-10T23:59:00+07:00",
        "communes": 2,
    }
    assert manifest["level"]["vi"] == "Ưu tiên"
    assert manifest["audio"][0] | {"fit": "draft", "engine": "espeak", "seconds": 75.2} == manifest["audio"][0]


def test_the_guide_warns_of_a_draft(package: dict[str, bytes]) -> None:
    guide = package["huong-dan-phat.txt"].decode("utf-8-sig")
    assert "BẢN NHÁP: chỉ phát khi lãnh đạo đã cho phép bằng văn bản." in guide
    assert "Mức độ: Ưu tiên." in guide
    assert "từ 08:30 ngày 10/09/2027 đến 23:59 ngày 10/09/2027" in guide


def test_the_same_inputs_give_the_same_bytes(package: dict[str, bytes]) -> None:
    assert build(ORDER, FILES) == package
    assert zipped(build(ORDER, FILES)) == zipped(package)


def test_the_zip_holds_the_files_and_no_clock(package: dict[str, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(zipped(package))) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == package
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def sheet(package: dict[str, bytes]) -> tuple[list[list[str]], str]:
    """The cells of the air log, and its raw XML."""
    with zipfile.ZipFile(io.BytesIO(package["nhat-ky-phat-thanh.xlsx"])) as book:
        texts = [
            "".join(re.findall(r"<t[^>]*>([^<]*)</t>", item))
            for item in re.findall(r"<si>(.*?)</si>", book.read("xl/sharedStrings.xml").decode(), re.DOTALL)
        ]
        raw = book.read("xl/worksheets/sheet1.xml").decode()
    rows = re.findall(r"<row [^>]*>(.*?)</row>", raw)
    return [[texts[int(value)] for value in re.findall(r't="s"><v>(\d+)</v>', row)] for row in rows], raw


def test_the_air_log_has_a_row_per_commune_and_results_to_choose_from(package: dict[str, bytes]) -> None:
    rows, raw = sheet(package)
    assert rows[3] == [name for name, _ in COLUMNS]
    assert rows[4:6] == [["05443", "Phường Phan Đình Phùng"], ["05449", "Xã Tân Cương"]]
    assert f'"{",".join(RESULTS)}"' in raw
    assert ORDER.id in rows[1][0]


def test_with_slots_the_air_log_has_a_row_for_each() -> None:
    rows, _ = sheet(build(replace(ORDER, slots=(time(5, 30), time(17, 0))), FILES))
    assert [row[-1] for row in rows[4:8]] == ["05:30", "17:00", "05:30", "17:00"]
