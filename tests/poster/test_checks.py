"""What a finished piece is sent back for. Each rule on a piece that breaks it, and none on the one that is shipped."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import pytest
from PIL import Image, ImageDraw

from loa.model.errors import ContentError
from loa.model.finding import Finding
from loa.poster import raster, render
from loa.poster.checks import check_files, check_print, check_record, check_screen, check_text, contrast
from loa.poster.inspect import check_file
from loa.poster.order import take
from loa.poster.render import Pieces
from loa.text.lint import Rules
from loa.workspace import Workspace
from tests.poster.conftest import edit

COPY = "templates/poster/ba-buoc/copy.vi.yaml"
TREE = "templates/poster/ba-buoc/poster.yaml"
THEME = "assets/themes/do-quoc-khanh.yaml"


def codes(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.code for finding in findings}


def findings_of(pieces: Pieces, rules: Rules) -> tuple[Finding, ...]:
    return check_files(json.loads(pieces.record), pieces.print_pdf, pieces.screen_png, pieces.name, rules)


@pytest.mark.parametrize("theme", ["do-quoc-khanh", "xanh-hanh-chinh"])
@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("form", ["a3", "a4"])
def test_what_is_shipped_has_no_finding(shipped: Workspace, theme: str, language: str, form: str) -> None:
    values = render.sample_values(shipped, language)
    made = render.render("ba-buoc", form, language, values, shipped, theme, dpi=100)
    rules = Rules(("dichvucong.gov.vn",), (str(values["issuer"]),), str(values["hotline"]), security=True)
    assert findings_of(made, rules) == ()


# file, what is written, what it becomes, the code that must come
FAULTS = [
    (COPY, "chỉ 3 bước", "chỉ ba bước " * 25, "poster-does-not-fit"),
    (COPY, "chỉ 3 bước", "chỉ ba bước " * 25, "poster-overflow"),
    (COPY, "Đăng nhập bằng VNeID", "Đăng nhập ƀằng VNeID", "poster-missing-glyph"),
    (COPY, "{{ issuer | upper }}", "SỞ NÀO ĐÓ", "issuer-missing"),
    (COPY, "address: \"{{ portal_host }}\"", "address: dichvucongs.top", "host-not-allowed"),
    (COPY, "Không cung cấp mật khẩu, mã OTP", "Cung cấp mã OTP", "asks-for-secret"),
    (TREE, 'link: "{{ portal }}"', "link: https://dichvucongs.top/vn", "host-not-allowed"),
    (TREE, "level: Q, width: 15u", "level: H, width: 2.2u", "poster-qr-unreadable"),
    (TREE, "level: Q, width: 15u", "level: Q, ink: accent, width: 15u", "poster-qr-faint"),
    (THEME, '"#FFD25E", cmyk: [0, 16, 72, 0]', '"#C03A30", cmyk: [15, 90, 90, 5]', "poster-contrast"),
    (TREE, "level: Q, width: 15u", "level: Q, ink: paper, paper: key, width: 15u", "poster-qr-faint"),
    (TREE, "padding: [xl, margin]", "padding: [xl, 1u]", "poster-unsafe-margin"),
    (TREE, "style: small, ink: text", "style: small, ink: brand", "poster-small-ink"),
    (TREE, "kind: text, id: event", "kind: text, inset: {right: -30u}, id: event", "poster-off-sheet"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "code"), FAULTS, ids=[f"{f[3]}-{i}" for i, f in enumerate(FAULTS)])
def test_each_fault_is_found(
    copied: Workspace, vi_values: Mapping[str, object], rules: Rules, file: str, old: str, new: str, code: str
) -> None:
    edit(copied, file, old, new)
    made = render.render("ba-buoc", "a3", "vi", vi_values, copied, dpi=75)
    found = findings_of(made, rules)
    assert code in codes(found)
    for finding in found:
        assert str(finding.words)
        assert finding.level


def test_a_qr_code_that_leads_elsewhere_blocks(pieces: Pieces) -> None:
    kept = json.loads(pieces.record)
    kept["codes"][0]["link"] = "https://dichvucong.gov.vn/khac"
    (found,) = check_screen(pieces.screen_png, kept, "x")
    assert (found.code, found.blocks) == ("poster-qr-wrong", True)


def test_a_code_that_was_painted_over_blocks(pieces: Pieces) -> None:
    kept = json.loads(pieces.record)
    image = Image.open(io.BytesIO(pieces.screen_png)).convert("RGB")
    x, y, width, _ = (side * 150 / 25.4 for side in kept["codes"][0]["box"])
    ImageDraw.Draw(image).rectangle((x + width * 0.2, y, x + width * 0.8, y + width), fill="white")
    assert codes(check_screen(raster.png(image, 150), kept, "x")) == {"poster-qr-unreadable"}


def test_text_that_the_print_file_does_not_hold_blocks(pieces: Pieces) -> None:
    kept = json.loads(pieces.record)
    kept["texts"][1]["lines"] = ["Nộp hồ sơ trực tuyên"]  # one mark is gone
    assert codes(check_print(pieces.print_pdf, kept, "x")) == {"poster-text-lost"}


@pytest.mark.parametrize(
    ("a", "b", "ratio"),
    [
        ((0, 0, 0), (255, 255, 255), 21.0),
        ((255, 255, 255), (255, 255, 255), 1.0),
        ((119, 119, 119), (255, 255, 255), 4.48),
    ],
)
def test_contrast_is_that_of_wcag(a: tuple[int, int, int], b: tuple[int, int, int], ratio: float) -> None:
    assert contrast(a, b) == pytest.approx(ratio, abs=0.01)
    assert contrast(b, a) == contrast(a, b)


def test_a_record_alone_tells_of_overflow(pieces: Pieces, rules: Rules) -> None:
    kept: dict[str, Any] = json.loads(pieces.record)
    assert check_record(kept, "x") == ()
    assert check_text(kept, "x", rules) == ()
    kept["overflows"] = [{"name": "hero", "by": 4.2}]
    (found,) = check_record(kept, "x")
    assert "hero" in found.words.vi
    assert found.blocks


# files that somebody brings


@pytest.mark.parametrize("suffix", ["pdf", "pptx", "png"])
def test_our_own_files_pass_as_anybodys(pieces: Pieces, rules: Rules, suffix: str) -> None:
    data = render.files_of(pieces)[f"{pieces.name}.{suffix}"]
    assert check_file(data, f"brought.{suffix}", rules) == ()


@pytest.mark.parametrize("suffix", ["pdf", "pptx"])
def test_a_brought_file_with_a_foreign_address_is_found(pieces: Pieces, suffix: str) -> None:
    data = render.files_of(pieces)[f"{pieces.name}.{suffix}"]
    assert "host-not-allowed" in codes(check_file(data, f"x.{suffix}", Rules(("thainguyen.gov.vn",))))


def test_a_brought_picture_is_judged_by_where_its_code_leads(pieces: Pieces) -> None:
    assert codes(check_file(pieces.screen_png, "x.png", Rules(("thainguyen.gov.vn",)))) == {"host-not-allowed"}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("x.cdr", "poster-file-unknown"),
        ("x", "poster-file-unknown"),
        ("x.pdf", "poster-file-broken"),
        ("x.png", "poster-file-broken"),
        ("x.pptx", "poster-file-broken"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_clear_error(name: str, code: str) -> None:
    with pytest.raises(ContentError) as caught:
        check_file(b"not what it says", name, Rules(("dichvucong.gov.vn",)))
    assert caught.value.code == code


FOOTER = "    - kind: box\n      id: footer"
PINNED = "    - {kind: text, copy: lead, style: lead, ink: paper, inset: {top: 45%, left: margin}, width: 60%}\n"


def test_contrast_is_read_from_the_page_that_was_drawn(
    copied: Workspace, vi_values: Mapping[str, object], rules: Rules
) -> None:
    """White text pinned over the white half of the sheet: every token of the theme is as it should be."""
    edit(copied, TREE, FOOTER, PINNED + FOOTER)
    made = render.make(take(copied, "ba-buoc", "a3", "vi", vi_values), dpi=75)
    found = [finding for finding in findings_of(made, rules) if finding.code == "poster-contrast"]
    assert [finding.fields["ratio"] for finding in found] == ["1.0"]
