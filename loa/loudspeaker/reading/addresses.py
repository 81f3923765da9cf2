"""Web and mail addresses, phone numbers, hotlines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loa.loudspeaker.lexicon import Lexicon
from loa.loudspeaker.reading.numbers import cardinal, digits
from loa.loudspeaker.reading.segments import Rule, always

_SIGNS_VI = {".": "chấm", "@": "a còng", "/": "gạch chéo", "-": "gạch ngang", "_": "gạch dưới"}
# how a long number is dialled from paper: 1800 1096, 0912 000 678, 0208 3000 123
_BREATHS = {7: (4, 3), 8: (4, 4), 9: (3, 3, 3), 10: (4, 3, 3), 11: (4, 4, 3)}
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
        elif part.isdigit() and lexicon.language == "vi":
            words.append(cardinal(int(part)) if len(part) <= 2 else digits(part))
        else:
            return None
    return " ".join(words)


def _grouped(written: str) -> str:
    """Digit by digit, a breath between the groups: those that are written, long ones in fours and threes."""
    return ", ".join(digits(group) for long in re.findall(r"\d+", written) for group in _breaths(long))


def _breaths(number: str) -> Iterator[str]:
    done = 0
    for size in _BREATHS.get(len(number), (len(number),)):
        yield number[done : done + size]
        done += size


def _phone(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """`0912 000 678`, `+84 912000678`, `(0208) 3000 123`: ten or eleven digits, said as one dials here."""
    national = re.sub(r"^(?:\+84|0084|\(\+84\))[\s.-]?", "0", match[0])
    return _grouped(national) if 10 <= len(re.sub(r"\D", "", national)) <= 11 else None


def _hotline(match: re.Match[str], lexicon: Lexicon) -> str | None:
    return _grouped(match[0])


def _service(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """`1800 1096`, `1900 545 545`; but `1900-1954` are years."""
    first, dash, rest = match[0].partition("-")
    return None if dash and len(rest) == 4 and int(first) < int(rest) < 2100 else _grouped(match[0])


def _cued(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """`gọi 113, 114 hoặc 115`: each number digit by digit, what stands between them as it is."""
    return match["cue"] + re.sub(r"\d+", lambda number: _grouped(number[0]), match["number"])


ADDRESS = Rule("address", always(_ADDRESS), _address)
PHONE = Rule(
    "phone",
    always(
        r"(?<![\w+./])(?:(?:\+84|0084|\(\+84\))[\s.-]?\d{1,4}|\(0\d{1,4}\)|0\d{1,10})"
        # (0260) 3.000.222: one figure by itself only in this place
        r"(?:[ .]\d(?=[ .]\d{3}[ .]\d{3}(?!\d)))?(?:[ .-]?\d{2,7}){0,4}(?![\w/]|[.,]\d)"
    ),
    _phone,
)
# 1800 and 1900 numbers have four digits after the prefix, some six
SERVICE_NUMBER = Rule(
    "hotline",
    always(r"(?<![\w./-])1[89]00[ .-]?(?:\d{6}|\d{3}[ .]\d{3}|\d{4}|\d{2}[ .]\d{2})(?![\w/-]|[.,]\d)"),
    _service,
)
KNOWN_HOTLINE = Rule("hotline", lambda lexicon: lexicon.hotlines_pattern, _hotline)
# what is counted, where a number stands before it, and not dialled: "mời gọi 300 người"
_COUNTED = (
    r"(?!\s(?:người|hộ|thuê bao|cuộc|máy|bạn|cán bộ|đại biểu|thành viên|đoàn viên|hồ sơ|lượt|lần|thôn|xã|phường|"
    r"đồng|nghìn|ngàn|triệu|tỷ)(?!\w))"
)
_ENDED = r"(?![\w/]|[.,]\d)"
CUED_NUMBERS = (
    Rule(
        "hotline",
        always(
            r"(?P<cue>(?:tổng đài|đường dây nóng|số điện thoại|điện thoại|hotline|gọi(?: (?:đến|tới|điện))?(?: số)?)"
            # the emergency numbers 111 to 119 are also read in a row
            rf"(?: số)?:? )(?P<number>\d{{3,6}}(?:(?:, | hoặc | và )11\d{_ENDED}{_COUNTED})*){_ENDED}{_COUNTED}",
            re.IGNORECASE,
        ),
        _cued,
    ),
    Rule(
        "hotline",
        always(rf"(?P<cue>(?:tổng đài|đường dây nóng)(?: [^\W\d_]+){{1,6}}: )(?P<number>11\d){_ENDED}", re.IGNORECASE),
        _cued,
    ),
    # the short number that a message goes to: only where nothing counted can follow
    Rule(
        "hotline",
        always(
            r"(?P<cue>(?:nhắn tin|soạn tin|tin nhắn)(?: [^\W\d_]+){0,4} (?:đến|tới|gửi|số) )(?P<number>\d{4})"
            rf"{_ENDED}(?=\s*(?:$|[.,;:!?)]|(?:để|và|hoặc|theo|trước|từ|miễn phí)(?!\w)))",
            re.IGNORECASE | re.MULTILINE,
        ),
        lambda match, lexicon: match["cue"] + digits(match["number"]),
    ),
    # a code is said as it is typed
    Rule(
        "code",
        always(
            rf"(?P<cue>(?:mã số(?: thuế| hồ sơ)?|mã hồ sơ|mã|số tài khoản):? )(?P<number>\d{{4,}}){_ENDED}",
            re.IGNORECASE,
        ),
        lambda match, lexicon: match["cue"] + digits(match["number"]),
    ),
    Rule("hotline", always(rf"(?P<cue>gửi )(?P<number>1[0-9]{{3}}){_ENDED}(?=\s*(?:$|[.;!?)]))", re.IGNORECASE), _cued),
)
