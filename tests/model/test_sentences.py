"""The one table of sentences: complete in both languages, well written, and exactly what the code can say."""

from __future__ import annotations

import ast
import re
import string
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from loa.model.errors import ContentError, LoaError, Mistake, Where
from loa.model.finding import Finding, Level
from loa.model.sentences import TABLE, table, words

ROOT = Path(__file__).resolve().parents[2]
ROWS: dict[str, dict[str, Any]] = tomllib.loads(TABLE.read_text(encoding="utf-8"))


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


# --- the table itself


@pytest.mark.parametrize("code", ROWS)
def test_an_entry_is_whole(code: str) -> None:
    row = ROWS[code]
    assert set(row) <= {"vi", "en", "level", "overridable"}
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)
    assert row.get("level", "warn") in {level.value for level in Level}
    assert "overridable" not in row or (row["overridable"] is True and row["level"] == "block"), "a warning needs none"
    for language in ("vi", "en"):
        sentence = row[language]
        assert sentence == sentence.strip()
        assert unicodedata.is_normalized("NFC", sentence)
        assert all(name.isidentifier() for name in placeholders(sentence))
        assert re.search(r"[.?!…”)}]$", sentence), "a sentence ends as one, or with what the provider said"
    assert placeholders(row["vi"]) == placeholders(row["en"])


@pytest.mark.parametrize("code", ROWS)
def test_the_vietnamese_has_its_marks(code: str) -> None:
    assert re.search(r"[ăâđêôơưàáảãạèéẻẽẹìíỉĩịòóỏõọùúủũụ]", ROWS[code]["vi"].lower())
    assert ROWS[code]["vi"] != ROWS[code]["en"]


def test_words_are_filled_in_both_languages() -> None:
    said = words("file-too-big", {"size": 7, "most": 5})
    assert "7 byte" in said.vi
    assert "7 bytes" in said.en
    assert str(said) == f"{said.vi} / {said.en}"


def test_a_code_that_is_not_in_the_table_is_our_bug() -> None:
    with pytest.raises(KeyError):
        words("no-such-code")
    with pytest.raises(KeyError):
        _ = Finding("file-empty", "a file").level  # an error, not a finding


def test_an_error_says_where_and_what_vietnamese_first() -> None:
    error = ContentError.at("id-repeated", "campaigns/a.yaml", 7, "waves[1].id", id="d-7")
    assert str(error).startswith("[id-repeated] campaigns/a.yaml, dòng 7, trường “waves[1].id”: id “d-7”")
    assert error.words.en in str(error)
    assert (error.exit_code, error.mistakes[0].words) == (3, error.words)
    with pytest.raises(ValueError, match="mistake"):
        ContentError([])


def test_every_branch_of_the_tree_has_an_exit_code_of_the_contract() -> None:
    def branches(root: type[LoaError]) -> Iterator[type[LoaError]]:
        yield root
        for branch in root.__subclasses__():
            yield from branches(branch)

    assert {branch.exit_code for branch in branches(LoaError)} <= {1, 2, 3, 4, 5, 130}


# --- what the code says


@dataclass(frozen=True)
class Use:
    """A place in the code that names a sentence."""

    code: str
    place: str
    maker: str
    fields: frozenset[str] | None
    """The fields it fills in; nothing where only running it would tell."""


MAKERS = {"Finding", "Mistake", "words"}
METHODS = {"at", "mistake"}
PLACES = {"file", "line", "field", "where"}


def errors(root: type[LoaError] = LoaError) -> set[str]:
    """The names of the error tree, ours and those that a room has added."""
    return {root.__name__}.union(*(errors(branch) for branch in root.__subclasses__()))


@cache
def modules() -> tuple[tuple[str, ast.Module], ...]:
    paths = [path for folder in ("loa", "flows") for path in sorted((ROOT / folder).rglob("*.py"))]
    return tuple((str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))) for path in paths)


@cache
def uses() -> tuple[Use, ...]:
    makers = MAKERS | errors() | {node.name for _, tree in modules() for node in ast.walk(tree) if _is_error(node)}
    return tuple(
        use
        for file, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for use in _uses(node, file, makers)
    )


