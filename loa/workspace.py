"""Reads a workspace - the folders that officers and designers edit - into model values.

Every mistake is named by file, line and field, and says what to write instead. Reading writes nothing.
"""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from loa.model.campaign import Campaign, Deliverable
from loa.model.errors import ContentError, LoaError, Mistake, Where
from loa.model.phone import prefixes
from loa.model.places import Commune, Station
from loa.model.plan import Plan
from loa.model.settings import Settings
from loa.stations import read_stations
from loa.written import Located, read_toml, read_yaml, validate

SETTINGS_FILE = "loa.toml"
STATIONS_FILE = "stations.csv"
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Workspace:
    """The folders of one workspace. Cheap to make: files are read when they are asked for."""

    root: Path

    @classmethod
    def at(cls, root: Path) -> Workspace:
        """The workspace at `root`. Raises `ContentError` where there is none."""
        root = root.resolve()
        if not (root / SETTINGS_FILE).is_file():
            raise ContentError.at("workspace-missing", root / SETTINGS_FILE)
        return cls(root)

    # folders

    @property
    def campaigns(self) -> Path:
        return self.root / "campaigns"

    @property
    def plans(self) -> Path:
        return self.campaigns / "plans"

    @property
    def templates(self) -> Path:
        return self.root / "templates"

    @property
    def assets(self) -> Path:
        return self.root / "assets"

    @property
    def audiences(self) -> Path:
        return self.root / "audiences"

    @property
    def var(self) -> Path:
        """What Loa itself writes: the database, artefacts, logs, bundles that go out. Not kept in git."""
        return self.root / "var"

    @property
    def outbox(self) -> Path:
        """Where released packages are laid for people to take: `wave/deliverable/`."""
        return self.var / "outbox"

    # files

    @cached_property
    def settings(self) -> Settings:
        """What `loa.toml` decides. Raises `ContentError` with every mistake in it."""
        found = validate(Settings, self._written_settings)
        mistakes = list(_unknown_networks(found, self._written_settings))
        if mistakes:
            raise ContentError(mistakes)
        return found

    @cached_property
    def _written_settings(self) -> Located:
        path = self.root / SETTINGS_FILE
        return read_toml(path, self.name_of(path))

    @contextmanager
    def lines_named(self) -> Iterator[None]:
        """Errors about `loa.toml` get their line here, where whoever found them knew only the field."""
        try:
            yield
        except LoaError as error:
            error.where = self._with_line(error.where) if error.where else None
            if isinstance(error, ContentError):
                error.mistakes = tuple(replace(item, where=self._with_line(item.where)) for item in error.mistakes)
            raise

    def _with_line(self, where: Where) -> Where:
        if where.file != SETTINGS_FILE or where.line is not None or not where.field:
            return where
        path: list[str | int] = []
        for part in where.field.split("."):
            # people know a lane or a target by its name, the file by its place
            names: list[str] = []
            if path == ["sms", "lanes"]:
                names = [lane.name for lane in self.settings.sms.lanes]
            elif path == ["loudspeaker", "targets"]:
                names = [target.name for target in self.settings.loudspeaker.targets]
            path.append(names.index(part) if part in names else part)
        return replace(where, line=self._written_settings.line(tuple(path)))

    def campaign_ids(self) -> tuple[str, ...]:
        """The campaigns that have a file, by name."""
        return tuple(sorted(path.stem for path in self.campaigns.glob("*.yaml")))

    def campaign(self, campaign_id: str, deliverables: Mapping[str, type[Deliverable]]) -> Campaign:
        """One campaign, each deliverable read with the fields of its channel and checked against its plan.

        `deliverables` maps a channel's name to its model. Raises `ContentError` with every mistake in the file.
        """
        path = self._existing(self.campaigns, campaign_id, "campaign-missing", self.campaign_ids())
        located = read_yaml(path, self.name_of(path))
        items = located.take_list("deliverables")
        campaign = validate(Campaign, located, replaced={"deliverables": _read_deliverables(items, deliverables)})
        if campaign.id != campaign_id:
            raise ContentError(located.mistake("id-not-file-name", ("id",), id=campaign.id, expected=campaign_id))
        mistakes = [*_repeated_ids(campaign, located), *self._cross_check(campaign, located)]
        if mistakes:
            raise ContentError(mistakes)
        return campaign

    def line_of(self, campaign_id: str, path: tuple[str | int, ...]) -> Where:
        """Where a field of a campaign stands, for mistakes that are only seen later."""
        file = self.campaigns / f"{campaign_id}.yaml"
        return read_yaml(file, self.name_of(file)).where(path)

    def plan_ids(self) -> tuple[str, ...]:
        return tuple(sorted(path.stem for path in self.plans.glob("*.yaml")))

    def plan(self, plan_id: str) -> Plan:
        """One plan file."""
        path = self._existing(self.plans, plan_id, "plan-missing", self.plan_ids())
        return validate(Plan, read_yaml(path, self.name_of(path)))

    @cached_property
    def communes(self) -> Mapping[str, Commune]:
        """Today's communes by code."""
        path = self.audiences / "communes.csv"
        if not path.is_file():
            raise ContentError.at("file-missing", self.name_of(path))
        try:
            with path.open(encoding="utf-8-sig", newline="") as lines:
                return {
                    row["code"]: Commune(row["code"], row["name"], row["kind"], row["province_code"], row["province"])
                    for row in csv.DictReader(lines)
                }
        except UnicodeDecodeError as error:
            raise ContentError.at("not-utf-8", self.name_of(path)) from error
        except KeyError as error:
            raise ContentError.at(
                "key-missing", self.name_of(path), 1, str(error.args[0]), key=error.args[0]
            ) from error

    @cached_property
    def stations(self) -> Mapping[str, Station]:
        """The radio stations that `audiences/stations.csv` lists, by the code of their commune; none without the file.

        What a row leaves empty is filled in from `loa.toml`. Raises `ContentError` with every mistake.
        """
        path = self.audiences / STATIONS_FILE
        if not path.exists():
            return {}
        return read_stations(path, self.name_of(path), self.communes, self.settings.loudspeaker)

    def station(self, commune: Commune) -> Station:
        """The radio station of a commune; the workspace's defaults where nobody wrote a row for it."""
        given = self.settings.loudspeaker
        default = Station(commune.code, tuple(sorted(given.slots)), target=given.target, listed=False)
        return self.stations.get(commune.code, default)

    def communes_of(self, plan: Plan) -> tuple[Commune, ...]:
        """The communes that a plan applies to, by code."""
        provinces = {unit.province_code for unit in plan.applies_to}
        return tuple(unit for code, unit in sorted(self.communes.items()) if unit.province_code in provinces)

    def name_of(self, path: Path) -> str:
        """A path as people see it: from the workspace, where it lies in it."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)

    def _existing(self, folder: Path, name: str, code: str, known: tuple[str, ...]) -> Path:
        # compared as a whole name, so that "../x" is simply a campaign that does not exist
        if name not in known:
            raise ContentError.at(code, self.name_of(folder), name=name, known=", ".join(known) or "-")
        return folder / f"{name}.yaml"

    def _cross_check(self, campaign: Campaign, located: Located) -> list[Mistake]:
        """Clauses and topics must stand in the plan, waves in the campaign, portals on the allow-list's side."""
        if campaign.plan not in self.plan_ids():
            known = ", ".join(self.plan_ids()) or "-"
            return [located.mistake("plan-missing", ("plan",), name=campaign.plan, known=known)]
        plan = self.plan(campaign.plan)
        topics = {topic.id for topic in plan.topics}
        waves = {spec.id for spec in campaign.waves}
        found: list[Mistake] = []
        for i, item in enumerate(campaign.deliverables):
            at = ("deliverables", i)
            for j, clause in enumerate(item.clauses):
                if plan.task(clause) is None:
                    known = ", ".join(task.clause for task in plan.tasks)
                    found.append(
                        located.mistake(
                            "clause-missing", (*at, "clauses", j), clause=clause, plan=plan.number, known=known
                        )
                    )
            if item.topic not in topics:
                known = ", ".join(sorted(topics))
                found.append(
                    located.mistake("topic-missing", (*at, "topic"), topic=item.topic, plan=plan.number, known=known)
                )
            found += [
                located.mistake("wave-missing", (*at, "waves", j), name=wave, known=", ".join(sorted(waves)))
                for j, wave in enumerate(item.waves)
                if wave not in waves
            ]
        return found


