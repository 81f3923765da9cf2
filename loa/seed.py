"""Lays out a workspace: the folders that officers and designers edit, copied from the ones that ship."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from loa.model.errors import ContentError, StoreError
from loa.workspace import SETTINGS_FILE

# lists of people never enter git
KEPT_OUT = "/var/\n/audiences/*.csv\n!/audiences/communes*.csv\n!/audiences/stations.csv\n"
FOLDERS = ("campaigns", "templates", "assets", "audiences")
FILES = (SETTINGS_FILE, "prefect.yaml")


def source() -> Path:
    """Where the shipped workspace lies: inside an installed package, or around it in a checkout."""
    package = Path(__file__).parent
    return package / "_workspace" if (package / "_workspace" / SETTINGS_FILE).is_file() else package.parent


def lay_out(target: Path, more: Mapping[str, str] | None = None) -> None:
    """A fresh workspace at `target`, which must be empty or not there; `more` are further files, name -> text.

    Built beside its place and moved there whole. Raises `ContentError` where something is there already.
    """
    target = target.resolve()
    if (target / SETTINGS_FILE).is_file():
        raise ContentError.at("target-workspace", target, folder=target)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ContentError.at("target-exists", target)
    part = target.with_name(f".{target.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        for name in FOLDERS:
            shutil.copytree(source() / name, part / name, ignore=shutil.ignore_patterns("__pycache__", ".*", "*.py"))
        for name in FILES:
            shutil.copy2(source() / name, part / name)
        (part / ".gitignore").write_text(KEPT_OUT, encoding="utf-8")
        for name, text in (more or {}).items():
            (part / name).write_text(text, encoding="utf-8")
        if target.is_dir():
            target.rmdir()
        part.replace(target)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise StoreError("file-not-written", {"file": str(target), "problem": error.strerror or ""}) from error
