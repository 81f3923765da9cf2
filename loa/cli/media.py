"""`loa speakable`, `loa speak`, `loa poster`: one piece at a time, for those who make it and look at it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from loa.cli.session import Injected, Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loa.model.finding import Finding
    from loa.text.lint import Rules
    from loa.workspace import Workspace

poster = App(name="poster", help="Áp phích: dựng, kiểm tra. / Posters: render, check.")

Language = Annotated[str, Parameter(help="Ngôn ngữ: vi, en. / The language.")]


def speakable(text: str, *, language: Language = "vi", session: Injected) -> None:
    """Lời sẽ được đọc lên của một câu. / A text as it will be read aloud.

    Parameters
    ----------
    text
        Câu cần đọc. / The text.
    """
    from loa.loudspeaker.lexicon import read_lexicon
    from loa.loudspeaker.speakable import speakable as read_aloud
    from loa.workspace import Workspace

    workspace = Workspace.at(session.root)
    words = read_aloud(text, language, read_lexicon(workspace.assets, language, workspace.name_of))
    session.show({"text": text, "spoken": words}, lambda out: out.print(words, markup=False, highlight=False))


def speak(
    file: Path,
    *,
    out: Annotated[Path, Parameter(name=["-o", "--out"])],
    language: Language = "vi",
    session: Injected,
) -> None:
    """Đọc một tệp văn bản thành bản tin MP3. / Speak a text file as an MP3 bulletin.

    Parameters
    ----------
    file
        Tệp văn bản UTF-8. / A UTF-8 text file.
    out
        Tệp MP3 ghi ra. / The MP3 to write.
    """
    from loa.loudspeaker.bulletin import speak_text
    from loa.loudspeaker.making import OFFLINE
    from loa.loudspeaker.speech.engine import Fit
    from loa.model.errors import ContentError
    from loa.store.artefacts import write_whole
    from loa.workspace import Workspace

    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ContentError.at("file-missing", file) from error
    except UnicodeDecodeError as error:
        raise ContentError.at("not-utf-8", file) from error
    online = not session.environ.get(OFFLINE)
    made = speak_text(Workspace.at(session.root), text, language, str(file), online=online)
    write_whole(out, made.mastered.data)
    measured = made.mastered.measured
    draft = made.fit is Fit.DRAFT
    document = {
        "file": str(out),
        "engine": made.engine.name,
        "draft": draft,
        "seconds": round(measured.seconds, 1),
        "loudness_lufs": round(measured.loudness, 2),
        "peak_dbtp": round(measured.peak, 2),
    }

    def render(screen: Any) -> None:
        fit = "BẢN NHÁP, không phát sóng / draft" if draft else "phát sóng được / broadcast"
        words = f"{out}: {measured.seconds:.0f} giây, {measured.loudness:.1f} LUFS, {made.engine.name}: {fit}"
        screen.print(words, markup=False, highlight=False)

    session.show(document, render)


@poster.command
def render(
    template: str,
    *,
    format: str = "a3",
    language: Language = "vi",
    theme: str = "do-quoc-khanh",
    out: Annotated[Path, Parameter(name=["-o", "--out"])],
    session: Injected,
) -> int:
    """Dựng một áp phích: PDF in, PPTX để sửa, PNG để xem. / Render one poster: print PDF, PPTX, PNG.

    Parameters
    ----------
    template
        Tên mẫu trong templates/poster. / A template's name.
    format
        Khổ, như a3, a4. / The format.
    theme
        Bộ màu trong assets/themes. / The theme.
    out
        Thư mục ghi ra. / The folder to write to.
    """
    from loa.poster.checks import check_files
    from loa.poster.render import files_of, sample_values
    from loa.poster.render import render as draw
    from loa.store.artefacts import write_whole
    from loa.workspace import Workspace

    workspace = Workspace.at(session.root)
    pieces = draw(template, format, language, sample_values(workspace, language), workspace, theme)
    files = files_of(pieces)
    for name, data in files.items():
        write_whole(out / name, data)
    found = check_files(json.loads(pieces.record), pieces.print_pdf, pieces.screen_png, pieces.name, _rules(workspace))
    return _show_findings(session, [str(out / name) for name in files], found)


@poster.command
def check(file: Path, *, session: Injected) -> int:
    """Kiểm tra một áp phích có sẵn: PDF, PPTX, PNG, JPEG. / Look at a poster somebody made.

    Parameters
    ----------
    file
        Tệp cần kiểm tra. / The file.
    """
    from loa.model.errors import ContentError
    from loa.poster.inspect import check_file
    from loa.workspace import Workspace

    try:
        data = file.read_bytes()
    except OSError as error:
        raise ContentError.at("file-missing", file) from error
    return _show_findings(session, [str(file)], check_file(data, file.name, _rules(Workspace.at(session.root))))


def _rules(workspace: Workspace) -> Rules:
    """Outside a campaign no issuer and no hotline are known: only the hosts are held against the list."""
    from loa.text.lint import Rules

    return Rules(workspace.settings.links.allowed_hosts)


def _show_findings(session: Session, files: Sequence[str], findings: Sequence[Finding]) -> int:
    """The files and what was found on them; 3 where something blocks."""
    document = {
        "files": list(files),
        "findings": [
            {"code": item.code, "level": item.level.value, "subject": item.subject, "vi": item.words.vi}
            for item in findings
        ],
    }

    def show(screen: Any) -> None:
        screen.print("\n".join(files), markup=False, highlight=False)
        for item in findings:
            mark = "CHẶN " if item.blocks else "lưu ý"
            screen.print(f"  {mark} [{item.code}] {item.subject}: {item.words}", markup=False, highlight=False)
        if not findings:
            screen.print("Không có lỗi. / No findings.", highlight=False)

    session.show(document, show)
    return 3 if any(item.blocks for item in findings) else 0
