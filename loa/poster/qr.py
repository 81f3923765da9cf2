"""QR codes: vector modules with the quiet zone that the standard asks for, and reading one back from pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from PIL.Image import Image

QUIET_ZONE = 4  # modules on every side: ISO/IEC 18004:2015, 6.3.8


def modules(link: str, level: Literal["M", "Q", "H"]) -> tuple[tuple[bool, ...], ...]:
    """The modules of a link, dark ones true, without the quiet zone.

    The level is the least: a stronger one is taken where the symbol does not grow by it. Raises `ValueError` where
    the link is too long for any symbol.
    """
    import segno

    code = segno.make_qr(link, error=level, boost_error=True)
    return tuple(tuple(bool(module & 1) for module in row) for row in code.matrix)


def read(image: Image) -> tuple[str, ...]:
    """The text of every QR code in a picture."""
    import zxingcpp

    found = zxingcpp.read_barcodes(image.convert("L"), formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    return tuple(result.text for result in found)


def as_seen(image: Image, dpi: float) -> Image:
    """The picture as a phone sees it at arm's length: 75 dpi and out of focus by a pixel."""
    from PIL import Image as Images
    from PIL import ImageFilter

    ratio = min(1.0, 75 / dpi)
    size = (max(1, round(image.width * ratio)), max(1, round(image.height * ratio)))
    return image.convert("L").resize(size, Images.Resampling.BOX).filter(ImageFilter.GaussianBlur(1))
