"""Bad input gets one clear error that names file, line and field, and says what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from loa import pipeline
from loa.model.campaign import Campaign
from loa.model.errors import ContentError, Where
from loa.registry import deliverable_types
from loa.workspace import Workspace

REPOSITORY = Path(__file__).parents[2]


def read(root: Path) -> Campaign:
    return Workspace.at(root).campaign("nho", deliverable_types())


def rewrite(root: Path, old: str, new: str, file: str = "campaigns/nho.yaml") -> None:
    path = root / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def mistakes(root: Path) -> list[tuple[str, int | None, str | None]]:
    with pytest.raises(ContentError) as caught:
        read(root)
    found = caught.value.mistakes
    assert {mistake.where.file for mistake in found} == {"campaigns/nho.yaml"}
    return [(mistake.code, mistake.where.line, mistake.where.field) for mistake in found]


def test_the_small_campaign_is_read(small: Path) -> None:
    assert read(small).deliverables[0].template == "tin"


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "field"),
    [
        ("    template: tin", "    tempalte: tin", "unknown-key-close", 18, "deliverables.0.tempalte"),
        ("plan: nho", "plan: nho\nbudget: 5", "unknown-key", 4, "budget"),
        ("id: nho", "id: khac", "id-not-file-name", 1, "id"),
        ('hotline: "1022"', "hotline: 1022", "not-text", 5, "hotline"),
        ("portal: https:", "portal: http:", "wrong-form", 6, "portal"),
        ("message_class: notice", "message_class: news", "not-one-of", 7, "message_class"),
        ("anchor: 2027-10-10", "anchor: 31-02", "wrong-value", 8, "anchor"),
        ("anchor: 2027-10-10", "anchor: mai", "wrong-value", 8, "anchor"),
        ("days: -30", "days: ba mươi", "not-whole-number", 10, "waves.0.days"),
        ('at: "08:00"', "at: 8h", "wrong-value", 10, "waves.0.at"),
        ("waves: [d-30]", "waves: [d-31]", "wave-missing", 15, "deliverables.0.waves.0"),
        ("waves: [d-30]", "waves: []", "list-empty", 15, "deliverables.0.waves"),
        ('clauses: ["3.4"]', 'clauses: ["9.9"]', "clause-missing", 16, "deliverables.0.clauses.0"),
        ("topic: III.2", "topic: III.9", "topic-missing", 17, "deliverables.0.topic"),
        ("channel: sms", "channel: fax", "channel-missing", 13, "deliverables.0.channel"),
        ("    template: tin", "    template: ../../etc/passwd", "wrong-form", 18, "deliverables.0.template"),
        ("encoding: unaccented", "encoding: half", "not-one-of", 21, "deliverables.0.encoding"),
        ("plan: nho", "plan: khong-co", "plan-missing", 3, "plan"),
        ("    audience: dan\n", "", "key-missing", 12, "deliverables.0.audience"),
        ("id: nho", "id: nho\nid: nho", "key-repeated", 2, "id"),
        ("id: nho", "id: &x nho", "yaml-anchor", 1, None),
        ("id: nho", "id: !!python/object:os.system nho", "yaml-tag", 1, None),
        ("issuer: {vi", "issuer: {{vi", "yaml-broken", None, None),
    ],
)
def test_a_slip_of_the_pen(small: Path, old: str, new: str, code: str, line: int | None, field: str | None) -> None:
    rewrite(small, old, new)
    ((found_code, found_line, found_field),) = mistakes(small)
    assert (found_code, found_field) == (code, field)
    assert found_line == line or line is None


def test_a_typing_error_is_answered_with_the_key_that_was_meant(small: Path) -> None:
    rewrite(small, "    template: tin", "    tempalte: tin")
    with pytest.raises(ContentError) as caught:
        read(small)
    assert "“template”" in caught.value.mistakes[0].words.vi


def test_all_mistakes_of_a_file_come_at_once(small: Path) -> None:
    rewrite(small, "topic: III.2", "topic: III.9")
    rewrite(small, 'clauses: ["3.4"]', 'clauses: ["9.9"]')
    assert [code for code, _, _ in mistakes(small)] == ["clause-missing", "topic-missing"]


def test_times_and_words_are_not_taken_for_numbers_and_booleans(small: Path) -> None:
    rewrite(small, 'at: "08:00"', "at: 19:30")
    rewrite(small, "vi: Mở đầu, en: Opening", "vi: no, en: yes")
    wave = read(small).waves[0]
    assert (wave.at.hour, wave.at.minute, wave.title.vi) == (19, 30, "no")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file-empty"),
        (b"# only words\n", "file-empty"),
        (b"- a\n- b\n", "yaml-not-mapping"),
        ("id: Dịch vụ".encode("utf-16"), "not-utf-8"),
        ("id: D\u1ecbch".encode("cp1258", "replace") + b"\xff", "not-utf-8"),
        (b"id: [" * 2000, "yaml-too-deep"),
        (b"a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", "yaml-anchor"),
        (b"id: " + b"x" * 2_000_000, "file-too-big"),
        (b"id: \x00", "yaml-broken"),
    ],
)
def test_files_that_are_no_campaign(small: Path, data: bytes, code: str) -> None:
    (small / "campaigns/nho.yaml").write_bytes(data)
    with pytest.raises(ContentError) as caught:
        read(small)
    assert caught.value.code == code


@pytest.mark.parametrize("name", ["khong-co", "../loa", "plans/nho", ""])
def test_a_campaign_that_is_not_there_names_those_that_are(small: Path, name: str) -> None:
    with pytest.raises(ContentError) as caught:
        Workspace.at(small).campaign(name, deliverable_types())
    assert caught.value.code == "campaign-missing"
    assert "nho" in caught.value.words.vi


def test_a_folder_that_is_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(ContentError) as caught:
        Workspace.at(tmp_path)
    assert caught.value.code == "workspace-missing"


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("[sms]", "[sms", "toml-broken", 1),
        ("window = 20", "window = = 20", "toml-broken", 8),
        ('registered_senders = ["DVC-MAU"]', 'registered_senders = ["DVC-MAU"', "toml-broken", 3),
        ("latency_ms = 0\n", "latency_ms = [\n\n\n", "toml-broken", 10),
        ('gateway = "simulator"', 'gatway = "simulator"', "unknown-key-close", 5),
        ("window = 20", "window = 0", "too-small", 8),
        ('name = "thu"\n', "", "key-missing", 3),
        ("window = 20", 'window = 20\nnetworks = ["Viettel", "Vietel"]', "network-unknown-close", 9),
        ("window = 20", 'window = 20\nnetworks = [\n"Viettel",\n"mobi"]', "network-unknown-close", 11),
        ("window = 20", 'window = 20\nnetworks = ["Zzz"]', "network-unknown", 9),
    ],
)
def test_settings_are_read_as_strictly_and_every_mistake_has_its_line(
    small: Path, old: str, new: str, code: str, line: int
) -> None:
    rewrite(small, old, new, "loa.toml")
    with pytest.raises(ContentError) as caught:
        _ = Workspace.at(small).settings
    assert caught.value.code == code
    assert caught.value.where is not None
    assert (caught.value.where.file, caught.value.where.line) == ("loa.toml", line)


def test_a_broken_toml_is_said_in_vietnamese_with_its_column(small: Path) -> None:
    rewrite(small, "window = 20", "window = = 20", "loa.toml")
    with pytest.raises(ContentError) as caught:
        _ = Workspace.at(small).settings
    assert "(cột 10)" in caught.value.words.vi
    assert "column 10: Invalid value" in caught.value.words.en


def test_a_network_that_is_misspelt_is_asked_about(small: Path) -> None:
    rewrite(small, "window = 20", 'window = 20\nnetworks = ["viettel"]', "loa.toml")
    with pytest.raises(ContentError) as caught:
        _ = Workspace.at(small).settings
    assert "Có phải ý bạn là “Viettel”?" in caught.value.words.vi


def test_settings_that_notepad_wrote_are_read(small: Path) -> None:
    path = small / "loa.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert Workspace.at(small).settings.sms.lanes[0].name == "thu"


def test_a_lane_that_cannot_be_used_is_named_at_its_line(small: Path) -> None:
    rewrite(small, "latency_ms = 0", "latency_ms = -5", "loa.toml")
    workspace = Workspace.at(small)
    (lane,) = workspace.settings.sms.lanes
    with pytest.raises(ContentError) as caught, workspace.lines_named():
        raise ContentError.at("not-number", "loa.toml", None, f"sms.lanes.{lane.name}.options.latency_ms", value=-5)
    assert (caught.value.where, caught.value.mistakes[0].where) == (
        Where("loa.toml", 10, caught.value.where.field),
    ) * 2


def test_a_rehearsal_is_refused_once_a_lane_reaches_people_or_names_no_gateway(small: Path) -> None:
    rewrite(small, 'gateway = "simulator"', 'gateway = "khong-co"', "loa.toml")
    path = small / "loa.toml"
    moment = "2027-09-10T08:00:00+07:00"
    path.write_text(f"{path.read_text()}\n[rehearsal]\nstarts_at = {moment}\nset_at = {moment}\n")
    with pytest.raises(ContentError) as caught:
        pipeline.open_desk(small, {})
    assert caught.value.code == "gateway-missing"


# what ships


def test_what_ships_is_read_without_a_mistake() -> None:
    workspace = Workspace.at(REPOSITORY)
    for name in workspace.campaign_ids():
        campaign = workspace.campaign(name, deliverable_types())
        plan = workspace.plan(campaign.plan)
        assert all(plan.task(clause) for item in campaign.deliverables for clause in item.clauses)


def test_the_plans_communes_are_found() -> None:
    workspace = Workspace.at(REPOSITORY)
    assert len(workspace.communes_of(workspace.plan("thai-nguyen"))) == 92
    assert len(workspace.communes) == 3321
