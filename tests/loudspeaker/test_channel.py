"""The loudspeaker channel from a campaign file to a package in the outbox, on the repository's own workspace."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import replace

import pytest

from loa import handover
from loa.channel import Desk, Job
from loa.loudspeaker import station_list
from loa.loudspeaker.bulletin import speak_text
from loa.loudspeaker.channel import LoudspeakerChannel
from loa.loudspeaker.lexicon import read_lexicon
from loa.loudspeaker.making import OFFLINE
from loa.loudspeaker.measure import measure
from loa.loudspeaker.order import LoudspeakerDeliverable
from loa.loudspeaker.script import estimated_seconds, parse
from loa.loudspeaker.speech.engine import Fit
from loa.loudspeaker.speech.espeak import EspeakEngine
from loa.loudspeaker.speech.memory import MemoryEngine
from loa.loudspeaker.voice import to_speech
from loa.model.campaign import Localised
from loa.model.errors import ContentError
from loa.model.ledger import Progress
from loa.text.context import values
from loa.text.lint import lint, rules_for
from loa.text.render import Templates
from loa.workspace import Workspace
from tests.delivering import turn

from .studio import CAMPAIGN, DOWN, ORDER, SAMPLE, THREE, WAVES, job_of, short, voiced_by

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
        ("stations", "", "danh-sach-dai.json"),
        ("script", "vi", "toan-van-tieng-viet.txt"),
        ("spoken", "vi", "loi-doc-tieng-viet.txt"),
        ("audio", "vi", "BAN-NHAP-phat-thanh-tieng-viet.mp3"),
    ]
    found = measure(desk.store.artefacts.read(made[-1]))
    assert 120 <= found.seconds <= 150
    assert (made[-1].provenance["engine"], made[-1].provenance["fit"]) == ("espeak", "draft")
    assert made[-1].provenance["loudness"] == f"{found.loudness:.2f}"
    assert found.tags["title"] == "[BẢN NHÁP / DRAFT] Bản tin truyền thanh - d-30"
    assert found.tags["comment"].startswith("BẢN NHÁP / DRAFT")
    assert [finding.code for finding in LoudspeakerChannel().check(job, made, desk)] == [SAMPLE, "draft-speech"]


def test_the_english_bulletin_has_the_length_of_a_bulletin_too(workspace: Workspace) -> None:
    job = job_of(workspace, "d-30")
    rendered = Templates(workspace.templates).render(
        "loudspeaker", ORDER.template, "en", "j2", values(job.campaign, job.wave, "en")
    )
    spoken = to_speech(parse(rendered.text, "en", "-"), read_lexicon(workspace.assets, "en"))
    heard = EspeakEngine().speak(spoken.text, "en").seconds
    assert 55 <= heard <= 85
    assert estimated_seconds(spoken.text, "en") == pytest.approx(heard, rel=0.15)


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
    assert (draft[-1].name, anew[-1].name) == (
        "BAN-NHAP-phat-thanh-tieng-viet.mp3",
        "phat-thanh-tieng-viet.mp3",
    )
    assert [found.code for found in voiced_by(MemoryEngine("net")).check(job, anew, desk)] == [SAMPLE]


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


def test_a_language_that_machines_mangle_waits_for_its_recording(desk: Desk) -> None:
    other = short(desk.workspace).model_copy(update={"languages": ("jra",), "places": THREE})
    shutil.copy(
        desk.workspace.templates / "loudspeaker/ngan.vi.j2", desk.workspace.templates / "loudspeaker/ngan.jra.j2"
    )
    job, engine = job_of(desk.workspace, "d-30", other), MemoryEngine()
    made = voiced_by(engine, EspeakEngine()).prepare(job, desk)
    assert [item.role for item in made] == ["stations", "script", "spoken"]
    assert engine.said == []
    found = {finding.code: finding for finding in voiced_by(engine).check(job, made, desk)}
    assert found["recording-missing"].blocks
    assert not found["recording-missing"].overridable
    assert "tiếng Gia Rai" in found["recording-missing"].words.vi


def test_where_nobody_translated_it_the_reader_is_given_the_vietnamese_words(desk: Desk) -> None:
    job = job_of(
        desk.workspace, "d-30", short(desk.workspace).model_copy(update={"languages": ("sed",), "places": THREE})
    )
    made = voiced_by(MemoryEngine()).prepare(job, desk)
    assert "mời bà con" in desk.store.artefacts.read(made[-1]).decode("utf-8-sig")
    codes = [finding.code for finding in voiced_by(MemoryEngine()).check(job, made, desk)]
    assert codes == [SAMPLE, "translation-missing", "recording-missing"]


def test_only_a_station_that_says_so_is_asked_for_a_language_that_people_read(desk: Desk) -> None:
    (desk.workspace.audiences / "stations.csv").write_text("code,languages\n05455,vi;jra\n", encoding="utf-8")
    order = short(desk.workspace).model_copy(update={"languages": ("vi", "jra", "tyz")})
    job = job_of(desk.workspace, "d-30", order)
    wanted = {station.commune: station.languages for station in station_list.of_job(job, desk)}
    assert wanted["05455"] == ("vi", "jra")
    assert {languages for commune, languages in wanted.items() if commune != "05455"} == {("vi",)}
    made = voiced_by(MemoryEngine()).prepare(job, desk)
    found = {finding.code: finding for finding in voiced_by(MemoryEngine()).check(job, made, desk)}
    assert found["recording-missing"].fields["count"] == 1
    assert "tiếng Tày" in found["language-unheard"].words.vi


# --- each commune its own


def named(workspace: Workspace) -> LoudspeakerDeliverable:
    """A bulletin that names the commune, for three of them."""
    order = short(workspace)
    path = workspace.templates / "loudspeaker" / "ngan.vi.j2"
    words = path.read_text(encoding="utf-8").replace("Kính thưa bà con!", "Kính thưa bà con {{ commune }}!")
    path.write_text(words.replace("{{ hotline }}", "{{ local_hotline }}"), encoding="utf-8")
    return order.model_copy(update={"places": THREE})


def test_each_commune_hears_its_own_name_and_what_they_share_is_spoken_once(desk: Desk) -> None:
    (desk.workspace.audiences / "stations.csv").write_text("code,hotline\n05455,0208 3000 113\n", encoding="utf-8")
    job, engine = job_of(desk.workspace, "d-30", named(desk.workspace)), MemoryEngine()
    channel = voiced_by(engine)
    made = channel.prepare(job, desk)
    sounds = {item.place: item for item in made if item.role == "audio"}
    assert tuple(sounds) == THREE
    said = [text for _, text in engine.said]
    names = [desk.workspace.communes[code].name for code in THREE]
    assert [text for text in said if text.startswith("Kính thưa")] == [f"Kính thưa bà con {name}!" for name in names]
    assert len(said) == len(set(said)) == 7  # three greetings, two numbers, a body, a closing
    assert "Gọi không hai không tám, ba không không không, một một ba." in said
    titles = [measure(desk.store.artefacts.read(item)).tags["title"] for item in sounds.values()]
    assert titles == [f"Bản tin truyền thanh - d-30 - {name}" for name in names]
    assert [found.code for found in channel.check(job, made, desk)] == []


def test_a_finding_on_all_communes_is_one_and_on_some_names_them(desk: Desk) -> None:
    job = job_of(desk.workspace, "d-30", named(desk.workspace))
    (desk.workspace.audiences / "stations.csv").unlink()
    channel = voiced_by(MemoryEngine(fit=Fit.DRAFT))
    made = channel.prepare(job, desk)
    (draft,) = channel.check(job, made, desk)
    assert draft.code == "draft-speech"
    assert "(" not in draft.subject
    broken = [replace(item, sha256=made[0].sha256) if item.place == "05455" else item for item in made]
    broken = [item for item in broken if item.role != "audio" or item.place != "05443"]
    found = {finding.code: finding for finding in channel.check(job, broken, desk) if finding.blocks}
    assert found["bulletin-missing"].fields["count"] == 1
    assert "(" in found["audio-unreadable"].subject


def test_a_commune_is_given_its_own_pieces_in_the_languages_of_its_station(desk: Desk) -> None:
    order = named(desk.workspace).model_copy(update={"languages": ("vi", "en")})
    folder = desk.workspace.templates / "loudspeaker"
    english = "## Greeting\nHello!\n## Body\nOpen it.\n## Reminder\nCall us.\n## Sign-off\nThanks.\n"
    (folder / "ngan.en.j2").write_text(english, encoding="utf-8")
    (desk.workspace.audiences / "stations.csv").write_text(
        "code,languages,slots,clusters\n05455,vi,06:15,Xóm 1;Xóm 2\n", encoding="utf-8"
    )
    job, channel = job_of(desk.workspace, "d-30", order), voiced_by(MemoryEngine())
    made = channel.prepare(job, desk)
    channel.expand(job, made, desk)
    assert turn(channel, job, made, desk, 500) == Progress(3, 0)
    both, vietnamese = (package_of(job, desk, code) for code in ("05443", "05455"))
    assert {name for name in both if name.endswith(".mp3")} == {
        "phat-thanh-tieng-viet.mp3", "phat-thanh-tieng-anh.mp3",
    }  # fmt: skip
    assert {name for name in vietnamese if name.endswith(".mp3")} == {"phat-thanh-tieng-viet.mp3"}
    assert json.loads(vietnamese["manifest.json"])["slots"] == ["06:15"]
    assert json.loads(vietnamese["manifest.json"])["clusters"] == ["Xóm 1", "Xóm 2"]


def package_of(job: Job, desk: Desk, commune: str) -> dict[str, bytes]:
    """What lies in the outbox for a commune."""
    (laid,) = handover.folder(job, desk).glob(f"{commune}-*.zip")
    with zipfile.ZipFile(laid) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


# --- check, release


def test_a_language_that_is_missing_blocks(desk: Desk) -> None:
    job = job_of(desk.workspace, "d-30", short(desk.workspace))
    made = voiced_by(MemoryEngine()).prepare(job, desk)
    sample, finding = LoudspeakerChannel().check(job, made[:-1], desk)
    assert (sample.code, finding.code, finding.blocks) == (SAMPLE, "bulletin-missing", True)


def test_a_release_lays_one_package_for_every_commune_and_once(desk: Desk) -> None:
    job, channel = job_of(desk.workspace, "d-30", short(desk.workspace)), voiced_by(MemoryEngine())
    made = channel.prepare(job, desk)
    assert channel.expand(job, made, desk) == 92
    assert channel.expand(job, made, desk) == 0
    assert turn(channel, job, made, desk, 500) == Progress(92, 0)
    assert turn(channel, job, made, desk, 500) == Progress(0, 0)
    laid = {path.name: path.read_bytes() for path in handover.folder(job, desk).iterdir()}
    assert len(laid) == 92
    assert laid["05443-phuong-phan-dinh-phung.zip"] == channel.own(job, made, desk, "05443").popitem()[1]


@pytest.mark.parametrize(("days", "last"), [(1, "2027-09-10"), (3, "2027-09-12"), ("month", "2027-09-30")])
def test_a_bulletin_is_valid_for_the_days_its_order_says(desk: Desk, days: int | str, last: str) -> None:
    order = short(desk.workspace).model_copy(update={"valid_days": days, "places": ("05443",)})
    job, channel = job_of(desk.workspace, "d-30", order), voiced_by(MemoryEngine())
    made = channel.prepare(job, desk)
    channel.expand(job, made, desk)
    turn(channel, job, made, desk, 500)
    manifest = json.loads(package_of(job, desk, "05443")["manifest.json"])
    assert (manifest["valid_from"], manifest["valid_to"]) == ("2027-09-10T08:30:00+07:00", f"{last}T23:59:00+07:00")


@pytest.mark.parametrize("title", ["Bản\x01 tin", "Bản\x00 tin", "=1+1", "Bản\ntin", "x" * 500], ids=range(5))
def test_whatever_a_title_has_in_it_what_was_approved_can_be_laid_out(desk: Desk, title: str) -> None:
    named = Localised(vi=title, en=title)
    order = short(desk.workspace).model_copy(update={"places": ("05443",), "title": named})
    job, channel = job_of(desk.workspace, "d-30", order), voiced_by(MemoryEngine())
    made = channel.prepare(job, desk)
    channel.expand(job, made, desk)
    assert turn(channel, job, made, desk, 500) == Progress(1, 0)


@pytest.mark.parametrize("step", ["highpass f=abc", "highpass f=nan", "deesser i=5", "highpass f=200:movie=a.wav"])
def test_a_filter_that_cannot_be_is_named_by_its_line(desk: Desk, step: str) -> None:
    path = desk.workspace.templates / "loudspeaker" / "profiles.yaml"
    text = path.read_text(encoding="utf-8").replace("highpass f=", f"{step}\n    - highpass f=", 1)
    path.write_text(text, encoding="utf-8")
    line = next(number for number, words in enumerate(text.splitlines(), 1) if step in words)
    with pytest.raises(ContentError) as error:
        voiced_by(MemoryEngine()).prepare(job_of(desk.workspace, "d-30", short(desk.workspace)), desk)
    assert error.value.code == "profile-step"
    assert error.value.where is not None
    assert (error.value.where.file, error.value.where.line) == ("templates/loudspeaker/profiles.yaml", line)


def test_a_station_that_changes_after_the_approval_changes_what_was_approved(desk: Desk) -> None:
    job, channel = job_of(desk.workspace, "d-30", short(desk.workspace)), voiced_by(MemoryEngine())
    before = channel.prepare(job, desk)
    (desk.workspace.audiences / "stations.csv").write_text("code,slots\n05443,04:30\n", encoding="utf-8")
    fresh = replace(desk, workspace=Workspace.at(desk.workspace.root))
    after = channel.prepare(job, fresh)
    assert before[0] != after[0]
    assert before[1:] == after[1:]


@pytest.mark.parametrize(
    "change", [{"level": "khan"}, {"seconds": 5}, {"slots": ["25:00"]}, {"voice": "x"}, {"languages": ["xx"]}]
)
def test_an_order_with_a_slip_is_refused(change: dict[str, object]) -> None:
    written = ORDER.model_dump(mode="json") | {"slots": []} | change
    with pytest.raises(ValueError, match=next(iter(change))):
        LoudspeakerDeliverable.model_validate(written)


# --- loa speak


def test_any_text_becomes_a_finished_bulletin(workspace: Workspace) -> None:
    bulletin = speak_text(workspace, "Mời bà con gọi 1022.", "vi", "thu.txt")
    assert bulletin.spoken.text == "Mời bà con gọi một không hai hai."
    assert bulletin.fit is Fit.DRAFT
    assert measure(bulletin.mastered.data).tags["title"] == "[BẢN NHÁP / DRAFT] thu"
