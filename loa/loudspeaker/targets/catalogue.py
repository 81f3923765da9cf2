"""The catalogue: `ls loa/loudspeaker/targets`. A kind is one module with `connect(account) -> Target`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import cast

from loa.loudspeaker.targets.base import Account, Target
from loa.model.clock import Clock
from loa.model.errors import ContentError
from loa.model.settings import LoudspeakerSettings, TargetSettings

_SHARED = frozenset({"base", "catalogue", "push"})


@cache
def kinds() -> tuple[str, ...]:
    """The kinds of targets that there are: the modules of this folder, but for what they share."""
    names = (path.stem for path in Path(__file__).parent.glob("*.py"))
    return tuple(sorted(name for name in names if name not in _SHARED and not name.startswith("_")))


def target_named(settings: LoudspeakerSettings, name: str) -> TargetSettings:
    """The target that a station (`Station.target`) or the settings name. Raises `ContentError` where there is none."""
    found = next((target for target in settings.targets if target.name == name), None)
    if found is None:
        known = ", ".join(target.name for target in settings.targets) or "-"
        raise ContentError.at("station-target", "loa.toml", None, "loudspeaker.target", value=name, known=known)
    return found


def open_target(
    settings: TargetSettings, environ: Mapping[str, str], clock: Clock, folder: Path | None = None
) -> Target:
    """A target, ready to be used; nothing is connected before it is. Close it when done.

    `folder` is where relative paths in its options start: the workspace's root (`desk.workspace.root`); by default
    the current one. Raises `ContentError` for a kind, an option, a secret or a file that is wrong or missing (without
    its line: see `Workspace.lines_named`), `Unsupported` where an extra is not installed.
    """
    if settings.kind not in kinds():
        raise ContentError.at(
            "target-kind", "loa.toml", None, f"loudspeaker.targets.{settings.name}.kind",
            name=settings.kind, known=", ".join(kinds()),
        )  # fmt: skip
    account = Account(settings, environ, clock, folder or Path())
    return cast(Target, import_module(f"loa.loudspeaker.targets.{settings.kind}").connect(account))
