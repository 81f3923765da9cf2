"""The package that communes and printing houses get: a pure function from artefacts to files.

ban-in/       print PDF, with bleed and crop marks
thiet-ke/     the deck, and the fonts to install before opening it
man-hinh/     pictures for screens and social networks
manifest.json what is in it, by hash, and what it was made for
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loa.model.artefact import Artefact
from loa.model.campaign import Localised

FOLDERS: Mapping[str, str] = {
    "print": "ban-in",
    "design": "thiet-ke",
    "font": "thiet-ke/phong-chu",
    "screen": "man-hinh",
}


@dataclass(frozen=True)
class Facts:
    """What a package was made for. `clauses` maps a clause of the plan to its title."""

    campaign: str
    wave: str
    deliverable: str
    title: Localised
    issuer: Localised
    plan: str
    clauses: Mapping[str, str]
    languages: Sequence[str]
    formats: Sequence[str]
    theme: str


def build(facts: Facts, made: Sequence[tuple[Artefact, bytes]]) -> Mapping[str, bytes]:
    """Relative file name -> bytes; the same bytes for the same facts and artefacts.

    Records stay behind: they are for the checks, not for those who print.
    """
    files: dict[str, bytes] = {}
    listed: list[dict[str, object]] = []
    for artefact, data in made:
        if artefact.role not in FOLDERS:
            continue
        path = f"{FOLDERS[artefact.role]}/{artefact.name}"
        files[path] = data
        listed.append(
            {
                "file": path,
                "sha256": artefact.sha256,
                "size": artefact.size,
                "media_type": artefact.media_type,
                "language": artefact.language,
                "provenance": dict(artefact.provenance),
            }
        )
    manifest = {
        "version": 1,
        "kind": "poster",
        "campaign": facts.campaign,
        "wave": facts.wave,
        "deliverable": facts.deliverable,
        "title": facts.title.model_dump(),
        "issuer": facts.issuer.model_dump(),
        "plan": {"number": facts.plan, "clauses": dict(facts.clauses)},
        "languages": list(facts.languages),
        "formats": list(facts.formats),
        "theme": facts.theme,
        "files": sorted(listed, key=lambda item: str(item["file"])),
    }
    files["manifest.json"] = (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode()
    return files
