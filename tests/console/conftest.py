"""A workspace with a lane that is called back, and its server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from loa import pipeline
from loa.channel import Desk
from loa.console.callbacks import Bounds, Callbacks
from loa.console.server import Server
from loa.model.clock import Clock
from tests.sms.gateways.twilio_service import SECRETS

from .kit import SETTINGS, Site


@pytest.fixture
def desk(small: Path, clock: Clock) -> Iterator[Desk]:
    (small / "loa.toml").write_text((small / "loa.toml").read_text() + SETTINGS)
    opened = pipeline.open_desk(small, SECRETS, clock)
    yield opened
    opened.store.close()


@pytest.fixture
def bounds() -> Bounds:
    return Bounds()


@pytest.fixture
def site(desk: Desk, bounds: Bounds) -> Iterator[Site]:
    server = Server(Callbacks(desk, bounds), "127.0.0.1", 0)
    with server.beside():
        yield Site(desk, server)
