"""The one form of a text, and its form without marks."""

from __future__ import annotations

import re
import unicodedata

NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What no office document can hold: a name or a title may have brought it."""
_STROKES = str.maketrans({"đ": "d", "Đ": "D"})


def nfc(text: str) -> str:
    """Composed form (NFC). The same message left decomposed costs another part and shows wrong on old phones."""
    return unicodedata.normalize("NFC", text)


def is_nfc(text: str) -> bool:
    return unicodedata.is_normalized("NFC", text)


def unaccent(text: str) -> str:
    """Vietnamese without marks: `Dịch vụ công, đúng hẹn` -> `Dich vu cong, dung hen`.

    Only the marks of letters and the stroke of đ go; every other character stays, so a text keeps its links and
    figures, and “≠” its stroke.
    """
    loose = unicodedata.normalize("NFD", text.translate(_STROKES))
    kept: list[str] = []
    on_letter = True
    for char in loose:
        if not unicodedata.combining(char):
            on_letter = char.isalpha()
        elif on_letter:
            continue
        kept.append(char)
    return nfc("".join(kept))


def fold(text: str) -> str:
    """A key for comparing names: without marks, lower case, single spaces."""
    return " ".join(unaccent(text).casefold().split())


def slug(text: str) -> str:
    """A name in file names and addresses: `Phường Phan Đình Phùng` -> `phuong-phan-dinh-phung`; never empty."""
    return re.sub(r"[^a-z0-9]+", "-", fold(text)).strip("-") or "-"
