"""The states of one row of the ledger, and the only ways between them.

planned -> sending -> accepted -> delivered | undelivered | expired
planned -> suppressed(reason) | cancelled          sending -> refused(reason) | planned(retry at)
sending -> unknown    (the process died, or the answer never came, after the request may have left)
unknown -> any answer that a status call, a late receipt or an officer brings
planned again -> what a late receipt says: the gateway had said that it never had the message, and was wrong
cancelled(left-audience) -> planned: a newer approval has the person in its audience again
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class RowState(StrEnum):
    """Where one message to one recipient stands. Vietnamese words for each are in `STATE_WORDS`."""

    PLANNED = "planned"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    REFUSED = "refused"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


_AFTER_ACCEPTANCE = frozenset({RowState.DELIVERED, RowState.UNDELIVERED, RowState.EXPIRED})

TRANSITIONS: Mapping[RowState, frozenset[RowState]] = MappingProxyType(
    {
        # receipts only for a row that was in a lane's hands before: the ledger sees to that
        RowState.PLANNED: frozenset({RowState.SENDING, RowState.SUPPRESSED, RowState.CANCELLED}) | _AFTER_ACCEPTANCE,
        RowState.SENDING: frozenset({RowState.ACCEPTED, RowState.REFUSED, RowState.PLANNED, RowState.UNKNOWN})
        | _AFTER_ACCEPTANCE,  # a receipt may overtake the answer
        RowState.ACCEPTED: _AFTER_ACCEPTANCE,
        # in doubt: settled by the gateway or an officer; PLANNED only when the gateway says it never had it
        RowState.UNKNOWN: frozenset({RowState.ACCEPTED, RowState.REFUSED, RowState.PLANNED, RowState.CANCELLED})
        | _AFTER_ACCEPTANCE,
        # a network may first say "not yet" and later "delivered"; never the other way
        RowState.UNDELIVERED: frozenset({RowState.DELIVERED}),
        RowState.EXPIRED: frozenset({RowState.DELIVERED}),
        RowState.DELIVERED: frozenset(),
        RowState.REFUSED: frozenset(),
        RowState.SUPPRESSED: frozenset(),
        RowState.CANCELLED: frozenset({RowState.PLANNED}),
    }
)

FINAL = frozenset(state for state, after in TRANSITIONS.items() if not after)

# Words on screen, Vietnamese first (the field's own terms).
STATE_WORDS: Mapping[RowState, tuple[str, str]] = MappingProxyType(
    {
        RowState.PLANNED: ("chờ gửi", "planned"),
        RowState.SENDING: ("đang gửi", "sending"),
        RowState.ACCEPTED: ("đã tiếp nhận", "accepted"),
        RowState.DELIVERED: ("gửi thành công", "delivered"),
        RowState.UNDELIVERED: ("không đến được", "undelivered"),
        RowState.EXPIRED: ("hết hạn", "expired"),
        RowState.REFUSED: ("bị từ chối", "refused"),
        RowState.SUPPRESSED: ("không gửi", "suppressed"),
        RowState.CANCELLED: ("đã hủy", "cancelled"),
        RowState.UNKNOWN: ("chưa rõ kết quả", "unknown"),
    }
)

# A package is handed to somebody who then acts: no network has taken anything yet, and results come on paper.
PACKAGE_WORDS: Mapping[RowState, tuple[str, str]] = MappingProxyType(
    {
        RowState.ACCEPTED: ("đã bàn giao", "handed over"),
        RowState.DELIVERED: ("đã có kết quả", "results in"),
        RowState.UNDELIVERED: ("không thực hiện", "not carried out"),
    }
)


def words_of(state: RowState, *, package: bool) -> tuple[str, str]:
    """A state's words, Vietnamese and English, for a message or for a package."""
    return PACKAGE_WORDS.get(state, STATE_WORDS[state]) if package else STATE_WORDS[state]


def may_become(now: RowState, then: RowState) -> bool:
    """Whether the ledger allows the step."""
    return then in TRANSITIONS[now]
