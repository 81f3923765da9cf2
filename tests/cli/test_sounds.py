"""`loa sound check`: any sound file, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loa.cli import run
from loa.loudspeaker.audio import joined, to_wav
from tests.loudspeaker.recordings import WORDS, encoded, louder, padded, voice

ROOT = Path(__file__).parents[2]


@pytest.fixture
def take(tmp_path: Path) -> Path:
    path = tmp_path / "bài đọc.wav"
    path.write_bytes(to_wav(padded()))
    return path


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "kich-ban.txt"
    path.write_text(f"## Nội dung\n\n{WORDS}\n", "utf-8-sig")
    return path


def checked(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict]:  # type: ignore[type-arg]
    code = run(["--workspace", str(ROOT), "--json", "sound", "check", *map(str, arguments)])
    return code, json.loads(capsys.readouterr().out)


def test_a_good_take_is_measured_and_counted(capsys: pytest.CaptureFixture[str], take: Path, script: Path) -> None:
    code, found = checked(capsys, take, "--script", script)
    assert code == 0
    assert (found["container"], found["codec"], found["channels"], found["rate"]) == ("wav", "pcm_s16le", 1, 22_050)
    assert found["words"] == len(WORDS.split())
    assert 200 < found["words_a_minute"] < 260
    assert -25 < found["loudness_lufs"] < -15
    assert {item["level"] for item in found["findings"]} == {"warn"}
    assert all(item["code"].startswith("sound-") for item in found["findings"])


def test_people_read_it_in_their_words(capsys: pytest.CaptureFixture[str], take: Path) -> None:
    assert run(["sound", "check", str(take)]) == 0
    said = capsys.readouterr().out
    assert "LUFS" in said and "dBTP" in said and "bài đọc.wav" in said and "lưu ý" in said


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "recording-empty"),
        (b"xin chao" * 99, "recording-unreadable"),
        (to_wav(louder(padded(), 4)), "recording-distorted"),
        (to_wav(louder(padded(), 0)), "recording-silent"),
    ],
    ids=["empty", "text", "distorted", "silent"],
)
def test_what_blocks_ends_with_three(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, take: Path, data: bytes, code: str
) -> None:
    take.write_bytes(data)
    page = tmp_path / "trang.html"
    status, found = checked(capsys, take, "-o", page)
    assert (status, found["findings"][0]["code"]) == (3, code)
    assert code in page.read_text("utf-8")


def test_a_take_of_another_script_is_too_short_for_it(
    capsys: pytest.CaptureFixture[str], take: Path, script: Path
) -> None:
    script.write_text(f"{WORDS}\n" * 4, "utf-8")
    status, found = checked(capsys, take, "--script", script)
    assert (status, found["findings"][0]["code"]) == (3, "recording-short")


def test_a_language_without_reading_rules_is_counted_as_it_is_written(
    capsys: pytest.CaptureFixture[str], take: Path, script: Path
) -> None:
    script.write_text("## Nội dung\n\n" + "Tơlơi pơ hing 10/10 " * 5, "utf-8")
    status, found = checked(capsys, take, "--script", script, "--language", "jra")
    assert (status, found["words"]) == (0, 20)


def test_a_damaged_file_is_measured_as_far_as_it_goes(capsys: pytest.CaptureFixture[str], take: Path) -> None:
    mp3 = encoded(padded(), "mp3")
    take.write_bytes(mp3[:40_000] + b"\xa5" * 3_000 + mp3[43_000:])
    status, found = checked(capsys, take)
    assert (status, found["findings"][0]["code"]) == (3, "recording-damaged")
    assert found["loudness_lufs"] is not None


def test_a_machine_hears_it_and_the_page_shows_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, take: Path, script: Path
) -> None:
    script.write_text(f"{WORDS} Gọi 1022.", "utf-8")
    page = tmp_path / "trang" / "am-thanh.html"
    page.parent.mkdir()
    code, found = checked(capsys, take, "--script", script, "--listen", "-o", page)
    assert code == 0
    assert found["hearing"]["listener"] == "viet-asr"
    assert 0.3 < found["hearing"]["word_error"] <= 1
    assert "1022" in [item["written"] for item in found["hearing"]["missed"]]
    assert "heard-unclear" in {item["code"] for item in found["findings"]}
    html = page.read_text("utf-8")
    assert "viet-asr" in html and "<del>" in html


def test_a_long_sound_stays_beside_the_page(capsys: pytest.CaptureFixture[str], tmp_path: Path, take: Path) -> None:
    take.write_bytes(to_wav(joined([voice()] * 13)))
    page = tmp_path / "sub" / "am-thanh.html"
    page.parent.mkdir()
    assert checked(capsys, take, "-o", page)[0] == 0
    assert 'src="./../b%C3%A0i%20%C4%91%E1%BB%8Dc.wav"' in page.read_text("utf-8")


@pytest.mark.parametrize("which", ["take", "script"])
def test_a_page_never_takes_the_place_of_what_it_is_about(
    capsys: pytest.CaptureFixture[str], take: Path, script: Path, which: str
) -> None:
    target = take if which == "take" else script
    before = target.read_bytes()
    status, found = checked(capsys, take, "--script", script, "-o", target)
    assert (status, found["errors"][0]["code"]) == (2, "usage-value")
    assert target.read_bytes() == before


def test_what_is_wrong_with_the_arguments_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, take: Path, script: Path
) -> None:
    assert checked(capsys, tmp_path / "none.wav")[1]["errors"][0]["code"] == "file-missing"
    assert checked(capsys, tmp_path)[1]["errors"][0]["code"] == "file-missing"
    assert checked(capsys, "/dev/zero")[1]["errors"][0]["code"] == "file-missing"
    assert checked(capsys, take, "--listen")[1]["errors"][0]["code"] == "usage-missing"
    script.write_bytes(b"\xff\xfe")
    assert checked(capsys, take, "--script", script)[1]["errors"][0]["code"] == "not-utf-8"
    script.write_text("## Nội dung\n\nMã XYZ.", "utf-8")
    [error] = checked(capsys, take, "--script", script)[1]["errors"]
    assert (error["code"], error["line"]) == ("token-unreadable", 3)
    script.write_text("## Nội dung\n", "utf-8")
    assert checked(capsys, take, "--script", script)[1]["errors"][0]["code"] == "file-empty"
    script.write_text(WORDS, "utf-8")
    error = checked(capsys, take, "--script", script, "--language", "en", "--listen")[1]["errors"][0]
    assert error["code"] == "listen-language"
