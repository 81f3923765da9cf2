"""`loa sms parts` and `loa campaign forecast` as an officer reads them."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from loa import pipeline
from loa.cli import run
from loa.model.audience import AudienceInfo
from loa.store.audiences import COLUMNS
from tests.cli.test_cli import rehearse

Loa = Callable[..., tuple[int, str, str]]


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


def row(out: str, start: str) -> list[str]:
    """The cells of the table row that starts so."""
    line = next(line for line in out.splitlines() if line.startswith(start))
    return re.split(r"\s{2,}", line.strip())


# parts


def test_both_encodings_are_counted_and_what_makes_a_text_dear_is_explained(loa: Loa) -> None:
    code, out, _ = loa("sms", "parts", "Mời “bà con” " + "a" * 80)
    assert code == 0
    assert row(out, "có dấu") == ["có dấu", "UCS-2", "2", "93", "41"]
    assert row(out, "không dấu") == ["không dấu", "UCS-2", "2", "93", "41"]
    assert "1 chữ có dấu (ờ) buộc dùng UCS-2. Gửi không dấu: số bản tin không đổi." in out
    assert row(out, "“") == ["“", "ngoặc kép cong mở", "5", '"']
    assert "Thay như trên: từ 2 còn 1 bản tin." in out


def test_a_single_character_that_doubles_the_cost_is_named(loa: Loa) -> None:
    _, out, _ = loa("sms", "parts", "a" * 100 + "\u00a0")
    assert "Trong tin này chỉ một ký tự buộc dùng UCS-2:" in out
    assert row(out, "<00A0>") == ["<00A0>", "dấu cách không ngắt", "101", "(dấu cách)"]


def test_a_plain_text_needs_no_explanation(loa: Loa) -> None:
    _, out, _ = loa("sms", "parts", "xin chao!")
    assert out.splitlines()[1:] == [
        "có dấu     GSM-7          1      9        151",
        "không dấu  GSM-7          1      9        151",
    ]


def test_a_text_is_read_from_a_file_and_from_standard_input(
    loa: Loa, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (small / "tin.txt").write_bytes("\ufeffDịch vụ\r\ncông\r\n".encode())
    document = json.loads(loa("sms", "parts", "--file", small / "tin.txt", "--json")[1])
    assert (document["co-dau"]["text"], document["co-dau"]["units"]) == ("Dịch vụ\ncông", 12)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO("Hỏi 1022\n".encode())))
    document = json.loads(loa("sms", "parts", "-", "--json")[1])
    assert document["khong-dau"]["text"] == "Hoi 1022"


def test_the_document_has_all_positions_and_what_removing_them_would_save(loa: Loa) -> None:
    document = json.loads(loa("sms", "parts", "–" * 10 + "a" * 100, "--json")[1])["co-dau"]
    assert document["forcing"] == [
        {"char": "–", "name": "gạch ngang vừa", "unicode": "EN DASH", "positions": list(range(1, 11)), "plain": "-"}
    ]
    assert (document["alone"], document["without"]["parts"], document["without"]["saved"]) == ("–", 1, 1)
    assert "".join(document["pieces"]) == document["text"]


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [(b"a\nb\xff", "not-utf-8", 2), (b"a" * 1_000_001, "file-too-big", None), (None, "file-missing", None)],
)
def test_a_file_that_cannot_be_counted_is_named(
    loa: Loa, small: Path, data: bytes | None, code: str, line: int | None
) -> None:
    if data is not None:
        (small / "tin.txt").write_bytes(data)
    exit_code, out, _ = loa("sms", "parts", "--file", small / "tin.txt", "--json")
    (error,) = json.loads(out)["errors"]
    assert (exit_code, error["code"], error["line"]) == (3, code, line)
    assert error["file"].endswith("tin.txt")


def test_without_a_text_there_is_nothing_to_count(loa: Loa) -> None:
    code, _, err = loa("sms", "parts")
    assert (code, "text-empty" in err) == (3, True)
    code, _, err = loa("sms", "parts", "\udcff")  # a byte of the command line that is not UTF-8
    assert (code, "not-utf-8" in err) == (3, True)


# the forecast


def imported(small: Path, number: int = 20) -> None:
    """People on one network, as if their list had been imported."""
    rows = [(f"+8491200{i:02d}10", "VinaPhone", "05443", "", "") for i in range(number)]
    desk = pipeline.open_desk(small, {})
    people = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")
    desk.store.audiences.save(people, AudienceInfo("dan", "", "mẫu", "", "", number, number, 0, {"VinaPhone": number}))
    desk.store.close()


PRICES = """\
source: mẫu
checked: 2026-01-01
confirmed_by: Nguyễn Thị Mẫu
tables:
  - {valid_from: 2026-01-01, prices: [{operator: "*", vnd_per_part: 400}]}
