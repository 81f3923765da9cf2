"""Which commune a row means: today's, an old one's successor, or a question for a person."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from loa.audience.places import Places, Unplaced, Written, read_old_communes
from loa.model.errors import ContentError
from loa.model.places import Commune
from loa.model.sentences import words
from loa.place_names import COMMUNE_KINDS, Index

TN = "Thái Nguyên"

FOUND = [
    # today's name
    (Written("Phường Bách Quang", province=TN), "05528"),
    (Written("phường bách quang", province="tỉnh thái nguyên"), "05528"),
    (Written("P. Bách Quang", province="T. Thái Nguyên"), "05528"),
    (Written("P.Bách Quang", province=TN), "05528"),
    (Written("Bách Quang", province=TN), "05528"),
    (Written("phuong bach quang", province="thai nguyen"), "05528"),
    (Written("Xã Văn Lăng", province=TN), "05665"),
    (Written("Xã Văn Lang", province=TN), "02143"),
    (Written("Đặc khu Lý Sơn", province="Quảng Ngãi"), "21548"),
    (Written("đk. Lí Sơn", province="Quảng Ngãi"), "21548"),
    # today's name under the old province
    (Written("Xã Văn Lang", province="Bắc Kạn"), "02143"),
    # code
    (Written("05528", province=TN), "05528"),
    (Written("5528", province=TN), "05528"),
    (Written("05528"), "05528"),
    (Written("", code="05528"), "05528"),
    (Written("Phường Bách Quang", province=TN, code="5528"), "05528"),
    (Written("05467", province=TN, reading="today"), "05467"),
    (Written("05467 (mới)", province=TN), "05467"),
    # the code meant Cam Giá before, Gia Sàng now; the name beside it tells which
    (Written("Phường Gia Sàng", province=TN, code="05467"), "05467"),
    # old commune with its district
    (Written("Phường Đông Cao", "Thành phố Phổ Yên", TN), "05899"),
    (Written("Phường Đông Cao", "TP. Phổ Yên", TN), "05899"),
    (Written("P.Đông Cao", "tp Phổ Yên", TN), "05899"),
    (Written("phuong dong cao", "thanh pho pho yen", "thai nguyen"), "05899"),
    (Written("Đông Cao", "Phổ Yên", TN), "05899"),
    (Written("Xã Mĩ Yên", "H. Đại Từ", TN), "05830"),
    (Written("P. 12", "Q.10", "TPHCM"), "27163"),
    (Written("Phường 12", "Quận 10", "TP. Hồ Chí Minh"), "27163"),
    # the same name in two districts went two ways
    (Written("Phường Trung Thành", "Thành phố Thái Nguyên", TN), "05500"),
    (Written("Phường Trung Thành", "Thành phố Phổ Yên", TN), "05899"),
    # an island district that had no communes
    (Written("", "Huyện Lý Sơn", "Quảng Ngãi"), "21548"),
    # split, but the writer says that today's is meant
    (Written("Phường Gia Sàng (mới)", "TP Thái Nguyên", TN), "05467"),
    (Written("Phường Gia Sàng", province=TN, reading="today"), "05467"),
    # of two that may be meant, the old one is said
    (Written("Xã Mường Than (cũ)", "Huyện Than Uyên", "Lai Châu"), "03595"),
]

NOT_FOUND = [
    (Written("Phường Gia Sàng", "Thành phố Thái Nguyên", TN), "commune-split", "commune"),
    (Written("gia sang", "Thái Nguyên", TN), "commune-split", "commune"),
    (Written("Phường Gia Sàng", province=TN), "commune-split", "commune"),
    (Written("Xã Thượng Đình", "Huyện Phú Bình", TN), "commune-split", "commune"),
    (Written("Phường Cam Giá", province=TN), "commune-split", "commune"),
    (Written("Xã Trà Bùi", "Huyện Trà Bồng", "Quảng Ngãi"), "commune-split", "commune"),
    (Written("05467", province=TN), "commune-code-two", "commune"),
    (Written("Phường Cam Giá", province=TN, code="05467"), "commune-code-two", "code"),
    (Written("xa van lang", province="thai nguyen"), "commune-ambiguous", "commune"),
    (Written("Xã Sơn Ha", province="Quảng Ngãi"), "commune-ambiguous", "commune"),
    # old with its district, and today's of the same name in that district, are two communes
    (Written("Xã Mường Than", "Huyện Than Uyên", "Lai Châu"), "commune-ambiguous", "commune"),
    # wrong accents are not no accents
    (Written("Xã Văn Lảng", province=TN), "commune-not-found-close", "commune"),
    # another kind is another commune
    (Written("Xã Bách Quang", province=TN), "commune-not-found-close", "commune"),
    (Written("Xã Không Có Thật 1", province=TN), "commune-not-found", "commune"),
    (Written("Phường Đông Cao", "Huyện Phú Bình", TN), "commune-not-found-close", "commune"),
    (Written("Phường Đông Cao", province=TN), "district-missing", "district"),
    (Written("Phường Đông Cao", "Huyện Đông Anh", TN), "district-unknown", "district"),
    (Written("", province=TN), "commune-empty", "commune"),
    (Written("", "Thành phố Phổ Yên", TN), "commune-empty", "commune"),
    (Written("Phường Bách Quang"), "province-missing", "province"),
    (Written("5528"), "province-missing", "province"),
    (Written("Phường Bách Quang", province="Thái Nguyen 2"), "province-unknown", "province"),
    (Written("99999", province=TN), "commune-code-unknown", "commune"),
    (Written("", province=TN, code="TN-12"), "commune-code-unknown", "code"),
    (Written("05528", province="Hà Nội"), "commune-elsewhere", "commune"),
    (Written("1", province="TPHCM"), "commune-elsewhere", "commune"),
    (Written("Phường Tích Lương", province=TN, code="05528"), "commune-code-name", "code"),
]


@pytest.mark.parametrize(("written", "code"), FOUND, ids=str)
def test_a_commune_is_found(places: Places, written: Written, code: str) -> None:
    found = places.find(written)
    assert isinstance(found, Commune), found
    assert found.code == code


@pytest.mark.parametrize(("written", "code", "column"), NOT_FOUND, ids=str)
def test_what_may_be_two_communes_or_none_is_not_guessed(
    places: Places, written: Written, code: str, column: str
) -> None:
    found = places.find(written)
    assert isinstance(found, Unplaced), found
    assert (found.code, found.column) == (code, column)
    said = words(found.code, found.fields)
    assert "{" not in said.vi + said.en


def test_a_split_names_where_the_old_commune_went(places: Places) -> None:
    found = places.find(Written("Phường Gia Sàng", "Thành phố Thái Nguyên", TN))
    assert isinstance(found, Unplaced)
    assert found.fields == {"candidates": "Phường Phan Đình Phùng (05443); Phường Gia Sàng (05467)"}


def test_every_commune_of_today_is_found_by_its_full_name_said_to_be_new(places: Places) -> None:
    root = Path(__file__).resolve().parents[2] / "audiences" / "communes.csv"
    rows = [line.split(",")[:5] for line in root.read_text(encoding="utf-8").splitlines()[1:]]
    for code, name, _, _, province in rows:
        for spelled in (name, unicodedata.normalize("NFD", name), name.upper()):
            found = places.find(Written(f"{spelled} (mới)", province=province))
            assert isinstance(found, Commune), (code, spelled, found)
            assert found.code == code


def test_every_old_commune_is_found_by_its_full_name_or_is_a_question(places: Places) -> None:
    path = Path(__file__).resolve().parents[2] / "audiences" / "communes-old.csv"
    split, wrong = set(), []
    for unit in read_old_communes(path, path.name):
        if not unit.name:
            continue
        found = places.find(Written(f"{unit.name} (cũ)", unit.district, unit.province))
        if isinstance(found, Unplaced):
            assert found.code == "commune-split", (unit, found)
            split.add(unit.code)
        elif found.code != unit.new_code:
            wrong.append((unit, found))
    assert wrong == []
    assert len(split) == 471


def test_accents_count_where_they_are_written() -> None:
    index = Index([("Xã Văn Lăng", 1), ("Xã Văn Lang", 2), ("Phường Hòa Bình", 3)], COMMUNE_KINDS)
    assert index.find("Văn Lăng") == [1]
    assert index.find("Văn Lang") == [2]
    assert index.find("van lang") == [1, 2]
    assert index.find("Vân Lang") == []
    assert index.find("P. Hoà Bình") == index.find("hoa binh") == [3]


def test_a_name_without_accents_may_begin_like_a_kind() -> None:
    index = Index([("Xã Xà Phiên", 1), ("Xã Phương Thiện", 2)], COMMUNE_KINDS)
    assert index.find("xa phien") == [1]
    assert index.find("phuong thien") == [2]


def test_a_table_that_is_not_there_or_lacks_a_column_is_named(tmp_path: Path) -> None:
    table = tmp_path / "communes-old.csv"
    with pytest.raises(ContentError) as missing:
        read_old_communes(table, table.name)
    assert missing.value.code == "file-missing"
    table.write_text("old_code,old_province\n1,x\n", encoding="utf-8")
    with pytest.raises(ContentError) as broken:
        read_old_communes(table, table.name)
    assert broken.value.code == "key-missing"
