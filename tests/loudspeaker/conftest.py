"""Sound that several tests need, made once."""

from __future__ import annotations

import pytest

from loa.loudspeaker.master import Programme, master
from loa.loudspeaker.speech.memory import MemoryEngine


@pytest.fixture(scope="session")
def short_mp3() -> bytes:
    """About four seconds of tones as MP3."""
    voice = MemoryEngine().speak("một hai ba bốn năm sáu bảy tám chín mười " * 1 + "một hai ba bốn", "vi")
    return master(Programme(voice), {"title": "thử"}).mp3
