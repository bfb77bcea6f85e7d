"""Events and actions say what they are; styles and scripts stay small; no secret lies in the tree."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from core.actions import CATALOGUE
from core.events import EVENTS, SUBSCRIBERS

ROOT = Path(__file__).resolve().parents[2]
BUDGETS = tomllib.loads((ROOT / "ci" / "budgets.toml").read_text())
SECRETS = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    r"\b(sk|rk)_live_[0-9A-Za-z]{24,}",
    r"\bsk-[A-Za-z0-9]{32,}",
    r"\bAKIA[0-9A-Z]{16}\b",
    r"\bghp_[A-Za-z0-9]{36}\b",
    r"\bxox[abp]-[0-9A-Za-z-]{20,}",
    r"\bwhsec_[A-Za-z0-9]{24,}",
)


def files(*patterns: str) -> list[Path]:
    """Everything that git knows or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def of_the_product(thing: object) -> bool:
    """Tests declare actions and events of their own; those are not meant."""
    return not thing.__module__.startswith("tests")


def test_every_action_says_what_it_does():
    ours = {name: spec for name, spec in CATALOGUE.items() if of_the_product(spec.function)}
    assert [name for name, spec in ours.items() if not spec.doc.strip()] == []


def test_every_event_says_what_happened():
    # A dataclass without words gets its signature as its docstring.
    docs = {name: cls.__doc__ or "" for name, cls in EVENTS.items() if of_the_product(cls)}
    assert [name for name, doc in docs.items() if not doc or doc.startswith(EVENTS[name].__name__ + "(")] == []


def test_every_subscriber_listens_to_an_event_that_exists():
    assert set(SUBSCRIBERS) <= set(EVENTS)


@pytest.mark.parametrize("kind", ["css", "js"])
def test_styles_and_scripts_stay_small(kind):
    sizes = {path.name: path.stat().st_size for path in (ROOT / "static" / kind).rglob(f"*.{kind}")}
    assert {n: s for n, s in sizes.items() if s > BUDGETS["bytes"][f"{kind}_file"]} == {}
    assert sum(sizes.values()) <= BUDGETS["bytes"][f"{kind}_total"]


def test_no_secret_lies_in_the_tree():
    found = []
    for path in files():
        if path.suffix in {".png", ".ico", ".woff2", ".pdf"} or path == Path(__file__):
            continue
        text = path.read_text(errors="replace")
        found += [f"{path.relative_to(ROOT)}: {secret}" for secret in SECRETS if re.search(secret, text)]
    assert found == []


def test_no_data_of_an_install_lies_in_the_tree():
    names = [path.name for path in files()]
    assert [name for name in names if re.search(r"\.sqlite3|-key$|^\.env$", name)] == []


def test_no_unfinished_mark_is_left():
    mark = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
    found = [
        f"{path.relative_to(ROOT)}"
        for path in files("*.py", "*.html", "*.js", "*.css")
        if mark.search(path.read_text())
    ]
    assert found == []
