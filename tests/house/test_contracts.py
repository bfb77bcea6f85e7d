"""ci/contracts.ini: the imports keep the order, and planted ones are caught."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINTER = str(Path(sys.executable).parent / "lint-imports")
PACKAGES = ("config", "core", "accounts", "crm", "outreach", "campaigns", "billing")
PLANTED = {
    "Call down, publish up": ("crm/models/planted.py", "import outreach.values"),
    "Inside an app": ("crm/models/planted_two.py", "import crm.actions"),
    "No network in a transaction": ("billing/actions/planted.py", "import core.http"),
    "Connectors are independent of one another": (
        "outreach/connectors/planted.py",
        "import outreach.connectors.stripe",
    ),
    "Connectors and agents are pure": ("outreach/agents/planted.py", "import crm.models"),
    "One door to the language model": ("crm/planted.py", "import openai"),
    "One door to the queue": ("crm/jobs.py", "import django_q"),
    "One door to PDF": ("billing/planted.py", "import weasyprint"),
    "One door to Stripe": ("billing/planted_two.py", "import stripe"),
    "No cycles among siblings": ("core/clock.py", "import core.actions"),
}


def lint(root: Path) -> str:
    result = subprocess.run(
        [LINTER, "--config", str(ROOT / "ci" / "contracts.ini"), "--no-cache"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout + result.stderr


def test_the_ten_contracts_are_kept():
    assert re.search(r"Contracts: 10 kept, 0 broken", lint(ROOT)), lint(ROOT)


@pytest.mark.slow
def test_an_import_against_each_contract_is_caught(tmp_path):
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("*.pyc"))
    for path, line in PLANTED.values():
        with (tmp_path / path).open("a") as module:
            module.write(f"\n{line}\n")

    answer = lint(tmp_path)

    broken = {name for name in PLANTED if re.search(rf"{re.escape(name)}.* BROKEN", answer)}
    assert broken == set(PLANTED)
