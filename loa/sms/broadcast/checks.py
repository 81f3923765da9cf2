"""What an approver of a broadcast request must know: findings on the very files that operators would get."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from loa import calendar
from loa.channel import Desk, Job
from loa.model.artefact import Artefact
from loa.model.campaign import MessageClass
from loa.model.clock import VIETNAM
from loa.model.finding import Finding
from loa.sms.broadcast.channel import approved_text, ordered, region_of, times_of
from loa.sms.broadcast.letter import said_in
from loa.sms.broadcast.package import PAYLOAD
from loa.sms.broadcast.request import Text, addressee, data, may_request
from loa.sms.checks import BRANDNAME
from loa.sms.parts import split
from loa.text.lint import lint, rules_for

_TYPOGRAPHIC = "“”‘’–—…\u00a0\u200b"


def check(job: Job, artefacts: Sequence[Artefact], desk: Desk) -> Iterator[Finding]:
    text = approved_text(artefacts, desk)
    yield from text_findings(job, text, desk)
    yield from _law(job)
    yield from _sender(job, desk)
    yield from _window(job, desk)
    if not region_of(job, desk).areas:
        yield Finding("area-empty", job.subject)
        return
    yield from _whom(job, desk)
    yield from _files(job, artefacts, text, desk)


def text_findings(job: Job, text: Text, desk: Desk) -> Iterator[Finding]:
    """What is to be said of the text by itself."""
    subject, most = f"{job.subject} [vi]", ordered(job).most_parts
    yield from lint(
        text.accented,
        subject,
        rules_for(job.campaign, desk.workspace.settings.links.allowed_hosts, job.deliverable.topic),
    )
    if text.parts > most:
        yield Finding("broadcast-too-long", subject, {"parts": text.parts, "most": most})
    elif text.parts > 1:
        yield Finding("more-than-one-part", subject, {"parts": text.parts, "units": text.units})
    if text.encoding == "unaccented" and (forcing := split(text.payload).forcing):
        yield Finding("unaccented-not-plain", subject, {"found": " ".join(forcing)})
    if found := [char for char in _TYPOGRAPHIC if char in text.payload]:
        yield Finding("smart-quotes", subject, {"found": " ".join(found)})


def _law(job: Job) -> Iterator[Finding]:
    """What may be asked for in this way, and by whom."""
    if job.campaign.message_class is MessageClass.ADVERTISING:
        yield Finding("broadcast-advertising", job.subject)
    if not may_request(job.campaign.issuer.vi):
        yield Finding("broadcast-requester", job.subject, {"issuer": job.campaign.issuer.vi})


def _sender(job: Job, desk: Desk) -> Iterator[Finding]:
    sender = ordered(job).sender
    if sender not in desk.workspace.settings.sms.registered_senders:
        yield Finding("broadcast-sender", job.subject, {"sender": sender})
    if len(sender) > BRANDNAME:
        yield Finding("sender-too-long", job.subject, {"sender": sender, "most": BRANDNAME})


def _window(job: Job, desk: Desk) -> Iterator[Finding]:
    """The hours of people, and the days that operators need."""
    times, hours = times_of(job), desk.workspace.settings.hours
    if not calendar.within(hours, times.start) or times.end.time() > hours.end:
        fields = {"begin": times.start, "finish": times.end, "start": hours.start, "end": hours.end}
        yield Finding("broadcast-hours", job.subject, {name: f"{at:%H:%M}" for name, at in fields.items()})
    if times.start < job.wave.send_at:
        starts, handed = calendar.moment_words(times.start), calendar.moment_words(job.wave.send_at)
        yield Finding("broadcast-before-request", job.subject, {"start": starts, "handed": handed})
    elif times.start.date() - job.wave.send_at.astimezone(VIETNAM).date() < timedelta(data("letter")["notice"]["days"]):
        days = data("letter")["notice"]["days"]
        yield Finding("broadcast-short-notice", job.subject, {"days": ordered(job).window.after_days, "wanted": days})


def _whom(job: Job, desk: Desk) -> Iterator[Finding]:
    """Whom the letters go to: known at all, and confirmed by the office."""
    item, seat = ordered(job), region_of(job, desk).seat
    found = {operator: addressee(operator, item, seat) for operator in item.operators}
    if unknown := [operator for operator, whom in found.items() if not whom]:
        yield Finding("operator-no-address", job.subject, {"operators": ", ".join(unknown)})
    guessed = [f"{operator}: {whom}" for operator, whom in found.items() if whom and operator not in item.addressees]
    if guessed:
        yield Finding("operator-address-unconfirmed", job.subject, {"addressees": "; ".join(guessed)})


def _files(job: Job, artefacts: Sequence[Artefact], text: Text, desk: Desk) -> Iterator[Finding]:
    """The files themselves: every operator's are there, and say the approved text to the letter."""
    read = desk.store.artefacts.read
    payload = [item for item in artefacts if item.name == PAYLOAD]
    if [read(item) for item in payload] != [text.payload.encode()]:
        yield Finding("request-text-differs", job.subject, {"file": PAYLOAD})
    for operator in ordered(job).operators:
        own = {item.role: item for item in artefacts if item.provenance.get("operator") == operator}
        if not {"letter", "form", "request"} <= own.keys():
            yield Finding("request-incomplete", job.subject, {"operator": operator})
        elif text.payload not in said_in(read(own["letter"])):
            yield Finding("request-text-differs", job.subject, {"file": own["letter"].name})
