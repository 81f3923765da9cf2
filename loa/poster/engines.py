"""The drawing engines that the room works with, and the one rule for using them."""

from __future__ import annotations

import threading
from importlib.metadata import version

NAMES = ("reportlab", "uharfbuzz", "stretchable", "segno", "python-pptx", "pypdfium2", "pillow", "isal")

ONE_AT_A_TIME = threading.Lock()
"""Held while any of them works: pdfium and the box engine keep state for the process, and crash when shared."""


def versions() -> dict[str, str]:
    """What is installed, without importing any of it."""
    return {name: version(name) for name in NAMES}