def _unknown_networks(settings: Settings, located: Located) -> Iterator[Mistake]:
    """A network that no prefix belongs to gets no message, and that would only be seen at the release."""
    known = sorted(set(prefixes().operators.values()))
    plain = {name.casefold(): name for name in known}
    for i, lane in enumerate(settings.sms.lanes):
        for j, name in enumerate(lane.networks):
            if name == "*" or name in known:
                continue
            at, fields = ("sms", "lanes", i, "networks", j), {"name": name, "known": ", ".join((*known, "*"))}
            close = difflib.get_close_matches(name.casefold(), plain, 1, 0.5)
            if close:
                yield located.mistake("network-unknown-close", at, close=plain[close[0]], **fields)
            else:
                yield located.mistake("network-unknown", at, **fields)


def _read_deliverables(items: Located, models: Mapping[str, type[Deliverable]]) -> tuple[Deliverable, ...]:
    """Each deliverable with the model of its channel; the mistakes of all of them in one go."""
    made: list[Deliverable] = []
    mistakes: list[Mistake] = []
    for item in items.elements():
        channel = item.data.get("channel") if isinstance(item.data, dict) else None
        model = models.get(channel) if isinstance(channel, str) else None
        if isinstance(item.data, dict) and "channel" in item.data and model is None:
            known = ", ".join(sorted(models))
            mistakes.append(item.mistake("channel-missing", ("channel",), name=channel, known=known))
            continue
        try:
            made.append(validate(model or Deliverable, item))
        except ContentError as error:
            mistakes += error.mistakes
    if mistakes:
        raise ContentError(mistakes)
    return tuple(made)


def _repeated_ids(campaign: Campaign, located: Located) -> list[Mistake]:
    found: list[Mistake] = []
    listed: tuple[tuple[str, tuple[Any, ...]], ...] = (
        ("waves", campaign.waves),
        ("deliverables", campaign.deliverables),
    )
    for field, items in listed:
        seen: set[str] = set()
        for i, item in enumerate(items):
            if item.id in seen:
                found.append(located.mistake("id-repeated", (field, i, "id"), id=item.id))
            seen.add(item.id)
    return found