def _is_error(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef) and any(
        isinstance(base, ast.Name) and base.id in errors() for base in node.bases
    )


def _uses(call: ast.Call, file: str, makers: set[str]) -> Iterator[Use]:
    if isinstance(call.func, ast.Name) and call.func.id in makers:
        maker = call.func.id
    elif isinstance(call.func, ast.Attribute) and call.func.attr in METHODS:
        maker = call.func.attr
    elif isinstance(call.func, ast.Attribute) and call.func.attr == "__init__":
        maker = "__init__"
    else:
        return
    codes = [code for argument in call.args[:2] for code in _codes(argument)]
    first = list(_codes(call.args[0])) if call.args else []
    # a room's own `mistake(node, code, …)` has it second; a Finding's second argument is its subject
    if not first and maker not in METHODS:
        return
    if maker == "at" and not first:
        return
    for code in first or codes:
        if maker == "__init__" and code not in ROWS:
            continue
        yield Use(code, f"{file}:{call.lineno}", maker, _fields(call, maker))


def _codes(argument: ast.expr) -> Iterator[str]:
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value
    elif isinstance(argument, ast.IfExp):
        yield from _codes(argument.body)
        yield from _codes(argument.orelse)


def _fields(call: ast.Call, maker: str) -> frozenset[str] | None:
    if maker in METHODS:
        if any(keyword.arg is None for keyword in call.keywords):
            return None
        return frozenset(keyword.arg for keyword in call.keywords if keyword.arg) - PLACES
    given = [argument for argument in call.args[1:] if isinstance(argument, ast.Dict)]
    given += [keyword.value for keyword in call.keywords if isinstance(keyword.value, ast.Dict)]
    plain = {"Finding": 2, "Mistake": 2}.get(maker, 1)  # arguments before the fields
    if not given:
        return frozenset() if len(call.args) <= plain and not call.keywords else None
    keys = [key.value if isinstance(key, ast.Constant) else None for key in given[0].keys]
    return None if None in keys else frozenset(str(key) for key in keys)


def test_the_look_at_the_code_sees_what_is_there() -> None:
    """A rule that finds nothing proves nothing."""
    seen = {(use.code, use.maker) for use in uses()}
    assert ("not-nfc", "Finding") in seen
    assert ("database-newer", "StoreError") in seen
    assert ("file-missing", "at") in seen
    assert ("plan-missing", "mistake") in seen
    assert ("bundle-missing", "Refused") in seen


def test_every_code_that_is_used_is_in_the_table() -> None:
    assert {f"{use.place}: {use.code}" for use in uses() if use.code not in ROWS} == set()


def test_every_finding_has_a_level() -> None:
    found = {use.code for use in uses() if use.maker == "Finding"} & set(ROWS)
    assert {code for code in found if table()[code].level is None} == set()


def test_every_field_of_a_sentence_is_filled_in_where_it_is_used() -> None:
    missing = {
        f"{use.place}: {use.code} wants {sorted(wanted - use.fields)}"
        for use in uses()
        if use.code in ROWS and use.fields is not None
        for wanted in (placeholders(ROWS[use.code]["vi"]),)
        if not wanted <= use.fields
    }
    assert missing == set()


def test_every_code_in_the_table_is_used() -> None:
    """Somewhere in the code or its data stands the code itself; a sentence that nothing says is taken out."""
    said = {
        node.value
        for _, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    # "hold-" and a word that the code holds: every sentence with that beginning is meant
    begun = {
        node.values[0].value
        for _, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr) and len(node.values) == 2 and isinstance(node.values[0], ast.Constant)
    }
    starts = tuple(str(start) for start in begun if re.fullmatch(r"([a-z0-9]+-)+", str(start)))
    data = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "loa").rglob("*.toml") if path.name != TABLE.name
    )
    unused = {code for code in ROWS if not (code in said or code.startswith(starts) or f'"{code}"' in data)}
    assert unused == set()


def test_a_mistake_and_its_place_are_said_in_both_languages() -> None:
    mistake = Mistake("file-empty", Where("a.yaml", 3))
    assert (mistake.where.words.vi, mistake.where.words.en) == ("a.yaml, dòng 3", "a.yaml, line 3")
    assert mistake.words == words("file-empty")
