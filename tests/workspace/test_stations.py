"""The radio stations of a workspace: what an officer's sheet says, and every mistake in it by line and column."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from loa.loudspeaker.stations import station_findings
from loa.model.errors import ContentError, Where
from loa.model.places import Station
from loa.workspace import Workspace

REPOSITORY = Path(__file__).parents[2]
TITLES = "code,name,slots,clusters,languages,hotline,target\n"
COMMUNES = (
    "code,name,kind,province_code,province,old_units,split_units\n"
    "05443,Phường Một,phường,19,Tỉnh Mẫu,,\n05716,Xã Hai,xã,19,Tỉnh Mẫu,,\n"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "audiences").mkdir()
    (tmp_path / "audiences/communes.csv").write_text(COMMUNES, encoding="utf-8")
    (tmp_path / "loa.toml").write_text(
        '[loudspeaker]\nslots = ["18:00", "06:15"]\ntarget = "chung"\n'
        '[[loudspeaker.targets]]\nname = "chung"\nkind = "memory"\n'
        '[[loudspeaker.targets]]\nname = "rieng"\nkind = "memory"\n',
        encoding="utf-8",
    )
    return tmp_path


def stations(root: Path, content: str | bytes) -> dict[str, Station]:
    data = content.encode() if isinstance(content, str) else content
    (root / "audiences/stations.csv").write_bytes(data)
    return dict(Workspace.at(root).stations)


def mistakes(root: Path, content: str | bytes) -> list[tuple[str, int | None, str | None]]:
    with pytest.raises(ContentError) as caught:
        stations(root, content)
    assert {mistake.where.file for mistake in caught.value.mistakes} == {"audiences/stations.csv"}
    assert all(str(mistake.words) for mistake in caught.value.mistakes)
    return [(mistake.code, mistake.where.line, mistake.where.field) for mistake in caught.value.mistakes]


def test_a_full_row(root: Path) -> None:
    row = "05443,Đài Một,17:00; 5:30,Cụm loa xóm 1; Cụm loa xóm 2,vi; tyz,0912 000 123,rieng\n"
    assert stations(root, TITLES + row)["05443"] == Station(
        commune="05443",
        name="Đài Một",
        slots=(time(5, 30), time(17, 0)),
        clusters=("Cụm loa xóm 1", "Cụm loa xóm 2"),
        languages=("vi", "tyz"),
        hotline="0912 000 123",
        target="rieng",
    )


def test_what_a_row_leaves_empty_is_the_workspaces(root: Path) -> None:
    expected = Station("05443", (time(6, 15), time(18, 0)), target="chung")
    assert stations(root, TITLES + "05443,,,,,,\n")["05443"] == expected
    assert stations(root, "code\n05443\n")["05443"] == expected


def test_a_commune_without_a_row_has_the_workspaces_and_says_that_nobody_wrote_one(root: Path) -> None:
    workspace = Workspace.at(root)
    assert workspace.stations == {}
    found = workspace.station(workspace.communes["05716"])
    assert found == Station("05716", (time(6, 15), time(18, 0)), target="chung", listed=False)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xef\xbb\xbf" + TITLES.encode() + b'05443,A,"05:30;17:00",,,,\n', id="comma, BOM"),
        pytest.param(TITLES.replace(",", ";").encode() + b'05443;A;"05:30;17:00";;;;\r\n', id="semicolon, CRLF"),
        pytest.param(TITLES.replace(",", "\t").encode() + b"05443\tA\t05:30;17:00\t\t\t\t\n", id="tab"),
        pytest.param(TITLES.encode() + b'05443,A,"05:30\n17:00",,,,\n', id="lines in a cell"),
        pytest.param(TITLES.encode() + b"5443,A,05:30:00; 17h,,,,\n", id="what Excel makes of codes and hours"),
        pytest.param(b"Code,Name,SLOTS,,\n05443,A,5h30; 17h00,,\n,,,,\n", id="capitals, emptied columns and rows"),
        pytest.param(b"slots,code,name\n17:00;05:30;17:00,05443,A\n", id="other order, an hour twice"),
    ],
)
def test_it_is_read_as_a_spreadsheet_writes_it(root: Path, content: bytes) -> None:
    found = stations(root, content)["05443"]
    assert (found.name, found.slots) == ("A", (time(5, 30), time(17, 0)))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", [("file-empty", None, None)]),
        (b"\xef\xbb\xbf\r\n \r\n", [("file-empty", None, None)]),
        ("code,name\n05443,Đài".encode("utf-16"), [("not-utf-8", 1, None)]),
        (b"code,name\n05443,\xd0\xe0i\n", [("not-utf-8", 2, None)]),
        (b"code\n" + b"\n" * 5_000_000, [("file-too-big", None, None)]),
        ('code,name\n05443,"Đài', [("stations-broken", 2, None)]),
        ("name,slots\nA,17:00\n", [("stations-column-missing", 1, None)]),
        ("code,nmae\n05443,A\n", [("stations-column-unknown", 1, "nmae")]),
        ("code,name,name\n05443,A,B\n", [("stations-column-repeated", 1, "name")]),
        ("code\n99999\n", [("station-commune", 2, "code")]),
        ("code,name\n,Đài\n", [("station-commune", 2, "code")]),
        ("code\n05443\n\n5443\n", [("station-repeated", 4, "code")]),
        ("code,slots\n05443,25:00\n", [("station-slot", 2, "slots")]),
        ("code,slots\n05443,5:3\n", [("station-slot", 2, "slots")]),
        ("code,slots\n05443,sáng sớm\n", [("station-slot", 2, "slots")]),
        ("code,languages\n05443,tiếng Tày\n", [("station-language", 2, "languages")]),
        ("code,hotline\n05443,gọi xã\n", [("station-hotline", 2, "hotline")]),
        ("code,target\n05443,khac\n", [("station-target", 2, "target")]),
        ("code,name\n05443,=HYPERLINK(1)\n", [("station-words", 2, "name")]),
        ("code,clusters\n05443,xóm 1; " + "x" * 81 + "\n", [("station-words", 2, "clusters")]),
        ("code,clusters\n05443,xóm\x07 1\n", [("station-words", 2, "clusters")]),
        ("code,slots\n05443,05:30,17:00\n", [("station-cells", 2, None)]),
        (
            'code,name,slots\n05443,"A",25:00\n05716,B,"05:30;\n30:00"\n99,C,\n',
            [("station-slot", 2, "slots"), ("station-slot", 3, "slots"), ("station-commune", 5, "code")],
        ),
    ],
    ids=range(23),
)
def test_every_mistake_has_its_line_and_column(
    root: Path, content: str | bytes, expected: list[tuple[str, int | None, str | None]]
) -> None:
    assert mistakes(root, content) == expected


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ('target = "chung"', 'target = "khac"', "wrong-value", 1),
        ('name = "rieng"', 'name = "chung"', "wrong-value", 1),
        ('"18:00"', '"24:00"', "wrong-value", 2),
        ('"18:00"', '"06:15"', "wrong-value", 1),
        ('slots = ["18:00", "06:15"]', "slots = []", "list-empty", 2),
        ('kind = "memory"', 'knid = "memory"', "unknown-key-close", 6),
    ],
)
def test_settings_are_held_to_as_much(root: Path, old: str, new: str, code: str, line: int) -> None:
    path = root / "loa.toml"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ContentError) as caught:
        _ = Workspace.at(root).settings
    assert (caught.value.code, caught.value.where) == (
        code,
        Where("loa.toml", line, caught.value.where and caught.value.where.field),
    )


def test_a_mistake_in_a_target_gets_its_line_by_the_targets_name(root: Path) -> None:
    workspace = Workspace.at(root)
    with pytest.raises(ContentError) as caught, workspace.lines_named():
        raise ContentError.at("not-text", "loa.toml", None, "loudspeaker.targets.rieng.kind", value=1)
    assert caught.value.where is not None
    assert caught.value.where.line == 9


def test_slots_at_night_and_sample_rows_are_pointed_out(root: Path) -> None:
    rows = "05443,Đài Một (mẫu),22:00;04:59;05:00;21:59,,,,\n05716,,,,,,\n"
    stations(root, TITLES + rows)
    workspace = Workspace.at(root)
    pairs = [(unit, workspace.station(unit)) for unit in workspace.communes.values()]
    assert pairs[0][1].night_slots == (time(4, 59), time(22, 0))
    found = list(station_findings(pairs, "x"))
    assert [finding.code for finding in found] == ["station-sample", "station-slot-at-night"]
    assert "04:59, 22:00" in found[1].words.vi
    assert [finding.code for finding in station_findings(pairs, "x", urgent=True)] == ["station-sample"]


def test_the_sample_that_ships_says_that_it_is_one() -> None:
    workspace = Workspace.at(REPOSITORY)
    named = [station for station in workspace.stations.values() if station.name]
    assert named
    assert all("(mẫu)" in station.name for station in named)
    assert all("000" in station.hotline for station in named if station.hotline)
    assert {workspace.communes[code].province_code for code in workspace.stations} == {"19"}
