"""The flows by name, for faces that call them in this process."""

from __future__ import annotations

from flows.prepare import prepare
from flows.receipts import receipts
from flows.reconcile import reconcile
from flows.release import release

__all__ = ["prepare", "receipts", "reconcile", "release"]
