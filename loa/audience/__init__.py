"""The audience room: a file of people -> clean recipients, and a file of rejects with reasons."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

import polars as pl
from pydantic import TypeAdapter, ValidationError

from loa.audience import places, rejects, vocabulary
from loa.audience.importing import Added, Before, Imported, import_people
from loa.audience.optouts import Listed, read_numbers
from loa.channel import Desk
from loa.model import phone
from loa.model.artefact import digest
from loa.model.audience import AudienceInfo, Reject
from loa.model.campaign import Slug
from loa.model.errors import ContentError
from loa.model.finding import Finding
from loa.model.sentences import Words, words

__all__ = ["Listed", "Outcome", "opt_out", "run"]

RULES = "2"  # counted up when the same file would come to something else, so that it is not taken for done
IN_BATCH = 50_000
REASONS = 3  # that are named where nobody can be written to
SHOWN = 50  # rejects that are listed with their row numbers; all of them are in the rejects file


@dataclass(frozen=True)
class Outcome:
    """What an import did. `unchanged`: the same file under the same name was there already, and nothing was done.

    `findings` are about the file as a whole. `first` are the first rejects, their numbers hidden; empty where nothing
    was done. `added` is there where a mended rejects file was added to the audience.
    """

    info: AudienceInfo
    rejects_file: Path
    rejected: int
    findings: tuple[Finding, ...]
    unchanged: bool
    first: tuple[Reject, ...] = ()
    added: Added | None = None

    @property
    def warnings(self) -> tuple[Words, ...]:
        """The findings as people read them."""
        return tuple(finding.words for finding in self.findings)


def run(file: Path, name: str, rejects_file: Path | None, desk: Desk) -> Outcome:
    """Imports a file of people as the audience `name`, and writes what must be mended to a rejects file.

    The file replaces the audience of that name; a rejects file that Loa wrote and a person mended is added to it.
    `rejects_file` is `var/rejects/<name>-rejects.csv` by default. Nothing is changed where the file as a whole cannot
    be used, or has nobody in it who can be written to. Raises `ContentError`, `StoreError`.
    """
    source_name = desk.workspace.name_of(file.resolve())
    _check_name(name)
    target = rejects_file or desk.workspace.var / "rejects" / f"{name}-rejects.csv"
    try:
        source = file.open("rb")
    except OSError as error:
        raise ContentError.at("file-missing", source_name) from error
    with source:
        before = desk.store.audiences.find(name)
        sha256 = hashlib.file_digest(source, "sha256").hexdigest()
        recipe = _recipe(sha256, name, desk)
        if before is not None and target.is_file():
            done = _done(recipe, before, desk)
            if done is not None:
                return Outcome(before, target, before.rejected, done, unchanged=True)
        begun = _stamp(source)
        base = None if before is None else Before(before, partial(desk.store.audiences.frame, before))
        opted_out = desk.store.audiences.opted_out()
        imported = import_people(source, source_name, sha256, name, _places(desk), desk.clock, base, opted_out)
        if target.resolve() == file.resolve() and not imported.sheet.is_rejects:
            raise ContentError.at("rejects-over-source", source_name)
        kept = imported.info
        first: list[Reject] = []

        def keep() -> None:
            nonlocal kept
            if _stamp(source) != begun:
                raise ContentError.at("people-changed", source_name)
            if imported.people.height:
                kept = desk.store.audiences.keep(packed.result())

        # people before rejects: where a mended file lies under the name of the new rejects, they are safe when it goes
        table = rejects.to_bytes(imported.sheet, _noted(imported.rejects(), first))
        with ThreadPoolExecutor(1) as aside:  # the good ones are packed while the rejects are written
            packed = aside.submit(desk.store.audiences.pack, imported.people, imported.info)
            rejects.write(target, table, own_folder=rejects_file is None, meanwhile=keep)
    if not imported.people.height:
        shown = desk.workspace.name_of(target.resolve())
        raise ContentError.at(
            "people-nobody", source_name,
            rows=imported.info.total, reasons=_most(imported.info.reasons, first), rejects=shown,
        )  # fmt: skip
    _remember(recipe, kept, imported, desk)
    done = imported.findings
    return Outcome(kept, target, kept.rejected, done, unchanged=False, first=tuple(first), added=imported.added)


def _most(reasons: Mapping[str, int], first: Sequence[Reject]) -> Words:
    """The most frequent reasons, each with what is to be done about it."""
    often = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:REASONS]
    said = [(code, rows, _advice(code, first)) for code, rows in often]
    return Words(
        " ".join(f"[{code}] {rows} dòng: {advice.vi}" for code, rows, advice in said),
        " ".join(f"[{code}] rows: {rows}. {advice.en}" for code, rows, advice in said),
    )


def _advice(code: str, first: Sequence[Reject]) -> Words:
    """The sentence of a reason; where it speaks of the row itself, that of the first row that has it alone."""
    try:
        return words(code)
    except KeyError:
        example = next((reject for reject in first if reject.code == code), None)
        return Words(example.vi, example.en) if example else Words("xem tệp bị loại.", "See the rejects.")


def opt_out(file: Path, source: str, desk: Desk) -> Listed:
    """Notes every number of a file as one that wants nothing more. Raises `ContentError`, `StoreError`.

    All of the file is read before anything is noted, and noting a number twice changes nothing.
    """
    name = desk.workspace.name_of(file.resolve())
    try:
        with file.open("rb") as opened:
            listed = read_numbers(opened, name, SHOWN)
    except OSError as error:
        raise ContentError.at("file-missing", name) from error
    added = desk.store.audiences.opt_out(listed.phones, source, desk.clock.now())
    return replace(listed, added=added)


def _stamp(file: BinaryIO) -> tuple[int, int]:
    """What changes when somebody writes to a file."""
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns


def _noted(frames: Iterator[pl.DataFrame], first: list[Reject]) -> Iterator[pl.DataFrame]:
    """The same frames; the first rows of them are noted by the way."""
    for frame in frames:
        first.extend(rejects.summary(frame, SHOWN - len(first)))
        yield frame


def _check_name(name: str) -> None:
    """An audience's name becomes a file's name."""
    try:
        TypeAdapter(Slug).validate_python(name)
    except ValidationError as error:
        raise ContentError.at("audience-name", name[:60] or "-") from error


def _places(desk: Desk) -> places.Places:
    table = _old_communes(desk)
    return places.Places(desk.workspace.communes, places.read_old_communes(table, desk.workspace.name_of(table)))


def _old_communes(desk: Desk) -> Path:
    return desk.workspace.audiences / "communes-old.csv"


def _recipe(source_sha256: str, name: str, desk: Desk) -> str:
    """Everything that an import's result hangs on, but for the audience that was there before and the opt-outs.

    Those grow every day, and are looked at again when a wave is expanded and when it is sent. The same list is not to
    be imported again for them: that would take the approval of every wave it is in, and lose what was mended.
    """
    tables = (desk.workspace.audiences / "communes.csv", _old_communes(desk), phone.TABLE, vocabulary.TABLE)
    return digest(
        {
            "what": "audience-import",
            "rules": RULES,
            "name": name,
            "source": source_sha256,
            "tables": [hashlib.sha256(table.read_bytes()).hexdigest() for table in tables if table.is_file()],
        }
    )


def _done(recipe: str, before: AudienceInfo, desk: Desk) -> tuple[Finding, ...] | None:
    """The warnings of the import that was done before, if its people are what stands under the name now."""
    report = desk.store.artefacts.recall(recipe)
    if not report:
        return None
    said = json.loads(desk.store.artefacts.read(report[0]))
    if said["source_sha256"] != before.source_sha256:
        return None
    findings = [Finding(one["code"], one["subject"], one["fields"]) for one in said["warnings"]]
    gone = desk.store.audiences.opted_out()
    count = sum(
        int(batch["phone"].is_in(gone.implode()).sum()) for batch in desk.store.audiences.batches(before, IN_BATCH)
    )
    if count:
        findings.append(Finding("people-opted-out-since", before.source_name, {"people": count}))
    return tuple(findings)


def _remember(recipe: str, info: AudienceInfo, imported: Imported, desk: Desk) -> None:
    """Notes that this file was imported; holds counts and column names, nothing of any person."""
    report = {
        "audience": info.name,
        "sha256": info.sha256,
        "source_sha256": info.source_sha256,
        "total": info.total,
        "reasons": dict(info.reasons),
        "warnings": [{"code": w.code, "subject": w.subject, "fields": dict(w.fields)} for w in imported.findings],
    }
    data = json.dumps(report, ensure_ascii=False, sort_keys=True).encode()
    kept = desk.store.artefacts.put(
        data, name=f"{info.name}-import.json", media_type="application/json", role="import-report", language=""
    )
    desk.store.artefacts.remember(recipe, (kept,))
