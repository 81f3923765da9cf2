"""The gate: what is approved as one, who may approve it, and what they see.

A bundle is the digest over artefacts, audiences and schedule of a wave. One changed byte and the approval lapses, since
the digest is then another one. Whoever asks may not approve; a one-person office relaxes that in `loa.toml`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loa.channel import Desk, Job
from loa.model.artefact import Artefact, digest
from loa.model.campaign import Campaign, Wave
from loa.model.errors import Refused
from loa.model.finding import Finding
from loa.model.plan import Plan
from loa.model.review import Bundle, Decision
from loa.text.normal import nfc


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
    """What an approver decides on. `covered` is what the digest is taken over: one changed byte and it differs."""
    settings = desk.workspace.settings
    covered = {
        "version": 1,
        "wave": found.wave.key,
        "plan": found.plan.number,
        "message_class": found.campaign.message_class.value,
        "issuer": found.campaign.issuer.model_dump(),
        "send_at": found.wave.send_at.isoformat(),
        "closes_at": found.wave.closes_at.isoformat(),
        "allowed_hosts": list(settings.links.allowed_hosts),
        "senders": [[lane.name, lane.gateway, lane.sender, list(lane.networks)] for lane in settings.sms.lanes],
        "deliverables": [_covered(desk, item) for item in made],
    }
    findings = [
        {"code": finding.code, "subject": finding.subject, "fields": {k: str(v) for k, v in finding.fields.items()}}
        for item in made
        for finding in item.findings
    ]
    return {"covered": covered, "findings": findings, "title": found.campaign.title.model_dump()}


def _covered(desk: Desk, item: Prepared) -> dict[str, Any]:
    name = item.job.deliverable.audience_name
    info = desk.store.audiences.find(name) if name else None
    return {
        "deliverable": item.job.deliverable.model_dump(mode="json"),
        "artefacts": [artefact.as_json() for artefact in item.artefacts],
        "audience": {"name": info.name, "sha256": info.sha256, "people": info.clean} if info else None,
    }


def digest_of(manifest: Mapping[str, Any]) -> str:
    return digest(manifest["covered"])


def findings_of(bundle: Bundle) -> tuple[Finding, ...]:
    """The findings an approver sees."""
    return tuple(Finding(row["code"], row["subject"], row["fields"]) for row in bundle.manifest["findings"])


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
    """A person's name for comparing: the same letters typed on another keyboard are the same name."""
    return " ".join(nfc(person).casefold().split())
