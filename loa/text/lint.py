"""Safety of what goes out: one look at any text, whatever its channel.

The rules are domain knowledge: scams imitate the authorities' messages, so an authority's message must never look
like one - no address but the allowed ones, no asking for secrets, no pressing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from loa.model.campaign import Campaign
from loa.model.finding import Finding
from loa.text.normal import fold, is_nfc


@dataclass(frozen=True, slots=True)
class Rules:
    """What the lint holds a text against. `security` is set where the deliverable's topic is security.

    `local_hotlines` are those of communes: a text may give one of them in place of the campaign's.
    """

    allowed_hosts: Sequence[str]
    issuers: Sequence[str] = ()
    hotline: str = ""
    security: bool = False
    local_hotlines: Sequence[str] = ()


def rules_for(
    campaign: Campaign, allowed_hosts: Sequence[str], topic: str, local_hotlines: Sequence[str] = ()
) -> Rules:
    """The rules of a campaign. Topic III.3 of the plans is security and data protection."""
    issuers = (campaign.issuer.vi, campaign.issuer.en)
    return Rules(allowed_hosts, issuers, campaign.hotline, topic == "III.3", local_hotlines)


def lint(text: str, subject: str, rules: Rules) -> tuple[Finding, ...]:
    """Every finding on one text. `subject` is how an officer finds the text again."""
    return tuple(
        finding
        for check in (_placeholders, _links, _secrets, _personal, _issuer, _reminders, _tone, _form)
        for finding in check(text, subject, rules)
    )


_PLACEHOLDER = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}|\{[a-z_]+\}|<[a-zđ_ ]{3,30}>"
    r"|\[(?i:tên|ngày|số|name|date)[^\]]*\]|\b(?:None|Undefined|XXX+)\b"
)
_LINK = re.compile(r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)(?P<rest>[^\s<>\"“”'()]+)", re.IGNORECASE)
# a bare host: labels joined by dots, ending in letters; "11.02.2027" and "3.000" have none. Its path goes with it.
_HOST = re.compile(r"(?<![\w.-])(?P<host>(?:[\w-]+\.)+(?:xn--[\w-]+|[^\W\d_]{2,}))(?![\w-])(?:/[^\s]*)?", re.UNICODE)
# abbreviations of this country's addresses that have a host's shape
_NOT_HOSTS = frozenset({"tp.hcm"})
_ADDRESS = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")


def _placeholders(text: str, subject: str, rules: Rules) -> Iterator[Finding]:
    for match in _PLACEHOLDER.finditer(text):
        yield Finding("placeholder-left", subject, {"found": match[0]})


def _links(text: str, subject: str, rules: Rules) -> Iterator[Finding]:
    allowed = ", ".join(rules.allowed_hosts)
    text = _as_phones_see(text)
    seen: set[str] = set()
    for match in _LINK.finditer(text):
        link = match[0].rstrip(".,;:!?")
        if match["scheme"].lower() != "https":
            yield Finding("link-not-https", subject, {"link": link})
        seen.add(_host_of(link))
    rest = _LINK.sub(" ", text)
    seen |= {match["host"].lower() for match in _HOST.finditer(rest)}
    seen |= {match[0] for match in _ADDRESS.finditer(rest)}
    for host in sorted(seen - _NOT_HOSTS):
        if not host_allowed(host, rules.allowed_hosts):
            yield Finding("host-not-allowed", subject, {"host": host or "?", "allowed": allowed})


def _as_phones_see(text: str) -> str:
    """Letters that only look like ASCII become it, and what cannot be seen goes: phones link `bit．ly` all the same."""
    visible = "".join(char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char) != "Cf")
    return visible.replace("\u3002", ".")


def _host_of(link: str) -> str:
    """The host that a phone would really open: credentials before an @ are a scam's favourite disguise."""
    try:
        return (urlsplit(link).hostname or "").lower()
    except ValueError:
        return ""


def host_allowed(host: str, allowed: Sequence[str]) -> bool:
    """Whether a host is on the list, or below a host that is, label by label.

    `a.dichvucong.gov.vn` passes; `dichvucong.gov.vn.top`, `xdichvucong.gov.vn`, punycode, look-alike letters and
    addresses do not.
    """
    host = host.rstrip(".")
    if not host.isascii() or "xn--" in host:
        return False
    return any(host == known or host.endswith(f".{known}") for known in allowed)


