"""How many parts a text costs, as people read it: both encodings, and what makes it dear."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loa.cli.session import shown, table

if TYPE_CHECKING:
    from loa.sms.forcing import Forcing, Saving
    from loa.sms.parts import Parts

MOST = 1_000_000  # bytes of a file; a message has a few hundred
_PLACES = 8  # positions that are shown; the JSON has all of them


def text_of(text: str | None, file: Path | None, *, from_stdin: bool) -> str:
    """The text that is meant: itself, a file's, or standard input's; without the last line end of the latter two.

    Raises `ContentError` where there is none, or it is not UTF-8.
    """
    from loa.model.errors import ContentError
    from loa.sms.parts import sendable

    if from_stdin or file is not None:
        name = "-" if from_stdin else str(file)
        return _decoded(_read(None if from_stdin else file, name), name)
    if text is None:
        raise ContentError.at("text-empty", "TEXT")
    if not sendable(text):  # bytes of the command line that are not UTF-8
        raise ContentError.at("not-utf-8", "TEXT")
    return text


def _read(file: Path | None, name: str) -> bytes:
    from loa.model.errors import ContentError

    try:
        with nullcontext(sys.stdin.buffer) if file is None else file.open("rb") as source:
            raw = source.read(MOST + 1)
    except OSError as error:
        raise ContentError.at("file-missing", name) from error
    if len(raw) > MOST:
        raise ContentError.at("file-too-big", name, size=len(raw), most=MOST)
    return raw


def _decoded(raw: bytes, name: str) -> str:
    from loa.model.errors import ContentError

    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ContentError.at("not-utf-8", name, raw.count(b"\n", 0, error.start) + 1) from error
    return text.replace("\r\n", "\n").removesuffix("\n")


def document(parts: Parts, saving: Saving) -> dict[str, Any]:
    """One encoding as JSON. `units` are septets or UTF-16 units; positions count from 1, in `text`."""
    return {
        "text": parts.text,
        "alphabet": parts.alphabet.value,
        "parts": parts.count,
        "units": parts.units,
        "left": parts.left,
        "pieces": list(parts.pieces),
        "forcing": [
            {
                "char": item.char, "name": item.name, "unicode": item.unicode, "positions": list(item.positions),
                "plain": item.plain,
            }
            for item in saving.forcing
        ],
        "alone": saving.alone.char if saving.alone else None,
        "without": {"text": saving.text, "parts": saving.then, "saved": saving.saved},
    }  # fmt: skip


def show(out: Any, accented: tuple[Parts, Saving], unaccented: tuple[Parts, Saving]) -> None:
    """Both encodings, then what forces UCS-2 and what to do about it."""
    alphabets = {"gsm7": "GSM-7", "ucs2": "UCS-2"}
    rows = [
        (name, alphabets[parts.alphabet], parts.count, parts.units, parts.left)
        for name, (parts, _) in (("có dấu", accented), ("không dấu", unaccented))
    ]
    table(out, ("", "Bảng mã", "Bản tin", "Ký tự", "Còn trống"), rows, (2, 3, 4))
    letters = [item for item in accented[1].forcing if item.letter]
    if letters:
        change = _change(accented[0].count, unaccented[0].count)
        _say(out, f"\n{_letters(letters)} buộc dùng UCS-2. Gửi không dấu: {change}.")
        _say(out, f"Bản không dấu: {unaccented[0].text}")
    others = [item for item in accented[1].forcing if not item.letter]
    if others:
        _others(out, others, unaccented if letters else accented, stays=bool(letters))


def _others(out: Any, others: list[Forcing], of: tuple[Parts, Saving], *, stays: bool) -> None:
    """Characters that are no letters: they stay in the unaccented text too, and force it just as well."""
    parts, saving = of
    where = "bản không dấu" if stays else "tin này"
    many = f"{len(others)} ký tự" if len(others) > 1 else "chỉ một ký tự"
    _say(out, f"\nTrong {where} {many} buộc dùng UCS-2:")
    rows = [(item.char, item.name, _positions(item), _instead(item)) for item in others]
    table(out, ("Ký tự", "Tên", "Vị trí", "Viết thay"), rows)
    _say(out, f"Thay như trên: {_change(parts.count, saving.then)}.")


def _letters(letters: list[Forcing]) -> str:
    found = " ".join(item.char for item in letters[:12])
    return f"{len(letters)} chữ có dấu ({found}{' …' if len(letters) > 12 else ''})"


def _change(before: int, after: int) -> str:
    return f"từ {before} còn {after} bản tin" if after < before else "số bản tin không đổi"


def _positions(item: Forcing) -> str:
    first = ", ".join(map(str, item.positions[:_PLACES]))
    return first if len(item.positions) <= _PLACES else f"{first}, … ({len(item.positions)} chỗ)"


def _instead(item: Forcing) -> str:
    return {"": "(bỏ đi)", " ": "(dấu cách)", "\n": "(xuống dòng)"}.get(item.plain, item.plain)


def _say(out: Any, words: str) -> None:
    out.print(shown(words), markup=False, highlight=False)
