"""The loudspeaker channel from a campaign file to a package in the outbox, on the repository's own workspace."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from loa import handover
from loa.channel import Desk, Job
from loa.loudspeaker.bulletin import speak_text
from loa.loudspeaker.channel import OFFLINE, LoudspeakerChannel, LoudspeakerDeliverable, package_files
from loa.loudspeaker.lexicon import read_lexicon
from loa.loudspeaker.measure import measure
from loa.loudspeaker.script import estimated_seconds, parse
from loa.loudspeaker.speech.engine import Fit
from loa.loudspeaker.speech.espeak import EspeakEngine
from loa.loudspeaker.speech.memory import MemoryEngine
from loa.loudspeaker.voice import speak, to_speech
from loa.model.campaign import Campaign, Localised, MessageClass, WaveSpec
from loa.model.clock import FixedClock
from loa.model.errors import ContentError, GatewayError, LoaError, Unsupported
from loa.model.ledger import Progress
from loa.store import Store
from loa.text.context import values
from loa.text.lint import lint, rules_for
from loa.text.render import Templates
from loa.workspace import Workspace
from tests.delivering import turn

from .tables import ROOT

DOWN = GatewayError("speech-unreachable", {"engine": "net"})
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


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    for folder in ("templates/loudspeaker", "assets/lexicon", "assets/sounds", "campaigns/plans", "audiences"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "loa.toml").write_text('[speech]\nengines = ["espeak"]\n', encoding="utf-8")
    return Workspace.at(tmp_path)


@pytest.fixture
def desk(workspace: Workspace) -> Iterator[Desk]:
    clock = FixedClock(job_of(workspace, "d-30").wave.send_at)
    store = Store.open("sqlite:///var/loa.db", workspace.root, clock)
    yield Desk(workspace, store, clock, {})
    store.close()


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
    return ORDER.model_copy(update={"template": "ngan", "languages": ("vi",), "seconds": 15})


def voiced_by(*engines: MemoryEngine) -> LoudspeakerChannel:
    return LoudspeakerChannel(lambda settings, cache: engines)


# --- the words of the campaign


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("wave", WAVES)
def test_the_bulletin_can_be_read_and_sent_at_every_wave(workspace: Workspace, wave: str, language: str) -> None:
    job = job_of(workspace, wave)
    rendered = Templates(workspace.templates).render(
        "loudspeaker", ORDER.template, language, "j2", values(job.campaign, job.wave, language)
    )
    script = parse(rendered.text, language, rendered.path)
    to_speech(script, read_lexicon(workspace.assets, language))
    assert lint(script.text, wave, rules_for(CAMPAIGN, ["dichvucong.gov.vn"], "III.3")) == ()


@pytest.mark.parametrize(
    ("wave", "said"),
    [
        ("d-30", "Còn ba mươi ngày nữa là đến ngày mười tháng mười năm hai nghìn không trăm hai mươi bảy"),
        ("d-1", "Ngày mai, ngày mười tháng mười năm hai nghìn không trăm hai mươi bảy, là Ngày Chuyển đổi số"),
        ("d-day", "Hôm nay, ngày mười tháng mười năm hai nghìn không trăm hai mươi bảy, là Ngày Chuyển đổi số"),
    ],
)
def test_each_wave_says_how_far_the_day_is(workspace: Workspace, wave: str, said: str) -> None:
    job = job_of(workspace, wave)
    rendered = Templates(workspace.templates).render(
        "loudspeaker", ORDER.template, "vi", "j2", values(job.campaign, job.wave, "vi")
    )
    assert said in to_speech(parse(rendered.text, "vi", "-"), read_lexicon(workspace.assets, "vi")).text


# --- prepare


def test_the_campaigns_own_bulletin_with_the_embedded_voice(desk: Desk) -> None:
    job = job_of(desk.workspace, "d-30", ORDER.model_copy(update={"languages": ("vi",)}))
    made = LoudspeakerChannel().prepare(job, desk)
    assert [(item.role, item.language, item.name) for item in made] == [
        ("script", "vi", "toan-van-vi.txt"),
        ("spoken", "vi", "loi-doc-vi.txt"),
        ("audio", "vi", "phat-thanh-vi-ban-nhap-draft.mp3"),
    ]
    found = measure(desk.store.artefacts.read(made[-1]))
    assert 60 <= found.seconds <= 90
    assert (made[-1].provenance["engine"], made[-1].provenance["fit"]) == ("espeak", "draft")
    assert made[-1].provenance["loudness"] == f"{found.loudness:.2f}"
    assert found.tags["title"] == "[BẢN NHÁP / DRAFT] Bản tin truyền thanh - d-30"
    assert found.tags["comment"].startswith("BẢN NHÁP / DRAFT")
    assert [finding.code for finding in LoudspeakerChannel().check(job, made, desk)] == ["draft-speech"]


def test_the_english_bulletin_has_the_length_of_a_bulletin_too(workspace: Workspace) -> None:
    job = job_of(workspace, "d-30")
    rendered = Templates(workspace.templates).render(
        "loudspeaker", ORDER.template, "en", "j2", values(job.campaign, job.wave, "en")
    )
    spoken = to_speech(parse(rendered.text, "en", "-"), read_lexicon(workspace.assets, "en"))
    assert 55 <= speak(spoken, [EspeakEngine()]).audio.seconds <= 85
    assert estimated_seconds(spoken.text, "en") == pytest.approx(
        speak(spoken, [EspeakEngine()]).audio.seconds, rel=0.15
    )


def test_preparing_again_speaks_nothing_and_gives_the_same_artefacts(desk: Desk) -> None:
    job, engine = job_of(desk.workspace, "d-30", short(desk.workspace)), MemoryEngine()
    first = voiced_by(engine).prepare(job, desk)
    engine.said.clear()
    assert voiced_by(engine).prepare(job, desk) == first
    assert engine.said == []


def test_a_service_that_comes_back_does_not_change_a_piece_that_was_made(desk: Desk) -> None:
    job, near = job_of(desk.workspace, "d-30", short(desk.workspace)), MemoryEngine("near", fit=Fit.DRAFT)
    first = voiced_by(MemoryEngine("net", fails=DOWN), near).prepare(job, desk)
    net = MemoryEngine("net")
    assert voiced_by(net, near).prepare(job, desk) == first
    assert net.said == []
    assert first[-1].provenance["passed_over"] == "net: speech-unreachable"


def test_taking_the_draft_voice_out_of_the_settings_makes_the_piece_anew(desk: Desk) -> None:
    job, near = job_of(desk.workspace, "d-30", short(desk.workspace)), MemoryEngine("near", fit=Fit.DRAFT)
    draft = voiced_by(MemoryEngine("net", fails=DOWN), near).prepare(job, desk)
    anew = voiced_by(MemoryEngine("net")).prepare(job, desk)
    assert (draft[-1].name, anew[-1].name) == ("phat-thanh-vi-ban-nhap-draft.mp3", "phat-thanh-vi.mp3")
    assert voiced_by(MemoryEngine("net")).check(job, anew, desk) == ()


@pytest.mark.parametrize(
    "file", ["templates/loudspeaker/ngan.vi.j2", "assets/lexicon/vi.yaml", "assets/sounds/chime.wav"]
)
def test_whatever_is_edited_the_piece_is_made_anew(desk: Desk, file: str) -> None:
    job, engine = job_of(desk.workspace, "d-30", short(desk.workspace)), MemoryEngine()
    voiced_by(engine).prepare(job, desk)
    path = desk.workspace.root / file
    path.write_bytes(path.read_bytes() + b"\n\n")
    engine.said.clear()
    voiced_by(engine).prepare(job, desk)
    assert engine.said


def test_offline_the_online_voice_is_not_asked(desk: Desk) -> None:
    job = job_of(desk.workspace, "d-30", short(desk.workspace))
    net = MemoryEngine("net", online=True)
    made = voiced_by(net, MemoryEngine("near")).prepare(job, replace(desk, environ={OFFLINE: "1"}))
    assert (net.said, made[-1].provenance["engine"]) == ([], "near")


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("## Lời chào\nChào {{ commune }}!\n", "bulletin-per-commune"),
        ("## Lời chào\nChào!\n", "script-part-missing"),
        ("## Lời chào\nMã XYZ!\n## Nội dung\nA\n## Lời nhắc\nB\n## Lời kết\nC\n", "token-unreadable"),
        ("{{ nobody }}", "placeholder-unknown"),
    ],
)
def test_words_that_cannot_be_used_stop_at_their_file(desk: Desk, template: str, code: str) -> None:
    job = job_of(desk.workspace, "d-30", short(desk.workspace))
    (desk.workspace.templates / "loudspeaker" / "ngan.vi.j2").write_text(template, encoding="utf-8")
    with pytest.raises(ContentError) as error:
        voiced_by(MemoryEngine()).prepare(job, desk)
    assert error.value.code == code
    assert error.value.where is not None
    assert error.value.where.file == "templates/loudspeaker/ngan.vi.j2"


def test_a_campaign_is_linted_without_speaking_a_word(desk: Desk) -> None:
    job, engine = job_of(desk.workspace, "d-30", short(desk.workspace)), MemoryEngine()
    voiced_by(engine).lint(job, desk)
    path = desk.workspace.templates / "loudspeaker" / "ngan.vi.j2"
    path.write_text(path.read_text(encoding="utf-8").replace("Xin cảm ơn!", "Mã XYZ."), encoding="utf-8")
    with pytest.raises(ContentError) as error:
        voiced_by(engine).lint(job, desk)
    assert (error.value.code, engine.said) == ("token-unreadable", [])


def test_what_is_unsafe_to_say_is_found_without_speaking_a_word(desk: Desk) -> None:
    job, engine = job_of(desk.workspace, "d-30", short(desk.workspace)), MemoryEngine()
    before = {finding.code for finding in voiced_by(engine).lint(job, desk)}
    path = desk.workspace.templates / "loudspeaker" / "ngan.vi.j2"
    said = path.read_text(encoding="utf-8").replace("Xin cảm ơn!", "Hãy cung cấp mã OTP.")
    path.write_text(said, encoding="utf-8")
    found = {finding.code for finding in voiced_by(engine).lint(job, desk)}
    assert (found - before, engine.said) == ({"asks-for-secret"}, [])


def test_a_mistake_in_the_words_is_named_by_its_line_in_the_template(desk: Desk) -> None:
    order = short(desk.workspace)
    (desk.workspace.templates / "loudspeaker" / "ngan.vi.j2").write_text(
        "{# một lời\n   ghi chú #}\n## Lời chào\n{% if days_left > 1 %}\nChào!\n{% endif %}\n"
        "## Nội dung\nCâu đầu,\nmã XYZ.\n## Lời nhắc\nB\n## Lời kết\nC\n",
        encoding="utf-8",
    )
    with pytest.raises(ContentError) as error:
        voiced_by(MemoryEngine()).prepare(job_of(desk.workspace, "d-30", order), desk)
    assert [(item.fields["token"], item.where.line) for item in error.value.mistakes] == [("XYZ", 9)]


def test_a_language_that_machines_mangle_is_refused(desk: Desk) -> None:
    other = short(desk.workspace).model_copy(update={"languages": ("jra",)})
    shutil.copy(
        desk.workspace.templates / "loudspeaker/ngan.vi.j2", desk.workspace.templates / "loudspeaker/ngan.jra.j2"
    )
    with pytest.raises(LoaError) as error:
        voiced_by(MemoryEngine()).prepare(job_of(desk.workspace, "d-30", other), desk)
    assert isinstance(error.value, Unsupported)


# --- check, release


def test_a_language_that_is_missing_blocks(desk: Desk) -> None:
    job = job_of(desk.workspace, "d-30", short(desk.workspace))
    made = voiced_by(MemoryEngine()).prepare(job, desk)
    (finding,) = LoudspeakerChannel().check(job, made[:-1], desk)
    assert (finding.code, finding.blocks) == ("bulletin-missing", True)


def test_a_release_lays_one_package_for_every_commune_and_once(desk: Desk) -> None:
    job, channel = job_of(desk.workspace, "d-30", short(desk.workspace)), voiced_by(MemoryEngine())
    made = channel.prepare(job, desk)
    assert channel.expand(job, made, desk) == 92
    assert channel.expand(job, made, desk) == 0
    assert turn(channel, job, made, desk, 500) == Progress(92, 0)
    assert turn(channel, job, made, desk, 500) == Progress(0, 0)
    folder = handover.folder(job, desk)
    laid = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert laid == package_files(job, desk, made)
    assert json.loads(laid["manifest.json"])["communes"] == 92


def test_a_bulletin_is_valid_for_the_days_its_order_says(desk: Desk) -> None:
    order = short(desk.workspace).model_copy(update={"valid_days": 3})
    job = job_of(desk.workspace, "d-30", order)
    made = voiced_by(MemoryEngine()).prepare(job, desk)
    manifest = json.loads(package_files(job, desk, made)["manifest.json"])
    assert (manifest["valid_from"], manifest["valid_to"]) == ("2027-09-10T08:30:00+07:00", "2027-09-12T23:59:00+07:00")


@pytest.mark.parametrize("change", [{"level": "khan"}, {"seconds": 5}, {"slots": ["25:00"]}, {"voice": "x"}])
def test_an_order_with_a_slip_is_refused(change: dict[str, object]) -> None:
    written = ORDER.model_dump(mode="json") | {"slots": []} | change
    with pytest.raises(ValueError, match=next(iter(change))):
        LoudspeakerDeliverable.model_validate(written)


# --- loa speak


def test_any_text_becomes_a_finished_bulletin(workspace: Workspace) -> None:
    bulletin = speak_text(workspace, "Mời bà con gọi 1022.", "vi", "thu.txt")
    assert bulletin.spoken.text == "Mời bà con gọi một không hai hai."
    assert bulletin.fit is Fit.DRAFT
    assert measure(bulletin.mastered.mp3).tags["title"] == "[BẢN NHÁP / DRAFT] thu"
