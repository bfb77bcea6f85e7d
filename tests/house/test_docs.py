"""The documentation: its links lead somewhere, its tree is the tree, its generated pages are current."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
APPS = ("config", "core", "accounts", "crm", "outreach", "campaigns", "billing")


def test_every_link_leads_somewhere():
    lost = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in PAGES
        for link in re.findall(r"\]\(([^)#\s]+)", page.read_text())
        if not link.startswith("http") and not (page.parent / link).exists()
    ]
    assert lost == []


def test_the_tree_of_the_architecture_page_is_the_tree():
    text = (ROOT / "docs" / "architecture.md").read_text()
    tree = text.partition("## The tree")[2].partition("```\n")[2].partition("```")[0]
    sections = dict(re.findall(r"^([a-z]+)/ (.*?)(?=^[a-z]+/|\Z)", tree, re.MULTILINE | re.DOTALL))
    assert set(APPS) <= set(sections)
    missing = [
        f"{app}/{name}"
        for app in APPS
        for name in re.findall(r"[\w/]+\.py|\b[a-z]+/(?=[\s{])", sections[app])
        if not (ROOT / app / name).exists() and not list((ROOT / app).rglob(Path(name).name))
    ]
    assert missing == []


def test_the_generated_pages_are_current():
    command = [sys.executable, "ci/docs.py", "--check"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_page_is_named_in_the_index():
    index = (ROOT / "docs" / "README.md").read_text()
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    assert {page for page in pages - {"README.md"} if f"({page})" not in index} == set()
