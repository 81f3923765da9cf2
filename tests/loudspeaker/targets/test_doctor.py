"""What `loa doctor` says of targets, without connecting to any."""

from __future__ import annotations

from pathlib import Path

import pytest

from loa.doctor import Examined, examine
from tests.loudspeaker.targets.peers import ENVIRON

GIVEN = """
[loudspeaker]
target = "thu"
[[loudspeaker.targets]]
name = "thu"
kind = "webdav"
options = { url = "https://tep.example.vn/dav", user = "loa", certificates = "ca.pem" }
"""


def targets(root: Path, environ: dict[str, str]) -> Examined:
    return next(line for line in examine(root, environ) if line.what.endswith("targets"))


@pytest.fixture
def root(small: Path) -> Path:
    path = small / "loa.toml"
    path.write_text(path.read_text() + GIVEN)
    return small


def test_it_names_the_default(root: Path) -> None:
    (root / "loa.toml").write_text((root / "loa.toml").read_text().replace(', certificates = "ca.pem"', ""))
    found = targets(root, ENVIRON)
    assert (found.ok, found.advice) == (True, "")
    assert "thu (webdav, mặc định" in found.found


def test_a_secret_that_is_not_there_is_named_with_its_line(root: Path) -> None:
    found = targets(root, {})
    assert not found.ok
    assert "LOA_TARGET_THU_PASSWORD" in found.advice
    assert "loa.toml, dòng" in found.advice


def test_a_file_of_certificates_that_is_not_there_is_named(root: Path) -> None:
    found = targets(root, ENVIRON)
    assert not found.ok
    assert "ca.pem" in found.advice


def test_a_kind_that_does_not_exist_is_named(root: Path) -> None:
    (root / "loa.toml").write_text((root / "loa.toml").read_text().replace('"webdav"', '"fax"'))
    assert "“fax”" in targets(root, ENVIRON).advice


def test_without_targets_packages_lie_in_the_outbox(small: Path) -> None:
    found = targets(small, {})
    assert (found.ok, found.advice) == (True, "")
    assert "var/outbox" in found.found
