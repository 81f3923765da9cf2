"""The command line as officers meet it: answers in Vietnamese first, exit codes that mean something, no traceback."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from loa import gate, pipeline
from loa.cli import run
from loa.model.clock import VIETNAM
from loa.registry import CHANNELS

Loa = Callable[..., tuple[int, str, str]]

ASSETS = Path(__file__).parents[2] / "assets"

PEOPLE = "Số điện thoại;Xã;Tỉnh;Đồng ý nhận tin\n" + "".join(
    f"09120001{i};Phường Mẫu;Tỉnh Mẫu;có\n" for i in range(10, 30)
)


@pytest.fixture
def loa(small: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Loa:
    """Runs a command in the small workspace: (exit code, stdout, stderr)."""
    monkeypatch.delenv("LOA_ACTOR", raising=False)
    monkeypatch.setenv("LOA_WORKSPACE", str(small))

    def call(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run([str(word) for word in words])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def rehearse(root: Path) -> None:
    now = datetime.now(VIETNAM).isoformat()
    path = root / "loa.toml"
    path.write_text(f"{path.read_text()}\n[rehearsal]\nstarts_at = 2027-09-10T08:00:00+07:00\nset_at = {now}\n")


def imported(loa: Loa, small: Path) -> None:
    (small / "dan.csv").write_text(PEOPLE, encoding="utf-8-sig")
    assert loa("audience", "import", small / "dan.csv", "--name", "dan")[0] == 0


def test_the_whole_path_from_the_command_line(loa: Loa, small: Path) -> None:
    rehearse(small)
    imported(loa, small)
    code, out, _ = loa("prepare", "nho", "d-30", "--as", "lan", "--json")
    assert code == 0
    bundle = json.loads(out)["digest"]
    assert {item["code"] for item in json.loads(out)["findings"]} == {"prices-missing"}
    assert bundle[:12] in loa("review", "list")[1]
    code, out, _ = loa("review", "show", bundle[:8])
    assert "Gửi lúc / at: 08:00 ngày 10/09/2027  loại tin / class: thông báo / notice" in out
    assert "2027-09-10T" not in out
    assert "UBND tỉnh Mẫu: nộp hồ sơ" in out
    assert "UBND tinh Mau: nop ho so" in out
    assert loa("release", "nho", "d-30")[0] == 3  # not approved
    assert loa("review", "approve", bundle[:8], "--as", "minh")[0] == 0
    assert loa("release", "nho", "d-30")[0] == 0
    code, out, _ = loa("status", "nho", "--json")
    assert [(row["state"], row["rows"]) for row in json.loads(out)[0]["counts"]] == [("accepted", 20)]
    assert loa("ledger", "export", "--campaign", "nho", "-o", small / "so.csv")[0] == 0
    lines = (small / "so.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 21
    assert (small / "so.csv").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("words", "exit_code", "says"),
    [
        (("campaign", "show", "khong-co"), 3, "campaign-missing"),
        (("prepare", "nho", "d-31", "--as", "lan"), 3, "wave-missing"),
        (("prepare", "nho", "d-30"), 3, "actor-missing"),
        (("prepare", "nho", "d-30", "--as", "lan", "--year", "2031"), 3, "year-not-anchor"),
        (("review", "approve", "ffff", "--as", "minh"), 3, "bundle-missing"),
        (("status", "khong-co"), 3, "campaign-missing"),
        (("ledger", "export", "--campaign", "khong-co", "-o", "so.csv"), 3, "Các chiến dịch hiện có: nho."),
        (("audience", "import", "khong-co.csv", "--name", "dan"), 3, "file-missing"),
        (("audience", "show", "khong-co"), 3, "audience-missing"),
        (("campaign", "shwo", "nho"), 2, ""),
        (("prepare",), 2, ""),
        (("khong-co",), 2, ""),
    ],
)
def test_bad_input_is_answered_with_a_code_and_no_traceback(
    loa: Loa, words: tuple[str, ...], exit_code: int, says: str
) -> None:
    code, out, err = loa(*words)
    assert code == exit_code
    assert says in err
    assert "Traceback" not in out + err


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file-empty"),
        ("Họ tên;Ghi chú\nA;B\n".encode(), "people-no-phone-column"),
        ("Số điện thoại\n0912000110\n".encode("cp1258", "replace"), ""),
    ],
)
def test_an_audience_that_cannot_be_read_leaves_nothing_behind(loa: Loa, small: Path, data: bytes, code: str) -> None:
    (small / "dan.csv").write_bytes(data)
    exit_code, _, err = loa("audience", "import", small / "dan.csv", "--name", "dan")
    assert exit_code == 3
    assert "dan.csv" in err
    assert code in err
    assert loa("audience", "show", "dan")[0] == 3
    assert not list((small / "var/audiences").glob("*")) if (small / "var/audiences").exists() else True


def test_an_error_as_json_is_one_document(loa: Loa, small: Path) -> None:
    path = small / "campaigns/nho.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("template: tin", "tempalte: tin"), encoding="utf-8")
    code, out, _ = loa("campaign", "check", "nho", "--json")
    (error,) = json.loads(out)["errors"]
    assert (code, error["code"], error["file"], error["line"]) == (3, "unknown-key-close", "campaigns/nho.yaml", 18)
    assert error["vi"]
    assert error["en"]


def test_a_missing_template_is_found_by_check_without_making_anything(loa: Loa, small: Path) -> None:
    (small / "templates/sms/tin.en.j2").unlink()
    code, _, err = loa("campaign", "check", "nho")
    assert code == 3
    assert "template-missing" in err
    assert "templates/sms/tin.en.j2" in err
    assert "campaigns/nho.yaml, dòng 18, trường “deliverables.0.template”" in err
    assert not (small / "var/artefacts").exists()


def test_a_campaign_whose_day_has_gone_is_named(loa: Loa, small: Path) -> None:
    path = small / "campaigns/nho.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("2027-10-10", "2024-10-10"), encoding="utf-8")
    code, _, err = loa("campaign", "check", "nho")
    assert code == 3
    assert "anchor-past" in err
    assert "dòng 8" in err


def test_parts_are_counted_both_ways(loa: Loa) -> None:
    code, out, _ = loa("sms", "parts", "Dịch vụ công trực tuyến", "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["co-dau"]["alphabet"], found["khong-dau"]["alphabet"]) == ("ucs2", "gsm7")
    assert found["khong-dau"]["text"] == "Dich vu cong truc tuyen"


def test_every_token_that_cannot_be_read_aloud_is_listed(loa: Loa, small: Path) -> None:
    shutil.copytree(ASSETS / "lexicon", small / "assets" / "lexicon", dirs_exist_ok=True)
    code, out, err = loa("speakable", "Mời bà con gọi 1022.\nMã ABC, lúc 12:99.\nMang theo XYZ.")
    assert (code, out) == (3, "")
    listed = [line for line in err.splitlines() if "Không biết đọc" in line or "There is no reading" in line]
    assert [line.split("“")[1].split("”")[0] for line in listed] == ["ABC", "ABC", "12:99", "12:99", "XYZ", "XYZ"]
    assert ["Không biết" in line for line in listed] == [True, False] * 3  # Vietnamese first
    assert [line for line in err.splitlines() if "[token-unreadable]" in line] == [
        "LỖI [token-unreadable] -, dòng 2",
        "LỖI [token-unreadable] -, dòng 2",
        "LỖI [token-unreadable] -, dòng 3",
    ]


def test_a_new_workspace_is_laid_out_whole_and_only_into_an_empty_folder(loa: Loa, tmp_path: Path) -> None:
    target = tmp_path / "moi"
    assert loa("new", target)[0] == 0
    assert loa("--workspace", target, "campaign", "check", "dvc-10-10")[0] == 0
    assert (target / "audiences/communes.csv").is_file()
    before = {path: path.stat().st_mtime_ns for path in target.rglob("*")}
    code, _, err = loa("new", target)
    assert code == 3
    assert err.count("LỖI") == 1
    assert "target-workspace" in err
    assert {path: path.stat().st_mtime_ns for path in target.rglob("*")} == before
    (tmp_path / "khac").mkdir()
    (tmp_path / "khac/x.txt").write_text("x")
    assert "target-exists" in loa("new", tmp_path / "khac")[2]
    assert not list(tmp_path.glob(".moi*"))


def test_doctor_says_what_is_there(loa: Loa, tmp_path: Path) -> None:
    target = tmp_path / "moi"
    loa("new", target)
    code, out, _ = loa("--workspace", target, "doctor", "--json")
    assert code == 0
    assert {item["ok"] for item in json.loads(out)} == {True}


def test_numbers_that_want_nothing_more_are_noted_in_any_spelling(loa: Loa, small: Path) -> None:
    words = ("audience", "opt-out", "0912.000.110", "+84 912 000 111", "0912000110", "--source", "1022", "--json")
    code, out, _ = loa(*words)
    assert (code, json.loads(out)["added"]) == (0, 2)
    code, _, err = loa("audience", "opt-out", "12", "--source", "1022")
    assert code == 3
    assert "phone-" in err


def test_what_was_prepared_can_be_taken_out_to_be_seen_and_heard(loa: Loa, small: Path, tmp_path: Path) -> None:
    rehearse(small)
    imported(loa, small)
    bundle = json.loads(loa("prepare", "nho", "d-30", "--as", "lan [/x]", "--json")[1])["digest"]
    assert loa("review", "show", bundle, "--export", tmp_path / "xem")[0] == 0
    assert (tmp_path / "xem/tin/tin.json").is_file()
    assert "lan [/x]" in loa("review", "list")[1]


def test_help_needs_nothing_heavy() -> None:
    heavy = ("prefect", "sqlalchemy", "polars", "PIL", "av", "reportlab", "pydantic", "jinja2", "pptx")
    code = f"import sys, loa.cli; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_full_disk_is_said_and_leaves_nothing(loa: Loa, small: Path) -> None:
    rehearse(small)
    imported(loa, small)
    code = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200));"
        "from loa.cli import main; main(['ledger', 'export', '-o', 'out.csv'])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=small, capture_output=True, text=True, check=False)
    assert done.returncode == 5
    assert "Traceback" not in done.stderr
    assert not (small / "out.csv").exists()


def test_a_pause_keeps_who_and_why_and_status_shows_them(loa: Loa, small: Path) -> None:
    rehearse(small)
    imported(loa, small)
    bundle = json.loads(loa("prepare", "nho", "d-30", "--as", "lan", "--json")[1])["digest"]
    loa("review", "approve", bundle, "--as", "minh")
    assert loa("release", "nho", "d-30")[0] == 0
    assert loa("sms", "pause", "nho", "d-30", "--reason", "chờ văn bản")[0] == 3  # nobody is named
    code, out, _ = loa("sms", "pause", "nho", "d-30", "--as", "hoa", "--reason", "chờ văn bản", "--json")
    assert (code, json.loads(out)["by"], json.loads(out)["reason"]) == (0, "hoa", "chờ văn bản")
    out = loa("status")[1]
    assert "Đợt đang tạm dừng. / The wave is paused. (hoa lúc " in out
    assert "chờ văn bản)" in out
    (wave,) = json.loads(loa("status", "--json")[1])
    assert (wave["hold"], wave["hold_by"], wave["lanes_held"], wave["lanes_left_behind"]) == ("paused", "hoa", {}, [])


def test_status_promises_no_time_while_nothing_is_sent(loa: Loa, small: Path) -> None:
    rehearse(small)
    imported(loa, small)
    bundle = json.loads(loa("prepare", "nho", "d-30", "--as", "lan", "--json")[1])["digest"]
    loa("review", "approve", bundle, "--as", "minh")
    desk = pipeline.open_desk(small, {})
    (job,) = pipeline.occasion(desk, "nho", "d-30").jobs
    approved = gate.find_bundle(desk, bundle)
    CHANNELS["sms"].expand(replace(job, bundle=1), gate.artefacts_of(approved, "tin"), desk)
    out = loa("status")[1]
    assert "Nếu gửi ngay bây giờ (“loa release”), phần còn lại xong lúc" in out
    assert "Hiện không có tiến trình nào đang gửi" in out
    # a process of another machine has the lane
    desk.store.lanes.take("thu", "may-khac/boot/pid/77/1", desk.clock.now())
    out = loa("status")[1]
    assert "Phần còn lại dự kiến gửi xong lúc" in out
    assert "Đang có tiến trình giữ đường gửi: thu (77)." in out
    desk.store.close()


def test_the_words_are_looked_at_by_check_and_nothing_is_written(loa: Loa, small: Path) -> None:
    path = small / "templates/sms/tin.vi.j2"
    path.write_text(path.read_text(encoding="utf-8") + " Xem http://bit.ly/x", encoding="utf-8")
    code, out, _ = loa("campaign", "check", "nho")
    assert code == 3
    assert "CHẶN  [host-not-allowed] nho/2027/d-30/tin [vi]: Địa chỉ “bit.ly”" in out
    assert "Chưa xem: danh sách người nhận" in out
    found = json.loads(loa("campaign", "check", "nho", "--json")[1])
    assert (found["ok"], {item["code"] for item in found["findings"]}) == (
        False,
        {"host-not-allowed", "link-not-https"},
    )
    assert not (small / "var/artefacts").exists()


def test_a_forecast_that_would_be_stopped_says_so_with_its_exit_code(loa: Loa, small: Path) -> None:
    imported(loa, small)
    assert loa("campaign", "forecast", "nho", "d-30")[0] == 0
    path = small / "loa.toml"
    path.write_text(path.read_text().replace("window = 20", 'window = 20\nnetworks = ["Viettel"]'))
    code, out, _ = loa("campaign", "forecast", "nho", "d-30")
    assert code == 3
    assert "CHẶN  [network-unserved]" in out
    assert "Chi phí dự kiến (đồng), CHƯA GỒM VinaPhone" in out
    code, out, _ = loa("campaign", "forecast", "nho", "d-30", "--json")
    (message,) = json.loads(out)["messages"]
    assert (code, message["unaccented"]["vnd_leaves_out"]) == (3, ["VinaPhone"])


def test_a_lane_option_that_cannot_be_used_is_named_at_its_line(loa: Loa, small: Path) -> None:
    path = small / "loa.toml"
    path.write_text(path.read_text().replace("latency_ms = 0", "latency_ms = -1"))
    out = loa("doctor")[1]
    assert "loa.toml, dòng 10, trường “sms.lanes.thu.options.latency_ms”" in out
