"""Every variable that the settings read is explained, and none is explained that is not read."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READERS = {"text", "flag", "number", "words", "secret", "database"}


def read_variables() -> set[str]:
    tree = ast.parse((ROOT / "config" / "settings.py").read_text())
    return {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in READERS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }


def test_the_settings_page_names_exactly_what_is_read():
    page = (ROOT / "docs" / "reference" / "settings.md").read_text()
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE))
    assert documented == read_variables()


def test_the_example_file_names_only_real_variables():
    example = (ROOT / ".env.example").read_text()
    named = set(re.findall(r"^#?\s?([A-Z_]+)=", example, re.MULTILINE))
    assert named <= read_variables() | {"POSTGRES_PASSWORD"}
    assert named


def test_the_environment_is_read_in_one_place_only():
    readers = [
        str(path.relative_to(ROOT))
        for app in ("core", "accounts", "crm", "outreach", "campaigns", "billing")
        for path in (ROOT / app).rglob("*.py")
        if re.search(r"os\.environ(\.get|\[)|os\.getenv", path.read_text())
    ]
    assert readers == []
