"""An order: everything that one piece is made of, read and checked, before anything is drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from loa.model.artefact import digest
from loa.model.errors import ContentError
from loa.poster import engines
from loa.poster.template import Copy, PictureNode, Template, nodes_of, read_copy, read_template
from loa.poster.tokens import Font, Format, Theme, read_font, read_format, read_theme
from loa.text.normal import nfc
from loa.workspace import Workspace


@dataclass(frozen=True)
class Order:
    """All that goes into one piece, read and checked; nothing is drawn yet.

    `notes` stand in the deck's speaker notes, name -> value.
    """

    workspace: Workspace
    template: Template
    copy: Copy
    theme_name: str
    theme: Theme
    format_name: str
    form: Format
    font: Font
    compounds: Collection[str]
    issuer: str
    notes: Mapping[str, str]

    @property
    def name(self) -> str:
        """The stem of the piece's file names: `ba-buoc-a3-vi`."""
        return f"{self.template.name.replace('/', '-')}-{self.format_name}-{self.copy.language}"

    @property
    def recipe(self) -> str:
        """The digest of every input, the versions of the engines and this room's own code among them."""
        return digest(
            {
                "made": "poster",
                "template": self.template.sha256,
                "copy": dict(self.copy.words),
                "links": dict(self.copy.links),
                "language": self.copy.language,
                "theme": self.theme.model_dump(mode="json"),
                "format": [self.format_name, self.form.model_dump(mode="json")],
                "font": [self.font.family, dict(self.font.sha256)],
                "compounds": sorted(self.compounds),
                "pictures": self._pictures(),
                "issuer": self.issuer,
                "notes": dict(self.notes),
                "engines": engines.versions(),
                "code": _code_digest(),
            }
        )

    def _pictures(self) -> list[str]:
        found = [node.file for node in nodes_of(self.template.poster.page) if isinstance(node, PictureNode)]
        paths = [self.workspace.assets / file for file in found]
        return [hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "" for path in paths]


def take(
    workspace: Workspace,
    template: str,
    format_name: str,
    language: str,
    values: Mapping[str, object],
    theme: str | None = None,
    notes: Mapping[str, str] | None = None,
) -> Order:
    """Reads everything one piece is made of.

    `values` are the placeholders of `loa.text.context`; `theme` is the template's own where none is named. Raises
    `ContentError` naming file, line and field.
    """
    read = read_template(workspace, template)
    if format_name not in read.poster.formats:
        read_format(workspace, format_name)  # a format that does not exist at all is the plainer mistake
        known = ", ".join(read.poster.formats)
        raise ContentError(read.located.mistake("poster-format-not-made", ("formats",), name=format_name, known=known))
    theme_name = theme or read.poster.theme
    tokens = read_theme(workspace, theme_name)
    return Order(
        workspace=workspace,
        template=read,
        copy=read_copy(workspace, read, language, values),
        theme_name=theme_name,
        theme=tokens,
        format_name=format_name,
        form=read_format(workspace, format_name),
        font=read_font(workspace, tokens.font),
        compounds=read_compounds(workspace, language),
        issuer=str(values.get("issuer", "")),
        notes=dict(notes or {}),
    )


def read_compounds(workspace: Workspace, language: str) -> tuple[str, ...]:
    """Words of several syllables that are kept on one line; none where the language has no such file."""
    path = workspace.templates / "poster" / f"compounds.{language}.txt"
    if not path.is_file():
        return ()
    try:
        text = nfc(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ContentError.at("not-utf-8", workspace.name_of(path)) from error
    return tuple(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))


def _code_digest() -> str:
    """This room's own code: a changed layout makes other pieces of the same inputs."""
    folder = Path(__file__).parent
    return digest([hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.py"))])
