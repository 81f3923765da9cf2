"""The store: the ledger, artefacts by hash, reviews, audit, audiences. The only room that speaks SQL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from loa.model.clock import Clock
from loa.store.airings import Airings
from loa.store.artefacts import Artefacts
from loa.store.audiences import Audiences
from loa.store.broadcasts import Broadcasts
from loa.store.caps import Caps
from loa.store.engine import Database
from loa.store.figures import Figures
from loa.store.inbound import Inbounds
from loa.store.lanes import Lanes
from loa.store.ledger import JobKey, Ledger
from loa.store.migrate import migrate
from loa.store.recordings import Recordings
from loa.store.reviews import Audit, Reviews

__all__ = ["JobKey", "Store"]


@dataclass(frozen=True)
class Store:
    """Everything that is kept, behind one door."""

    database: Database
    ledger: Ledger
    lanes: Lanes
    figures: Figures
    artefacts: Artefacts
    reviews: Reviews
    audit: Audit
    audiences: Audiences
    caps: Caps
    broadcasts: Broadcasts
    airings: Airings
    inbound: Inbounds
    recordings: Recordings

    @classmethod
    def open(cls, url: str, root: Path, clock: Clock) -> Store:
        """Opens the store of a workspace and brings its schema up to date.

        `url` is SQLAlchemy's; a relative SQLite path starts at `root`. Raises `StoreError` where it cannot.
        """
        database = Database(url, root)
        migrate(database)
        return cls(
            database=database,
            ledger=Ledger(database),
            lanes=Lanes(database),
            figures=Figures(database),
            artefacts=Artefacts(database, root / "var" / "artefacts", clock),
            reviews=Reviews(database),
            audit=Audit(database),
            audiences=Audiences(database, root / "var" / "audiences"),
            caps=Caps(database),
            broadcasts=Broadcasts(database),
            airings=Airings(database),
            inbound=Inbounds(database),
            recordings=Recordings(database),
        )

    def close(self) -> None:
        self.database.close()