# Asking (in either language) for what nobody may ask for. A warning has a "not" before the verb and passes.
_ASKING = re.compile(
    r"(?:(?P<no>khong(?: bao gio)?|khong nen|dung|chua|tuyet doi khong|never|not|don't)\s+(?:\w+\s+){0,4}?)?"
    r"(?P<ask>cung cap|gui|nhap|cho biet|doc|chuyen|thanh toan|cai dat|tai ve|"
    r"send|give|enter|tell|pay|install|share)\s+"
    r"(?:\w+\s+){0,4}?"
    r"(?P<what>(?:ma )?otp|mat khau|ma pin|so the|so tai khoan|can cuoc|cccd|so cmnd|tien|phi|tep apk|apk|"
    r"password|pin|card number|bank account|id number)\b"
)


def _secrets(text: str, subject: str, rules: Rules) -> Iterator[Finding]:
    for match in _ASKING.finditer(fold(text)):
        if not match["no"]:
            yield Finding("asks-for-secret", subject, {"found": match[0]})


# nine digits (old identity card), twelve (citizen's identity), or a mobile number in any spelling
_PERSONAL = re.compile(r"(?<![\d/])(?:\d{12}|\d{9}|(?:\+?84|0)(?:[\s.-]?\d){9})(?![\d/])")


def _personal(text: str, subject: str, rules: Rules) -> Iterator[Finding]:
    own = {re.sub(r"\D", "", number) for number in (rules.hotline, *rules.local_hotlines)}
    for match in _PERSONAL.finditer(_as_phones_see(text)):
        digits = re.sub(r"\D", "", match[0])
        if digits not in own:
            yield Finding("personal-data", subject, {"found": f"{digits[:3]}…{digits[-2:]}"})


def _issuer(text: str, subject: str, rules: Rules) -> Iterator[Finding]:
    said = fold(text)
    if rules.issuers and not any(fold(issuer) in said for issuer in rules.issuers):
        yield Finding("issuer-missing", subject, {"issuer": rules.issuers[0]})


def _reminders(text: str, subject: str, rules: Rules) -> Iterator[Finding]:
    said = fold(text)
    if rules.security and "otp" not in said:
        yield Finding("otp-warning-missing", subject)
    if rules.hotline and not any(number in text for number in (rules.hotline, *rules.local_hotlines)):
        yield Finding("hotline-missing", subject, {"hotline": rules.hotline})


_PRESSING = re.compile(
    r"\b(?:ngay lap tuc|khan cap|lan cuoi|se bi khoa|se bi phat|bi khoa tai khoan|trong vong 24 gio|"
    r"immediately|last chance|will be locked|act now|urgent)\b"
)
# provinces that ceased on 1 July 2025 (Resolution 202/2025/QH15) are matched where the word tỉnh stands before them
_ABOLISHED = re.compile(
    r"\b(?:huyện|thị xã|quận)\s+[A-ZĐÀ-Ỹ][\wÀ-ỹ]*(?:\s+[A-ZĐÀ-Ỹ][\wÀ-ỹ]*){0,2}"
    r"|\btỉnh\s+(?:Bắc Kạn|Thái Bình|Kon Tum|Yên Bái|Hà Giang|Vĩnh Phúc|Hòa Bình|Bắc Giang|Hải Dương|Hà Nam|Nam Định|"
    r"Quảng Bình|Quảng Nam|Bình Định|Phú Yên|Ninh Thuận|Đắk Nông|Bình Thuận|Bình Phước|Bình Dương|Bà Rịa|Long An|"
    r"Tiền Giang|Bến Tre|Trà Vinh|Sóc Trăng|Hậu Giang|Bạc Liêu|Kiên Giang)\b"
)


def _tone(text: str, subject: str, rules: Rules) -> Iterator[Finding]:
    for match in _PRESSING.finditer(fold(text)):
        yield Finding("urgency", subject, {"found": match[0]})
    for found in _ABOLISHED.finditer(text):
        yield Finding("abolished-unit", subject, {"found": found[0]})


def _form(text: str, subject: str, rules: Rules) -> Iterator[Finding]:
    if not is_nfc(text):
        yield Finding("not-nfc", subject)
    hidden = {char for char in text if unicodedata.category(char) in {"Cc", "Cf"} and char not in "\n\r\t"}
    if hidden:
        names = ", ".join(sorted(f"U+{ord(char):04X}" for char in hidden))
        yield Finding("hidden-character", subject, {"found": names})
