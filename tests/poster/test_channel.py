"""The channel on a desk: made once, checked, handed over, and never twice."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from loa.channel import Desk, Job
from loa.model.artefact import Artefact
from loa.model.campaign import Campaign
from loa.model.errors import ContentError
from loa.poster.channel import PosterChannel, PosterDeliverable, package_files
from loa.store import Store
from loa.workspace import Workspace
from tests.conftest import MovingClock
from tests.delivering import turn
from tests.poster.conftest import ROOT, edit

CAMPAIGN = """
id: thu
title: {vi: Chiến dịch thử, en: Trial campaign}
plan: thai-nguyen
issuer: {vi: UBND tỉnh Thái Nguyên, en: Thai Nguyen People's Committee}
hotline: "1022"
portal: https://dichvucong.gov.vn
message_class: notice
anchor: "10-10"
waves: [{id: d-30, title: {vi: Mở đầu, en: Opening}, days: -30, at: "08:30"}]
deliverables:
  - id: ap-phich
    channel: poster
    title: {vi: Áp phích ba bước, en: Three-step poster}
    waves: [d-30]
    clauses: ["2.4"]
    topic: III.2
    template: ba-buoc
    languages: [vi, en]
    formats: [a4]
    theme: xanh-hanh-chinh
    places: all
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    root = tmp_path_factory.mktemp("workspace")
    for part in ("templates/poster", "assets", "campaigns/plans", "audiences"):
        shutil.copytree(ROOT / part, root / part)
    shutil.copy(ROOT / "loa.toml", root)
    (root / "campaigns" / "thu.yaml").write_text(CAMPAIGN, encoding="utf-8")
    clock = MovingClock()
    store = Store.open("sqlite:///var/loa.db", root, clock)
    yield Desk(Workspace.at(root), store, clock, {})
    store.close()


@pytest.fixture(scope="module")
def job(desk: Desk) -> Job:
    campaign: Campaign = desk.workspace.campaign("thu", {"poster": PosterDeliverable})
    wave = campaign.wave(campaign.waves[0], 2027)
    return Job(campaign, desk.workspace.plan("thai-nguyen"), wave, campaign.deliverables[0])


@pytest.fixture(scope="module")
def made(job: Job, desk: Desk) -> tuple[Artefact, ...]:
    return PosterChannel().prepare(job, desk)


def test_each_language_has_its_print_file_its_deck_and_its_picture(made: tuple[Artefact, ...]) -> None:
    assert {(item.role, item.name) for item in made if item.role != "font"} == {
        (role, f"ba-buoc-a4-{language}.{suffix}")
        for language in ("vi", "en")
        for role, suffix in (("print", "pdf"), ("design", "pptx"), ("screen", "png"), ("record", "json"))
    }
    assert {item.name for item in made if item.role == "font"} == {
        "BeVietnamPro-Regular.ttf",
        "BeVietnamPro-Bold.ttf",
        "be-vietnam-pro-OFL.txt",
    }
    assert all(item.provenance["clauses"] == "2.4" for item in made if item.role == "print")


def test_a_second_prepare_does_no_work_and_gives_the_same(job: Job, desk: Desk, made: tuple[Artefact, ...]) -> None:
    before = {path: path.stat().st_mtime_ns for path in _kept(desk)}
    assert PosterChannel().prepare(job, desk) == made
    assert {path: path.stat().st_mtime_ns for path in _kept(desk)} == before


def test_what_was_made_blocks_nothing(job: Job, desk: Desk, made: tuple[Artefact, ...]) -> None:
    assert PosterChannel().check(job, made, desk) == ()


def test_a_missing_file_blocks(job: Job, desk: Desk, made: tuple[Artefact, ...]) -> None:
    without = [item for item in made if item.name != "ba-buoc-a4-en.png"]
    (found,) = PosterChannel().check(job, without, desk)
    assert (found.code, found.subject) == ("poster-incomplete", "thu/2027/d-30/ap-phich/ba-buoc-a4-en")


def test_the_package_is_the_same_each_time_and_lists_what_is_in_it(
    job: Job, desk: Desk, made: tuple[Artefact, ...]
) -> None:
    files = package_files(job, desk, made)
    assert files == package_files(job, desk, made)
    manifest = json.loads(files["manifest.json"])
    assert {item["file"] for item in manifest["files"]} == files.keys() - {"manifest.json"}
    assert "ban-in/ba-buoc-a4-vi.pdf" in files
    assert "thiet-ke/phong-chu/be-vietnam-pro-OFL.txt" in files
    assert b"SIL OPEN FONT LICENSE" in files["thiet-ke/phong-chu/be-vietnam-pro-OFL.txt"]
    task = job.plan.task("2.4")
    assert task is not None
    assert manifest["plan"] == {"number": job.plan.number, "clauses": {"2.4": task.title}}
    assert manifest["issuer"]["vi"] == "UBND tỉnh Thái Nguyên"


def test_every_commune_gets_a_row_and_the_package_is_laid_once(
    job: Job, desk: Desk, made: tuple[Artefact, ...]
) -> None:
    channel = PosterChannel()
    assert channel.expand(job, made, desk) == 92
    assert channel.expand(job, made, desk) == 0
    first = turn(channel, job, made, desk, 50)
    assert (first.done, first.left) == (50, 42)
    second = turn(channel, job, made, desk, 50)
    assert (second.done, second.left) == (42, 0)
    assert turn(channel, job, made, desk, 50).done == 0
    laid = desk.workspace.outbox / "thu" / "2027" / "d-30" / "ap-phich"
    assert (laid / "man-hinh" / "ba-buoc-a4-vi.png").read_bytes().startswith(b"\x89PNG")


def test_a_mistake_in_one_language_makes_nothing(job: Job, desk: Desk, tmp_path: Path) -> None:
    root = tmp_path / "w"
    for part in ("templates/poster", "assets"):
        shutil.copytree(desk.workspace.root / part, root / part)
    shutil.copy(ROOT / "loa.toml", root)
    workspace = Workspace.at(root)
    edit(workspace, "templates/poster/ba-buoc/copy.en.yaml", "display: ", "dispaly: ")
    store = Store.open("sqlite:///var/loa.db", root, desk.clock)
    with pytest.raises(ContentError) as caught:
        PosterChannel().prepare(job, replace(desk, workspace=workspace, store=store))
    store.close()
    assert caught.value.where is not None
    assert caught.value.where.file == "templates/poster/ba-buoc/copy.en.yaml"
    assert list((root / "var").glob("artefacts/*")) == []


def _kept(desk: Desk) -> list[Path]:
    return [path for path in desk.workspace.var.joinpath("artefacts").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("formats: [a4]", "formats: []", "formats"),
        ("formats: [a4]", "formats: [a4, a4]", "formats"),
        ("theme: xanh-hanh-chinh", "them: xanh-hanh-chinh", "them"),
        ("places: all", "places: some", "places"),
    ],
)
def test_a_slip_in_the_campaign_is_named(desk: Desk, old: str, new: str, field: str) -> None:
    path = desk.workspace.campaigns / "sai.yaml"
    path.write_text(CAMPAIGN.replace("id: thu", "id: sai").replace(old, new), encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        desk.workspace.campaign("sai", {"poster": PosterDeliverable})
    path.unlink()
    fields = [(mistake.where.field or "").split(".")[2] for mistake in caught.value.mistakes]
    assert fields[0] == field


def test_naming_the_channel_loads_no_drawing_engine() -> None:
    """`loa --help` names every channel; it must not wait for what only drawing needs."""
    heavy = "reportlab, uharfbuzz, stretchable, segno, pptx, pypdfium2, PIL, isal, zxingcpp"
    code = f"import sys, loa.poster.channel; print([name for name in '{heavy}'.split(', ') if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "[]"


def test_unsafe_words_are_found_without_drawing_anything(desk: Desk, job: Job) -> None:
    assert PosterChannel().lint(job, desk) == ()
    path = desk.workspace.templates / "poster/ba-buoc/copy.vi.yaml"
    before = path.read_text(encoding="utf-8")
    try:
        path.write_text(before.replace("chỉ 3 bước", "xem bit.ly/x"), encoding="utf-8")
        found = [(finding.code, finding.subject) for finding in PosterChannel().lint(job, desk)]
    finally:
        path.write_text(before, encoding="utf-8")
    assert ("host-not-allowed", f"{job.subject} [vi]") in found
