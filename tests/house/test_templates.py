"""Templates: they parse, their parts and addresses exist, nothing is inline, forms work without scripts."""

import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from django.template import TemplateSyntaxError, engines
from django.urls import get_resolver

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
FILES = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html"))
PAPER = ("pdf/", "mail/")
"""Printed pages and mails carry their styles with them."""
STRANGERS = ("crm/public_forms/",)
"""Forms that a stranger posts from any site, without a session that a forged post could use."""


@cache
def source(name: str) -> str:
    return (TEMPLATES / name).read_text()


@cache
def parts_of(name: str) -> frozenset[str]:
    return frozenset(re.findall(r"{% partialdef ([\w-]+)", source(name)) if name in FILES else ())


def per_template(find: Callable[[str], Iterable[str]], skip: tuple[str, ...] = ("-",)) -> list[str]:
    """What `find` finds, with the template it was found in."""
    return [f"{name}: {hit}" for name in FILES if not name.startswith(skip) for hit in find(name)]


def views() -> list[tuple[str, str]]:
    return [
        (str(path.relative_to(ROOT)), path.read_text())
        for pattern in ("*/views/**/*.py", "*/views.py")
        for path in sorted(ROOT.glob(pattern))
        if ".venv" not in path.parts
    ]


def url_names(patterns=None, prefix: str = "") -> set[str]:
    names = set()
    for entry in patterns or get_resolver().url_patterns:
        if hasattr(entry, "url_patterns"):
            inner = f"{prefix}{entry.namespace}:" if entry.namespace else prefix
            names |= url_names(entry.url_patterns, inner)
        elif entry.name:
            names.add(prefix + entry.name)
    return names


def test_every_template_parses():
    broken = []
    for name in FILES:
        try:
            engines["django"].get_template(name)
        except TemplateSyntaxError as error:
            broken.append(f"{name}: {error}")
    assert broken == []


def test_nothing_is_inline():
    inline = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>|<style\b|\sstyle=|\son[a-z]+=")
    found = per_template(lambda name: inline.findall(source(name)), skip=PAPER)
    assert [item for item in found if 'type="application/json"' not in item] == []


def test_every_address_in_a_template_exists():
    known = url_names()
    # `{% url … as x %}` is how a page asks whether an address exists.
    asked = re.compile(r"{% url ['\"]([\w:-]+)['\"](?![^%]*\bas\b)")
    assert per_template(lambda name: set(asked.findall(source(name))) - known) == []


def test_every_part_that_a_view_answers_with_exists():
    call = re.compile(r"page\(\s*request,\s*\"([\w/.-]+)\"(?:(?!\bpage\().)*?parts=\(([^)]*)\)", re.DOTALL)
    missing = [
        f"{path}: {template}#{part}"
        for path, text in views()
        for template, parts in call.findall(text)
        for part in re.findall(r'"([\w-]+)"', parts)
        if part not in parts_of(template)
    ]
    assert missing == []


def test_every_template_that_a_view_names_exists():
    missing = [
        f"{path}: {name}"
        for path, text in views()
        for name in re.findall(r"\"([a-z_]+/[\w/-]+\.html)(?:#[\w-]+)?\"", text)
        if name not in FILES
    ]
    assert missing == []


def test_a_part_has_an_element_with_its_name():
    def nameless(name: str) -> list[str]:
        return [part for part in parts_of(name) if not re.search(rf"id=\"{part}(-{{{{[^\"]*}}}})?\"", source(name))]

    assert per_template(nameless) == []


def test_a_target_is_an_element_of_ours():
    """`hx-target="#x"` names an id that some template gives."""
    ids = {re.sub(r"-?{{.*", "", found) for name in FILES for found in re.findall(r"\sid=\"([^\"]+)\"", source(name))}

    def lost(name: str) -> list[str]:
        asked = re.findall(r"hx-target=\"#([^\"]+)\"", source(name))
        return [target for target in asked if re.sub(r"-?{{.*", "", target) not in ids]

    assert per_template(lost) == []


def test_what_htmx_posts_a_plain_form_posts_too():
    def bare(name: str) -> list[str]:
        tags = re.findall(r"<[a-z]+[^>]*\shx-post=[^>]*>", source(name))
        return [
            tag
            for tag in tags
            if not tag.startswith(("<form", "<button")) or (tag.startswith("<form") and "action=" not in tag)
        ]

    assert per_template(bare) == []


def test_every_post_form_carries_the_token():
    form = re.compile(r"<form[^>]*method=\"post\".*?</form>", re.DOTALL | re.IGNORECASE)

    def bare(name: str) -> list[str]:
        return [found[:80] for found in form.findall(source(name)) if "csrf_token" not in found]

    assert per_template(bare, skip=STRANGERS) == []
