"""One poster from its template to its files: what the channel, the command line and the pages call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from loa.model.artefact import canonical
from loa.model.errors import ContentError
from loa.poster import engines
from loa.poster.order import Order, take
from loa.workspace import Workspace
from loa.written import read_yaml


@dataclass(frozen=True)
class Pieces:
    """The files of one piece, and the record of their making (canonical JSON)."""

    name: str
    print_pdf: bytes
    design_pptx: bytes
    screen_png: bytes
    record: bytes


def make(ordered: Order, dpi: float | None = None) -> Pieces:
    """Draws one piece in its three forms. `dpi` is the picture's; the format's own where none is given.

    The same order always makes the same bytes. Raises `ContentError` where the template names what the theme lacks, or
    a font or picture cannot be read; what does not fit is in the record, for the checks to say.
    """
    from loa.poster import pdf, pptx, raster
    from loa.poster.layout import compose
    from loa.poster.record import record
    from loa.poster.typeset import Typesetter

    theme = ordered.theme
    inks = [ink for ink in (theme.ink(role) for role in theme.colours) if ink is not None]
    resolution = dpi or ordered.form.dpi
    with engines.ONE_AT_A_TIME:
        typesetter = Typesetter(ordered.font, ordered.copy.language, ordered.compounds)
        scene = compose(ordered, typesetter)
        screen = raster.page_image(pdf.write(scene, ordered.font, "screen"), resolution)
        return Pieces(
            name=ordered.name,
            print_pdf=pdf.write(scene, ordered.font, "print"),
            design_pptx=pptx.write(scene, inks, ordered.font.family, ordered.notes),
            screen_png=raster.png(screen, resolution),
            record=canonical(record(scene)),
        )


def render(
    template: str,
    format_name: str,
    language: str,
    values: Mapping[str, object],
    workspace: Workspace,
    theme: str | None = None,
    dpi: float | None = None,
) -> Pieces:
    """One poster in its outputs, without a campaign. Raises `ContentError`; writes nothing."""
    return make(take(workspace, template, format_name, language, values, theme), dpi)


def sample_values(workspace: Workspace, language: str) -> Mapping[str, object]:
    """Placeholders for looking at a poster outside a campaign: `templates/poster/sample.yaml`."""
    path = workspace.templates / "poster" / "sample.yaml"
    located = read_yaml(path, workspace.name_of(path))
    both, own = located.data.get("all", {}), located.data.get(language, located.data.get("vi", {}))
    if not isinstance(both, dict) or not isinstance(own, dict):
        raise ContentError(located.mistake("wrong-type", (), expected="all:, vi:, en:"))
    return {**both, **own}


def files_of(pieces: Pieces) -> Mapping[str, bytes]:
    """File name -> bytes, as they are written into a folder."""
    return {
        f"{pieces.name}.pdf": pieces.print_pdf,
        f"{pieces.name}.pptx": pieces.design_pptx,
        f"{pieces.name}.png": pieces.screen_png,
    }
