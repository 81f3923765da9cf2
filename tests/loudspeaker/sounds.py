"""Finished files for tests."""

from __future__ import annotations

from collections.abc import Mapping

from loa.loudspeaker.audio import Audio
from loa.loudspeaker.master import Mastered, Mastering, Take
from loa.loudspeaker.profile import read_profile

from .tables import ROOT


def mastered(voice: Audio, tags: Mapping[str, str], chime: Audio | None = None) -> Mastered:
    """A voice, after a chime where one is given, by the usual profile."""
    opening = [Take("", lambda: chime, 0.8, chime=True)] if chime else []
    return Mastering(read_profile(ROOT / "templates")).master([*opening, Take("voice", lambda: voice, 0.6)], tags)
