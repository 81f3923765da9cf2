"""The sound page: what it says is what was measured, it asks nobody for anything, and no title can break it."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from loa.loudspeaker.lexicon import read_lexicon
from loa.loudspeaker.listening import MemoryListener, understood
from loa.loudspeaker.page import MOST_EMBEDDED, Fonts, Piece, page, read_fonts
from loa.loudspeaker.picture import WIDTH, loudness, waveform
from loa.loudspeaker.speakable import speakable
from loa.model.finding import Finding

from .recordings import encoded, padded
from .tables import ROOT

VI = read_lexicon(ROOT / "assets", "vi")
FONTS = read_fonts(ROOT / "assets")
SCRIPT = "## Nội dung\n\nMời bà con đến UBND xã ngày 10/10.\n\n## Lời nhắc\n\nGọi 1022."
SPOKEN = speakable("Mời bà con đến UBND xã ngày 10/10.\n\nGọi 1022.", "vi", VI)
HEARD = "mời bà con đến ủy ban nhân gian xã ngày mười tháng mười gọi một không hai ba"
HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'{{ 7*7 }}\u202e\x00\x1b[31m\ud800&amp;"


class Tags(HTMLParser):
    """Every element with what stands in it."""

    def __init__(self, html: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.inside: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(html.decode())

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.text.append(data)
            self.inside.append((self._open[-1], data.strip()))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


@pytest.fixture(scope="module")
def mp3() -> bytes:
    return encoded(padded(), "mp3")


@pytest.fixture(scope="module")
def piece(mp3: bytes) -> Piece:
    return Piece(
        title="Bản tin tháng Mười",
        audio=mp3,
        link="ban-tin.mp3",
        issuer="Sở Khoa học và Công nghệ",
        draft=True,
        voice="espeak",
        script=SCRIPT,
        spoken=SPOKEN,
        parts=(("Nhạc hiệu", 0, 2), ("Nội dung", 2, 8), ("Lời nhắc", 8, 11)),
        facts=(("Kế hoạch", "81/KH-UBND"),),
        findings=(Finding("draft-speech", "ban-tin.mp3", {"engine": "espeak"}),),
        hearing=understood(SCRIPT, SPOKEN, HEARD, "vi", VI, MemoryListener()),
    )


def test_it_stands_by_itself_and_runs_nothing(piece: Piece) -> None:
    html = page(piece, FONTS)
    tags = Tags(html)
    assert not tags.of("script") and not tags.of("link") and not tags.of("iframe")
    sources = [value for _, attributes in tags.tags for name, value in attributes.items() if name in ("src", "href")]
    assert len(sources) == 3
    assert all(source and source.startswith("data:") for source in sources)
    assert not any(name.startswith("on") for _, attributes in tags.tags for name in attributes)
    assert not re.search(rb"url\((?!\"data:)|@import|https?://", html)
    [policy] = [one["content"] for one in tags.of("meta") if one.get("http-equiv")]
    assert policy and policy.startswith("default-src 'none'") and "script" not in policy


def test_the_sound_is_inside_or_beside_it(piece: Piece) -> None:
    [player] = Tags(page(piece)).of("audio")
    assert "controls" in player
    assert base64.b64decode((player["src"] or "").removeprefix("data:audio/mpeg;base64,")) == piece.audio
    long = replace(piece, audio=piece.audio + bytes(MOST_EMBEDDED), link="../thu mục/bản tin #1?.mp3")
    [player] = Tags(page(long)).of("audio")
    assert player["src"] == "./../thu%20m%E1%BB%A5c/b%E1%BA%A3n%20tin%20%231%3F.mp3"
    [player] = Tags(page(replace(long, link="javascript:alert(1)"))).of("audio")
    assert player["src"] == "./javascript%3Aalert%281%29"


def test_without_its_sound_it_is_small(piece: Piece) -> None:
    assert len(page(piece, FONTS)) - len(piece.audio) * 4 / 3 < 400_000
    everything = replace(piece, script=SCRIPT * 150, spoken=SPOKEN * 150)
    assert len(page(everything, FONTS)) - len(piece.audio) * 4 / 3 < 400_000


def test_the_same_piece_is_the_same_page(piece: Piece) -> None:
    assert page(piece, FONTS) == page(piece, FONTS)


@pytest.mark.parametrize(
    ("draft", "words"), [(True, "BẢN NHÁP – KHÔNG PHÁT SÓNG"), (False, "BẢN PHÁT SÓNG"), (None, "CHƯA RÕ")], ids=str
)
def test_draft_or_broadcast_is_in_plain_sight(piece: Piece, draft: bool | None, words: str) -> None:
    tags = Tags(page(replace(piece, draft=draft)))
    assert next(text for tag, text in tags.inside if tag == "span").startswith(words)
    assert ("[BẢN NHÁP]" in dict(tags.inside)["title"]) == (draft is True)


def test_what_was_measured_is_said_against_what_is_wanted(piece: Piece) -> None:
    words = Tags(page(piece)).words
    assert re.search(r"−\d\d,\d LUFS −16,0 ± 0,5 – KHÔNG ĐẠT", words)
    assert "≤ −1,0 – đạt" in words
    assert "0:11" in words
    assert "44,1 kHz" in words
    assert "tiếng/phút" in words
    assert "81/KH-UBND" in words


def test_findings_are_said_in_both_languages(piece: Piece) -> None:
    tags = Tags(page(piece))
    assert {"class": "blocks"} in tags.of("li")
    assert piece.findings[0].words.vi in tags.words
    assert piece.findings[0].words.en in tags.words
    assert "Không có lỗi" in Tags(page(replace(piece, findings=()))).words


def test_the_script_stands_beside_its_spoken_words(piece: Piece) -> None:
    rows = [text for tag, text in Tags(page(replace(piece, hearing=None))).inside if tag == "td" and text]
    assert rows == [
        "Mời bà con đến UBND xã ngày 10/10.",
        "Mời bà con đến ủy ban nhân dân xã ngày mười tháng mười.",
        "Gọi 1022.",
        "Gọi một không hai hai.",
    ]


def test_words_that_were_heard_wrong_are_marked_and_every_number_is_answered_for(piece: Piece) -> None:
    tags = Tags(page(piece))
    assert [text for tag, text in tags.inside if tag == "del"] == ["gạch ngang", "dân", "hai"]
    assert [text for tag, text in tags.inside if tag == "ins"] == ["gạch chân", "gian", "ba"]
    cells = [text for tag, text in tags.inside if tag == "td" and text]
    assert cells[:8] == [
        *("ngày 10/10", "ngày mười tháng mười", "ngày / date", "✓ có / yes"),
        *("1022", "một không hai hai", "số / number", "✗ không / no"),
    ]
    assert "nghe đủ mọi ngày" not in tags.words
    clear = replace(piece, hearing=understood(SCRIPT, SPOKEN, SPOKEN, "vi", VI, MemoryListener()))
    assert "nghe đủ mọi ngày" in Tags(page(clear)).words


def test_nothing_that_people_write_can_become_part_of_the_page(piece: Piece) -> None:
    hostile = replace(
        piece,
        title=HOSTILE,
        issuer=HOSTILE,
        language=HOSTILE,
        voice=HOSTILE,
        script=HOSTILE,
        spoken=HOSTILE,
        link=HOSTILE.replace("\ud800", ""),
        parts=((HOSTILE, 0, 5),),
        facts=((HOSTILE, HOSTILE),),
        findings=(Finding("draft-speech", HOSTILE, {"engine": HOSTILE}),),
        hearing=understood("Gọi 1022.", HOSTILE.replace("\ud800", ""), HOSTILE, "en", VI, MemoryListener(HOSTILE)),
    )
    html = page(hostile, FONTS)
    tags = Tags(html)
    usual = Tags(page(piece, FONTS))
    assert {tag for tag, _ in tags.tags} <= {tag for tag, _ in usual.tags}
    assert not any(name.startswith("on") for _, attributes in tags.tags for name in attributes)
    assert len(tags.of("img")) == 2
    assert "<script>alert(1)</script>" in tags.words, "shown as the words it is"
    assert not re.search("[\x00-\x09\x0b-\x1f\u202a-\u202e\u2066-\u2069]", html.decode())
    assert "{{ 7*7 }}" in tags.words


def test_next_to_nothing_is_a_page_too(mp3: bytes) -> None:
    assert "–" in Tags(page(Piece("", mp3, "a.mp3"))).words


def test_sound_that_cannot_be_read_is_said_and_not_drawn(piece: Piece) -> None:
    tags = Tags(page(replace(piece, audio=b"no sound at all")))
    assert "Không giải mã được" in tags.words
    assert not tags.of("img")


def test_pictures_say_in_words_what_they_show(piece: Piece) -> None:
    wave, loud = (one["alt"] or "" for one in Tags(page(piece)).of("img"))
    assert "dài 0:11" in wave and "Nhạc hiệu 0:00–0:02" in wave
    assert "LUFS" in loud


def test_only_the_letters_that_are_needed_come_along(piece: Piece) -> None:
    assert FONTS is not None
    html = page(piece, FONTS).decode()
    fonts = [base64.b64decode(data) for data in re.findall(r"font/ttf;base64,([^\"]+)", html)]
    assert len(fonts) == 2
    assert all(1_000 < len(font) < 60_000 for font in fonts)
    assert "font/ttf" not in page(piece).decode()


# --- pictures


def pixels(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def dark(picture: Image.Image, box: tuple[int, int, int, int]) -> int:
    return sum(blue - red > 80 for red, _, blue in picture.crop(box).get_flattened_data())


def test_the_waveform_is_drawn_where_there_is_sound() -> None:
    picture = pixels(waveform(padded()))
    assert picture.width == WIDTH
    high = picture.height
    assert dark(picture, (400, 0, 600, high)) > 1_000
    assert dark(picture, (100, 0, 140, high)) < 100, "half a second of silence"


def test_the_pictures_are_the_same_every_time() -> None:
    assert FONTS is not None
    assert waveform(padded(), (("Lời chào", 0, 3),), FONTS.regular) == waveform(
        padded(), (("Lời chào", 0, 3),), FONTS.regular
    )
    curve = [-16 + place % 5 for place in range(100)]
    assert loudness(curve, 10, -16, 0.5) == loudness(curve, 10, -16, 0.5)


def test_loudness_is_drawn_at_its_height() -> None:
    def height(level: float) -> float:
        picture = pixels(loudness([level] * 100, 10, -16, 0.5))
        column = [picture.getpixel((WIDTH // 2, y)) for y in range(picture.height)]
        blue = [y for y, (red, _, b) in enumerate(column) if b - red > 80]  # type: ignore[misc]
        return sum(blue) / len(blue)

    assert height(-40) > height(-30) > height(-20) > height(-5)
    assert height(-70) == height(-48) or height(-70) > height(-47)


@pytest.mark.parametrize(
    "parts", [(), (("x" * 500, 0, 1),), (("một", 5, 2),), (("hai", -4, 99),)], ids=["none", "long", "back", "out"]
)
def test_odd_parts_are_no_reason_to_fall(parts: tuple[tuple[str, float, float], ...]) -> None:
    assert pixels(waveform(padded(), parts)).width == WIDTH


def test_a_workspace_without_its_letters_uses_the_readers(tmp_path: Path) -> None:
    assert read_fonts(tmp_path) is None
    assert isinstance(FONTS, Fonts)
