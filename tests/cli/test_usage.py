"""A command line that is not right: said in our sentences, Vietnamese first, with exit code 2."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from loa.cli import run

Loa = Callable[..., tuple[int, str, str]]


@pytest.fixture
def loa(small: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Loa:
    """Runs a command in the small workspace: (exit code, stdout, stderr)."""
    monkeypatch.setenv("LOA_WORKSPACE", str(small))

    def call(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run([str(word) for word in words])
        return (code, *capsys.readouterr())

    return call


@pytest.mark.parametrize(
    ("words", "code", "vi", "see"),
    [
        (("khong-co",), "usage-command", "Không có lệnh “khong-co”. Các lệnh: campaign,", "loa --help"),
        (("campaign", "shwo", "nho"), "usage-command-close", "Có phải ý bạn là “show”?", "loa campaign --help"),
        (("prepare",), "usage-missing", "Thiếu ID.", "loa prepare --help"),
        (("prepare", "nho", "d-30", "--as"), "usage-missing", "Thiếu --as.", "loa prepare --help"),
        (("audience", "import", "x.csv"), "usage-missing", "Thiếu --name.", "loa audience import --help"),
        (("status", "--foo"), "usage-option", "không có tùy chọn “--foo”", "loa status --help"),
        (("review", "show", "ab", "--exprt", "x"), "usage-option-close", "là “--export”?", "loa review show --help"),
        (("prepare", "nho", "d-30", "--year", "nay"), "usage-value", "Cần: số nguyên.", "loa prepare --help"),
        (
            ("sms", "resolve", "x", "--outcome", "xong", "--reason", "r"),
            "usage-value", "Cần: delivered, undelivered, resend, cancelled.", "loa sms resolve --help",
        ),
        (("prepare", "nho", "d-30", "thêm", "nữa"), "usage-too-many", "“thêm nữa”", "loa prepare --help"),
        (("status", "--workspace"), "usage-missing", "Thiếu --workspace.", "loa --help"),
        (("prepare", "nho", "d-30", "--year", "1", "--year", "2"), "usage-repeated", "--year", "loa prepare --help"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_vietnamese_first(
    loa: Loa, words: tuple[str, ...], code: str, vi: str, see: str
) -> None:
    exit_code, out, err = loa(*words)
    assert exit_code == 2
    assert f"LỖI [{code}]" in err
    assert vi in err.splitlines()[1]
    assert err.splitlines()[-1].endswith(see)
    assert "Error" not in out + err


def test_both_languages_are_in_the_document(loa: Loa) -> None:
    code, out, _ = loa("prepare", "--json")
    (error,) = json.loads(out)["errors"]
    assert (code, error["code"]) == (2, "usage-missing")
    assert error["vi"] == "Thiếu ID. Hãy viết giá trị của mục này vào lệnh."
    assert error["en"] == "ID is missing. Write its value on the command line."


def test_a_number_on_a_wrong_command_line_is_not_repeated(loa: Loa) -> None:
    code, out, err = loa("audience", "show", "dan", "0912 000 110")
    assert code == 2
    assert "000 110" not in out + err
    assert "10”" in err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--source", "1022"), "opt-out-nobody"),
        (("0912000110", "--source", " "), "opt-out-no-source"),
    ],
)
def test_an_opt_out_needs_a_number_and_a_source(loa: Loa, words: tuple[str, ...], code: str) -> None:
    exit_code, out, err = loa("audience", "opt-out", *words)
    assert (exit_code, out) == (2, "")
    assert code in err
    assert "--file" in err or code != "opt-out-nobody"
