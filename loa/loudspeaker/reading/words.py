"""Words that are not read as they are written: entries of the lexicon, words in capitals, signs between words."""

from __future__ import annotations

import re

from loa.loudspeaker.lexicon import Lexicon
from loa.loudspeaker.reading.segments import Rule, always
from loa.text.normal import unaccent

# The shape of a Vietnamese syllable without its marks: what tells BẢN TIN (words) from TTHC (letters).
_SYLLABLE = re.compile(r"(?:NGH|NG|NH|CH|GH|GI|KH|PH|QU|TH|TR|[BCDGHKLMNPRSTVX])?[AEIOUY]{1,3}(?:NG|NH|CH|[CMNPT])?")
# from U+1EA0 on, capital and small letters of Vietnamese take turns
_CAPITAL = "A-ZÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝĂĐĨŨƠƯ" + "".join(chr(code) for code in range(0x1EA0, 0x1EFA, 2))
_MARKED = re.compile(f"[{_CAPITAL[3:].replace('Đ', '')}]")


def _entry(match: re.Match[str], lexicon: Lexicon) -> str | None:
    return lexicon.word(match[0])


def _capitals(match: re.Match[str], lexicon: Lexicon) -> str | None:
    """A run of words in capitals in small letters, `BẢN TIN` -> `bản tin`.

    Only where every word has the shape of a syllable and one of them bears a mark: `CA` alone may be công an.
    """
    words = match[0].split()
    shaped = all(_SYLLABLE.fullmatch(unaccent(word)) for word in words)
    return match[0].lower() if shaped and len(match[0]) > 1 and _MARKED.search(match[0]) else None


def _between_words(match: re.Match[str], lexicon: Lexicon) -> str | None:
    return " or " if lexicon.language == "en" else " hoặc "


def _and(match: re.Match[str], lexicon: Lexicon) -> str | None:
    return " and " if lexicon.language == "en" else " và "


def _nothing(match: re.Match[str], lexicon: Lexicon) -> str:
    return ""


SLASHED = Rule("lexicon", lambda lexicon: lexicon.slashed_pattern, _entry)
LEXICON = Rule("lexicon", lambda lexicon: lexicon.words_pattern, _entry)
CAPITALS = Rule("capitals", always(rf"(?<![\w/-])[{_CAPITAL}]+(?: +[{_CAPITAL}]+)*(?![\w/-])"), _capitals)
SLASH = Rule("slash", always(r"(?<=[^\W\d_])\s?/\s?(?=[^\W\d_]|\d[A-Z](?!\w))"), _between_words)
AMPERSAND = Rule("and", always(r"\s?&\s?|(?<=[^\W\d_])\s\+\s(?=[^\W\d_])"), _and)
BULLET = Rule("bullet", always(r"^[ \t]*(?:[-–—](?!\d)|[•*●○■□▪➢✓✔]|\+(?=\s))[ \t]*", re.MULTILINE), _nothing)
