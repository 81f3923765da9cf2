"""A person's recording: what it is for, what is refused, and that an old voice never says new words."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from loa.channel import Desk, Job
from loa.loudspeaker.audio import Audio, silence, to_wav
from loa.loudspeaker.channel import LoudspeakerChannel
from loa.loudspeaker.listening import MemoryListener
from loa.loudspeaker.recordings import Brought, add, standing
from loa.loudspeaker.script import Part
from loa.loudspeaker.speech.espeak import EspeakEngine
from loa.loudspeaker.words import wording
from loa.model.errors import ContentError
from loa.workspace import Workspace

from .studio import THREE, job_of, short

PARTS = dict(
    zip(
        Part,
        ("Kính thưa bà con!", "Mời bà con nộp hồ sơ trên mạng.", "Xin gọi tổng đài.", "Xin cảm ơn bà con!"),
        strict=True,
    )
)


def read_by_somebody(words: str) -> bytes:
    """The embedded voice stands in for a person: a file of a microphone's rate."""
    return to_wav(EspeakEngine().speak(words, "vi"))


@pytest.fixture
def jarai(desk: Desk) -> Job:
    """A bulletin that only people can read."""
    folder = desk.workspace.templates / "loudspeaker"
    short(desk.workspace)
    (desk.workspace.audiences / "stations.csv").unlink()  # no station that broadcasts in other languages only
    shutil.copy(folder / "ngan.vi.j2", folder / "ngan.jra.j2")
    order = short(desk.workspace).model_copy(update={"languages": ("jra",), "places": THREE})
    return job_of(desk.workspace, "d-30", order)


def spoken(job: Job, desk: Desk, part: Part | None) -> str:
    from loa.loudspeaker.recordings import words_of

    return words_of(wording(job, desk, "jra").for_commune(None), part)


def bring(job: Job, desk: Desk, part: Part | None, **other: object) -> list[str]:
    brought = Brought(read_by_somebody(spoken(job, desk, part)), "ghi-am.wav", "jra", part)
    return [found.code for found in add(job, desk, replace(brought, **other), "cán bộ")]  # type: ignore[arg-type]


def test_parts_that_people_recorded_become_the_bulletin(desk: Desk, jarai: Job) -> None:
    channel = LoudspeakerChannel()
    states = [(row.part, row.state) for row in standing(jarai, desk)]
    assert states == [(name, "missing") for name in ("loi-chao", "noi-dung", "loi-nhac", "loi-ket")]
    for part in Part:
        bring(jarai, desk, part)
    made = channel.prepare(jarai, desk)
    sound = made[-1]
    assert (sound.name, sound.provenance["engine"], sound.provenance["fit"]) == (
        "phat-thanh-tieng-gia-rai.mp3", "recording", "broadcast",
    )  # fmt: skip
    assert {row.state for row in standing(jarai, desk)} == {"recorded"}
    found = {finding.code for finding in channel.check(jarai, made, desk) if finding.blocks}
    assert found <= {"bulletin-too-long", "bulletin-too-short"}


def test_one_file_may_have_the_whole_script(desk: Desk, jarai: Job) -> None:
    bring(jarai, desk, None)
    made = LoudspeakerChannel().prepare(jarai, desk)
    assert made[-1].provenance["engine"] == "recording"
    assert [(row.part, row.state) for row in standing(jarai, desk)] == [("", "recorded")]


def test_languages_that_are_read_from_the_same_words_each_have_their_own_voice(desk: Desk, jarai: Job) -> None:
    order = short(desk.workspace).model_copy(update={"languages": ("vi", "sed", "bdq"), "places": THREE})
    job = job_of(desk.workspace, "d-30", order)
    for language in ("sed", "bdq"):  # nobody translated it: the readers put the Vietnamese words over
        brought = Brought(read_by_somebody(spoken(job, desk, None)), "ghi-am.wav", language)
        add(job, desk, brought, "cán bộ")
    made = LoudspeakerChannel().prepare(job, desk)
    sounds = [(item.language, item.provenance["engine"]) for item in made if item.role == "audio"]
    assert sounds == [("vi", "espeak"), ("sed", "recording"), ("bdq", "recording")]


