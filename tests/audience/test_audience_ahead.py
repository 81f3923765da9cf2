"""Work that is done in threads comes in its order, and what goes wrong there is raised where it is asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from loa.audience.ahead import ahead, early


def numbers(most: int, made: list[int] | None = None, breaks_at: int = -1) -> Iterator[int]:
    for i in range(most):
        if i == breaks_at:
            raise ZeroDivisionError
        if made is not None:
            made.append(i)
        yield i


def test_all_comes_in_order() -> None:
    assert list(early(numbers(50))) == list(range(50))
    assert list(ahead(lambda i: i * i, early(numbers(50)))) == [i * i for i in range(50)]
    assert list(early(numbers(0))) == []


def test_one_more_is_made_while_one_is_worked_on_and_no_more() -> None:
    made: list[int] = []
    coming = early(numbers(50, made))
    assert next(coming) == 0
    coming.close()  # type: ignore[attr-defined] # a generator
    assert made == [0, 1]


def test_it_is_made_in_a_thread_of_its_own() -> None:
    def where() -> Iterator[int]:
        yield threading.get_ident()

    assert list(early(where())) != [threading.get_ident()]


def test_what_goes_wrong_is_raised_in_its_turn() -> None:
    coming = early(numbers(5, breaks_at=2))
    assert [next(coming), next(coming)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(coming)
