"""Audiences: the people in a file that only Loa reads, their digest over themselves."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from loa.model.audience import AudienceInfo, Recipient
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
    assert (tmp_path / "var" / "audiences").stat().st_mode & 0o777 == 0o700


def test_a_file_of_people_that_was_cut_is_said_so(store: Store, tmp_path: Path) -> None:
    kept = store.audiences.save(frame(ROWS), INFO)
    (file,) = (tmp_path / "var" / "audiences").iterdir()
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(StoreError) as caught:
        list(store.audiences.people(kept))
    assert caught.value.code == "artefact-gone"
