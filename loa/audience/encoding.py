"""Bytes -> text: UTF-8 with or without BOM, UTF-16 with BOM; of everything else, what it seems to be."""

from __future__ import annotations

import codecs
import unicodedata

from loa.model.errors import ContentError

MAX_BYTES = 500_000_000  # two million people with long addresses are half of it

# “Số điện thoại” and words beside it in the fonts of before Unicode, as Latin-1 shows their bytes
_OLD_FONTS = {
    "TCVN3 (ABC)": ("®iÖn", "tho¹i", "§iÖn", "x·", "ph­êng", "hä tªn", "hä vµ tªn", "tØnh", "huyÖn"),
    "VNI": ("ñieän", "thoaïi", "ñieäm", "xaõ", "phöôøng", "hoï teân", "tænh", "huyeän"),
}
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")


def decode(data: bytes, name: str, most: int = MAX_BYTES) -> str:
    """The text of a file of at most `most` bytes. Raises `ContentError` naming the line where it is none."""
    if len(data) > most:
        raise ContentError.at("file-too-big", name, size=len(data), most=most)
    if data.startswith(_WORKBOOKS):
        raise ContentError.at("people-workbook", name)
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if not wide and b"\0" in data:
        raise ContentError.at("people-zero-byte", name, data.count(b"\n", 0, data.index(b"\0")) + 1)
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = None if wide else data.count(b"\n", 0, error.start) + 1
        if encoding := _guessed(data):
            raise ContentError.at("people-old-encoding", name, line, encoding=encoding) from error
        raise ContentError.at("not-utf-8", name, line) from error
    if "\0" in text:
        raise ContentError.at("people-zero-byte", name, text.count("\n", 0, text.index("\0")) + 1)
    if not text.strip():
        raise ContentError.at("file-empty", name)
    return text


def old_font(text: str) -> str:
    """The font encoding whose letters stand in a text that is Unicode only by its bytes; empty where there is none."""
    return next((font for font, words in _OLD_FONTS.items() if any(word in text for word in words)), "")


def _guessed(data: bytes) -> str:
    start = data[:4096]
    if font := old_font(start.decode("latin-1")):
        return font
    composed = unicodedata.normalize("NFC", start.decode("cp1258", errors="ignore")).casefold()
    return "Windows-1258" if any(word in composed for word in ("điện", "thoại", "xã", "đt")) else ""
