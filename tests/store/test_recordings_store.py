"""Recordings in the store: the newest take of the same words counts, and none is taken away."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from loa.store import Store
from loa.store.recordings import Recording
from tests.conftest import MORNING

WAVE = "dvc-10-10/2027/d-7"


def take(store: Store, key: str, sound: bytes, part: str = "loi-chao") -> Recording:
    made = store.artefacts.put(sound, name="a.wav", media_type="audio/wav", role="recording", language="jra")
    finding = {"code": "recording-noisy", "subject": "x", "fields": {"above": "12", "least": "20"}}
    return Recording(
        key * 64, WAVE, "phat-thanh", "jra", "05443", part, made, made, [finding], "cán bộ", MORNING
    )  # fmt: skip


def test_a_take_comes_back_as_it_was_put_away(store: Store) -> None:
    one = take(store, "a", b"first")
    store.recordings.add(one)
    assert store.recordings.of(WAVE, "phat-thanh") == (one,)
    assert store.recordings.of(WAVE, "khac") == ()


def test_the_newest_take_of_the_same_words_counts_in_the_place_of_the_first(store: Store) -> None:
    first, body = take(store, "a", b"first"), take(store, "b", b"body", "noi-dung")
    again = replace(take(store, "a", b"again"), at=MORNING + timedelta(hours=1), findings=[])
    for one in (first, body, again):
        store.recordings.add(one)
    assert store.recordings.of(WAVE, "phat-thanh") == (again, body)
