"""The lexicon that officers edit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from loa.loudspeaker.lexicon import read_lexicon
from loa.loudspeaker.speakable import speakable
from loa.model.errors import ContentError

from .tables import ROOT, cases

VI = read_lexicon(ROOT / "assets", "vi")


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
        ("language: vi\nwords:\n  QR: mã QR\n", "lexicon-loop", 3),  # a reading that reads itself
        ("language: vi\nwords:\n  A: a\n  QR: mã OTP\n  SMS: tin\n  OTP: mã QR\n", "lexicon-loop", 4),
        ("language: vi\nwords:\n  TTHC: thủ tục HC\n  HC: hành chính\n", "lexicon-reading", 3),  # no loop
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


def test_a_loop_is_one_error_that_names_the_ring_and_its_place(tmp_path: Path) -> None:
    text = "language: vi\nwords:\n  XA: mã QR\n  QR: mã OTP\n  OTP: mã XYZ\n  XYZ: mã QR\n"
    with pytest.raises(ContentError) as error:
        read_lexicon(written(tmp_path, text), "vi", lambda path: str(path.relative_to(tmp_path)))
    loop, other = error.value.mistakes
    assert (loop.code, loop.where.file, loop.where.line, loop.where.field) == (
        "lexicon-loop",
        "lexicon/vi.yaml",
        4,
        "words.QR",
    )
    assert loop.fields["chain"] == "QR → OTP → XYZ → QR"
    assert (other.code, other.where.line) == ("lexicon-reading", 3)  # it leads into the ring and is not part of it


# --- what a workspace reads otherwise


def own(folder: Path, text: str) -> Path:
    written(folder, "language: vi\nwords:\n  QR: quy a\n  OTP: ô tê pê\nhotlines: ['1022']\n")
    (folder / "lexicon" / "vi.local.yaml").write_text(text, encoding="utf-8")
    return folder


def test_a_workspaces_own_readings_go_first_and_the_others_stay(tmp_path: Path) -> None:
    lexicon = read_lexicon(own(tmp_path, "language: vi\nwords:\n  QR: mã vuông\nhotlines: ['1234']\n"), "vi")
    assert speakable("QR, OTP, 1022, 1234", "vi", lexicon) == "mã vuông, ô tê pê, một không hai hai, một hai ba bốn"


def test_own_readings_are_part_of_the_provenance(tmp_path: Path) -> None:
    first = read_lexicon(own(tmp_path, "language: vi\nwords:\n  QR: mã vuông\n"), "vi").sha256
    second = read_lexicon(own(tmp_path, "language: vi\nwords:\n  QR: mã hai chiều\n"), "vi").sha256
    (tmp_path / "lexicon" / "vi.local.yaml").unlink()
    assert len({first, second, read_lexicon(tmp_path, "vi").sha256}) == 3


def test_a_mistake_in_own_readings_is_named_in_their_file(tmp_path: Path) -> None:
    folder = own(tmp_path, "language: vi\nwords:\n  QR: mã QR\n")
    with pytest.raises(ContentError) as error:
        read_lexicon(folder, "vi", lambda path: str(path.relative_to(folder)))
    assert [(item.code, item.where.file, item.where.line) for item in error.value.mistakes] == [
        ("lexicon-loop", "lexicon/vi.local.yaml", 3)
    ]


# --- the lexicon that comes with Loa


def test_it_knows_the_abbreviations_of_the_field() -> None:
    abbreviations = [key for key in VI.words if len(re.findall(r"[A-ZĐ]", key)) > 1 and key == key.upper()]
    assert len(abbreviations) >= 150


@pytest.mark.parametrize(("abbreviation", "spoken"), cases("plans.tsv"))
def test_it_knows_every_abbreviation_of_the_plans(abbreviation: str, spoken: str) -> None:
    assert VI.word(abbreviation) == spoken


def test_a_language_without_a_lexicon_says_which_file_to_write(tmp_path: Path) -> None:
    with pytest.raises(ContentError) as error:
        read_lexicon(tmp_path, "vi", lambda path: str(path.relative_to(tmp_path)))
    assert error.value.code == "file-missing"
    assert error.value.where is not None
    assert error.value.where.file == "lexicon/vi.yaml"
