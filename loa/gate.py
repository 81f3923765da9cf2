"""The gate: what is approved as one, who may approve it, and what they see.

A bundle is the digest over artefacts, audiences and schedule of a wave. One changed byte and the approval lapses, since
the digest is then another one. Whoever asks may not approve; a one-person office relaxes that in `loa.toml`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loa import handover
from loa.channel import Desk, Job
from loa.model.artefact import Artefact, digest
from loa.model.campaign import Campaign, Wave
from loa.model.errors import Refused
from loa.model.finding import Finding
from loa.model.plan import Plan
from loa.model.review import Bundle, Decision
from loa.sms.forecast import PACE
from loa.text.normal import fold


@dataclass(frozen=True)
class Occasion:
    """One wave of one campaign in one year, with all it needs."""

    campaign: Campaign
    plan: Plan
    wave: Wave
    jobs: tuple[Job, ...]


@dataclass(frozen=True)
class Prepared:
    """One deliverable, made and looked at."""

    job: Job
    artefacts: tuple[Artefact, ...]
    findings: tuple[Finding, ...]


def manifest_of(desk: Desk, found: Occasion, made: Sequence[Prepared]) -> dict[str, Any]:
    """What an approver decides on. `covered` is what the digest is taken over: one changed byte and it differs.

    Findings are covered too: what an approver saw, or passed with a reason, is what still holds at the release.
    """
    settings = desk.workspace.settings
    covered = {
        "version": 2,
        "wave": found.wave.key,
        "plan": found.plan.number,
        "message_class": found.campaign.message_class.value,
        "issuer": found.campaign.issuer.model_dump(),
        # in both languages: they stand on the sheets and in the manifests of packages, whatever language is spoken
        "titles": [found.campaign.title.model_dump(), found.wave.title.model_dump()],
        "send_at": found.wave.send_at.isoformat(),
        "closes_at": found.wave.closes_at.isoformat(),
        "hours": settings.hours.model_dump(mode="json"),
        "allowed_hosts": list(settings.links.allowed_hosts),
        # how fast a lane goes is the operator's to tune; all else about it was approved
        "sms": settings.sms.model_dump(mode="json", exclude={"lanes": {"__all__": {"parts_per_second", "window"}}}),
        "deliverables": [_covered(desk, item) for item in made],
        "findings": [
            {"code": finding.code, "subject": finding.subject, "fields": {k: str(v) for k, v in finding.fields.items()}}
            for item in made
            for finding in item.findings
        ],
    }
    return {"covered": covered, "title": found.campaign.title.model_dump()}


def _covered(desk: Desk, item: Prepared) -> dict[str, Any]:
    deliverable, plan = item.job.deliverable, item.job.plan
    info = desk.store.audiences.find(deliverable.audience_name) if deliverable.audience_name else None
    places = handover.communes_for(item.job, deliverable.whereto, desk) if deliverable.whereto else ()
    return {
        "deliverable": deliverable.model_dump(mode="json"),
        "artefacts": [artefact.as_json() for artefact in item.artefacts],
        "audience": {"name": info.name, "sha256": info.sha256, "people": info.clean} if info else None,
        "places": [[place.code, place.name] for place in places],
        "tasks": [[clause, task.title] for clause in deliverable.clauses if (task := plan.task(clause))],
    }


def digest_of(manifest: Mapping[str, Any]) -> str:
    return digest(manifest["covered"])


def holds(bundle: Bundle, manifest: Mapping[str, Any]) -> bool:
    """Whether what was approved is what would go out now.

    Whether a lane is in time is no part of it: its rate is the operator's to tune, also while a wave is going out.
    """
    approved = bundle.manifest["covered"]
    return digest(approved) == bundle.digest and digest(_paceless(approved)) == digest(_paceless(manifest["covered"]))


def _paceless(covered: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**covered, "findings": [found for found in covered["findings"] if found["code"] not in PACE]}


def findings_of(bundle: Bundle) -> tuple[Finding, ...]:
    """The findings an approver sees."""
    return tuple(Finding(row["code"], row["subject"], row["fields"]) for row in bundle.manifest["covered"]["findings"])


def people_of(bundle: Bundle, deliverable: str) -> str:
    """The SHA-256 of the audience that was approved for one deliverable; empty where it has none."""
    for item in bundle.manifest["covered"]["deliverables"]:
        if item["deliverable"]["id"] == deliverable and item["audience"]:
            return str(item["audience"]["sha256"])
    return ""


def artefacts_of(bundle: Bundle, deliverable: str) -> tuple[Artefact, ...]:
    """The approved artefacts of one deliverable."""
    for item in bundle.manifest["covered"]["deliverables"]:
        if item["deliverable"]["id"] == deliverable:
            return tuple(Artefact.from_json(row) for row in item["artefacts"])
    return ()


def find_bundle(desk: Desk, start: str) -> Bundle:
    """The one bundle whose digest starts so. Raises `Refused` for none or several."""
    found = desk.store.reviews.find(start.lower()) if start else ()
    if not found:
        raise Refused("bundle-missing", {"start": start})
    if len(found) > 1:
        raise Refused("bundle-ambiguous", {"start": start, "count": len(found)})
    return found[0]


def approve(desk: Desk, bundle: Bundle, by: str, overrides: Mapping[str, str] | None = None) -> Bundle:
    """A person approves. Raises `Refused` where that person asked, or where something blocks.

    `overrides` maps the code of a finding that may be passed to a written reason, which stays with the decision.
    """
    given = {code: reason.strip() for code, reason in (overrides or {}).items()}
    _refuse_unfit(desk, bundle, by)
    findings = findings_of(bundle)
    codes = {finding.code for finding in findings}
    for code, reason in given.items():
        if code not in codes:
            raise Refused("override-not-found", {"finding": code, "known": ", ".join(sorted(codes)) or "-"})
        if not all(finding.overridable for finding in findings if finding.code == code):
            raise Refused("override-not-allowed", {"finding": code})
        if not reason:
            raise Refused("override-reason", {"finding": code})
    blocking = sorted({finding.code for finding in findings if finding.blocks and finding.code not in given})
    if blocking:
        raise Refused("review-blocked", {"bundle": bundle.short, "codes": ", ".join(blocking)})
    return desk.store.reviews.decide(bundle.digest, Decision.APPROVED, by, desk.clock.now(), overrides=given)


def request_changes(desk: Desk, bundle: Bundle, by: str, reason: str) -> Bundle:
    """A person asks for changes, and says which."""
    if not reason.strip():
        raise Refused("reason-missing")
    if bundle.decision is Decision.LAPSED:
        raise Refused("bundle-not-current", {"bundle": bundle.short, "wave": bundle.wave})
    return desk.store.reviews.decide(bundle.digest, Decision.CHANGES, by, desk.clock.now(), reason=reason.strip())


def _refuse_unfit(desk: Desk, bundle: Bundle, by: str) -> None:
    if bundle.decision is Decision.LAPSED:
        raise Refused("bundle-not-current", {"bundle": bundle.short, "wave": bundle.wave})
    same = _name(by) == _name(bundle.requested_by)
    if same and not desk.workspace.settings.office.one_person:
        raise Refused("review-same-person", {"by": by})


def _name(person: str) -> str:
    """A person's name for comparing: however it is typed, with or without marks and invisible letters."""
    seen = "".join(char for char in unicodedata.normalize("NFKC", person) if unicodedata.category(char) != "Cf")
    return fold(seen)
