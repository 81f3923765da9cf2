"""Plan 81/KH-UBND of Thái Nguyên as data: every clause once, every figure as the plan has it."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "campaigns" / "plans" / "thai-nguyen.yaml"
PLAN: dict[str, Any] = YAML(typ="safe", pure=True).load(FILE.read_text(encoding="utf-8"))
TASKS: dict[str, dict[str, Any]] = {task["clause"]: task for task in PLAN["tasks"]}

TASKS_IN_PART = {1: 5, 2: 4, 3: 8, 4: 3, 5: 6, 6: 4}


def test_what_plan_it_is() -> None:
    assert PLAN["id"] == FILE.stem
    assert PLAN["number"] == "81/KH-UBND"
    assert str(PLAN["date"]) == "2025-04-05"
    assert PLAN["issuer"] == "UBND tỉnh Thái Nguyên"
    assert PLAN["decision"] == "1588/QĐ-TTg"
    assert PLAN["lead_agency"] == "Sở Khoa học và Công nghệ"
    assert PLAN["period"] == {"from": 2025, "to": 2030}
    assert [unit["province_code"] for unit in PLAN["applies_to"]] == ["19"]


def test_no_key_but_those_of_the_schema() -> None:
    assert list(PLAN) == [
        "id",
        "title",
        "number",
        "date",
        "issuer",
        "decision",
        "applies_to",
        "lead_agency",
        "period",
        "topics",
        "groups",
        "targets",
        "tasks",
        "duties",
        "reporting",
        "sources",
    ]
    assert set(PLAN["title"]) == {"vi", "en"}
    needed = {"clause", "title", "lead", "support", "period", "channel", "cadence"}
    assert all(set(task) - {"parts"} == needed for task in PLAN["tasks"])


def test_every_task_of_the_plan_stands_exactly_once_and_in_its_order() -> None:
    wanted = [f"{part}.{n}" for part, count in TASKS_IN_PART.items() for n in range(1, count + 1)]
    assert [task["clause"] for task in PLAN["tasks"]] == wanted


@pytest.mark.parametrize("clause", sorted(TASKS))
def test_each_task_says_who_when_and_what_in_few_words(clause: str) -> None:
    task = TASKS[clause]
    assert len(task["title"].split()) <= 12
    assert task["lead"]
    assert task["support"]
    assert task["period"] == {"from": 2025, "to": 2030}


def test_which_channel_serves_which_task() -> None:
    served = {clause: task["channel"] for clause, task in TASKS.items() if task["channel"] != "manual"}
    assert served == {"2.2": "loudspeaker", "2.4": "poster", "3.4": "sms"}


def test_how_often() -> None:
    others = {clause: task["cadence"] for clause, task in TASKS.items() if task["cadence"] != "continuous"}
    assert others == {"3.2": "yearly", "3.3": "october"}


def test_the_unnumbered_items_of_a_clause_are_its_parts() -> None:
    assert {clause: len(task["parts"]) for clause, task in TASKS.items() if "parts" in task} == {"3.6": 3, "4.1": 3}


@pytest.mark.parametrize(
    ("clause", "lead", "support"),
    [
        (
            "2.2",
            ["UBND các huyện, thành phố (hoặc chính quyền cấp cơ sở)"],
            ["Sở Văn hóa, Thể thao và Du lịch"],
        ),
        (
            "2.4",
            ["Các sở, ban, ngành, địa phương"],
            ["Sở Văn hóa, Thể thao và Du lịch", "Sở Khoa học và Công nghệ"],
        ),
        ("3.4", ["Các sở, ban, ngành, địa phương"], ["Các doanh nghiệp viễn thông trên địa bàn tỉnh"]),
    ],
)
def test_who_leads_and_who_supports_what_our_channels_serve(clause: str, lead: list[str], support: list[str]) -> None:
    assert TASKS[clause]["lead"] == lead
    assert TASKS[clause]["support"] == support


def test_the_figures_for_2025() -> None:
    figures = [(t["value"], t["comparison"]) for t in PLAN["targets"] if (t["clause"], t["year"]) == ("II.1", 2025)]
    assert figures == [
        *[(100, "exactly")] * 8,
        (80, "at_least"),  # dossiers handled wholly online
        (50, "exactly"),  # adults who use the services
        (90, "at_least"),  # satisfied
        (85, "at_least"),  # satisfied: land, construction, investment
        (100, "exactly"),  # opinions taken up in public
        (80, "exactly"),  # pupils of upper-secondary schools and students
    ]


def test_the_figures_for_2030() -> None:
    figures = [(t["value"], t["comparison"]) for t in PLAN["targets"] if (t["clause"], t["year"]) == ("II.2", 2030)]
    assert figures == [(100, "exactly"), (70, "exactly"), (100, "exactly")]


def test_every_target_is_a_share_of_2025_or_2030() -> None:
    assert len(PLAN["targets"]) == 17
    assert {(target["clause"], target["year"], target["unit"]) for target in PLAN["targets"]} == {
        ("II.1", 2025, "%"),
        ("II.2", 2030, "%"),
    }
    assert len({(target["year"], target["subject"]) for target in PLAN["targets"]}) == 17


def test_the_six_topics() -> None:
    assert [topic["id"] for topic in PLAN["topics"]] == [f"III.{n}" for n in range(1, 7)]


def test_the_duties_of_part_six() -> None:
    assert [duty["clause"] for duty in PLAN["duties"]] == [f"VI.{n}" for n in range(1, 13)]
    operators = next(duty for duty in PLAN["duties"] if duty["clause"] == "VI.11")
    assert operators["who"] == "Các doanh nghiệp viễn thông trên địa bàn tỉnh"
    assert "nhắn tin" in operators["what"]


def test_the_report_is_due_before_25_november_every_year() -> None:
    (reporting,) = PLAN["reporting"]
    assert (reporting["clause"], reporting["cadence"], reporting["before"]) == ("VI.8", "yearly", "25-11")
    assert reporting["to"] == "Sở Khoa học và Công nghệ"


def test_groups_are_told_apart_and_each_has_its_clause() -> None:
    ids = [group["id"] for group in PLAN["groups"]]
    assert len(set(ids)) == len(ids)
    assert {"nguoi-dan", "doanh-nghiep", "nguoi-cao-tuoi", "hoc-sinh-sinh-vien", "to-cong-nghe-so-cong-dong"} <= set(
        ids
    )
    known = {*TASKS, "II.1", "II.2"}
    assert {group["clause"] for group in PLAN["groups"]} <= known


def test_the_file_is_nfc_and_uses_no_anchors() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert unicodedata.is_normalized("NFC", text)
    # the workspace's reader refuses anchors and aliases
    assert "&" not in text
    assert "*" not in text
    assert "\t" not in text
