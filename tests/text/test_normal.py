from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from loa.text.normal import fold, nfc, unaccent

VIETNAMESE = "aăâeêioôơuưyđ" + "áàảãạấầẩẫậắằẳẵặéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ"


def test_unaccent_takes_marks_and_strokes_and_nothing_else() -> None:
    assert unaccent("Đăng ký dịch vụ công: 100% hồ sơ, https://a.vn/đ?x=ơ") == (
        "Dang ky dich vu cong: 100% ho so, https://a.vn/d?x=o"
    )


def test_every_vietnamese_letter_becomes_a_plain_one() -> None:
    for letter in VIETNAMESE + VIETNAMESE.upper():
        assert unaccent(letter).isascii(), letter
        assert unaccent(unicodedata.normalize("NFD", letter)) == unaccent(letter)


@given(st.text(alphabet=VIETNAMESE + " .,0123456789"))
def test_unaccent_keeps_the_length_of_a_composed_text(text: str) -> None:
    assert len(unaccent(text)) == len(nfc(text))


def test_names_fold_together_however_they_are_typed() -> None:
    assert fold("  Xã  Văn LĂNG ") == fold("xã văn lăng") == "xa van lang"


def test_a_mark_that_is_not_a_letters_keeps_its_meaning() -> None:
    assert unaccent("phí ≠ lệ phí") == "phi ≠ le phi"
