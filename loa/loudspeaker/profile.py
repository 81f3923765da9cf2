"""Export profiles: what a finished file must be, and the chain that brings a voice there. They are data.

`templates/loudspeaker/profiles.yaml`. No official figure for village loudspeakers was found; those that ship are
common ones for broadcast speech, and a workspace writes its own.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from loa.loudspeaker.codec import refused
from loa.model.artefact import digest
from loa.model.campaign import Localised, Slug, Written
from loa.model.errors import ContentError, Where
from loa.written import read_yaml, validate

FILE = Path("loudspeaker") / "profiles.yaml"
DEFAULT = "loa-mp3-128"
_TONE = frozenset({"highpass", "lowpass", "bandpass", "equalizer", "bass", "treble", "acompressor", "deesser", "agate"})
"""Filters that a profile may name: others read files or devices."""

Step = tuple[str, str]
"""A filter of FFmpeg and its arguments."""


def _steps(written: tuple[str, ...]) -> tuple[str, ...]:
    for step in written:
        name, _, arguments = step.partition(" ")
        # these would end the step and begin another
        if name not in _TONE or any(mark in arguments for mark in ",;[]'\\\n"):
            raise ValueError(f"“{step}”: {', '.join(sorted(_TONE))}")
    return written


class Profile(Written):
    """An export profile. Rates in Hz and bit/s, loudness in LUFS (integrated, ± `tolerance`), peak in dBTP."""

    name: str = DEFAULT
    title: Localised = Localised(vi="Loa nén ngoài trời", en="Outdoor horn loudspeakers")
    codec: Literal["mp3", "wav"] = "mp3"
    rate: Literal[22_050, 32_000, 44_100, 48_000] = 44_100
    bit_rate: int = Field(default=128_000, ge=32_000, le=320_000)
    loudness: float = Field(default=-16.0, ge=-36, le=-9)
    tolerance: float = Field(default=0.5, ge=0.2, le=3)
    peak: float = Field(default=-1.0, ge=-20, le=0)
    chain: Slug = "horn"
    steps: tuple[str, ...] = ()

    @property
    def filters(self) -> tuple[Step, ...]:
        """The chain, ready for FFmpeg."""
        return tuple((name, arguments) for name, _, arguments in (step.partition(" ") for step in self.steps))

    @property
    def digest(self) -> str:
        """What names all that the profile asks for."""
        return digest(self.model_dump(mode="json", exclude={"title"}))

    def holds(self, loudness: float, peak: float) -> bool:
        """Whether a file with this loudness and true peak keeps to it."""
        return abs(loudness - self.loudness) <= self.tolerance and peak <= self.peak


class _File(Written):
    profiles: dict[Slug, Profile] = Field(min_length=1)
    chains: dict[Slug, Annotated[tuple[str, ...], AfterValidator(_steps)]]


def read_profile(templates: Path, name: str = DEFAULT, name_of: Callable[[Path], str] = str) -> Profile:
    """One profile by its name. Raises `ContentError` naming file, line and field."""
    path = templates / FILE
    located = read_yaml(path, name_of(path))
    written = validate(_File, located)
    if name not in written.profiles:
        raise ContentError.at(
            "profile-missing", name_of(path), None, "profiles", name=name, known=", ".join(written.profiles)
        )
    found = written.profiles[name]
    if found.chain not in written.chains:
        where: Where = located.where(("profiles", name, "chain"))
        known = ", ".join(written.chains)
        raise ContentError.at("profile-chain", where.file, where.line, where.field, name=found.chain, known=known)
    whole = found.model_copy(update={"name": name, "steps": written.chains[found.chain]})
    for place, (filter_, arguments) in enumerate(whole.filters):
        if (problem := refused(filter_, arguments)) is not None:
            where = located.where(("chains", found.chain, place))
            value = f"{filter_} {arguments}"
            raise ContentError.at("profile-step", where.file, where.line, where.field, value=value, problem=problem)
    return whole
