"""Web and mail addresses, phone numbers, hotlines."""

from __future__ import annotations

import re

from loa.loudspeaker.lexicon import Lexicon
from loa.loudspeaker.reading.numbers import cardinal, digits
from loa.loudspeaker.reading.segments import Rule, always

_SIGNS_VI = {".": "chấm", "@": "a còng", "/": "gạch chéo", "-": "gạch ngang", "_": "gạch dưới"}
_SIGNS_EN = {".": "dot", "@": "at", "/": "slash", "-": "dash", "_": "underscore"}

# the scheme and "www." are never said; a path goes up to the first sign that ends a sentence
_ADDRESS = (
    r"(?<![\w@.+-])(?:https?://)?(?:www\.)?"
    r"(?P<said>(?:[\w.+-]+@)?(?:[a-zA-Z0-9-]+\.)+[a-zA-Z]{2,}(?![\w-])(?:/[\w/.-]*[\w])?)/?"
)


def _address(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """`dichvucong.gov.vn` -> `dịch vụ công chấm gov chấm vn`. A part the lexicon does not have stays unread."""
    signs = _SIGNS_EN if lexicon.language == "en" else _SIGNS_VI
    words = []
    for part in re.findall(r"[^\W_]+|[\W_]", match["said"]):
        if part in signs:
            words.append(signs[part])
        elif part.lower() in lexicon.labels:
            words.append(lexicon.labels[part.lower()])
        elif part.isdigit() and len(part) <= 2 and lexicon.language == "vi":
            words.append(cardinal(int(part)))
        else:
            return None
    return " ".join(words)


def _grouped(written: str) -> str:
    """Digit by digit, a breath between the groups: those that are written, else fours and threes."""
    groups = [group for group in re.split(r"\D+", written) if group]
    if len(groups) == 1 and len(groups[0]) > 6:
        number = groups[0]
        groups = [number[:4], *(number[i : i + 3] for i in range(4, len(number), 3))]
        if len(number) == 8:  # 1800 1096
            groups = [number[:4], number[4:]]
    return ", ".join(digits(group) for group in groups)


def _phone(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """`0912 345 678`, `+84 912345678`, `(0208) 3855 123`: ten or eleven digits, said as one dials here."""
    national = re.sub(r"^(?:\+84|0084)[\s.-]?", "0", match[0])
    return _grouped(national) if 10 <= len(re.sub(r"\D", "", national)) <= 11 else None


def _hotline(match: re.Match[str], lexicon: Lexicon) -> str | None:
    return _grouped(match["number"] if "number" in match.re.groupindex else match[0])


def _cued(match: re.Match[str], lexicon: Lexicon) -> str | None:
    return f"{match['cue']}{_grouped(match['number'])}"


ADDRESS = Rule("address", always(_ADDRESS), _address)
PHONE = Rule(
    "phone",
    always(r"(?<![\w+./])(?:(?:\+84|0084)[\s.-]?\d{1,4}|\(0\d{1,4}\)|0\d{1,10})(?:[ .-]?\d{2,7}){0,4}(?![\w/]|[.,]\d)"),
    _phone,
)
# 1800 and 1900 numbers have four digits after the prefix, some six
SERVICE_NUMBER = Rule("hotline", always(r"(?<![\w./])1[89]00[ .]?(?:\d{6}|\d{4}|\d{2}[ .]\d{2})(?![\w/])"), _hotline)
KNOWN_HOTLINE = Rule("hotline", lambda lexicon: lexicon.hotlines_pattern, _hotline)
CUED_NUMBER = Rule(
    "hotline",
    always(
        r"(?P<cue>(?:tổng đài|đường dây nóng|số điện thoại|điện thoại|hotline|gọi(?: (?:đến|tới|điện))?(?: số)?)"
        r"(?: số)?:? )(?P<number>\d{3,6})(?![\w/]|[.,]\d)",
        re.IGNORECASE,
    ),
    _cued,
)
