"""The world of the air logs that tests read: two packages, a handful of communes, a day after the last broadcast."""

from __future__ import annotations

from datetime import date, datetime

from loa.loudspeaker.airlog_reading.whose import Bulletin
from loa.model.clock import VIETNAM
from loa.model.ledger import Row, row_id
from loa.model.states import RowState

NOW = datetime(2027, 10, 20, 10, 0, tzinfo=VIETNAM)
COMMUNES = {
    "01234": "Xã Cộng Hòa",
    "05443": "Phường Phan Đình Phùng",
    "05455": "Xã Tân Cương",
    "05470": "Phường Hòa Bình",
    "05471": "Xã Hòa Bình",
    "05480": "Xã Văn Lăng",
    "05481": "Xã Văn Lang",
    "05490": "Xã Chưa Giao",
}
PACKAGE, SECOND = "nho-2027-d-7-phat-thanh", "nho-2027-d-1-phat-thanh"


def row(wave: str, code: str) -> Row:
    state = RowState.PLANNED if code == "05490" else RowState.ACCEPTED
    return Row(
        row_id(wave, "phat-thanh", code), wave, "phat-thanh", code, "", code, "vi,en", "goi", 0, state, "", 0,
        "", 0, "", None, NOW,
    )  # fmt: skip


def bulletin(wave: str, first: datetime, last: date, communes: dict[str, str] | None = None) -> Bulletin:
    names = COMMUNES if communes is None else communes
    return Bulletin(
        f"{wave.replace('/', '-')}-phat-thanh", wave, "phat-thanh", first, last, ("vi", "en"),
        {code: row(wave, code) for code in names}, names,
    )  # fmt: skip


BULLETINS = (
    bulletin("nho/2027/d-1", datetime(2027, 10, 9, 16, 0, tzinfo=VIETNAM), date(2027, 10, 15)),
    bulletin("nho/2027/d-7", datetime(2027, 10, 3, 8, 30, tzinfo=VIETNAM), date(2027, 10, 9)),
)
