"""The campaign that tests of the channel work on: the repository's own words, one bulletin, five waves."""

from __future__ import annotations

from loa.channel import Job
from loa.loudspeaker.channel import LoudspeakerChannel
from loa.loudspeaker.order import LoudspeakerDeliverable
from loa.loudspeaker.speech.memory import MemoryEngine
from loa.model.campaign import Campaign, Localised, MessageClass, WaveSpec
from loa.model.errors import GatewayError
from loa.workspace import Workspace

THREE = ("05443", "05455", "05500")
DOWN = GatewayError("speech-unreachable", {"engine": "net"})
SAMPLE = "station-sample"  # the rows that ship are examples, and say so
WAVES = {"d-30": -30, "d-7": -7, "d-1": -1, "d-day": 0, "d-after": 3}
ORDER = LoudspeakerDeliverable.model_validate(
    {
        "id": "phat-thanh",
        "channel": "loudspeaker",
        "title": {"vi": "Bản tin truyền thanh", "en": "Bulletin"},
        "waves": list(WAVES),
        "clauses": ["2.2", "3.3"],
        "topic": "III.2",
        "template": "dvc-10-10/phat-thanh",
        "languages": ["vi", "en"],
        "places": "all",
    }
)
CAMPAIGN = Campaign(
    id="dvc-10-10",
    title=Localised(vi="Ngày Chuyển đổi số", en="Digital Transformation Day"),
    plan="thai-nguyen",
    issuer=Localised(vi="UBND tỉnh Thái Nguyên", en="Thai Nguyen People's Committee"),
    hotline="1022",
    portal="https://dichvucong.gov.vn",
    message_class=MessageClass.NOTICE,
    anchor="10-10",
    waves=tuple(
        WaveSpec.model_validate({"id": wave, "title": {"vi": wave, "en": wave}, "days": days, "at": "08:30"})
        for wave, days in WAVES.items()
    ),
    deliverables=(ORDER,),
)


def job_of(workspace: Workspace, wave: str, deliverable: LoudspeakerDeliverable = ORDER) -> Job:
    spec = CAMPAIGN.spec(wave)
    assert spec is not None
    return Job(CAMPAIGN, workspace.plan("thai-nguyen"), CAMPAIGN.wave(spec, 2027), deliverable)


def short(workspace: Workspace) -> LoudspeakerDeliverable:
    """A bulletin of a few words, where what is said does not matter."""
    path = workspace.templates / "loudspeaker" / "ngan.vi.j2"
    path.write_text(
        "## Lời chào\nKính thưa bà con!\n## Nội dung\n{{ issuer }} mời bà con vào {{ portal_host }}.\n"
        "## Lời nhắc\nGọi {{ hotline }}.\n## Lời kết\nXin cảm ơn!\n",
        encoding="utf-8",
    )
    return ORDER.model_copy(update={"template": "ngan", "languages": ("vi",), "seconds": 15, "body_times": 1})


def voiced_by(*engines: MemoryEngine) -> LoudspeakerChannel:
    return LoudspeakerChannel(lambda needs: engines)
