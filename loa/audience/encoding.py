"""Bytes -> lines of text, a few megabytes at a time: UTF-8 with or without BOM, UTF-16 with BOM; of everything else,
what it seems to be.
"""

from __future__ import annotations

import codecs
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import polars as pl

from loa.model.errors import ContentError

MAX_BYTES = 1_000_000_000  # two million people with long addresses are a quarter of it, in UTF-16 half
BLOCK = 8 << 20  # bytes that are read at once: what is made of them fits the memory that the block before left free
MAX_LINE = 16 << 20  # bytes without the end of a line: this is no table

# “Số điện thoại” and words beside it in the fonts of before Unicode, as Latin-1 shows their bytes
_OLD_FONTS = {
    "TCVN3 (ABC)": ("®iÖn", "tho¹i", "§iÖn", "x·", "ph­êng", "hä tªn", "hä vµ tªn", "tØnh", "huyÖn"),
    "VNI": ("ñieän", "thoaïi", "ñieäm", "xaõ", "phöôøng", "hoï teân", "tænh", "huyeän"),
}
_LONE = re.compile(rb"\r(?!\n|\Z)")
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines that follow each other in a file. `first` is the number of the first one, from 1, `start` the place of its
    first byte in the file's text, which is its UTF-8 without a BOM.

    `text` holds them without the `\\n` that ended them; a `\\r` before it is still there, and nowhere else.
    """

    first: int
    start: int
    text: pl.Series


def read_lines(file: BinaryIO, name: str, most: int = MAX_BYTES, block: int = BLOCK) -> Iterator[Lines]:
    """The lines of a file of at most `most` bytes, from its start, some `block` bytes at a time.

    Raises `ContentError` naming the line where it is no text: file-too-big, people-zero-byte, people-old-encoding,
    not-utf-8, people-quote-open.
    """
    size = file.seek(0, os.SEEK_END)
    if size > most:
        raise ContentError.at("file-too-big", name, size=size, most=most)
    file.seek(0)
    head = file.read(4096)
    first, start = 1, 0
    for piece in _whole_lines(_utf_8(file, name, block), name):
        if b"\0" in piece:
            raise ContentError.at("people-zero-byte", name, first + piece.count(b"\n", 0, piece.index(b"\0")))
        text = _text(piece, head, name, first)
        if text.str.strip_suffix("\r").str.contains("\r", literal=True).any():
            # an end of a line, as old Macs wrote it; lists that were joined have several kinds
            text = _text(_LONE.sub(b"\n", piece), head, name, first)
        yield Lines(first, start, text)
        first += len(text)
        start += len(piece) + 1


def read_at(
    file: BinaryIO, name: str, starts: Iterable[int], lengths: Iterable[int], block: int = BLOCK
) -> Iterator[bytes]:
    """Bytes of a file's text from places that only go forward. Raises `ContentError` where the file was cut since."""
    pieces = _utf_8(file, name, block)
    held, base = b"", 0
    for start, length in zip(starts, lengths, strict=True):
        while start + length > base + len(held):
            piece = next(pieces, b"")
            if not piece:
                raise ContentError.at("people-changed", name)
            passed = min(len(held), start - base)
            held, base = held[passed:] + piece, base + passed
        found = held[start - base : start - base + length]
        yield _LONE.sub(b"\n", found) if b"\r" in found else found


def old_font(text: str) -> str:
    """The font encoding whose letters stand in a text that is Unicode only by its bytes; empty where there is none."""
    return next((font for font, words in _OLD_FONTS.items() if any(word in text for word in words)), "")


def _utf_8(file: BinaryIO, name: str, block: int) -> Iterator[bytes]:
    """The file's bytes as they are, or as UTF-8 where they begin with the mark of UTF-16; without the mark."""
    file.seek(0)
    data = file.read(max(block, 3))  # a mark at least
    if not data.startswith(_WIDE):
        yield data.removeprefix(codecs.BOM_UTF8)
        while data := file.read(block):
            yield data
        return
    decoder = codecs.getincrementaldecoder("utf-16")()
    try:
        while data:
            yield decoder.decode(data).encode()
            data = file.read(block)
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        raise ContentError.at("not-utf-8", name) from error


def _whole_lines(pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    """The same bytes cut at ends of lines, the `\\n` at each cut left away; `\\r` alone is an end in a file without."""
    rest, line, old_mac = b"", 1, False
    for number, piece in enumerate(pieces):
        if number == 0:
            old_mac = b"\r" in piece and b"\n" not in piece
        if old_mac:
            rest, piece = b"", _LONE.sub(b"\n", rest + piece)
        end = piece.rfind(b"\n")
        if end < 0:
            rest += piece
        else:
            whole = b"".join((rest, memoryview(piece)[:end]))
            yield whole
            line += whole.count(b"\n") + 1
            rest = piece[end + 1 :]
        if len(rest) > MAX_LINE:
            raise ContentError.at("people-quote-open", name, line)
    if rest:
        yield rest


def _text(block: bytes, head: bytes, name: str, first: int) -> pl.Series:
    """The lines of a block. `head` is the start of the file, where the column names tell what it may be instead."""
    try:
        return pl.Series([block], dtype=pl.Binary).cast(pl.String).str.split("\n").explode()
    except pl.exceptions.ComputeError:
        pass
    try:
        block.decode()
    except UnicodeDecodeError as error:
        line = first + block.count(b"\n", 0, error.start)
        if encoding := _guessed(head):
            raise ContentError.at("people-old-encoding", name, line, encoding=encoding) from error
        raise ContentError.at("not-utf-8", name, line) from error
    raise AssertionError("polars and Python do not agree on what UTF-8 is")


def _guessed(head: bytes) -> str:
    if font := old_font(head.decode("latin-1")):
        return font
    composed = unicodedata.normalize("NFC", head.decode("cp1258", errors="ignore")).casefold()
    return "Windows-1258" if any(word in composed for word in ("điện", "thoại", "xã", "đt")) else ""
