"""Where each key of a TOML text stands."""

from __future__ import annotations

import tomllib

from loa.toml_lines import lines_of

TEXT = """\
# a comment with = and [brackets]
title = "x # y"
[a."b.c".d]
k = \"\"\"
lines of "its" own
\"\"\"\"\"
e = [
  1, # one ]
  {p = 1, q = ["}", 'z']},
  2027-01-01 07:00:00,
]
[[sms.lanes]]
name = "x"
[sms.lanes.options]
y.z = 1
[[sms.lanes]]
name = 'q'
  [[sms.lanes.sub]]
  u = 1.5
"""
WANTED = {
    ("title",): 2,
    ("a", "b.c", "d"): 3,
    ("a", "b.c", "d", "k"): 4,
    ("a", "b.c", "d", "e"): 7,
    ("a", "b.c", "d", "e", 0): 8,
    ("a", "b.c", "d", "e", 1, "q", 1): 9,
    ("a", "b.c", "d", "e", 2): 10,
    ("sms", "lanes"): 12,
    ("sms", "lanes", 0, "name"): 13,
    ("sms", "lanes", 0, "options", "y", "z"): 15,
    ("sms", "lanes", 1): 16,
    ("sms", "lanes", 1, "name"): 17,
    ("sms", "lanes", 1, "sub", 0, "u"): 19,
}


def leaves(value: object, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    if isinstance(value, dict):
        return {path}.union(*(leaves(inner, (*path, key)) for key, inner in value.items()))
    if isinstance(value, list):
        return {path}.union(*(leaves(inner, (*path, i)) for i, inner in enumerate(value)))
    return {path}


def test_every_key_and_item_has_its_line() -> None:
    found = lines_of(TEXT)
    assert {path: found.get(path) for path in WANTED} == WANTED


def test_nothing_that_the_reader_reads_is_left_out() -> None:
    # tables that only stand around others, as `a`, have no line of their own
    assert leaves(tomllib.loads(TEXT)) - lines_of(TEXT).keys() == {(), ("a",), ("a", "b.c"), ("sms",)}
