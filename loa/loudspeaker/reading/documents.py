"""Numbers of legal documents: 1588/QĐ-TTg, 13/2023/NĐ-CP, 57-NQ/TW, 60/2024/QH15."""

from __future__ import annotations

import re

from loa.loudspeaker.lexicon import Lexicon
from loa.loudspeaker.reading.numbers import cardinal, digits
from loa.loudspeaker.reading.segments import Rule, always

_LETTER = "công văn"
_KIND = r"[A-ZĐ][A-Za-zĐđ]*"


def _document(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """The number, its year, then what it is and whose.

    The kind is left out where it stands just before (`Quyết định số 1588/QĐ-TTg`), and the issuer where the sentence
    goes on to name one (`81/KH-UBND ngày 05/4/2025 của UBND tỉnh`).
    """
    kind = lexicon.documents.get(match["kind"])
    issuer = _issuer(match["issuer"], lexicon) if kind else _letter_issuer(match, lexicon)
    if issuer is None:
        return None
    kind = kind or _LETTER
    before, after = match.string[: match.start()], match.string[match.end() :]
    said_before = re.search(rf"(?:{re.escape(kind)}|{match['kind']})\s+(?:số:?\s+)?$", before, re.IGNORECASE)
    said_after = re.match(r"(?:,?\s+ngày\s+[\d/]+)?\s+của\s", after)
    year = match.groupdict().get("year")
    parts = [_number(match["number"]), f"năm {cardinal(int(year))}" if year else ""]
    whose = "" if said_after else f"của {issuer}"
    tail = whose if said_before else f"{kind} {whose}".strip()
    if said_before and year and not whose:
        return ", ".join(parts) + ","
    if said_before and not year:
        return f"{parts[0]} {tail}".strip()
    return ", ".join(part for part in (*parts, tail) if part)


def _number(written: str) -> str:
    return digits(written) if written.startswith("0") else cardinal(int(written))


def _issuer(written: str, lexicon: Lexicon) -> str | None:
    parts = written.split("-")
    names = [lexicon.issuers.get(part) for part in parts]
    return " và ".join(name for name in names if name) if all(names) else None


def _letter_issuer(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """An official letter bears no kind: `2345/STTTT-CĐS` is issuer and drafting unit (Decree 30/2020, annex I).

    The unit is for the archive and is not said, but it must be known: else this is another kind of token.
    """
    units = match["issuer"].split("-")
    known = all(unit in lexicon.issuers or unit in lexicon.words for unit in units)
    return lexicon.issuers.get(match["kind"]) if known else None


def _law(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """`60/2024/QH15`, `35/2023/UBTVQH15`: the National Assembly of a term, or its Standing Committee."""
    words = f"{_number(match['number'])}, năm {cardinal(int(match['year']))}"
    body = "Ủy ban Thường vụ Quốc hội" if match["standing"] else "Quốc hội"
    if re.match(r"\s+của\s", match.string[match.end() :]):
        return f"{words},"
    return f"{words}, của {body} khóa {cardinal(int(match['term']))}"


_END = r"(?![\w/-])"
DOCUMENTS = (
    Rule(
        "document",
        always(rf"(?<![\w/.-])(?P<number>\d{{1,6}})/(?P<year>\d{{4}})/(?P<standing>UBTV)?QH(?P<term>\d{{1,2}}){_END}"),
        _law,
    ),
    Rule(
        "document",
        always(
            rf"(?<![\w/.-])(?P<number>\d{{1,6}})(?:/(?P<year>\d{{4}}))?/(?P<kind>{_KIND})-(?P<issuer>{_KIND}(?:-{_KIND})*){_END}"
        ),
        _document,
    ),
    # the Party's documents: number-kind/body
    Rule(
        "document", always(rf"(?<![\w/.-])(?P<number>\d{{1,6}})-(?P<kind>{_KIND})/(?P<issuer>{_KIND}){_END}"), _document
    ),
)
