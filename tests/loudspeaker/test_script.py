"""The parts of a bulletin."""

from __future__ import annotations

import pytest

from loa.loudspeaker.script import Part, parse, plain, unheaded
from loa.model.errors import ContentError

WHOLE = """## Lời chào
Kính thưa bà con!

## Nội dung
Dòng một
vẫn câu ấy.

Đoạn hai.
## Lời nhắc
Xin nhắc lại.
## Lời kết
Xin cảm ơn!
"""


def test_headings_part_a_script_and_are_not_said() -> None:
    script = parse(WHOLE, "vi", "mau.j2")
    assert [(item.part, item.paragraphs) for item in script.passages] == [
        (Part.GREETING, ("Kính thưa bà con!",)),
        (Part.BODY, ("Dòng một\nvẫn câu ấy.", "Đoạn hai.")),
        (Part.REMINDER, ("Xin nhắc lại.",)),
        (Part.SIGN_OFF, ("Xin cảm ơn!",)),
    ]
    assert "##" not in script.text


def test_a_printed_script_reads_back_as_itself() -> None:
    script = parse(WHOLE, "vi", "mau.j2")
    again = parse(script.printed, "vi", "mau.j2")
    assert (again.printed, again.text) == (script.printed, script.text)
    assert unheaded(script.printed).split() == script.text.split()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (WHOLE.replace("## Lời kết", "## Kết thúc"), [("script-heading", 11), ("script-part-missing", None)]),
        (WHOLE.replace("## Lời nhắc\n", ""), [("script-part-missing", None)]),
        ("Xin chào.\n" + WHOLE, [("script-no-heading", 1)]),
        ("## Lời chào\n## Nội dung\nA\n## Lời nhắc\nB\n## Lời kết\nC\n", [("script-part-missing", None)]),
    ],
)
def test_a_script_that_is_not_whole_is_refused_with_every_mistake(
    text: str, found: list[tuple[str, int | None]]
) -> None:
    with pytest.raises(ContentError) as error:
        parse(text, "vi", "mau.j2")
    assert [(item.code, item.where.line) for item in error.value.mistakes] == found


def test_any_text_can_be_spoken_as_one_body() -> None:
    assert plain("Xin chào.\n\n## Lời kết\nTạm biệt.", "vi", "-").text == "Xin chào.\n\nTạm biệt."


def test_items_of_a_list_are_paragraphs_of_their_own() -> None:
    (body,) = plain("Ba bước:\n- mở Cổng\n- nộp hồ sơ\n  và chờ", "vi", "-").passages
    assert (body.paragraphs, body.lines) == (("Ba bước:", "- mở Cổng", "- nộp hồ sơ\nvà chờ"), (1, 2, 3))


def test_a_script_of_forty_minutes_is_refused() -> None:
    with pytest.raises(ContentError) as error:
        plain("Mời bà con. " * 4000, "vi", "dai.txt")
    assert (error.value.code, error.value.where and error.value.where.file) == ("script-too-long", "dai.txt")


@pytest.mark.parametrize("text", ["", "\n \n", "## Lời chào\n"])
def test_an_empty_text_is_refused(text: str) -> None:
    with pytest.raises(ContentError) as error:
        plain(text, "vi", "trong.txt")
    assert (error.value.code, error.value.where and error.value.where.file) == ("template-empty", "trong.txt")
