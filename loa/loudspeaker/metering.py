"""What a file that was made really is, measured once for the same bytes."""

from __future__ import annotations

import json
from dataclasses import asdict

from loa.channel import Desk
from loa.loudspeaker.codec import UnreadableSoundError
from loa.loudspeaker.measure import Measured, measure
from loa.loudspeaker.speech.versions import version_of
from loa.model.artefact import Artefact, digest


def measured(desk: Desk, audio: Artefact) -> Measured | None:
    """What is measured on these very bytes, now or when they were made; none where they hold no sound."""
    kept = desk.store.artefacts
    if (known := kept.recall(_recipe(audio))) is not None:
        return Measured(**json.loads(kept.read(known[0])))
    try:
        found = measure(kept.read(audio))
    except UnreadableSoundError:
        return None
    keep(desk, audio, found)
    return found


def keep(desk: Desk, audio: Artefact, found: Measured) -> None:
    """Notes what was measured on the bytes of an artefact."""
    data = json.dumps({**asdict(found), "tags": dict(found.tags)}, ensure_ascii=False).encode()
    put = desk.store.artefacts.put(data, name="do-am.json", media_type="application/json", role="measured", language="")
    desk.store.artefacts.remember(_recipe(audio), (put,))


def _recipe(audio: Artefact) -> str:
    return digest({"measured": audio.sha256, "by": version_of("av")})
