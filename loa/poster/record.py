"""The record of a piece: what stands on it and how it was fitted, as data beside the files.

It is made with the piece, approved with it, and read by the checks, so that they hold the finished files against what
was meant. Plain JSON values throughout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loa.poster.scene import Box, Scene

VERSION = 1


def record(scene: Scene) -> dict[str, Any]:
    """The record of a scene. Boxes are [x, y, width, height] in millimetres of the trimmed sheet, sizes points."""
    sheet = scene.sheet
    return {
        "version": VERSION,
        "title": scene.title,
        "language": scene.language,
        "issuer": scene.issuer,
        "format": sheet.format,
        "sheet": {"width": sheet.width, "height": sheet.height, "bleed": sheet.bleed, "safe": sheet.safe},
        "large": scene.large,
        "small": scene.small,
        "texts": [
            {
                "name": text.name,
                "copy": text.copy,
                "lines": [line.text for line in text.lines],
                "box": _ink_box(text.box, min((line.x for line in text.lines), default=text.box.x), text.lines),
                "size": text.size,
                "wanted": round(text.fit.wanted, 2),
                "least": round(text.fit.least, 2),
                "fits": text.fit.fits,
                "missing": list(text.missing),
                "role": text.ink.role,
                "one_plate": text.ink.black_only or text.ink.paper,
                "face": f"{text.face.family} {text.face.weight}",
            }
            for text in scene.texts()
        ],
        "codes": [{"name": code.name, "link": code.link, "box": _box(code.box)} for code in scene.codes()],
        "overflows": [{"name": item.name, "by": item.by} for item in scene.overflows],
    }


def copy_of(kept: Mapping[str, Any]) -> str:
    """All that can be read on a piece, one text a line, and where its codes lead."""
    return "\n".join([*(text["copy"] for text in kept["texts"]), *(code["link"] for code in kept["codes"])])


def _box(box: Box) -> list[float]:
    return [round(part, 3) for part in (box.x, box.y, box.width, box.height)]


def _ink_box(box: Box, left: float, lines: Sequence[Any]) -> list[float]:
    """The box around what is really set: a line may be wider than the box it was given."""
    right = max((line.x + line.width for line in lines), default=box.right)
    return _box(Box(left, box.y, right - left, box.height))
