"""What may be wrong with a finished poster, found in its bytes: pixels, embedded text, the record of its making.

Every function returns findings and raises nothing about the piece. Contrast follows WCAG 2.2, 1.4.3 (AA): 4.5 to 1, and
3 to 1 for large text, on the colours that are really under each piece of text.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loa.model.finding import Finding
from loa.poster import engines, qr
from loa.poster.record import copy_of
from loa.poster.scene import Box
from loa.text.lint import Rules, lint

if TYPE_CHECKING:
    from PIL.Image import Image

CONTRAST, CONTRAST_LARGE = 4.5, 3.0
QR_CONTRAST = 7.0  # a phone in the sun sees far less than a decoder that is given the pixels: gold on white decodes
WORST_SHARE = 0.01  # of the pixels under a text; fewer is the edge of a shape seen through anti-aliasing
CHECK_DPI = 72


def check_record(kept: Mapping[str, Any], subject: str) -> tuple[Finding, ...]:
    """What the layout knows: overflow, sizes, glyphs, margins, plates."""
    found: list[Finding] = []
    sheet = kept["sheet"]
    trim = Box(0, 0, sheet["width"], sheet["height"])
    safe = trim.inset(sheet["safe"])
    for item in kept["overflows"]:
        found.append(Finding("poster-overflow", subject, {"element": item["name"], "by": item["by"]}))
    for text in kept["texts"]:
        said = {"element": text["name"], "text": _short(text["copy"])}
        if not text["fits"]:
            found.append(Finding("poster-does-not-fit", subject, {**said, "least": text["least"]}))
        if text["missing"]:
            named = ", ".join(_char_name(char) for char in text["missing"])
            found.append(Finding("poster-missing-glyph", subject, {**said, "chars": named, "font": text["face"]}))
        if text["size"] <= kept["small"] and not text["one_plate"]:
            found.append(Finding("poster-small-ink", subject, {**said, "size": text["size"], "role": text["role"]}))
    for item in (*kept["texts"], *kept["codes"]):
        box = Box(*item["box"])
        if not box.within(trim):
            found.append(Finding("poster-off-sheet", subject, {"element": item["name"]}))
        elif not box.within(safe):
            found.append(Finding("poster-unsafe-margin", subject, {"element": item["name"], "safe": sheet["safe"]}))
    return tuple(found)


def check_text(kept: Mapping[str, Any], subject: str, rules: Rules) -> tuple[Finding, ...]:
    """The safety of the words, and of where the codes lead."""
    return lint(copy_of(kept), subject, rules)


def check_print(pdf: bytes, kept: Mapping[str, Any], subject: str) -> tuple[Finding, ...]:
    """The PDF: whether its text can be copied out as it was written, and its contrast."""
    import pypdfium2

    with engines.ONE_AT_A_TIME:
        document = pypdfium2.PdfDocument(pdf)
        try:
            said = _squeezed(document[0].get_textpage().get_text_range())
            contrasts = tuple(contrast_findings(document[0], kept["large"], subject))
        finally:
            document.close()
    lost = [text for text in kept["texts"] if not all(_squeezed(line) in said for line in text["lines"])]
    return (
        *(
            Finding("poster-text-lost", subject, {"element": text["name"], "text": _short(text["copy"])})
            for text in lost
        ),
        *contrasts,
    )


def check_screen(png: bytes, kept: Mapping[str, Any], subject: str) -> tuple[Finding, ...]:
    """The picture: whether each QR code can be read as a phone sees it, and leads where it should."""
    from PIL import Image

    with Image.open(io.BytesIO(png)) as opened:
        image = opened.convert("RGB")
    dpi = image.width / kept["sheet"]["width"] * 25.4
    found: list[Finding] = []
    for code in kept["codes"]:
        box = Box(*code["box"])
        read = qr.read(qr.as_seen(_part(image, box.inset(-2), dpi), dpi))
        if not read:
            found.append(Finding("poster-qr-unreadable", subject, {"element": code["name"], "link": code["link"]}))
        elif not _dark_on_light(_part(image, box, dpi)):
            found.append(Finding("poster-qr-faint", subject, {"element": code["name"], "wanted": f"{QR_CONTRAST:g}"}))
        elif set(read) != {code["link"]}:
            shown = ", ".join(_short(text) for text in sorted(set(read)))
            found.append(Finding("poster-qr-wrong", subject, {"found": shown, "link": code["link"]}))
    return tuple(found)


def check_files(kept: Mapping[str, Any], pdf: bytes, png: bytes, subject: str, rules: Rules) -> tuple[Finding, ...]:
    """Every finding on one piece."""
    return (
        *check_text(kept, subject, rules),
        *check_record(kept, subject),
        *check_print(pdf, kept, subject),
        *check_screen(png, kept, subject),
    )


def _part(image: Image, box: Box, dpi: float) -> Image:
    left, top, right, bottom = (round(side * dpi / 25.4) for side in (box.x, box.y, box.right, box.bottom))
    return image.crop((left, top, right, bottom))


def _dark_on_light(symbol: Image) -> bool:
    """Whether the modules of a code, about half of its pixels, are dark, and its quiet zone is light."""
    pixels = symbol.convert("L").histogram()
    dark, light = (_quantile(pixels, share) for share in (0.2, 0.8))
    corner: Any = symbol.convert("L").getpixel((symbol.width // 24, symbol.height // 24))
    return contrast((dark,) * 3, (light,) * 3) >= QR_CONTRAST and abs(corner - light) < abs(corner - dark)


def _quantile(histogram: Sequence[int], share: float) -> int:
    left = share * sum(histogram)
    for value, count in enumerate(histogram):
        left -= count
        if left <= 0:
            return value
    return 255


# contrast


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of text on a page: its colour, size in points, and box in points from the bottom left."""

    rgb: tuple[int, int, int]
    size: float
    bounds: tuple[float, float, float, float]


