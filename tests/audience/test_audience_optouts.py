"""Who wants nothing more: read from a list, noted, and held against every list of people."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from loa.audience import opt_out, run
from loa.audience.optouts import read_numbers
from loa.channel import Desk
from loa.model.errors import ContentError

Lay = Callable[[str, "str | bytes"], Path]

LIST = "SĐT;Đồng ý\n0912000111;có\n0912000112;có\n84912000113;không\n0912000114;có\n"


@pytest.mark.parametrize(
    "text",
    [
        "0912000111\n0912000112\n",
        "SĐT\n0912000111\n912000112\n",
        "STT;Thuê bao\n1;+84912000111\n2;0912.000.112\n",
        "1;0912000111\n2;0912000112\n3;0912000111",
        "DANH SÁCH KHÔNG QUẢNG CÁO\n\n0912000111\n0912000112\n",
    ],
)
def test_a_list_of_numbers_needs_no_names_of_columns(text: str) -> None:
    listed = read_numbers(io.BytesIO(text.encode()), "ds.csv", 50)
    assert listed.phones == ["+84912000111", "+84912000112"]
    assert (listed.rejected, listed.first) == (0, ())


def test_what_is_no_mobile_number_is_counted_and_described_without_its_digits() -> None:
    listed = read_numbers(io.BytesIO(b"0912000111\n02083000222\n02083000333\nx\n"), "ds.csv", 2)
    assert (listed.rows, listed.rejected) == (4, 3)
    assert listed.reasons == {"phone-landline": 2, "phone-not-a-number": 1}
    assert [(reject.row, reject.value, reject.code) for reject in listed.first] == [
        (2, "xxxxxxxxx22", "phone-landline"),
        (3, "xxxxxxxxx33", "phone-landline"),
    ]


def test_a_list_without_a_number_is_refused() -> None:
    with pytest.raises(ContentError) as raised:
        read_numbers(io.BytesIO(b"SDT\n02083000222\n"), "ds.csv", 50)
    assert raised.value.code == "opt-out-no-number"


def test_a_file_of_numbers_is_noted_once(desk: Desk, lay: Lay) -> None:
    file = lay("dnc.csv", "0912000111\n0912000112\n")
    assert opt_out(file, "5656", desk).added == 2
    assert opt_out(file, "5656", desk).added == 0
    assert sorted(desk.store.audiences.opted_out()) == ["+84912000111", "+84912000112"]


def test_a_broken_file_notes_nobody(desk: Desk, lay: Lay) -> None:
    with pytest.raises(ContentError) as raised:
        opt_out(lay("dnc.csv", b"0912000111\n\xff\xff\n"), "5656", desk)
    assert raised.value.code == "not-utf-8"
    with pytest.raises(ContentError) as missing:
        opt_out(Path("khong-co.csv"), "5656", desk)
    assert missing.value.code == "file-missing"
    assert len(desk.store.audiences.opted_out()) == 0


def test_who_opted_out_is_a_reject_of_its_own_kind(desk: Desk, lay: Lay) -> None:
    desk.store.audiences.opt_out(["+84912000111", "+84912000113", "+84977000999"], "1022", desk.clock.now())
    outcome = run(lay("ds.csv", LIST), "thu", None, desk)
    assert outcome.info.reasons == {"phone-opted-out": 2}
    assert (outcome.info.clean, outcome.info.total) == (2, 4)
    assert [(reject.row, reject.value, reject.code) for reject in outcome.first] == [
        (2, "+xxxxxxxxx11", "phone-opted-out"),
        (4, "+xxxxxxxxx13", "phone-opted-out"),
    ]


def test_the_same_file_again_says_who_has_opted_out_since_and_does_nothing(desk: Desk, lay: Lay) -> None:
    file = lay("ds.csv", LIST)
    first = run(file, "thu", None, desk)
    desk.store.audiences.opt_out(["+84912000111", "+84912000113"], "1022", desk.clock.now())
    again = run(file, "thu", None, desk)
    assert (again.unchanged, again.info) == (True, first.info)
    (finding,) = [finding for finding in again.findings if finding.code == "people-opted-out-since"]
    assert finding.fields == {"people": 1}
