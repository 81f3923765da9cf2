"""Communes of today, and the old units they came from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Commune:
    """One commune (xã, phường, đặc khu) as it stands since 1 July 2025. `code` is the official one, as text."""

    code: str
    name: str
    kind: str
    province_code: str
    province: str


@dataclass(frozen=True, slots=True)
class OldCommune:
    """One commune from before, and one of today's that it went into. `split`: it went into more than one."""

    code: str
    province: str
    district: str
    name: str
    new_code: str
    split: bool
