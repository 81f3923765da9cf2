"""The script templates that ship: one a topic of the plans, each whole, in both languages, ready for any commune."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from loa.loudspeaker.checks import word_findings
from loa.loudspeaker.lexicon import read_lexicon
from loa.loudspeaker.script import Part, Script, estimated_seconds, parse
from loa.loudspeaker.voice import Spoken, to_speech
from loa.model.campaign import Campaign, Wave
from loa.model.finding import Level
from loa.registry import deliverable_types
from loa.text.context import PER_COMMUNE, values
from loa.text.lint import rules_for
from loa.text.render import Templates
from loa.workspace import Workspace

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "templates/loudspeaker"
# template -> the topic of the plans that it is about, and how long its words may take, spoken once
TOPICS = {
    "chu-de/chinh-sach": "III.1",
    "chu-de/loi-ich": "III.2",
    "chu-de/an-toan": "III.3",
    "chu-de/bieu-duong": "III.4",
    "chu-de/kinh-nghiem": "III.5",
    "chu-de/gop-y": "III.6",
    "khan-cap/canh-bao-lua-dao": "III.3",
}
LENGTHS = {"chu-de": (60, 90), "khan-cap": (30, 40)}
AROUND = 8.0  # seconds of chimes and pauses in a programme whose body is heard twice
LANGUAGES = ("vi", "en")
EACH = pytest.mark.parametrize("language", LANGUAGES)
EVERY = pytest.mark.parametrize("name", TOPICS)

workspace = Workspace.at(REPOSITORY)
templates = Templates(workspace.templates)


@pytest.fixture(scope="module")
def campaign() -> Campaign:
    return workspace.campaign("dvc-10-10", deliverable_types())


@pytest.fixture(scope="module")
def wave(campaign: Campaign) -> Wave:
    return campaign.wave(campaign.waves[0], 2027)


def script_of(name: str, language: str, campaign: Campaign, wave: Wave, hotline: str = "") -> Script:
    said = values(campaign, wave, language, workspace.communes["01906"], hotline)
    rendered = templates.render("loudspeaker", name, language, "j2", said)
    return parse(rendered.text, language, rendered.path)


def spoken(script: Script, campaign: Campaign) -> Spoken:
    return to_speech(script, read_lexicon(workspace.assets, script.language).with_hotline(campaign.hotline))


def test_every_template_of_the_folders_is_here_in_both_languages() -> None:
    found = {str(path.relative_to(FOLDER)) for folder in LENGTHS for path in (FOLDER / folder).iterdir()}
    assert found == {f"{name}.{language}.j2" for name in TOPICS for language in LANGUAGES}


@EVERY
def test_both_languages_say_the_same_of_each_commune(name: str) -> None:
    used = {language: templates.placeholders("loudspeaker", name, language) for language in LANGUAGES}
    assert used["vi"] == used["en"]
    assert {"commune", "local_hotline", "issuer"} <= used["vi"]
    assert used["vi"] & PER_COMMUNE == {"commune", "local_hotline"}


@EVERY
@EACH
def test_the_first_line_names_its_topic_length_and_the_words_keep_to_it(
    name: str, language: str, campaign: Campaign, wave: Wave
) -> None:
    source, _ = templates.source("loudspeaker", name, language)
    match = re.match(r"\{# seconds: (\d+) #\}\n\{# ", source)
    assert match, "the first line is {# seconds: N #}, the second says what it is"
    said = spoken(script_of(name, language, campaign, wave), campaign)
    once = estimated_seconds(said.text, language)
    shortest, longest = LENGTHS[name.split("/")[0]]
    assert shortest <= once <= longest
    body = " ".join(text for passage in said.passages if passage.part is Part.BODY for text in passage.paragraphs)
    programme = once + estimated_seconds(body, language) + AROUND
    assert programme == pytest.approx(int(match[1]), rel=0.12)


@EVERY
@EACH
def test_it_has_every_part_and_names_the_commune_once_in_the_greeting(
    name: str, language: str, campaign: Campaign, wave: Wave
) -> None:
    script = script_of(name, language, campaign, wave)
    parts = {passage.part: " ".join(passage.paragraphs) for passage in script.passages}
    assert list(parts) == list(Part)
    commune = "xã Ba Bể" if language == "vi" else "Xã Ba Bể"
    assert commune in parts[Part.GREETING]
    # what differs from commune to commune is spoken anew for each: it stands in as few sentences as can be
    assert script.text.casefold().count("xã ba bể") == 1
    assert campaign.hotline in parts[Part.REMINDER]
    assert script.text.count(campaign.hotline) == 1


@EVERY
@EACH
@pytest.mark.parametrize("hotline", ["", "0912 000 123"], ids=["campaign's", "own"])
def test_it_reads_aloud_and_passes_the_lint(
    name: str, language: str, hotline: str, campaign: Campaign, wave: Wave
) -> None:
    script = script_of(name, language, campaign, wave, hotline)
    said = spoken(script, campaign)
    rules = rules_for(campaign, workspace.settings.links.allowed_hosts, TOPICS[name], [hotline] if hotline else [])
    found = list(word_findings(language, script.printed, said.printed, name, rules))
    assert [finding.code for finding in found if finding.level is Level.BLOCK] == []
    assert [finding.code for finding in found] == []


@EVERY
def test_no_figure_stands_in_the_words(name: str) -> None:
    """Numbers belong to the plans and to the campaign; a template would outlive them."""
    for language in LANGUAGES:
        source, _ = templates.source("loudspeaker", name, language)
        assert not re.search(r"\d", re.sub(r"\{#.*?#\}", "", source))


@EVERY
def test_vietnamese_sentences_are_short_enough_for_one_breath(name: str, campaign: Campaign, wave: Wave) -> None:
    said = spoken(script_of(name, "vi", campaign, wave), campaign)
    for sentence in re.split(r"(?<=[.!?:])\s+", " ".join(said.text.split())):
        assert len(sentence.split()) <= 32, sentence
