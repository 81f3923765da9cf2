"""`loa recording`: sheets and takes, from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from loa.cli import run

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("language", ["jra", "xx", "../../x"])
def test_no_sheet_for_a_language_that_the_bulletin_does_not_have(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, language: str
) -> None:
    asked = ["recording", "sheet", "dvc-10-10", "d-30", "phat-thanh", "--language", language, "-o", str(tmp_path)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("LOA_DATABASE_URL", f"sqlite:///{tmp_path}/loa.db")
        assert run(["--workspace", str(ROOT), "--json", *asked]) == 3
    assert "recording-not-asked" in capsys.readouterr().out
    assert not list(tmp_path.glob("*.docx"))
