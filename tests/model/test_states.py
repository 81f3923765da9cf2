"""The states of a row and the ways between them, as the design draws them."""

from __future__ import annotations

import unicodedata

import pytest

from loa.model.states import FINAL, STATE_WORDS, TRANSITIONS, RowState, may_become

S = RowState

WAYS = {
    S.PLANNED: {S.SENDING, S.SUPPRESSED, S.CANCELLED, S.DELIVERED, S.UNDELIVERED, S.EXPIRED},
    S.SENDING: {S.ACCEPTED, S.REFUSED, S.PLANNED, S.UNKNOWN, S.DELIVERED, S.UNDELIVERED, S.EXPIRED},
    S.ACCEPTED: {S.DELIVERED, S.UNDELIVERED, S.EXPIRED},
    S.UNKNOWN: {S.ACCEPTED, S.REFUSED, S.PLANNED, S.CANCELLED, S.DELIVERED, S.UNDELIVERED, S.EXPIRED},
    S.UNDELIVERED: {S.DELIVERED},
    S.EXPIRED: {S.DELIVERED},
    S.DELIVERED: set(),
    S.REFUSED: set(),
    S.SUPPRESSED: set(),
    S.CANCELLED: {S.PLANNED},
}


@pytest.mark.parametrize("now", RowState)
@pytest.mark.parametrize("then", RowState)
def test_a_row_moves_only_along_the_ways_of_the_design(now: RowState, then: RowState) -> None:
    assert may_become(now, then) is (then in WAYS[now])


def test_nothing_stays_where_it_is_by_moving() -> None:
    assert not any(may_become(state, state) for state in RowState)


def test_only_a_planned_row_is_sent_and_three_states_lead_back_to_it() -> None:
    """Between two sendings a row is always planned again: by an answer, by whoever settles it, by a newer approval."""
    assert {now for now in RowState if may_become(now, S.SENDING)} == {S.PLANNED}
    assert {now for now in RowState if may_become(now, S.PLANNED)} == {S.SENDING, S.UNKNOWN, S.CANCELLED}


def test_what_is_delivered_stays_delivered() -> None:
    assert {S.DELIVERED, S.REFUSED, S.SUPPRESSED} == FINAL


def test_every_state_can_be_reached_and_every_way_leads_to_an_end() -> None:
    reached = {S.PLANNED}
    while more := {then for now in reached for then in TRANSITIONS[now]} - reached:
        reached |= more
    assert reached == set(RowState)
    assert all(now in FINAL or TRANSITIONS[now] for now in RowState)


def test_doubt_is_left_only_by_an_answer() -> None:
    assert {now for now in RowState if may_become(now, S.UNKNOWN)} == {S.SENDING}


def test_nothing_can_be_changed_about_the_ways() -> None:
    with pytest.raises(TypeError):
        TRANSITIONS[S.DELIVERED] = frozenset({S.PLANNED})  # type: ignore[index] # the point of the test


@pytest.mark.parametrize("state", RowState)
def test_every_state_has_words_in_both_languages(state: RowState) -> None:
    vi, en = STATE_WORDS[state]
    assert en == state.value
    assert unicodedata.is_normalized("NFC", vi)
    assert [words for words, _ in STATE_WORDS.values()].count(vi) == 1
