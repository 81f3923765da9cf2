"""A template is untrusted: it can say words and nothing else."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from loa.model.errors import ContentError, Where
from loa.text.render import Templates

VALUES = {"name": "Mẫu", "items": ["một", "hai"], "days_left": 3}


@pytest.fixture
def templates(tmp_path: Path) -> Templates:
    return Templates(tmp_path, lambda path: str(path.relative_to(tmp_path)))


def render(templates: Templates, source: str) -> str:
    return templates.render_text(source, VALUES, Where("x.j2"))


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Xin chào {{ name }}", "Xin chào Mẫu"),
        ("{{ name|upper }} {{ name|unaccent }}", "MẪU Mau"),
        ("thôn {{ name|uncapitalize }}", "thôn mẫu"),
        ("{% if days_left > 0 %}còn {{ days_left }} ngày{% else %}hôm nay{% endif %}", "còn 3 ngày"),
        (unicodedata.normalize("NFD", "Mẫu") + " {{ name }}", "Mẫu Mẫu"),  # loose marks come out composed
    ],
)
def test_says_words(templates: Templates, source: str, text: str) -> None:
    assert render(templates, source) == text


@pytest.mark.parametrize(
    "source",
    [
        "{{ name.__class__ }}",
        "{{ name.__class__.__mro__[1].__subclasses__() }}",
        "{{ ''.__class__ }}",
        "{{ name['__class__'] }}",
        "{{ name|attr('__class__') }}",
        "{{ name() }}",
        "{{ range(10) }}",
        "{{ cycler.__init__.__globals__ }}",
        "{% include 'other' %}",
        "{% extends 'other' %}",
        "{% import 'other' as o %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% set a = name %}{{ a }}",
        "{{ name ~ name }}",
        "{{ name * 1000000000 }}",
        "{{ 2 ** 1000000000 }}",
        "{{ '%1000000000d' % 1 }}",
        "{% for a in items %}{{ a }}{% endfor %}",
        "{{ (name, 'x')[1] }}",
        "{{ name.upper }}",
        "{{ name" + "|upper" * 300 + " }}",
        "{% if name %}" * 105 + "{% endif %}" * 105,
        "{{ name" + " and name" * 400 + " }}",
        "{{ " + "9" * 5000 + " }}",
        "{{ name }}" * 1200,
        "{% for a in items recursive %}{{ loop(items) }}{% endfor %}",
        "{{ name|center(1000000000) }}",
        "{{ name|replace('M', 'MMMMMMMMM') }}",
        "{{ name|pprint }}",
        "{% call name() %}{% endcall %}",
        "{{ name is callable }}",
        "{% do name %}",
    ],
)
def test_reaches_nothing_and_cannot_run_away(templates: Templates, source: str) -> None:
    with pytest.raises(ContentError) as caught:
        render(templates, source)
    assert caught.value.code in {"template-unsafe", "template-broken", "placeholder-unknown"}


def test_a_misspelt_placeholder_names_its_line_and_those_that_exist(templates: Templates, tmp_path: Path) -> None:
    (tmp_path / "sms").mkdir()
    (tmp_path / "sms/a.vi.j2").write_text("Dòng một\nXin chào {{ nmae }}\n", encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        templates.render("sms", "a", "vi", "j2", VALUES)
    error = caught.value
    assert (error.code, error.where) == ("placeholder-unknown", Where("sms/a.vi.j2", 2, None))
    assert "nmae" in error.words.vi
    assert "days_left" in error.words.vi


def test_a_template_that_is_not_there_names_those_that_are(templates: Templates, tmp_path: Path) -> None:
    (tmp_path / "sms/dot").mkdir(parents=True)
    (tmp_path / "sms/dot/mo-dau.vi.j2").write_text("Xin chào", encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        templates.render("sms", "dot/mo-dua", "vi", "j2", VALUES)
    assert caught.value.code == "template-missing"
    assert "dot/mo-dau" in caught.value.words.vi


@pytest.mark.parametrize(("data", "code"), [(b"\xc4\xfa", "not-utf-8"), (b"  \n", "template-empty")])
def test_bytes_that_are_no_text_and_text_that_says_nothing(
    templates: Templates, tmp_path: Path, data: bytes, code: str
) -> None:
    (tmp_path / "sms").mkdir()
    (tmp_path / "sms/a.vi.j2").write_bytes(data)
    with pytest.raises(ContentError) as caught:
        templates.render("sms", "a", "vi", "j2", VALUES)
    assert caught.value.code == code


def test_broken_syntax_names_the_line(templates: Templates) -> None:
    with pytest.raises(ContentError) as caught:
        templates.render_text("một\nhai {{ name", VALUES, Where("x.yaml", 10, "copy.title"))
    assert (caught.value.code, caught.value.where) == ("template-broken", Where("x.yaml", 11, "copy.title"))


def test_a_value_that_looks_like_a_template_stays_words(templates: Templates) -> None:
    values = {**VALUES, "name": "{{ items }}{% for %}"}
    assert templates.render_text("{{ name }}", values, Where("x")) == "{{ items }}{% for %}"


def test_an_endless_source_is_refused(templates: Templates) -> None:
    with pytest.raises(ContentError) as caught:
        render(templates, "a" * 60_000)
    assert caught.value.code == "template-too-long"
