"""The sound page: one HTML file about one piece, for whoever must say whether it may go on the air.

It stands by itself: pictures, letters and (up to 5 MB) the sound are inside, nothing is asked of any network, no script
runs. The same piece gives the same bytes. It prints on A4.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from loa.loudspeaker import picture
from loa.loudspeaker.codec import TooLongSoundError, UnreadableSoundError, decode_up_to
from loa.loudspeaker.comparing import Kind, Step, fold, steps
from loa.loudspeaker.inspection import MOST_SECONDS
from loa.loudspeaker.listening import MOST_WORD_ERROR, Hearing
from loa.loudspeaker.measure import Measured, measure, momentary
from loa.loudspeaker.picture import Marked
from loa.loudspeaker.profile import Profile
from loa.loudspeaker.script import unheaded
from loa.model.finding import Finding
from loa.model.languages import language_words
from loa.text.normal import nfc

if TYPE_CHECKING:
    from jinja2 import Template

MOST_EMBEDDED = 5_000_000  # bytes of sound; a longer piece stays in its own file beside the page

_TEMPLATE = Path(__file__).with_name("page.html.j2")
_FAMILY = Path("fonts") / "be-vietnam-pro"
_KINDS = {
    Kind.DATE: "ngày / date",
    Kind.TIME: "giờ / time",
    Kind.PHONE: "số / number",
    Kind.ADDRESS: "địa chỉ / address",
}
_STARTS = (
    (b"RIFF", "audio/wav"), (b"fLaC", "audio/flac"), (b"OggS", "audio/ogg"), (b"\x1a\x45\xdf\xa3", "audio/webm"),
    (b"#!AMR", "audio/amr"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fonts:
    """TrueType files; of each only the letters that are needed go into a page."""

    regular: bytes
    bold: bytes


@dataclass(frozen=True, slots=True)
class Piece:
    """What a page is about.

    `draft`: not fit for broadcast; nothing where that is not known. `link` is where the sound lies, as seen from the
    page. `parts` are those of the programme, in seconds; `facts` more lines to print, name and value. `script` is as
    people write it, `spoken` as it is read aloud. `measured` saves measuring again what was measured before.
    """

    title: str
    audio: bytes
    link: str
    issuer: str = ""
    language: str = "vi"
    draft: bool | None = None
    voice: str = ""
    script: str = ""
    spoken: str = ""
    parts: tuple[Marked, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    findings: tuple[Finding, ...] = ()
    hearing: Hearing | None = None
    profile: Profile = field(default_factory=Profile)
    measured: Measured | None = None


def read_fonts(assets: Path) -> Fonts | None:
    """The house's letters; nothing where a workspace has taken them out: the reader's own are used then."""
    files = [assets / _FAMILY / f"BeVietnamPro-{weight}.ttf" for weight in ("Regular", "Bold")]
    return Fonts(*(file.read_bytes() for file in files)) if all(file.is_file() for file in files) else None


def page(piece: Piece, fonts: Fonts | None = None) -> bytes:
    """The page as UTF-8 HTML, under 400 KB without its sound. Sound that cannot be read is said, not drawn.

    Raises `Unsupported` where the `audio` extra is not installed.
    """
    values = {
        "title": _plain(piece.title) or "–",
        "issuer": _plain(piece.issuer),
        "language": _plain(str(language_words(piece.language))),
        "draft": piece.draft,
        "voice": _plain(piece.voice),
        "facts": [(_plain(name), _plain(value)) for name, value in piece.facts],
        "findings": [_finding(item) for item in piece.findings],
        "blocked": any(item.blocks for item in piece.findings),
        "paragraphs": _paragraphs(piece),
        "hearing": _hearing(piece),
        "player": _player(piece),
        **_sound(piece, fonts),
    }
    template = _template()
    text = template.render(values, faces=[])
    if fonts is not None:
        letters = sorted({*text, *" 0123456789"})
        faces = [
            (weight, _base64(_subset(data, letters))) for weight, data in ((400, fonts.regular), (700, fonts.bold))
        ]
        text = template.render(values, faces=faces)
    return text.encode()


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    # everything is escaped unless the template says otherwise, and it never does
    made = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return made.from_string(_TEMPLATE.read_text(encoding="utf-8"))


def _sound(piece: Piece, fonts: Fonts | None) -> dict[str, Any]:
    """Figures and pictures, read from the bytes of the sound."""
    try:
        measured = piece.measured or measure(piece.audio)
        sound = decode_up_to(piece.audio, MOST_SECONDS).audio
    except (UnreadableSoundError, TooLongSoundError):
        return {"figures": [], "pictures": []}
    parts = tuple((_plain(name), start, end) for name, start, end in piece.parts)
    profile, font = piece.profile, fonts.regular if fonts else None
    curve = momentary(sound)
    named = "; ".join(f"{name} {_clock(start)}–{_clock(end)}" for name, start, end in parts)
    peak = f"đỉnh thật {_decimal(measured.peak)} dBTP / waveform, true peak {measured.peak:.1f} dBTP"
    told = f"{_decimal(measured.loudness)} LUFS, mức cần đạt {_decimal(profile.loudness)}"
    pictures = [
        (
            "Dạng sóng / waveform",
            _base64(picture.waveform(sound, parts, font)),
            f"Dạng sóng, dài {_clock(measured.seconds)}, {peak}{f'. {named}' if named else ''}",
        ),
        (
            "Độ to tức thời (LUFS) / momentary loudness",
            _base64(picture.loudness(curve, sound.seconds, profile.loudness, profile.tolerance, parts, font)),
            f"Độ to tức thời theo thời gian; cả bản tin {told} / momentary loudness over time",
        ),
    ]
    return {"figures": _figures(piece, measured), "pictures": pictures}


def _figures(piece: Piece, measured: Measured) -> list[tuple[str, str, str, str]]:
    """What was measured: name, value, what is wanted, and `good`, `bad` or nothing."""
    profile, words = piece.profile, len(piece.spoken.split())
    loud = abs(measured.loudness - profile.loudness) <= profile.tolerance
    channels = {1: "một kênh / mono", 2: "hai kênh / stereo"}.get(measured.channels, f"{measured.channels} kênh")
    rate = f"{measured.rate / 1000:g} kHz".replace(".", ",")
    bits = f"{round(measured.bit_rate / 1000)} kbit/s" if measured.bit_rate else ""
    found = [
        (
            "Độ to / loudness",
            f"{_decimal(measured.loudness)} LUFS",
            f"{_decimal(profile.loudness)} ± {_decimal(profile.tolerance)}",
            "good" if loud else "bad",
        ),
        (
            "Đỉnh thật / true peak",
            f"{_decimal(measured.peak)} dBTP",
            f"≤ {_decimal(profile.peak)}",
            "good" if measured.peak <= profile.peak else "bad",
        ),
        ("Thời lượng / length", _clock(measured.seconds), f"{_decimal(measured.seconds)} giây / s", ""),
        ("Định dạng / format", rate, ", ".join(filter(None, (channels, bits))), ""),
    ]
    if words and measured.seconds:
        speed = round(60 * words / measured.seconds)
        found.insert(3, ("Tốc độ / speed", f"{speed}", "tiếng/phút / words a minute", ""))
    return found


def _player(piece: Piece) -> dict[str, str]:
    if len(piece.audio) <= MOST_EMBEDDED:
        return {"source": f"data:{_media_type(piece.audio)};base64,{_base64(piece.audio)}", "name": _plain(piece.link)}
    # "./" first: a name can never be taken for another scheme
    return {"source": f"./{quote(piece.link.replace(chr(92), '/'), safe='/')}", "name": _plain(piece.link)}


def _media_type(data: bytes) -> str:
    if data[4:8] == b"ftyp":
        return "audio/mp4"
    return next((kind for start, kind in _STARTS if data.startswith(start)), "audio/mpeg")


def _finding(finding: Finding) -> dict[str, Any]:
    words = finding.words
    return {
        "blocks": finding.blocks,
        "code": finding.code,
        "subject": _plain(finding.subject),
        "vi": _plain(words.vi),
        "en": _plain(words.en),
    }


def _paragraphs(piece: Piece) -> list[tuple[str, str]]:
    """The script beside its spoken words, paragraph by paragraph where they pair off, else each as a whole."""
    script, spoken = (_blocks(text) for text in (piece.script, piece.spoken))
    if len(script) == len(spoken):
        return list(zip(script, spoken, strict=True))
    return [("\n\n".join(script), "\n\n".join(spoken))]


def _blocks(text: str) -> list[str]:
    blocks = re.split(r"\n\s*\n", unheaded(text.replace("\r\n", "\n")).strip())
    return [_plain(block.strip(), lines=True) for block in blocks if block.strip()]


def _hearing(piece: Piece) -> dict[str, Any] | None:
    hearing = piece.hearing
    if hearing is None:
        return None
    return {
        "fine": hearing.clear,
        "error": f"{100 * hearing.word_error:.0f}",
        "most": f"{100 * MOST_WORD_ERROR:.0f}",
        "bad": hearing.word_error > MOST_WORD_ERROR,
        "listener": _plain(f"{hearing.listener} ({hearing.version})"),
        "runs": _runs(unheaded(piece.spoken), hearing.transcript),
        "told": [
            {
                "kind": _KINDS[item.token.kind],
                "written": _plain(item.token.written),
                "spoken": _plain(item.token.spoken),
                "heard": item.heard,
            }
            for item in hearing.told
        ],
    }


def _runs(spoken: str, transcript: str) -> list[dict[str, Any]]:
    """The transcript against the words, in runs of right ones and of wrong ones: what was wanted, what was heard."""
    wanted, heard = iter(_words(spoken)), iter(_words(transcript))
    runs: list[dict[str, Any]] = []
    for step in steps(fold(spoken), fold(transcript)):
        before, after = _shown(step, wanted, heard)
        if not runs or runs[-1]["right"] != step.right:
            runs.append({"right": step.right, "wanted": [], "heard": []})
        runs[-1]["wanted"] += before
        runs[-1]["heard"] += after
    return [{**run, "wanted": " ".join(run["wanted"]), "heard": " ".join(run["heard"])} for run in runs]


def _shown(step: Step, wanted: Iterable[str], heard: Iterable[str]) -> tuple[list[str], list[str]]:
    """The words of a step as they stand in the texts, not as they are compared."""
    before = [next(iter(wanted))] if step.wanted is not None else []
    after = [next(iter(heard))] if step.heard is not None else []
    return before, after


def _words(text: str) -> Sequence[str]:
    """The same words that `comparing.fold` finds, as they are written."""
    return re.findall(r"[^\W_]+", nfc(text))


def _plain(text: str, *, lines: bool = False) -> str:
    """A text without characters that steer: nothing in a title may turn the page around or hide in it."""
    return "".join(
        char
        if (lines and char == "\n") or unicodedata.category(char)[0] != "C"
        else " "
        if char.isspace()
        else "\ufffd"
        for char in nfc(text)
    ).strip()


def _subset(font: bytes, letters: Sequence[str]) -> bytes:
    import uharfbuzz

    wanted = uharfbuzz.SubsetInput()
    wanted.unicode_set.update(map(ord, letters))
    return bytes(uharfbuzz.subset(uharfbuzz.Face(font), wanted).blob.data)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decimal(value: float) -> str:
    """One decimal, its comma and its minus sign as they are printed here."""
    return f"{value:.1f}".replace(".", ",").replace("-", "−")


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
