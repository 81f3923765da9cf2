"""`loa.audience.rows` over whole columns: asked once for each distinct thing that rows say, not once a row.

People of one commune write it in a handful of ways, consent in two or three; only numbers differ from row to row, and
those are plain to see in nearly every row (`loa.audience.numbers`). What is left goes to the rule, text by text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import polars as pl

from loa.audience.numbers import e164, national, of_number
from loa.audience.places import Places
from loa.audience.records import PLACE, cell
from loa.audience.rows import (
    PLACE_COLUMNS,
    Fault,
    Judged,
    Person,
    clean,
    find_commune,
    judge_person,
    number_of,
)  # fmt: skip
from loa.model.phone import Number
from loa.model.sentences import Words, words

REMEMBERED = 100_000  # distinct things that rows said, and what came of them
_BETWEEN = "\x1f"  # no cell has it once it is cleaned: `str.split` takes it for a space
TOLD = {"where": ", ", "value": ", ", "code": ", ", "vi": " ", "en": " "}
"""What people are told of a row that was rejected, and what stands between two faults of it."""
_TOLD_TYPES = dict.fromkeys(TOLD, pl.String)
_OTHER = "\x1f"  # where a sentence has the number of another row
OF_NUMBERS = ("phone-opted-out", "phone-duplicate", "phone-known", "consent-contradicted")
WHY = pl.Enum(("", *OF_NUMBERS))
"""What may be wrong with a number that is right by itself."""


@dataclass(frozen=True, slots=True)
class Said:
    """What comes of all that a row says but its number. `code`: the place of the first fault's code, 0 for none."""

    commune: str = ""
    language: str = ""
    group: str = ""
    code: int = 0
    said_no: bool = False
    group_dropped: bool = False


class Prepared(NamedTuple):
    """A block of rows: as it was read, its numbers as far as they are plain to see, and all else that each row says."""

    frame: pl.DataFrame
    phone: pl.Series
    keys: pl.Series


_clean = lru_cache(maxsize=1 << 14)(clean)  # of what a row says all but the commune is said in a few ways


