"""Migrations: complete, named by intent, free of our own code."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPS = ("core", "accounts", "crm", "outreach", "campaigns", "billing")
FILES = sorted(path for app in APPS for path in (ROOT / app / "migrations").glob("[0-9]*.py"))


def test_the_models_have_no_change_without_a_migration():
    command = [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_a_migration_is_named_by_its_intent(path):
    assert "_auto_" not in path.stem


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_a_migration_imports_no_rule_of_ours(path):
    imported = [
        name
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    ]
    # Column defaults are named where they live; data migrations use the historical models only.
    ours = [name for name in imported if name.split(".")[0] in APPS]
    assert "RunPython" not in path.read_text() or ours == []
