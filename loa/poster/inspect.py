"""A poster file that somebody brings, from a designer or another office, and what can be said of it."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping

from loa.model.errors import ContentError
from loa.model.finding import Finding
from loa.poster import checks, engines, qr
from loa.text.lint import Rules, lint

LARGE = 18.0  # points: where the sheet's own scale is not known, large text is what WCAG takes for it
DPI = 75


def check_file(data: bytes, name: str, rules: Rules) -> tuple[Finding, ...]:
    """The findings on a PDF, PPTX, PNG or JPEG by its suffix: its words, where its codes lead, its contrast.

    Raises `ContentError` for another kind of file, or one that cannot be read.
    """
    suffix = name.rpartition(".")[2].lower()
    look = _LOOKS.get(suffix)
    if look is None:
        raise ContentError.at("poster-file-unknown", name, known=", ".join(sorted(_LOOKS)))
    return look(data, name, rules)


def _pdf(data: bytes, name: str, rules: Rules) -> tuple[Finding, ...]:
    import pypdfium2

    found: list[Finding] = []
    with engines.ONE_AT_A_TIME:
        try:
            document = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            raise ContentError.at("poster-file-broken", name) from error
        try:
            words: list[str] = []
            for page in document:
                words.append(page.get_textpage().get_text_range().replace("\r\n", "\n"))
                image = page.render(scale=DPI * 2 / 72, rev_byteorder=True).to_pil().convert("RGB")
                words += qr.read(qr.as_seen(image, DPI * 2))
                found += checks.contrast_findings(page, LARGE, name)
        finally:
            document.close()
    return (*lint("\n".join(words), name, rules), *found)


def _picture(data: bytes, name: str, rules: Rules) -> tuple[Finding, ...]:
    """Only where the codes lead: nobody reads words out of pixels here."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as opened:
            links = qr.read(opened.convert("RGB"))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError) as error:
        raise ContentError.at("poster-file-broken", name) from error
    bare = Rules(rules.allowed_hosts)
    return tuple(finding for link in links for finding in lint(link, name, bare))


def _pptx(data: bytes, name: str, rules: Rules) -> tuple[Finding, ...]:
    import zipfile

    from pptx import Presentation
    from pptx.exc import PackageNotFoundError

    try:
        deck = Presentation(io.BytesIO(data))
    except (PackageNotFoundError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise ContentError.at("poster-file-broken", name) from error
    words = [
        shape.text_frame.text.replace("\x0b", " ")
        for slide in deck.slides
        for shape in slide.shapes
        if shape.has_text_frame and shape.text_frame.text
    ]
    return lint("\n".join(words), name, rules)


_LOOKS: Mapping[str, Callable[[bytes, str, Rules], tuple[Finding, ...]]] = {
    "pdf": _pdf,
    "pptx": _pptx,
    "png": _picture,
    "jpg": _picture,
    "jpeg": _picture,
}