def contrast_findings(page: Any, large: float, subject: str) -> Iterator[Finding]:
    """The worst contrast of each colour of text against what lies under it."""
    stretches = tuple(_lift_text(page))
    if not stretches:
        return
    image = page.render(scale=CHECK_DPI / 72, rev_byteorder=True).to_pil().convert("RGB")
    left, top = page.get_mediabox()[0], page.get_mediabox()[3]
    worst: dict[tuple[tuple[int, int, int], float], float] = {}
    for stretch in stretches:
        wanted = CONTRAST_LARGE if stretch.size >= large else CONTRAST
        x0, y0, x1, y1 = stretch.bounds
        corners = (int(x0 - left), int(top - y1), int(x1 - left) + 1, int(top - y0) + 1)
        ratio = _worst_ratio(stretch.rgb, image.crop(corners))
        if ratio < wanted:
            key = (stretch.rgb, wanted)
            worst[key] = min(ratio, worst.get(key, ratio))
    for (rgb, wanted), ratio in sorted(worst.items()):
        colour = "#{:02X}{:02X}{:02X}".format(*rgb)
        yield Finding("poster-contrast", subject, {"colour": colour, "ratio": f"{ratio:.1f}", "wanted": f"{wanted:g}"})


def _lift_text(page: Any) -> Iterator[Stretch]:
    """Takes every text off the page, and says where it was. What is left is what lay under it."""
    import ctypes

    import pypdfium2.raw as pdfium

    for item in list(page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_TEXT,), max_depth=4)):
        red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
        pdfium.FPDFPageObj_GetFillColor(item.raw, red, green, blue, alpha)
        size = ctypes.c_float()
        pdfium.FPDFTextObj_GetFontSize(item.raw, size)
        bounds = item.get_bounds()
        scale = abs(item.get_matrix().d) or 1.0
        if item.container is None:  # inside a form it can be read, but not taken away
            page.remove_obj(item)
        yield Stretch((red.value, green.value, blue.value), size.value * scale, bounds)


def _worst_ratio(rgb: tuple[int, int, int], under: Image) -> float:
    """The contrast that all but the worst hundredth of the pixels reach."""
    if not under.width or not under.height:
        return 21.0
    colours: Any = under.getcolors(under.width * under.height) or []
    ratios = sorted((contrast(rgb, colour), count) for count, colour in colours)
    allowed = WORST_SHARE * under.width * under.height
    for ratio, count in ratios:
        allowed -= count
        if allowed < 0:
            return ratio
    return ratios[-1][0] if ratios else 21.0


def contrast(a: Sequence[int], b: Sequence[int]) -> float:
    """The contrast of two colours (0-255), from 1 to 21, as WCAG 2.2 defines it."""
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(rgb: Sequence[int]) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2, from IEC 61966-2-1)."""
    red, green, blue = (part / 255 for part in rgb[:3])
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


# words


def _squeezed(text: str) -> str:
    """Text without spaces and marks of formatting: what must be the same in print and in the copy."""
    return re.sub(r"[\s\u00ad\u200b\ufeff]+", "", unicodedata.normalize("NFC", text))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:57]}…"


def _char_name(char: str) -> str:
    return f"{char} (U+{ord(char):04X})"
