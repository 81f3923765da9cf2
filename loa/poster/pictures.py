"""Pictures that a template brings: turned upright, in RGB, as PNG."""

from __future__ import annotations

import io
from dataclasses import dataclass

from loa.model.errors import ContentError, Mistake, Where
from loa.workspace import Workspace

MOST_PIXELS = 60_000_000  # A2 at 300 dpi has 35 million
MOST_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class Upright:
    """A picture as PNG, with its width and height in pixels."""

    png: bytes
    pixels: tuple[int, int]


def read(workspace: Workspace, file: str, where: Where) -> Upright:
    """A picture below `assets/`. Raises `ContentError` at `where` if it is missing, too big or no picture."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    path = workspace.assets / file
    name = workspace.name_of(path)
    if not path.is_file():
        raise ContentError(Mistake("poster-picture-missing", where, {"picture": name}))
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise ContentError.at("file-too-big", name, size=size, most=MOST_BYTES)
    try:
        with Image.open(io.BytesIO(path.read_bytes()), formats=("PNG", "JPEG")) as opened:
            # the header is enough to refuse a picture that would fill the memory
            if opened.width * opened.height > MOST_PIXELS:
                raise ContentError.at("poster-picture-too-big", name, width=opened.width, height=opened.height)
            upright = ImageOps.exif_transpose(opened)
            upright = upright.convert("RGBA" if "A" in upright.getbands() or "transparency" in upright.info else "RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError) as error:
        raise ContentError.at("poster-picture-broken", name) from error
    out = io.BytesIO()
    upright.save(out, "PNG")
    return Upright(out.getvalue(), upright.size)
