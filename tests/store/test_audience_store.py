"""Audiences: the people in a file that only Loa reads, their digest over themselves."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl
import pytest

from loa.model.audience import AudienceInfo, Recipient
from loa.model.clock import Clock
from loa.model.errors import StoreError
from loa.store import Store
from loa.store.audiences import people_digest

ROWS = [
    ("+84900000001", "viettel", "05443", "vi", "citizens"),
    ("+84900000002", "vinaphone", "05446", "tyz", ""),
]
NAMES = ["phone", "operator", "commune", "language", "group"]
INFO = AudienceInfo("thai-nguyen", "", "people.csv", "0" * 64, "2027-09-01T08:00:00+07:00", 3, 2, 1, {"viettel": 1}, {})


def frame(rows: list[tuple[str, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=NAMES, orient="row")


def test_an_audience_comes_back_as_it_was_saved(store: Store) -> None:
    assert store.audiences.find("thai-nguyen") is None
    kept = store.audiences.save(frame(ROWS), INFO)
    assert store.audiences.find("thai-nguyen") == kept
    assert kept.sha256 == people_digest(frame(ROWS))
    assert (kept.operators, kept.source_name) == ({"viettel": 1}, "people.csv")
    assert list(store.audiences.people(kept)) == [Recipient(*row) for row in ROWS]
    assert store.audiences.frame(kept).equals(frame(ROWS))
    assert store.audiences.names() == ("thai-nguyen",)


def test_more_is_known_of_people_than_is_kept(store: Store) -> None:
    more = frame(ROWS).with_columns(name=pl.lit("Nguyễn Thị Lan"))
    kept = store.audiences.save(more, INFO)
    assert store.audiences.frame(kept).columns == NAMES


@pytest.mark.parametrize(
    ("rows", "same"),
    [
        (ROWS, True),
        (ROWS[::-1], False),
        (ROWS[:1], False),
        ([*ROWS, ROWS[0]], False),
        ([ROWS[0], (*ROWS[1][:4], "x")], False),
        ([ROWS[0], ("+84900000002", "vinaphone", "05446", "ty", "z")], False),
    ],
    ids=["the same people", "another order", "one fewer", "one more", "another group", "letters moved over"],
)
def test_the_digest_is_over_the_people(rows: list[tuple[str, ...]], same: bool) -> None:
    assert (people_digest(frame(rows)) == people_digest(frame(ROWS))) is same


def test_the_digest_is_over_bytes_that_everybody_can_make() -> None:
    """UTF-8, 0x1F between cells, 0x1E after a row: no library and no version of one has a say in it."""
    rows = [*ROWS, ("+84900000003", "viettel", "", "", "người dân")]
    made = hashlib.sha256("".join("\x1f".join(row) + "\x1e" for row in rows).encode()).hexdigest()
    assert people_digest(frame(rows)) == made


def test_the_digest_is_not_over_the_file(store: Store, tmp_path: Path) -> None:
    """The order of the columns, the pieces in memory, the name and what else is known of them change nothing."""
    pieces = pl.concat([frame(ROWS[:1]), frame(ROWS[1:])], rechunk=False).select(NAMES[::-1])
    first = store.audiences.save(frame(ROWS), INFO)
    other = AudienceInfo(**{**vars_of(INFO), "name": "another", "source_name": "people.xlsx", "total": 99})
    assert store.audiences.save(pieces, other).sha256 == first.sha256


def vars_of(info: AudienceInfo) -> dict[str, object]:
    return {name: getattr(info, name) for name in info.__slots__}


def test_a_new_import_takes_the_place_of_the_old_and_its_file(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "var" / "audiences"
    old = store.audiences.save(frame(ROWS), INFO)
    new = store.audiences.save(frame(ROWS[:1]), INFO)
    assert store.audiences.find("thai-nguyen") == new
    assert len(list(folder.iterdir())) == 1
    with pytest.raises(StoreError) as caught:
        store.audiences.frame(old)
    assert caught.value.code == "artefact-gone"
    store.audiences.save(frame(ROWS[:1]), INFO)  # the same people again keep their file
    assert list(store.audiences.people(new)) == [Recipient(*ROWS[0])]


def test_only_this_account_may_look_at_people(store: Store, tmp_path: Path) -> None:
    store.audiences.save(frame(ROWS), INFO)
    folder = tmp_path / "var" / "audiences"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def many(count: int) -> pl.DataFrame:
    return frame([(f"+849000{i:05}", "viettel", f"{i % 7:05}", "", f"nhóm {i % 3}") for i in range(count)])


@pytest.mark.parametrize("size", [1, 7, 60_000, 200_000])
def test_people_come_in_batches_of_the_size_that_is_asked_for(store: Store, size: int) -> None:
    """Whatever the pieces are in which the file holds them."""
    people = many(60_001 if size > 7 else 20)
    kept = store.audiences.save(people, INFO)
    batches = list(store.audiences.batches(kept, size))
    assert {batch.height for batch in batches[:-1]} <= {size}
    assert 0 < batches[-1].height <= size
    assert pl.concat(batches).equals(people)
    assert store.audiences.frame(kept).equals(people)


def test_an_audience_of_nobody_is_one_empty_batch(store: Store) -> None:
    kept = store.audiences.save(many(1).clear(), INFO)
    assert [batch.shape for batch in store.audiences.batches(kept, 10)] == [(0, 5)]
    assert list(store.audiences.people(kept)) == []


@pytest.mark.parametrize(
    "column",
    [pl.lit("+84900000009").alias("phone"), pl.lit(None, pl.String).alias("group"), pl.lit(7).alias("commune")],
)
def test_people_that_were_changed_are_said_so_before_the_first_of_them_is_given(
    store: Store, tmp_path: Path, column: pl.Expr
) -> None:
    kept = store.audiences.save(many(100), INFO)
    (file,) = (tmp_path / "var" / "audiences").iterdir()
    last = pl.int_range(pl.len()) == pl.len() - 1
    name = column.meta.output_name()
    pl.read_parquet(file).with_columns(
        pl.when(last).then(column).otherwise(name).alias(name) if name != "commune" else column
    ).write_parquet(file)
    with pytest.raises(StoreError) as caught:
        store.audiences.batches(kept, 10)
    assert caught.value.code == "artefact-changed"


def test_people_are_text_in_every_column(store: Store) -> None:
    for wrong in (
        frame(ROWS).drop("group"),
        frame(ROWS).with_columns(commune=pl.lit(5443)),
        frame(ROWS).with_columns(language=pl.lit(None, pl.String)),
    ):
        with pytest.raises(ValueError, match="COLUMNS"):
            store.audiences.save(wrong, INFO)


def test_numbers_that_want_nothing_are_noted_once(store: Store, clock: Clock) -> None:
    phones = [f"+849000{i:05}" for i in range(45_000)]
    assert store.audiences.opt_out((phone for phone in phones), "5656", clock.now()) == 45_000
    assert store.audiences.opt_out([*phones[:3], phones[0], "+84977000999"], "1022", clock.now()) == 1
    assert store.audiences.opt_out([], "1022", clock.now()) == 0
    assert sorted(store.audiences.opted_out()) == sorted([*phones, "+84977000999"])


def test_a_file_of_people_that_was_cut_is_said_so(store: Store, tmp_path: Path) -> None:
    kept = store.audiences.save(frame(ROWS), INFO)
    (file,) = (tmp_path / "var" / "audiences").iterdir()
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(StoreError) as caught:
        list(store.audiences.people(kept))
    assert caught.value.code == "artefact-gone"
