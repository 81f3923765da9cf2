"""Cuts a stream into lists of at most so many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of `size` items, the last one shorter; nothing for an empty stream. Reads no further than it must."""
    stream = iter(items)
    while batch := list(islice(stream, size)):
        yield batch
