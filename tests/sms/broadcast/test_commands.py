"""`loa sms results`, `loa status` and the shipped campaign's commented example, as officers meet them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from loa.channel import Desk, Job
from loa.cli import run
from loa.model.clock import VIETNAM, FixedClock
from loa.registry import deliverable_types
from loa.sms.broadcast.channel import OperatorPackageChannel, region_of
from loa.sms.broadcast.deliverable import OperatorPackageDeliverable
from loa.store import Store
from loa.workspace import Workspace

ROOT = Path(__file__).resolve().parents[3]
Loa = Callable[..., tuple[int, str, str]]
FIGURES = ("--operator", "Viettel", "--subscribers", "300.000", "--sent", "290.000", "--delivered", "280.000")
LETTER = ("--letter", "12/VTTN", "--date", "20/09/2027")


@pytest.fixture
def loa(root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Loa:
    """Runs a command in the workspace: (exit code, stdout, stderr)."""
    monkeypatch.delenv("LOA_ACTOR", raising=False)
    monkeypatch.setenv("LOA_WORKSPACE", str(root))

    def call(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run([str(word) for word in words])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def stand_at(root: Path, moment: str) -> None:
    """Lets the workspace's clock go from a moment on."""
    path = root / "loa.toml"
    kept = path.read_text(encoding="utf-8").partition("\n[rehearsal]")[0]
    now = datetime.now(VIETNAM).isoformat()
    path.write_text(f"{kept}\n[rehearsal]\nstarts_at = {moment}\nset_at = {now}\n", encoding="utf-8")


@pytest.fixture
def released(loa: Loa, root: Path) -> Loa:
    """The wave, handed over; and twelve days later."""
    stand_at(root, "2027-09-10T08:00:00+07:00")
    bundle = json.loads(loa("prepare", "nho", "d-30", "--as", "lan", "--json")[1])["digest"]
    assert loa("review", "approve", bundle[:8], "--as", "minh")[0] == 0
    assert loa("release", "nho", "d-30")[0] == 0
    stand_at(root, "2027-09-22T08:00:00+07:00")
    return loa


def test_status_says_handed_over_and_not_accepted_by_a_network(released: Loa) -> None:
    code, out, _ = released("status")
    assert code == 0
    assert "đã bàn giao" in out
    assert "đã tiếp nhận" not in out


def test_an_approver_sees_both_forms_of_the_text(loa: Loa, root: Path) -> None:
    stand_at(root, "2027-09-10T08:00:00+07:00")
    bundle = json.loads(loa("prepare", "nho", "d-30", "--as", "lan", "--json")[1])["digest"]
    code, out, _ = loa("review", "show", bundle[:8])
    assert code == 0
    assert "UBND tỉnh Mẫu: nộp hồ sơ" in out
    assert "UBND tinh Mau: nop ho so" in out
    assert "nhà mạng tự gửi" in out
    assert "None" not in out


def test_results_are_entered_by_an_officer_and_shown(released: Loa) -> None:
    code, out, _ = released("sms", "results", "nho", "d-30", "nha-mang", *LETTER, *FIGURES, "--as", "lan")
    assert code == 0
    assert "12/VTTN (20/09/2027)" in out
    assert "1/2 dòng đã có công văn" in out
    code, out, _ = released("sms", "results", "nho", "d-30", "nha-mang", "--json")
    document = json.loads(out)
    assert document["entered"] is None, "shown only"
    assert [(row["operator"], row["state"], row["delivered"]) for row in document["rows"]] == [
        ("Viettel", "delivered", 280_000),
        ("VinaPhone", "accepted", None),
    ]
    assert "đã có kết quả" in released("status")[1]


