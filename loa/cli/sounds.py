"""`loa sound check`: one sound file, measured, looked at as a recording, and heard."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from loa.cli.session import Injected, Session, shown

if TYPE_CHECKING:
    from loa.loudspeaker.lexicon import Lexicon
    from loa.loudspeaker.soundcheck import Checked, Words

app = App(name="sound", help="Âm thanh: đo, kiểm tra bản ghi âm. / Sound: measure, look at a recording.")

_MOST_BYTES = 400_000_000  # twenty minutes of the largest WAV there is


@app.command
def check(
    file: Path,
    *,
    script: Path | None = None,
    language: Annotated[str, Parameter(help="Ngôn ngữ của kịch bản: vi, en, … / The script's language.")] = "vi",
    listen: Annotated[bool, Parameter(negative=())] = False,
    out: Annotated[Path | None, Parameter(name=["-o", "--out"])] = None,
    session: Injected,
) -> int:
    """Đo và kiểm tra một tệp âm thanh; kết thúc với mã 3 nếu có lỗi chặn. / Measure and check a sound file.

    Parameters
    ----------
    file
        Tệp âm thanh: WAV, MP3, M4A, OGG, FLAC, AMR, cả phim. / The sound file, a film too.
    script
        Kịch bản đã đọc, tệp văn bản UTF-8: đếm số tiếng, so thời lượng. / The script that was read.
    listen
        Cho máy nghe lại, cần --script (tiếng Việt). / Have a machine listen; needs --script.
    out
        Ghi trang HTML tự chứa để xem và in. / Write a page to look at and print.
    """
    from loa.loudspeaker.listening import VietAsr
    from loa.loudspeaker.page import page, read_fonts
    from loa.loudspeaker.profile import Profile
    from loa.loudspeaker.soundcheck import check_sound, length_of, piece_of
    from loa.model.errors import Misused
    from loa.store.artefacts import write_whole

    if listen and script is None:
        raise Misused("usage-missing", {"name": "--script"})
    if out is not None and out.resolve() in {path.resolve() for path in (file, script) if path is not None}:
        raise Misused("usage-value", {"name": "--out", "value": str(out), "expected": _another_file()})
    data = read_file(file)
    lexicon = _lexicon(session, language) if script is not None else None
    words = _words(script, language, lexicon, length_of(data))
    profile = Profile()
    if listen:
        session.tell("Máy đang nghe… / Listening…")
    checked = check_sound(data, words, file.name, profile, lexicon, VietAsr() if listen else None)
    if out is not None:
        link = os.path.relpath(file.resolve(), out.resolve().parent)
        write_whole(out, page(piece_of(checked, data, file.name, link, profile), read_fonts(session.root / "assets")))
    session.show(_document(file, checked, out), lambda screen: _print(screen, file, checked, out))
    return 3 if checked.blocks else 0


@app.command
def pages(
    bundle: str,
    *,
    listen: Annotated[bool, Parameter(negative=())] = False,
    commune: str = "",
    out: Annotated[Path, Parameter(name=["-o", "--out"])],
    session: Injected,
) -> None:
    """Trang âm thanh của từng bản tin trong một gói: dạng sóng, âm lượng, lời. / A sound page for each bulletin.

    Parameters
    ----------
    bundle
        Các ký tự đầu của mã gói. / The start of the bundle's digest.
    listen
        Cho máy nghe lại các bản tin tiếng Việt. / Have a machine listen to those in Vietnamese.
    commune
        Chỉ bản tin của xã này (mã xã). / Only the bulletins of this commune.
    out
        Thư mục ghi trang và tệp âm thanh. / The folder for pages and sound.
    """
    from loa import gate
    from loa.loudspeaker.bundle_pages import pages_of
    from loa.loudspeaker.listening import VietAsr
    from loa.loudspeaker.page import page, read_fonts
    from loa.store.artefacts import write_whole

    written: list[Path] = []
    with session.desk() as desk:
        found = gate.find_bundle(desk, bundle)
        fonts, listener = read_fonts(desk.workspace.assets), VietAsr() if listen else None
        for item in found.manifest["covered"]["deliverables"]:
            artefacts = gate.artefacts_of(found, item["deliverable"]["id"])
            for name, data, piece in pages_of(desk, artefacts, commune, listener):
                session.tell(name)
                target = out / item["deliverable"]["id"] / name
                write_whole(target, data)
                written.append(target.with_suffix(".html"))
                write_whole(written[-1], page(piece, fonts))
    session.show({"files": [str(path) for path in written]}, lambda screen: screen.print("\n".join(map(str, written))))


def _another_file() -> Any:
    from loa.model.sentences import Words

    return Words("một tệp khác với tệp đang kiểm tra", "another file than the one that is checked")


def read_file(file: Path) -> bytes:
    """A file that somebody names. Raises `ContentError`: not there, no file, too big."""
    from loa.model.errors import ContentError

    if not file.is_file():  # a folder, a pipe or a device has no end
        raise ContentError.at("file-missing", file)
    try:
        size = file.stat().st_size
        if size > _MOST_BYTES:
            raise ContentError.at("file-too-big", file, size=size, most=_MOST_BYTES)
        return file.read_bytes()
    except OSError as error:
        raise ContentError.at("file-missing", file) from error


def _lexicon(session: Session, language: str) -> Lexicon | None:
    """How the workspace reads a language; nothing for a language that only people read."""
    from loa.loudspeaker.lexicon import read_lexicon
    from loa.loudspeaker.speakable import RULES
    from loa.workspace import Workspace

    if language not in RULES:
        return None
    workspace = Workspace.at(session.root)
    return read_lexicon(workspace.assets, language, workspace.name_of)


def _words(script: Path | None, language: str, lexicon: Lexicon | None, seconds: float) -> Words:
    from loa.loudspeaker.soundcheck import Words, words_of
    from loa.model.errors import ContentError

    if script is None:
        return Words(language)
    try:
        text = read_file(script).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ContentError.at("not-utf-8", script) from error
    words = words_of(text, language, lexicon, str(script), seconds)
    if not words.count:
        raise ContentError.at("file-empty", script)
    return words


def _document(file: Path, checked: Checked, out: Path | None) -> dict[str, Any]:
    seen, measured, hearing = checked.inspected, checked.measured, checked.hearing
    return {
        "file": str(file),
        "container": seen.container,
        "codec": seen.codec,
        "channels": seen.channels,
        "rate": seen.rate,
        "seconds": round(seen.seconds, 2),
        "loudness_lufs": round(measured.loudness, 2) if measured else None,
        "peak_dbtp": round(measured.peak, 2) if measured else None,
        "bit_rate": measured.bit_rate if measured else None,
        "speech_dbfs": round(seen.speech, 1),
        "noise_dbfs": round(seen.noise, 1),
        "silence_before": round(seen.lead, 2),
        "silence_after": round(seen.tail, 2),
        "words": checked.words.count,
        "words_a_minute": round(60 * seen.words_a_second),
        "hearing": {
            "listener": hearing.listener,
            "version": hearing.version,
            "word_error": round(hearing.word_error, 3),
            "clear": hearing.clear,
            "transcript": hearing.transcript,
            "missed": [{"kind": token.kind.value, "written": token.written} for token in hearing.missed],
        }
        if hearing
        else None,
        "findings": [
            {"code": item.code, "level": item.level.value, "vi": item.words.vi, "en": item.words.en}
            for item in checked.findings
        ],
        "page": str(out) if out else None,
    }


def _print(screen: Any, file: Path, checked: Checked, out: Path | None) -> None:
    seen, measured, hearing = checked.inspected, checked.measured, checked.hearing

    def line(text: str) -> None:
        screen.print(shown(text), markup=False, highlight=False)

    line(str(file))
    if seen.sound is not None:
        line(f"  {seen.container}, {seen.codec}, {seen.channels} kênh, {seen.rate} Hz, {seen.seconds:.1f} giây / s")
    if measured is not None:
        line(f"  {measured.loudness:.1f} LUFS, đỉnh thật / true peak {measured.peak:.1f} dBTP")
    if seen.sound is not None:
        line(f"  giọng / speech {seen.speech:.0f} dBFS, nền / noise {seen.noise:.0f} dBFS")
    if checked.words.count and seen.words_a_second:
        line(f"  {checked.words.count} tiếng / words, {60 * seen.words_a_second:.0f} tiếng/phút / a minute")
    if hearing is not None:
        line(f"  máy nghe sai / word error {100 * hearing.word_error:.0f} %")
        line(f"  {hearing.transcript}")
    for item in checked.findings:
        line(f"  {'CHẶN ' if item.blocks else 'lưu ý'} [{item.code}] {item.words}")
    if not checked.findings:
        line("  Không có lỗi. / No findings.")
    if out is not None:
        line(f"  {out}")
