"""What an officer sees of an import and of a list of opt-outs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from loa.cli import run

Loa = Callable[..., tuple[int, str, str]]
ROOT = Path(__file__).resolve().parents[2]
LIST = "SĐT;Xã;Tỉnh;Đồng ý\n" + "".join(
    f"{number};Phường Mẫu;Tỉnh Mẫu;có\n" for number in ("0912000110", "0912000111", "02083000222", "")
)


@pytest.fixture
def loa(small: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Loa:
    """Runs a command in the small workspace: (exit code, stdout, stderr)."""
    monkeypatch.setenv("LOA_WORKSPACE", str(small))
    (small / "dan.csv").write_text(LIST, encoding="utf-8-sig")
    (small / "dnc.txt").write_text("0912000110\n02083000333\n", encoding="utf-8")

    def call(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run([str(word) for word in words])
        return (code, *capsys.readouterr())

    return call


def test_an_import_shows_its_first_rejects_by_row_and_without_their_numbers(loa: Loa, small: Path) -> None:
    code, out, err = loa("audience", "import", small / "dan.csv", "--name", "dan")
    assert code == 0
    assert "4 dòng: 2 dùng được, 2 bị loại" in out
    assert "dòng 4 “xxxxxxxxx22”: Số máy cố định" in out
    assert "dòng 5: Thiếu số điện thoại" in out
    assert "02083000222" not in out + err


def test_the_sums_of_a_mended_file_are_said_for_the_file_and_for_the_list(loa: Loa, small: Path) -> None:
    loa("audience", "import", small / "dan.csv", "--name", "dan")
    file = small / "var/rejects/dan-rejects.csv"
    text = file.read_text(encoding="utf-8-sig").replace("02083000222;Phường", "0912000222;Phường")
    (small / "sua.csv").write_text(text, encoding="utf-8-sig")
    code, out, _ = loa("audience", "import", small / "sua.csv", "--name", "dan")
    assert code == 0
    assert "Tệp sửa có 2 dòng: 1 người thêm mới, 1 vẫn bị loại" in out
    assert "Danh sách “dan” trước có 2 người, nay có 3." in out


def test_the_same_as_one_document(loa: Loa, small: Path) -> None:
    _, out, _ = loa("audience", "import", small / "dan.csv", "--name", "dan", "--json")
    said = json.loads(out)
    assert said["reasons"] == {"phone-landline": 1, "phone-missing": 1}
    assert [(row["row"], row["code"]) for row in said["first"]] == [(4, "phone-landline"), (5, "phone-missing")]


def test_a_list_of_opt_outs_is_held_against_the_next_import(loa: Loa, small: Path) -> None:
    code, out, err = loa("audience", "opt-out", "--file", small / "dnc.txt", "--source", "5656")
    assert code == 0
    assert "2 dòng: 1 số, 1 số mới từ chối nhận tin; 1 dòng không đọc được" in out
    assert "dòng 2 “xxxxxxxxx33”" in out
    assert "02083000333" not in out + err
    _, out, err = loa("audience", "import", small / "dan.csv", "--name", "dan")
    assert "phone-opted-out" in out
    assert "0912000110" not in out + err


def test_a_file_and_numbers_may_come_together(loa: Loa, small: Path) -> None:
    words = ("audience", "opt-out", "0912 000 111", "--file", small / "dnc.txt", "--source", "5656", "--json")
    code, out, _ = loa(*words)
    assert code == 0
    assert (json.loads(out)["given"], json.loads(out)["added"]) == (2, 2)
    assert loa("audience", "opt-out", "--file", small / "khong-co.txt", "--source", "5656")[0] == 3


def test_the_benchmark_runs_and_finds_what_its_list_holds() -> None:
    words = [sys.executable, str(ROOT / "benchmarks" / "import_people.py"), "--rows", "600"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "600 rows" in done.stdout
    assert "times the rate" in done.stdout
