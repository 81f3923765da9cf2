"""What a bulletin is held against."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loa.loudspeaker.checks import Made, check
from loa.loudspeaker.measure import measure
from loa.loudspeaker.profile import Profile
from loa.loudspeaker.speech.engine import Fit
from loa.text.lint import Rules

RULES = Rules(("dichvucong.gov.vn",), ("UBND tỉnh",), "1022")
GOOD = "## Lời chào\n\nUBND tỉnh mời bà con vào dichvucong.gov.vn, gọi 1022.\n"


@pytest.fixture
def made(short_mp3: bytes) -> Made:
    return Made("vi", GOOD, "Ủy ban nhân dân tỉnh mời bà con.", measure(short_mp3), Fit.BROADCAST, "gtts")


def codes(made: Made, seconds: int = 4, profile: Profile | None = None) -> list[str]:
    return [finding.code for finding in check(made, "bulletin", seconds, RULES, profile or Profile())]


def test_a_good_bulletin_has_no_findings(made: Made) -> None:
    assert codes(made) == []


def test_draft_speech_blocks_until_an_approver_writes_why(made: Made) -> None:
    (finding,) = check(replace(made, fit=Fit.DRAFT, engine="espeak"), "bulletin", 4, RULES, Profile())
    assert (finding.code, finding.blocks, finding.overridable) == ("draft-speech", True, True)
    assert "espeak" in finding.words.vi


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"spoken": "Gọi 1022."}, "token-unreadable"),
        ({"script": GOOD.replace("dichvucong.gov.vn", "dichvucong.gov.vn.top")}, "host-not-allowed"),
        ({"script": GOOD.replace("UBND tỉnh", "Chúng tôi")}, "issuer-missing"),
        ({"script": GOOD + "{{ commune }}"}, "placeholder-left"),
        ({"sound": None}, "audio-unreadable"),
    ],
)
def test_what_is_wrong_in_words_or_bytes_is_found(made: Made, change: dict[str, object], code: str) -> None:
    found = check(replace(made, **change), "bulletin", 4, RULES, Profile())  # type: ignore[arg-type]
    assert [(finding.code, finding.blocks) for finding in found] == [(code, True)]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [(2, ["bulletin-too-long"]), (3, ["bulletin-too-long"]), (4, []), (5, []), (8, ["bulletin-too-short"])],
)
def test_length_is_held_against_what_was_asked_for(made: Made, wanted: int, found: list[str]) -> None:
    assert codes(made, wanted) == found  # the sample lasts a little over four seconds


@pytest.mark.parametrize(
    ("profile", "code"),
    [
        (Profile(loudness=-23.0), "loudness-off"),
        (Profile(peak=-12.0), "peak-over"),
        (Profile(rate=48_000), "audio-format"),
    ],
)
def test_a_file_that_misses_its_profile_is_found(made: Made, profile: Profile, code: str) -> None:
    assert codes(made, profile=profile) == [code]
