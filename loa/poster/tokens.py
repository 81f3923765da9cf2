"""What a designer decides once: theme tokens, formats and fonts, all of them data.

`assets/themes/<theme>.yaml` has colours by role, a type scale, spacing and radii; `templates/poster/formats.yaml` the
sheets; `assets/fonts/<font>/font.yaml` the files of a font. Sizes in a theme are relative - type to the format's body
size, spacing to its unit - so that one theme serves A4 and A3 alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints, ValidationInfo, field_validator

from loa.model.campaign import Localised, Slug, Written
from loa.model.errors import ContentError
from loa.poster.scene import Ink, Sheet
from loa.workspace import Workspace
from loa.written import Located, read_yaml, validate

Percent = Annotated[float, Field(ge=0, le=100)]
Weight = Literal["regular", "bold"]
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9]+)+$", max_length=100)]


def _rgb(value: object) -> object:
    """`#A80F18` as three numbers."""
    if isinstance(value, str) and len(value) == 7 and value[0] == "#":
        try:
            return tuple(bytes.fromhex(value[1:]))
        except ValueError:
            pass
    raise ValueError("#RRGGBB")


class Colour(Written):
    """One colour. CMYK is chosen by hand: a conversion turns pure black into four plates."""

    rgb: Annotated[tuple[int, int, int], BeforeValidator(_rgb)]
    cmyk: tuple[Percent, Percent, Percent, Percent]
    slot: Literal["", "dk1", "lt1", "dk2", "lt2", "accent1", "accent2", "accent3", "accent4", "accent5", "accent6"] = ""


class TypeStyle(Written):
    """One step of the type scale, in multiples of the format's body size. `leading` is in em, as the least."""

    weight: Weight
    size: float = Field(gt=0, le=20)
    least: float = Field(gt=0, le=20)
    leading: float = Field(default=1.25, ge=0.9, le=3)

    @field_validator("least")
    @classmethod
    def _not_over(cls, least: float, info: ValidationInfo) -> float:
        if least > info.data.get("size", least):
            raise ValueError("least <= size")
        return least


class Theme(Written):
    """One theme."""

    title: Localised
    font: Slug
    colours: dict[Slug, Colour]
    type: dict[Slug, TypeStyle]
    spacing: dict[Slug, Annotated[float, Field(ge=0, le=50)]]
    radii: dict[Slug, Annotated[float, Field(ge=0, le=50)]]

    def ink(self, role: str) -> Ink | None:
        colour = self.colours.get(role)
        return Ink(role, colour.rgb, colour.cmyk, colour.slot) if colour else None


class Format(Written):
    """A sheet. Millimetres; `body` is the body type size in points, `unit` the grain of all spacing."""

    title: Localised
    width: float = Field(ge=30, le=1400, description="Office draws slides up to 56 inches")
    height: float = Field(ge=30, le=1400)
    bleed: float = Field(default=3, ge=0, le=20)
    safe: float = Field(default=10, ge=0, le=100)
    unit: float = Field(gt=0, le=50)
    body: float = Field(ge=4, le=400)
    dpi: int = Field(default=150, ge=36, le=600, description="of the picture for screens")

    def sheet(self, name: str) -> Sheet:
        return Sheet(name, self.width, self.height, self.bleed, self.safe)


class FontFile(Written):
    """`font.yaml`: a family as design software names it, and its files."""

    family: str = Field(min_length=1, max_length=60)
    licence: FileName
    regular: FileName
    bold: FileName


class Font:
    """A font read from its folder: the bytes of each weight, and the licence that travels with them."""

    def __init__(self, folder: Path, written: FontFile, files: Mapping[Weight, bytes], licence: bytes) -> None:
        self.folder = folder
        self.family = written.family
        self.files = files
        self.licence = licence
        self.names: Mapping[Weight, str] = {"regular": written.regular, "bold": written.bold}
        self.licence_name = written.licence
        self.sha256: Mapping[Weight, str] = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def theme_names(workspace: Workspace) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in (workspace.assets / "themes").glob("*.yaml")))


def read_theme(workspace: Workspace, name: str) -> Theme:
    """One theme. Raises `ContentError` where it is missing or wrong."""
    folder, known = workspace.assets / "themes", theme_names(workspace)
    if name not in known:
        raise ContentError.at(
            "poster-theme-missing", workspace.name_of(folder), name=name, known=", ".join(known) or "-"
        )
    path = folder / f"{name}.yaml"
    return validate(Theme, read_yaml(path, workspace.name_of(path)))


def read_formats(workspace: Workspace) -> Mapping[str, Format]:
    """Every format by name."""
    path = workspace.templates / "poster" / "formats.yaml"
    located = read_yaml(path, workspace.name_of(path))
    return {
        name: validate(Format, Located(value, located.file, located.lines, (name,)))
        for name, value in located.data.items()
    }


def read_format(workspace: Workspace, name: str) -> Format:
    """One format. Raises `ContentError` where it is missing or wrong."""
    formats = read_formats(workspace)
    if name not in formats:
        file = workspace.name_of(workspace.templates / "poster" / "formats.yaml")
        raise ContentError.at("poster-format-missing", file, name=name, known=", ".join(formats))
    return formats[name]


def read_font(workspace: Workspace, name: str) -> Font:
    """One font with its files. Raises `ContentError` where a file is missing."""
    path = workspace.assets / "fonts" / name / "font.yaml"
    written = validate(FontFile, read_yaml(path, workspace.name_of(path)))
    folder = path.parent
    return Font(
        folder,
        written,
        {
            "regular": _bytes(workspace, folder / written.regular),
            "bold": _bytes(workspace, folder / written.bold),
        },
        _bytes(workspace, folder / written.licence),
    )


def _bytes(workspace: Workspace, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ContentError.at("file-missing", workspace.name_of(path)) from error