def test_a_form_is_entered_with_the_letter_beside_it(released: Loa, root: Path) -> None:
    form = root / "bieu.csv"
    head = "Doanh nghiệp;Mã địa bàn;Thuê bao thuộc đối tượng;Số tin đã gửi;Gửi thành công"
    form.write_text(f"{head}\nVinaPhone;19;10;9;8\nViettel;19;5;4;3\n", encoding="utf-8-sig")
    words = ("sms", "results", "nho", "d-30", "nha-mang", "--file", form, "--as", "lan", "--json")
    assert json.loads(released(*words, *LETTER)[1])["entered"] == {"new": 2, "corrected": 0, "same": 0, "moved": 2}
    assert json.loads(released(*words, *LETTER)[1])["entered"] == {"new": 0, "corrected": 0, "same": 2, "moved": 0}


def test_a_correction_to_nothing_is_said_aloud(released: Loa) -> None:
    words = ("sms", "results", "nho", "d-30", "nha-mang", *LETTER, "--as", "lan")
    assert released(*words, *FIGURES)[0] == 0
    none = ("--operator", "Viettel", "--subscribers", "300000", "--sent", "0", "--delivered", "0")
    code, out, _ = released(*words, *none)
    assert code == 0
    assert "đính chính là không gửi" in out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((*LETTER, *FIGURES), "actor-missing"),
        ((*FIGURES, "--as", "lan"), "results-letter-missing"),
        ((*LETTER, *FIGURES, "--area", "99", "--as", "lan"), "results-area"),
        ((*LETTER, "--file", "khong-co.xlsx", "--as", "lan"), "file-missing"),
        ((*FIGURES, "--letter", "1", "--date", "mai", "--as", "lan"), "results-date"),
    ],
)
def test_what_is_wrong_is_said_with_exit_code_3(released: Loa, words: tuple[str, ...], code: str) -> None:
    exit_code, _, err = released("sms", "results", "nho", "d-30", "nha-mang", *words)
    assert exit_code == 3
    assert code in err
    assert "Traceback" not in err


def test_another_deliverable_is_none_that_operators_broadcast(loa: Loa, root: Path) -> None:
    stand_at(root, "2027-09-10T08:00:00+07:00")
    exit_code, _, err = loa("sms", "results", "nho", "d-30", "tin")
    assert (exit_code, "results-deliverable" in err, "nha-mang" in err) == (3, True, True)


def test_the_shipped_campaign_shows_a_request_that_works_once_uncommented(tmp_path: Path) -> None:
    for folder in ("campaigns", "templates/sms", "audiences"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("samples"))
    shutil.copy(ROOT / "loa.toml", tmp_path)
    path = tmp_path / "campaigns/dvc-10-10.yaml"
    shipped = path.read_text(encoding="utf-8")
    before, start, block = shipped.partition("  # - id: nha-mang-ngay-10-10\n")
    assert "operator-package" not in before, "what the campaign sends stays what it is"
    path.write_text(before + re.sub(r"(?m)^  # ", "  ", start + block), encoding="utf-8")
    workspace = Workspace.at(tmp_path)
    campaign = workspace.campaign("dvc-10-10", deliverable_types())
    item = campaign.deliverables[-1]
    assert isinstance(item, OperatorPackageDeliverable)
    spec = campaign.spec(item.waves[0])
    assert spec is not None
    job = Job(campaign, workspace.plan(campaign.plan), campaign.wave(spec, 2027), item)
    clock = FixedClock(job.wave.send_at)
    store = Store.open("sqlite:///var/loa.db", tmp_path, clock)
    desk, channel = Desk(workspace, store, clock, {}), OperatorPackageChannel()
    try:
        made = channel.prepare(job, desk)
        assert channel.check(job, made, desk) == ()
        assert region_of(job, desk).provinces == ("tỉnh Thái Nguyên",)
        sent = next(artefact for artefact in made if artefact.name == "noi-dung-gui-di.txt")
        assert "Hom nay la Ngay Chuyen doi so quoc gia" in store.artefacts.read(sent).decode()
    finally:
        store.close()
