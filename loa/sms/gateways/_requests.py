"""Small things that requests are made of."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

JSON = {"Content-Type": "application/json; charset=utf-8"}


def request_number(*references: str) -> str:
    """A number of 18 digits that stands for these messages: the same ones always give the same number.

    18, because it fits into 64 bits with its sign. Two of a million messages share one with a chance of 1 in 1.8
    million.
    """
    key = "\x1f".join(sorted(references)).encode()
    digest = int.from_bytes(hashlib.blake2b(key, digest_size=16).digest())
    # no zero in front: what reads it as a number gives it back unchanged
    return str(10**17 + digest % (9 * 10**17))


def to_json(value: Mapping[str, Any]) -> bytes:
    """Compact UTF-8, keys in the order given."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def from_json(body: bytes) -> Mapping[str, Any]:
    """The object that an answer holds; an empty one where it holds anything else."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):  # not JSON, or nested without end
        return {}
    return value if isinstance(value, dict) else {}


def amount(value: object) -> float | None:
    """A sum of money or messages, written as a number or as a string; nothing where it is neither."""
    text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    return float(text) if re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", text, re.ASCII) else None


def code_in(answer: Mapping[str, Any], name: str) -> str:
    """A code of an answer as text, written as a number or as a string. Empty where there is none."""
    value = answer.get(name)
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
