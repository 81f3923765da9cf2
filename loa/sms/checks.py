"""What an approver of an SMS must know: findings on the very bytes that would go out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loa import calendar
from loa.channel import Desk, Job
from loa.model.artefact import Artefact
from loa.model.audience import AudienceInfo
from loa.model.campaign import MessageClass
from loa.model.finding import Finding
from loa.sms import bodies as texts
from loa.sms import gateways
from loa.sms.bodies import Bodies, Body
from loa.sms.demand import as_approved
from loa.sms.forcing import saving
from loa.sms.forecast import dots, findings
from loa.sms.parts import Alphabet, split
from loa.text.lint import lint, rules_for

BRANDNAME = 11  # characters; the operators' limit on an alphanumeric sender
_TYPOGRAPHIC = "“”‘’–—…\u00a0\u200b"


def check(job: Job, artefacts: Sequence[Artefact], desk: Desk) -> Iterator[Finding]:
    made = texts.read(artefacts, desk)
    info = texts.audience_of(job, desk)
    yield from text_findings(job, made, desk)
    yield from _audience(job, info, made, desk)
    yield from _lanes(job, made, desk)
    if not calendar.within(desk.workspace.settings.hours, job.wave.send_at):
        hours = desk.workspace.settings.hours
        yield Finding(
            "send-hour", job.subject,
            {"at": f"{job.wave.send_at:%H:%M}", "start": f"{hours.start:%H:%M}", "end": f"{hours.end:%H:%M}"},
        )  # fmt: skip
    yield from findings(as_approved(job, made, desk), job.subject)


def text_findings(job: Job, made: Bodies, desk: Desk) -> Iterator[Finding]:
    """What is to be said of the texts by themselves, whoever gets them."""
    rules = rules_for(job.campaign, desk.workspace.settings.links.allowed_hosts, job.deliverable.topic)
    for body in made.texts:
        subject = f"{job.subject} [{body.language}{' ' + body.commune if body.commune else ''}]"
        # the accented text carries the meaning, and every link and figure of the payload
        yield from lint(body.accented, subject, rules)
        yield from _payload(job, body, subject)


def _payload(job: Job, body: Body, subject: str) -> Iterator[Finding]:
    if body.parts > 1:
        yield Finding("more-than-one-part", subject, {"parts": body.parts, "units": body.units})
    if texts.sms_of(job).encoding == "unaccented" and body.alphabet == Alphabet.UCS2:
        yield Finding("unaccented-not-plain", subject, {"found": _instead(body.text)})
    found = "".join(char for char in _TYPOGRAPHIC if char in body.text)
    if found:
        yield Finding("smart-quotes", subject, {"found": " ".join(found)})
    if job.campaign.message_class is MessageClass.ADVERTISING and not body.text.startswith("[QC]"):
        yield Finding("advertising-unmarked", subject)


def _instead(text: str) -> str:
    """The characters that force UCS-2, each with what may stand in its place: `“ (→ ")`."""
    found = saving(split(text)).forcing
    return ", ".join(f"{item.char} (→ {item.plain})" if item.plain.strip() else item.char for item in found)


def _audience(job: Job, info: AudienceInfo, made: Bodies, desk: Desk) -> Iterator[Finding]:
    if not sum(body.recipients for body in made.texts):
        yield Finding("audience-empty", job.subject, {"name": info.name})
    known = desk.workspace.communes
    nowhere = [body for body in made.texts if body.language in made.per_commune and body.commune not in known]
    if people := sum(body.recipients for body in nowhere):
        yield Finding("commune-blank", job.subject, {"people": dots(people)})


def _lanes(job: Job, made: Bodies, desk: Desk) -> Iterator[Finding]:
    sms = desk.workspace.settings.sms
    alphabets = {Alphabet(body.alphabet) for body in made.texts}
    for lane in sms.lanes:
        if lane.gateway not in gateways.catalogue():
            yield Finding("lane-gateway-missing", job.subject, {"lane": lane.name, "gateway": lane.gateway})
            continue
        limits = gateways.limits_of(lane)
        if missing := alphabets - limits.alphabets:
            names = ", ".join(sorted(missing))
            yield Finding("alphabet-unsupported", job.subject, {"lane": lane.name, "alphabets": names})
        number = lane.sender.removeprefix("+").isdigit()  # a short code, or a whole number: no brandname
        if lane.sender not in sms.registered_senders and not number:
            yield Finding("sender-unregistered", job.subject, {"sender": lane.sender, "lane": lane.name})
        most = limits.sender_length if number else min(BRANDNAME, limits.sender_length)
        if len(lane.sender) > most:
            yield Finding("sender-too-long", job.subject, {"sender": lane.sender, "most": most})