class Columns:
    """The columns of one list. Keeps what was said before, so that the next block of it is quick."""

    def __init__(
        self, columns: Mapping[str, int], header: Sequence[str], places: Places, remembered: int = REMEMBERED
    ) -> None:
        self._columns = {column: cell(i) for column, i in columns.items() if column != "phone"}
        self._phone = cell(columns["phone"])
        self._named = {column: header[i] for column, i in columns.items()}
        self._places = places
        self._remembered = remembered
        self._of_place = tuple(i for i, column in enumerate(self._columns) if column in PLACE_COLUMNS)
        self._of_person = tuple(i for i, column in enumerate(self._columns) if column not in PLACE_COLUMNS)
        # places are many and what people say of themselves is little, and the two come in all combinations
        self._person = lru_cache(maxsize=4096)(self._person_of)
        self._commune = lru_cache(maxsize=1 << 16)(self._commune_of)
        self._forget()
        self._numbered: dict[Said, int] = {Said(): 0}
        self._codes: dict[str, int] = {"": 0}
        self._faults: dict[str, tuple[Fault, ...]] = {}

    # what a row comes to

    def decide(self, frame: pl.DataFrame) -> pl.DataFrame:
        """What `finish` makes of what `prepare` does."""
        return self.finish(self.prepare(frame))

    def prepare(self, frame: pl.DataFrame) -> Prepared:
        """The part that may be done for several blocks at once: nothing is remembered in it."""
        return Prepared(frame, national(frame[self._phone]), self._keys_of(frame))

    def finish(self, block: Prepared) -> pl.DataFrame:
        """A row of whole numbers for each row, in the order of the file.

        `PLACE`; `number`; `phone` (UInt32, null where none can be read); `bad` (UInt8), the place in `codes` of what is
        wrong with the row itself or its number, 0 for nothing; `said` (UInt32), the place in `said`.
        """
        frame, phone = block.frame, block.phone
        left = phone.is_null().arg_true()
        found = _asked(frame[self._phone].gather(left), self._number, {"phone": pl.UInt32, "bad": pl.UInt8})
        phone = phone.scatter(left, found["phone"])
        bad = pl.repeat(0, len(frame), dtype=pl.UInt8, eager=True).scatter(left, found["bad"])
        said = self._said_in(frame, block.keys)
        broken = (frame["fault"] != "").arg_true()
        if len(broken):
            # a broken row says nothing: its cells may stand under other names
            phone, said = phone.scatter(broken, None), said.scatter(broken, 0)
            bad = bad.scatter(broken, [self._code(fault) for fault in frame["fault"].gather(broken)])
        return frame.select(*PLACE, "number", phone.alias("phone"), bad.alias("bad"), said.alias("said")).sort("seq")

    @property
    def codes(self) -> pl.Series:
        """The codes of faults by their place."""
        return pl.Series(list(self._codes), dtype=pl.String)

    @property
    def said(self) -> pl.DataFrame:
        """What rows said, by its place: a column for each field of `Said`."""
        types = {str: pl.String, int: pl.UInt8, bool: pl.Boolean}
        columns = {name: [getattr(said, name) for said in self._numbered] for name in Said.__slots__}
        return pl.DataFrame([pl.Series(name, column, types[type(column[0])]) for name, column in columns.items()])

    def _number(self, text: str) -> tuple[int | None, int]:
        number = number_of(clean(text))
        return (of_number(number), 0) if isinstance(number, Number) else (None, self._code(number.code))

    def _said_in(self, frame: pl.DataFrame, texts: pl.Series) -> pl.Series:
        """The place in `said` of what each row says; `texts` are its `_keys_of`."""
        if len(self._known) > self._remembered:
            self._forget()
        keys = texts.cast(self._keys.dtype)
        places = keys.to_physical()
        new = keys.filter(places >= len(self._known)).unique()
        self._known += [None] * len(new)
        for place, key in zip(new.to_physical(), new.cast(pl.String), strict=True):
            if key.count(_BETWEEN) < max(len(self._columns), 1):
                self._known[place] = self._said(key)
        said = pl.Series(self._known, dtype=pl.UInt32).gather(places)
        if not said.null_count():
            return said
        apart = self._told_apart(frame)
        return self._said_in(apart, self._keys_of(apart))

    def _forget(self) -> None:
        """Begins anew with the distinct texts that polars numbers, the same ones from block to block."""
        # without a series that has them they are gone
        self._keys = pl.Series([], dtype=pl.Categorical(pl.Categories.random()))
        self._known: list[int | None] = []

    def _said(self, key: str) -> int:
        one = self._judged(key)
        if one.faults and len(self._faults) < self._remembered:
            self._faults[key] = one.faults  # it will be asked for again
        code = self._code(one.faults[0].code if one.faults else "")
        said = Said(one.commune, one.language, one.group, code, one.said_no, one.group_dropped)
        return self._numbered.setdefault(said, len(self._numbered))

    def _code(self, code: str) -> int:
        return self._codes.setdefault(code, len(self._codes))

    def _judged(self, key: str) -> Judged:
        cells = key.split(_BETWEEN) if self._columns else ()  # of a list of bare numbers the key is empty
        person = self._person(tuple(cells[i] for i in self._of_person))
        return person.at(*self._commune(tuple(cells[i] for i in self._of_place)))

    def _person_of(self, cells: Sequence[str]) -> Person:
        return judge_person(self._cleaned(self._of_person, cells))

    def _commune_of(self, cells: Sequence[str]) -> tuple[str, Fault | None]:
        return find_commune(self._cleaned(self._of_place, cells), self._places)

    def _cleaned(self, places: Sequence[int], cells: Sequence[str]) -> dict[str, str]:
        names = tuple(self._columns)
        return {names[i]: _clean(text) for i, text in zip(places, cells, strict=True)}

    def _told_apart(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Without what stands between cells in the cells; for `clean` it is a space."""
        cells = (pl.col(name).str.replace_all(_BETWEEN, " ", literal=True) for name in self._columns.values())
        return frame.with_columns(cells)

    def _keys_of(self, frame: pl.DataFrame) -> pl.Series:
        """All that a row says but its number, as one text."""
        if not self._columns:
            return pl.repeat("", frame.height, dtype=pl.String, eager=True)
        return frame.select(pl.concat_str(self._columns.values(), separator=_BETWEEN)).to_series()

    # what is to be mended in it

    def describe(self, rejects: pl.DataFrame) -> pl.DataFrame:
        """What to mend in each row and where, for people: the columns of `TOLD`, never null.

        `rejects` are rows as they were read, with `phone` (UInt32, null where none can be read), `why` (of `WHY`) and
        the number of the other row that this speaks of, `other` (UInt32).
        """
        broken, why = pl.col("fault") != "", pl.col("why") != ""
        rejects = self._told_apart(rejects)
        places = self._said_in(rejects, self._keys_of(rejects))
        wrong = self.said["code"].gather(places) != 0
        asked = rejects.select(
            whole=pl.when(broken).then("fault").when(why).then(pl.col("why").cast(pl.String)),
            number=pl.when(~broken & ~why & pl.col("phone").is_null()).then(self._phone),
            rest=pl.when(~broken & ~why & wrong).then(self._keys_of(rejects)),
            value=pl.when(why).then(e164(rejects["phone"])),
            other=pl.col("other").cast(pl.String),
        )
        whole = _asked(asked["whole"], self._whole_told, _TOLD_TYPES)
        number = _asked(asked["number"], self._number_told, _TOLD_TYPES)
        rest = _asked(asked["rest"], self._rest_told, _TOLD_TYPES)
        whole = whole.with_columns(asked["value"], *(_filled(whole[name], asked["other"]) for name in ("vi", "en")))
        return pl.select(
            pl.concat_str(whole[name], number[name], rest[name], separator=between, ignore_nulls=True).alias(name)
            for name, between in TOLD.items()
        )

    def _whole_told(self, code: str) -> tuple[str | None, ...]:
        return self._told((Fault(code, "phone" if code in OF_NUMBERS else "", fields={"row": _OTHER}),))

    def _number_told(self, text: str) -> tuple[str | None, ...]:
        number = number_of(clean(text))
        return self._told(() if isinstance(number, Number) else (number,))

    def _rest_told(self, key: str) -> tuple[str | None, ...]:
        return self._told(self._faults.get(key) or self._judged(key).faults)

    def _told(self, faults: Sequence[Fault]) -> tuple[str | None, ...]:
        """The cells of `TOLD`; nothing where there is nothing to be told."""
        if len(faults) == 1:  # nearly always
            (fault,) = faults
            told = _sentence(fault.code, tuple(fault.fields.items()))
            column = self._named.get(fault.column, fault.column)
            return column or None, fault.value or None, fault.code, told.vi, told.en
        said = [_sentence(fault.code, tuple(fault.fields.items())) for fault in faults]
        cells = (
            [self._named.get(fault.column, fault.column) for fault in faults],
            [fault.value for fault in faults],
            [fault.code for fault in faults],
            [words.vi for words in said],
            [words.en for words in said],
        )
        return tuple(
            between.join(filter(None, texts)) or None for texts, between in zip(cells, TOLD.values(), strict=True)
        )


@lru_cache(maxsize=4096)
def _sentence(code: str, fields: tuple[tuple[str, object], ...]) -> Words:
    return words(code, dict(fields))


def _asked(keys: pl.Series, ask: Callable[[str], Sequence[object]], schema: Mapping[str, Any]) -> pl.DataFrame:
    """What `ask` says of each text, in its place; it is asked once for each distinct one. Null where the text is."""
    distinct = keys.drop_nulls().unique(maintain_order=True)
    said = zip(*map(ask, distinct), strict=True) if len(distinct) else ([] for _ in schema)
    columns = (pl.Series(name, said, dtype) for (name, dtype), said in zip(schema.items(), said, strict=True))
    table = pl.DataFrame([distinct.alias("key"), *columns])
    return pl.DataFrame({"key": keys}).join(table, on="key", how="left", maintain_order="left").drop("key")


def _filled(texts: pl.Series, other: pl.Series) -> pl.Series:
    """Puts the number of another row into sentences that leave it open."""
    begin, end = texts.str.split_exact(_OTHER, 1).struct.unnest()
    return pl.select(
        pl.when(end.is_null()).then(begin).otherwise(pl.concat_str(begin, other, end)).alias(texts.name)
    ).to_series()
