"""Safety of what goes out: an authority's message must never look like a scam's."""

from __future__ import annotations

import unicodedata

import pytest

from loa.text.lint import Rules, host_allowed, lint

RULES = Rules(("dichvucong.gov.vn",), ("UBND tỉnh Thái Nguyên", "Thai Nguyen People's Committee"), "1022")
GOOD = "UBND tỉnh Thái Nguyên: nộp hồ sơ tại dichvucong.gov.vn. Hỏi 1022."


def codes(text: str, rules: Rules = RULES) -> set[str]:
    return {finding.code for finding in lint(text, "x", rules)}


def test_a_good_message_has_no_finding() -> None:
    assert codes(GOOD) == set()
    assert codes("UBND tinh Thai Nguyen: nop ho so tai https://dichvucong.gov.vn/a?b=1. Hoi 1022.") == set()
    assert codes("UBND tỉnh Thái Nguyên: xem dichvucong.gov.vn/huong-dan.html. Hỏi 1022.") == set()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{{ hotline }}", "placeholder-left"),
        ("Kính gửi {ten}", "placeholder-left"),
        ("Kính gửi [Tên người nhận]", "placeholder-left"),
        ("Hạn: None", "placeholder-left"),
        ("vào dichvucong.top", "host-not-allowed"),
        ("vào https://dichvucong.gov.vn.top/x", "host-not-allowed"),
        ("vào https://xdichvucong.gov.vn", "host-not-allowed"),
        ("vào https://dichvucong.gov.vn@evil.example/x", "host-not-allowed"),
        ("vào https://xn--dichvucng-o5a.gov.vn", "host-not-allowed"),
        ("vào https://dịchvụcông.gov.vn", "host-not-allowed"),
        ("vào https://bit.ly/abc", "host-not-allowed"),
        ("vào 103.1.2.3/dvc", "host-not-allowed"),
        ("vào /bit.ly/abc", "host-not-allowed"),
        ("vào //evil.top", "host-not-allowed"),
        ("hỏi a@evil.top", "host-not-allowed"),
        ("vào dichvucong.gov.vn@evil.top", "host-not-allowed"),
        ("vào dichvucong.xn--p1ai", "host-not-allowed"),
        ("vào bit\u3002ly", "host-not-allowed"),
        ("vào bit\uff0ely", "host-not-allowed"),
        ("vào evil\u200b.top", "host-not-allowed"),
        ("gọi 0912\u200b345678", "personal-data"),
        ("chữ\x1b[2K ẩn", "hidden-character"),
        ("chữ \u202eẩn", "hidden-character"),
        ("vào http://dichvucong.gov.vn", "link-not-https"),
        ("Hãy cung cấp mã OTP cho cán bộ", "asks-for-secret"),
        ("Nhập mật khẩu của bạn để nhận quà", "asks-for-secret"),
        ("Please send your password", "asks-for-secret"),
        ("Số CCCD 001099012345 của ông", "personal-data"),
        ("Liên hệ 0912 345 678", "personal-data"),
        ("Đây là cơ hội lần cuối", "urgency"),
        ("Bà con huyện Phú Lương", "abolished-unit"),
        ("Bà con tỉnh Bắc Kạn", "abolished-unit"),
        (unicodedata.normalize("NFD", "Dịch vụ"), "not-nfc"),
    ],
)
def test_each_rule_is_seen(text: str, code: str) -> None:
    assert code in codes(f"{GOOD} {text}")


@pytest.mark.parametrize(
    "text",
    [
        "Cơ quan nhà nước không bao giờ yêu cầu cung cấp mã OTP",
        "Không cung cấp mã OTP cho bất kỳ ai",
        "Tuyệt đối không gửi mật khẩu cho người lạ",
        "Never give your OTP to anyone",
        "lúc 19h30 ngày 10/10/2027, Quyết định số 1588/QĐ-TTg, giảm 3.000 đồng, đạt 99.5%",
        "Thái Nguyên. Bắc Kạn. TP.HCM",
    ],
)
def test_warnings_dates_and_figures_are_not_taken_for_scams(text: str) -> None:
    assert not codes(f"{GOOD} {text}") & {"asks-for-secret", "personal-data", "host-not-allowed", "placeholder-left"}


def test_the_issuer_must_be_named_and_the_hotline_should_be() -> None:
    assert codes("Nộp hồ sơ tại dichvucong.gov.vn") == {"issuer-missing", "hotline-missing"}


def test_a_security_topic_should_warn_of_otp() -> None:
    security = Rules(RULES.allowed_hosts, RULES.issuers, RULES.hotline, security=True)
    assert codes(GOOD, security) == {"otp-warning-missing"}
    assert codes(f"{GOOD} Không cung cấp OTP.", security) == set()


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("dichvucong.gov.vn", True),
        ("a.b.dichvucong.gov.vn", True),
        ("dichvucong.gov.vn.", True),
        ("gov.vn", False),
        ("dichvucong.gov.vn.top", False),
        ("dichvucong-gov.vn", False),
        ("dichvucong.gov.vn\u200b", False),
        ("", False),
    ],
)
def test_hosts_are_compared_label_by_label(host: str, allowed: bool) -> None:
    assert host_allowed(host, ("dichvucong.gov.vn",)) is allowed


def test_a_finding_never_shows_a_whole_number() -> None:
    found = lint(f"{GOOD} gọi 0912345678", "x", RULES)
    assert not any("0912345678" in str(finding.words) for finding in found)


def test_a_commune_may_give_its_own_hotline_and_no_other_number() -> None:
    rules = Rules(["dichvucong.gov.vn"], hotline="1022", local_hotlines=["0912 000 123"])
    assert lint("Bà con gọi 0912 000 123.", "x", rules) == ()
    assert [finding.code for finding in lint("Bà con gọi 0912 000 124.", "x", rules)] == [
        "personal-data", "hotline-missing",
    ]  # fmt: skip
