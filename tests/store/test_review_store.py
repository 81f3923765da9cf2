"""The gate's memory: bundles, decisions, the audit trail; nothing in it is changed or taken away."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import loa.store
from loa.model.review import Decision
from loa.store import Store

from .ledger_kit import WAVE, MovingClock

A, B = "a" * 64, "b" * 64


def test_a_bundle_is_put_up_open(store: Store, clock: MovingClock) -> None:
    bundle = store.reviews.open(A, WAVE, {"covered": {"wave": WAVE}}, "lan", clock.now())
    assert (bundle.digest, bundle.wave, bundle.decision) == (A, WAVE, Decision.OPEN)
    assert (bundle.requested_by, bundle.requested_at) == ("lan", clock.now())
    assert bundle.manifest == {"covered": {"wave": WAVE}}
    assert store.reviews.find(A[:6]) == store.reviews.of_wave(WAVE) == store.reviews.all() == (bundle,)
    assert store.reviews.find("b") == store.reviews.find("%") == store.reviews.find("_") == ()


def test_the_same_digest_is_the_same_bundle_with_its_decision(store: Store, clock: MovingClock) -> None:
    store.reviews.open(A, WAVE, {}, "lan", clock.now())
    store.reviews.decide(A, Decision.APPROVED, "minh", clock.forward(hours=1), overrides={"urgency": "a real deadline"})
    again = store.reviews.open(A, WAVE, {}, "hoa", clock.forward(hours=1))
    assert (again.decision, again.decided_by, again.requested_by) == (Decision.APPROVED, "minh", "lan")
    assert again.overrides == {"urgency": "a real deadline"}
    assert len(store.reviews.all()) == 1


def test_the_last_decision_counts(store: Store, clock: MovingClock) -> None:
    store.reviews.open(A, WAVE, {}, "lan", clock.now())
    for decision, by, reason in [
        (Decision.CHANGES, "minh", "logo too small"),
        (Decision.APPROVED, "hoa", ""),
        (Decision.CHANGES, "minh", "the date is wrong"),
    ]:
        bundle = store.reviews.decide(A, decision, by, clock.forward(hours=1), reason)
        assert (bundle.decision, bundle.decided_by, bundle.reason) == (decision, by, reason)
        assert bundle.decided_at == clock.now()
        assert store.reviews.find(A) == (bundle,)


def test_an_older_bundle_of_a_wave_lapses_whatever_was_decided(store: Store, clock: MovingClock) -> None:
    store.reviews.open(A, WAVE, {}, "lan", clock.now())
    store.reviews.decide(A, Decision.APPROVED, "minh", clock.now())
    elsewhere = store.reviews.open("c" * 64, "dvc-10-10/2027/d-7", {}, "lan", clock.now())
    store.reviews.open(B, WAVE, {}, "lan", clock.now())
    assert [(bundle.digest, bundle.decision) for bundle in store.reviews.of_wave(WAVE)] == [
        (B, Decision.OPEN),
        (A, Decision.LAPSED),
    ]
    assert store.reviews.find("c") == (elsewhere,), "another wave's stands"
    assert store.reviews.decide(A, Decision.APPROVED, "minh", clock.now()).decision is Decision.LAPSED


def test_a_wave_that_comes_back_to_what_it_was_is_reviewed_anew(store: Store, clock: MovingClock) -> None:
    store.reviews.open(A, WAVE, {}, "lan", clock.now())
    store.reviews.decide(A, Decision.APPROVED, "minh", clock.now())
    first = store.reviews.number(A)
    store.reviews.open(B, WAVE, {}, "lan", clock.now())
    again = store.reviews.open(A, WAVE, {}, "lan", clock.forward(hours=1))
    assert again.decision is Decision.OPEN, "what was decided was decided before the change"
    assert store.reviews.number(A) > store.reviews.number(B) > first, "its rows take over from both"
    assert store.reviews.find("a") == (again,), "a digest names one bundle"
    assert store.reviews.decide(A, Decision.APPROVED, "hoa", clock.now()).decision is Decision.APPROVED
    assert [bundle.decision for bundle in store.reviews.of_wave(WAVE)] == [
        Decision.APPROVED,
        Decision.LAPSED,
        Decision.LAPSED,
    ]


def test_a_digest_that_was_never_put_up_is_our_bug(store: Store, clock: MovingClock) -> None:
    with pytest.raises(LookupError):
        store.reviews.decide(A, Decision.APPROVED, "minh", clock.now())
    with pytest.raises(LookupError):
        store.reviews.number(A)
    assert store.audit.all() == ()


def test_the_audit_trail_tells_who_did_what_in_order(store: Store, clock: MovingClock) -> None:
    store.reviews.open(A, WAVE, {}, "lan", clock.now())
    store.reviews.open(A, WAVE, {}, "lan", clock.now())
    store.reviews.decide(A, Decision.CHANGES, "minh", clock.forward(hours=1), "đổi ảnh")
    store.audit.note("hoa", "wave-pause", WAVE, {"why": "mưa lũ"}, clock.forward(hours=1))
    assert [(actor, action, subject) for _, actor, action, subject, _ in store.audit.all()] == [
        ("lan", "review-open", A),
        ("minh", "review-changes-requested", A),
        ("hoa", "wave-pause", WAVE),
    ]
    assert [detail for *_, detail in store.audit.all()][1:] == [
        {"reason": "đổi ảnh", "overrides": {}},
        {"why": "mưa lũ"},
    ]
    moments = [at for at, *_ in store.audit.all()]
    assert moments == sorted(moments)


@pytest.mark.parametrize("table", ["audit", "decisions", "bundles", "events"])
def test_what_is_told_is_only_ever_added_to(table: str) -> None:
    """No code of the store changes or removes a line of it."""
    found = [
        f"{path.name}:{node.lineno}"
        for path in Path(loa.store.__path__[0]).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in {"update", "delete"}
        and isinstance(node.value, ast.Name)
        and node.value.id == table
    ]
    assert found == []
