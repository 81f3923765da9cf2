"""Cells as a screen may show them: a person's name that strayed into another column is not to be read there."""

from __future__ import annotations

import re

from loa.audience.vocabulary import plain, vocabulary

# a place begins so, a person does not; with its marks, since “phuong” is also how Phương may be typed
_PLACE = re.compile(r"(?:xã|phường|thị trấn|đặc khu|huyện|quận|thị xã|thành phố|tỉnh)\s", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{2,}")


def unnamed(value: str) -> str:
    """Faulty cells, with `, ` between them: of words that may be somebody's name only the first letters are left.

    A row whose cells stand one column off has the name where the commune should be. Names of places stay, and so do the
    words that lists know: an officer finds what is misspelt in them by reading it.
    """
    return ", ".join(_hidden(cell) for cell in value.split(", "))


def _hidden(cell: str) -> str:
    words = vocabulary()
    if _PLACE.match(cell) or plain(cell) in words.yes | words.no | words.languages.keys():
        return cell
    return _WORD.sub(lambda word: f"{word[0][0]}…", cell)
