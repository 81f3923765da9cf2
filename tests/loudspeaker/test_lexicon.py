"""The lexicon that officers edit."""

from __future__ import annotations

from pathlib import Path

import pytest

from loa.loudspeaker.lexicon import read_lexicon
from loa.loudspeaker.speakable import speakable
from loa.model.errors import ContentError


def written(folder: Path, text: str, language: str = "vi") -> Path:
    path = folder / "lexicon" / f"{language}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return folder


def test_an_officers_reading_is_used(tmp_path: Path) -> None:
    lexicon = read_lexicon(written(tmp_path, "language: vi\nwords:\n  QR: mã vuông\n"), "vi")
    assert speakable("quét QR", "vi", lexicon) == "quét mã vuông"


def test_the_longest_entry_goes_first(tmp_path: Path) -> None:
    lexicon = read_lexicon(written(tmp_path, "language: vi\nwords:\n  TT: thông tư\n  TTHC: thủ tục\n"), "vi")
    assert speakable("TTHC, TT", "vi", lexicon) == "thủ tục, thông tư"


def test_small_letters_match_any_case_and_capitals_only_themselves(tmp_path: Path) -> None:
    lexicon = read_lexicon(written(tmp_path, "language: vi\nwords:\n  web: trang oép\n  Zalo: da lô\n"), "vi")
    assert speakable("Web web, Zalo zalo", "vi", lexicon) == "trang oép trang oép, da lô zalo"


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("language: vi\nwords:\n  QR: mã QR\n", "lexicon-reading", 3),  # a reading that reads itself: a loop
        ("language: vi\nwords:\n  A: một\n  5G: 5 gờ\n", "lexicon-reading", 4),
        ("language: vi\nlabels:\n  hoidap: hỏi-đáp.vn\n", "lexicon-reading", 3),
        ('language: vi\nwords:\n  XYZ: ""\n', "lexicon-reading", 3),
        ("language: en\nwords: {}\n", "lexicon-language", 1),
        ("language: vi\nwrods: {}\n", "unknown-key-close", 2),
        ("language: vi\nwords:\n  QR: a\n  QR: b\n", "key-repeated", 4),
    ],
)
def test_a_mistake_is_named_by_its_line(tmp_path: Path, text: str, code: str, line: int) -> None:
    with pytest.raises(ContentError) as error:
        read_lexicon(written(tmp_path, text), "vi")
    assert [(item.code, item.where.line) for item in error.value.mistakes] == [(code, line)]


def test_a_language_without_a_lexicon_says_which_file_to_write(tmp_path: Path) -> None:
    with pytest.raises(ContentError) as error:
        read_lexicon(tmp_path, "vi", lambda path: str(path.relative_to(tmp_path)))
    assert error.value.code == "file-missing"
    assert error.value.where is not None
    assert error.value.where.file == "lexicon/vi.yaml"
