"""Work on pieces of a stream in threads. polars does its work outside Python's lock, so two cores are worth two."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")
AT_ONCE = 2


def ahead(work: Callable[[Item], Made], items: Iterable[Item]) -> Iterator[Made]:
    """`map` in order, a few items ahead of whoever takes what is made. What `work` raises is raised in its turn."""
    with ThreadPoolExecutor(AT_ONCE) as workers:
        begun: deque[Future[Made]] = deque()
        for item in items:
            begun.append(workers.submit(work, item))
            if len(begun) > AT_ONCE:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()


def early(items: Iterable[Item]) -> Iterator[Item]:
    """The same items, each made in a thread while the one before is worked on. What making raises is raised here."""
    source = iter(items)
    with ThreadPoolExecutor(1) as worker:
        coming: Future[Item | _End] = worker.submit(next, source, _END)
        while not isinstance(item := coming.result(), _End):
            coming = worker.submit(next, source, _END)
            yield item


class _End:
    """After the last item."""


_END = _End()