def test_a_script_that_changed_is_not_said_by_an_old_voice(desk: Desk, jarai: Job) -> None:
    for part in Part:
        bring(jarai, desk, part)
    path = desk.workspace.templates / "loudspeaker" / "ngan.jra.j2"
    path.write_text(path.read_text(encoding="utf-8").replace("Xin cảm ơn!", "Xin hết!"), encoding="utf-8")
    made = LoudspeakerChannel().prepare(jarai, desk)
    assert [item.role for item in made] == ["stations", "script", "spoken"]
    assert "recording-missing" in {found.code for found in LoudspeakerChannel().check(jarai, made, desk)}
    assert [row.state for row in standing(jarai, desk)] == ["recorded", "recorded", "recorded", "stale"]


def test_what_was_wrong_with_a_take_of_words_that_are_gone_blocks_nobody(desk: Desk, jarai: Job) -> None:
    bring(jarai, desk, None, data=read_by_somebody("Chào."))
    made = LoudspeakerChannel().prepare(jarai, desk)
    assert "recording-short" in {found.code for found in LoudspeakerChannel().check(jarai, made, desk)}
    path = desk.workspace.templates / "loudspeaker" / "ngan.jra.j2"
    path.write_text(path.read_text(encoding="utf-8").replace("Xin cảm ơn!", "Xin hết!"), encoding="utf-8")
    bring(jarai, desk, None)
    made = LoudspeakerChannel().prepare(jarai, desk)
    assert "recording-short" not in {found.code for found in LoudspeakerChannel().check(jarai, made, desk)}


def test_a_newer_take_stands_before_the_older_and_makes_the_piece_anew(desk: Desk, jarai: Job) -> None:
    bring(jarai, desk, None)
    before = LoudspeakerChannel().prepare(jarai, desk)[-1]
    words = spoken(jarai, desk, None)
    bring(jarai, desk, None, data=to_wav(EspeakEngine().speak(words, "en")))
    after = LoudspeakerChannel().prepare(jarai, desk)[-1]
    assert before.sha256 != after.sha256
    assert len(desk.store.recordings.of(jarai.wave.key, jarai.deliverable.id)) == 1


def test_where_communes_have_their_own_words_the_commune_is_asked_for(desk: Desk, jarai: Job) -> None:
    path = desk.workspace.templates / "loudspeaker" / "ngan.jra.j2"
    path.write_text(path.read_text(encoding="utf-8").replace("bà con!", "bà con {{ commune }}!"), encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        add(jarai, desk, Brought(read_by_somebody("Kính thưa bà con!"), "a.wav", "jra", Part.GREETING), "cán bộ")
    assert (caught.value.code, caught.value.fields["count"]) == ("recording-per-commune", 3)
    # the other parts are everybody's
    for part in (Part.BODY, Part.REMINDER, Part.SIGN_OFF):
        add(
            jarai,
            desk,
            Brought(read_by_somebody("Xin gọi tổng đài một không hai hai."), "a.wav", "jra", part),
            "cán bộ",
        )
    for code in THREE:
        commune = desk.workspace.communes[code]
        greeting = read_by_somebody(f"Kính thưa bà con {commune.name}!")
        add(jarai, desk, Brought(greeting, "a.wav", "jra", Part.GREETING, commune), "cán bộ")
        made = LoudspeakerChannel().prepare(jarai, desk)
        found = {finding.code: finding for finding in LoudspeakerChannel().check(jarai, made, desk)}
        # whoever has read is heard, and the others are counted
        assert [item.place for item in made if item.role == "audio"] == list(THREE[: THREE.index(code) + 1])
        waiting = len(THREE) - THREE.index(code) - 1
        assert ("recording-missing" in found) == bool(waiting)
        assert not waiting or found["recording-missing"].fields["count"] == waiting


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"language": "tyz"}, "recording-not-asked"),
        ({"name": "phat-thanh-tieng-viet.m4a"}, "recording-other-language"),
        ({"data": b""}, "recording-empty"),
        ({"data": b"<html>khong phai am thanh</html>"}, "recording-unreadable"),
        ({"data": to_wav(silence(20, 16_000))}, "recording-silent"),
        ({"data": to_wav(Audio(bytes(2 * 8_000 * 60 * 21), 8_000))}, "recording-endless"),
    ],
    ids=["language", "name", "empty", "html", "silence", "endless"],
)
def test_what_cannot_be_a_recording_of_this_is_refused_and_nothing_is_kept(
    desk: Desk,
    jarai: Job,
    change: dict[str, object],
    code: str,
) -> None:
    with pytest.raises(ContentError) as caught:
        bring(jarai, desk, None, **change)
    assert caught.value.code == code
    assert caught.value.words.vi
    assert desk.store.recordings.of(jarai.wave.key, jarai.deliverable.id) == ()