"""


def priced(small: Path) -> None:
    (small / "campaigns/prices").mkdir()
    (small / "campaigns/prices/sms.yaml").write_text(PRICES, encoding="utf-8")


def test_a_forecast_before_anything_is_prepared(loa: Loa, small: Path) -> None:
    rehearse(small)
    imported(small)
    priced(small)
    code, out, err = loa("campaign", "forecast", "nho", "d-30")
    assert (code, err) == (0, "")
    assert out.startswith(
        "nho/2027/d-30  Mở đầu: gửi lúc 10/09 08:00, hạn cuối 10/09 14:00\n\n[tin] Tin nhắn: 20 người nhận"
    )
    assert row(out, "Số bản tin phải gửi")[1:] == ["20", "20"]
    assert row(out, "Chi phí dự kiến (đồng)")[1:] == ["8.000", "8.000"]
    assert row(out, "VinaPhone") == ["VinaPhone", "thu", "20", "20", "20", "8.000", "8.000"]
    lane = row(out, "thu ")
    assert (lane[:2], lane[2].startswith("10/09 08:0")) == (["thu", "10000"], True)  # the clock of a rehearsal runs
    assert not (small / "var/artefacts").exists()


def test_a_forecast_for_nobody_is_a_forecast(loa: Loa, small: Path) -> None:
    rehearse(small)
    imported(small, 0)
    code, out, _ = loa("campaign", "forecast", "nho", "d-30")
    assert code == 0
    assert row(out, "Gửi xong")[1:] == ["–", "–"]


def test_a_forecast_as_a_document(loa: Loa, small: Path) -> None:
    rehearse(small)
    imported(small)
    code, out, _ = loa("campaign", "forecast", "nho", "d-30", "--json")
    (message,) = json.loads(out)["messages"]
    assert code == 0
    assert (message["recipients"], message["unaccented"]["vnd"], message["prices_confirmed_by"]) == (20, None, None)
    assert [finding["code"] for finding in message["findings"]] == ["prices-missing"]
    assert json.loads(out)["packages"] == []


def test_an_officer_sees_trouble_in_words(loa: Loa, small: Path) -> None:
    path = small / "loa.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("parts_per_second = 10000", "parts_per_second = 0.0005"))
    rehearse(small)
    imported(small)
    priced(small)
    campaign = small / "campaigns/nho.yaml"
    text = campaign.read_text(encoding="utf-8")
    campaign.write_text(text.replace("    encoding: unaccented", "    encoding: unaccented\n    budget_vnd: 7000"))
    _, out, _ = loa("campaign", "forecast", "nho", "d-30")
    assert row(out, "Ngân sách (đồng)")[1:] == ["7.000", "7.000"]
    assert "(QUÁ HẠN)" in out
    assert "CHẶN  [over-budget] Chi phí dự báo 8.000 đồng, vượt ngân sách (budget_vnd) 7.000 đồng là 1.000 đồng." in out
    assert "CHẶN  [wave-unfinished] Đường gửi “thu” không kịp" in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nho", "d-31"), "wave-missing"),
        (("khong-co", "d-30"), "campaign-missing"),
        (("nho", "d-30"), "audience-missing"),
    ],
)
def test_what_cannot_be_forecast_is_said(loa: Loa, small: Path, words: tuple[str, ...], says: str) -> None:
    rehearse(small)
    code, _, err = loa("campaign", "forecast", *words)
    assert (code, says in err, "Traceback" in err) == (3, True, False)


def test_a_mistake_in_the_prices_is_named_by_file_line_and_field(loa: Loa, small: Path) -> None:
    rehearse(small)
    imported(small)
    priced(small)
    path = small / "campaigns/prices/sms.yaml"
    path.write_text(PRICES.replace("400", "bốn trăm"), encoding="utf-8")
    code, _, err = loa("campaign", "forecast", "nho", "d-30")
    assert code == 3
    assert "campaigns/prices/sms.yaml, dòng 5, trường “tables.0.prices.0.vnd_per_part”" in err


def test_an_approver_sees_the_forecast_and_both_texts(loa: Loa, small: Path, tmp_path: Path) -> None:
    rehearse(small)
    imported(small)
    priced(small)
    bundle = json.loads(loa("prepare", "nho", "d-30", "--as", "lan", "--json")[1])["digest"]
    _, out, _ = loa("review", "show", bundle[:8])
    assert "  gửi đi:  UBND tinh Mau: nop ho so" in out
    assert "  có dấu:  UBND tỉnh Mẫu: nộp hồ sơ" in out
    assert "[vi] 1 bản tin (57 ký tự gsm7, còn trống 103), 20 người" in out
    assert row(out, "Chi phí dự kiến (đồng)")[1:] == ["8.000", "8.000"]
    document = json.loads(loa("review", "show", bundle[:8], "--export", tmp_path / "xem", "--json")[1])
    assert document["forecast"]["messages"][0]["unaccented"]["vnd"] == 8000
    exported = json.loads((tmp_path / "xem/tin/tin.json").read_text(encoding="utf-8"))["texts"]
    assert {(text["text"][:13], text["accented"][:13]) for text in exported if text["language"] == "vi"} == {
        ("UBND tinh Mau", "UBND tỉnh Mẫu")
    }


def test_a_bundle_whose_people_changed_is_still_shown(loa: Loa, small: Path) -> None:
    rehearse(small)
    imported(small)
    bundle = json.loads(loa("prepare", "nho", "d-30", "--as", "lan", "--json")[1])["digest"]
    imported(small, 19)
    code, out, _ = loa("review", "show", bundle[:8])
    assert code == 0
    assert "Không dự báo được: Danh sách “dan” đã được nhập lại" in out
    assert json.loads(loa("review", "show", bundle[:8], "--json")[1])["forecast"] is None
