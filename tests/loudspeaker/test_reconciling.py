"""The nightly look at packages whose worker died: what was approved lies there, and is known by its approval."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from loa import gate, handover, pipeline, reconciling
from loa.channel import Desk
from loa.model.states import RowState
from loa.registry import CHANNELS

from .studio import short

CAMPAIGN = """\
id: thang
title: {vi: Phát thanh tháng, en: Monthly}
plan: thai-nguyen
issuer: {vi: UBND tỉnh Thái Nguyên, en: Province}
hotline: "1022"
portal: https://dichvucong.gov.vn
message_class: notice
anchor: 2027-09-10
waves:
  - {id: mot, title: {vi: Một, en: One}, days: 0, at: "08:30"}
deliverables:
  - id: phat-thanh
    channel: loudspeaker
    title: {vi: Bản tin, en: Bulletin}
    waves: [mot]
    clauses: ["2.2"]
    topic: III.2
    template: ngan
    languages: [vi]
    places: ["05443", "05455"]
    seconds: 15
"""


def test_packages_that_lie_there_whole_are_handed_over_and_the_others_planned_again(desk: Desk) -> None:
    short(desk.workspace)
    (desk.workspace.campaigns / "thang.yaml").write_text(CAMPAIGN, encoding="utf-8")
    found = pipeline.occasion(desk, "thang", "mot")
    bundle = asyncio.run(pipeline.prepare(desk, found, "cán bộ"))
    gate.approve(desk, bundle, "lãnh đạo", {"draft-speech": "diễn tập"})
    job = replace(found.jobs[0], bundle=desk.store.reviews.number(bundle.digest))
    channel, made = CHANNELS["loudspeaker"], gate.artefacts_of(bundle, "phat-thanh")
    assert isinstance(channel, handover.ByPackage)
    assert channel.expand(job, made, desk) == 2
    lane = f"outbox/{job.wave.key}/{job.deliverable.id}"
    with desk.store.lanes.held(lane, desk.clock.now()) as lease:  # dies with one package laid and one not
        assert lease is not None
        assert len(desk.store.ledger.claim(job.key, job.bundle, lease, 10, desk.clock.now()).rows) == 2
        handover.lay(handover.folder(job, desk), channel.own(job, made, desk, "05443"))
    with desk.store.lanes.held(lane, desk.clock.now()) as lease:
        assert lease is not None
        assert desk.store.ledger.doubt(lease, desk.clock.now()) == 2
    assert asyncio.run(reconciling.reconcile(desk)).settled == 2
    states = {row.recipient: row.state for row in desk.store.figures.rows("thang/2027/mot")}
    assert states == {"05443": RowState.ACCEPTED, "05455": RowState.PLANNED}