def test_what_is_doubtful_is_taken_and_shown_to_the_approver(desk: Desk, jarai: Job) -> None:
    cut = EspeakEngine().speak("Kính thưa bà con.", "vi")
    found = bring(jarai, desk, None, data=to_wav(cut))
    assert "recording-short" in found
    made = LoudspeakerChannel().prepare(jarai, desk)
    shown = {finding.code: finding for finding in LoudspeakerChannel().check(jarai, made, desk)}
    assert shown["recording-short"].blocks
    assert shown["recording-short"].overridable


def test_vietnamese_in_another_languages_place_is_heard(desk: Desk, jarai: Job) -> None:
    words = spoken(jarai, desk, None)
    brought = Brought(read_by_somebody(words), "a.wav", "jra")
    heard = add(jarai, desk, brought, "cán bộ", MemoryListener(words.lower()))
    assert "recording-language" in [finding.code for finding in heard]
    other = add(jarai, desk, brought, "cán bộ", MemoryListener("kơnang ih hơmư bruă"))
    assert "recording-language" not in [finding.code for finding in other]


def test_other_words_than_the_scripts_are_heard(desk: Desk) -> None:
    job = job_of(desk.workspace, "d-30", short(desk.workspace))
    brought = Brought(read_by_somebody("Hôm nay trời nắng to, bà con nhớ đội mũ khi ra đồng làm việc."), "a.wav", "vi")
    listener = MemoryListener("hôm nay trời nắng to bà con nhớ đội mũ khi ra đồng làm việc")
    found = [finding.code for finding in add(job, desk, brought, "cán bộ", listener)]
    assert "recording-other-words" in found


def test_a_vietnamese_recording_goes_before_every_machine(desk: Desk) -> None:
    job = job_of(desk.workspace, "d-30", short(desk.workspace))
    fresh = replace(desk, workspace=with_engines(desk.workspace, '["espeak"]'))
    draft = LoudspeakerChannel().prepare(job, fresh)[-1]
    text = wording(job, fresh, "vi").for_commune(None).spoken.text
    add(job, fresh, Brought(read_by_somebody(text), "a.wav", "vi"), "cán bộ")
    read = LoudspeakerChannel().prepare(job, fresh)[-1]
    assert (draft.provenance["engine"], read.provenance["engine"]) == ("espeak", "recording")


def test_a_part_that_nobody_recorded_yet_leaves_the_bulletin_to_a_machine_and_says_so(desk: Desk) -> None:
    job = job_of(desk.workspace, "d-30", short(desk.workspace))
    add(job, desk, Brought(read_by_somebody("Kính thưa bà con!"), "a.wav", "vi", Part.GREETING), "cán bộ")
    made = LoudspeakerChannel().prepare(job, desk)
    assert made[-1].provenance["engine"] == "espeak"
    found = {finding.code: finding for finding in LoudspeakerChannel().check(job, made, desk)}
    assert found["recording-unused"].fields["missing"] == 3


def with_engines(workspace: Workspace, engines: str) -> Workspace:
    path: Path = workspace.root / "loa.toml"
    path.write_text(f"[speech]\nengines = {engines}\n", encoding="utf-8")
    return Workspace.at(workspace.root)
