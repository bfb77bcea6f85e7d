"""The environment of every test run; loaded by `-p` before Django reads its settings.

Nothing of a developer's own settings reaches the tests, except the database and Redis they are asked to use.
"""

import atexit
import os
import random
import shutil
import tempfile
from collections.abc import Iterable
from itertools import product
from typing import Any

OURS = (
    "EMAIL_URL", "IMAP_URL", "INBOUND_SECRET", "MAIL_DIR", "MAIL_DROP_DIR", "SITE_URL", "PORT",
    "OPENAI_API_KEY", "OPENAI_BASE_URL", "STRIPE_API_KEY", "STRIPE_API_BASE", "STRIPE_WEBHOOK_SECRET",
)  # fmt: skip

for name in OURS:
    os.environ.pop(name, None)
_data = tempfile.mkdtemp(prefix="crm-test-")
atexit.register(shutil.rmtree, _data, ignore_errors=True)
os.environ["CRM_PROFILE"] = "test"
os.environ["CRM_DATA_DIR"] = _data
os.environ["SECRET_KEY"] = "a key that only tests use, long enough for every check of it"


def many(name: str, usual: int) -> int:
    """Return how many examples a test makes: the usual number, or what the environment asks for."""
    return int(os.environ.get(name, usual))


def of_this_round(*of: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Return half of all combinations, by lot: one half on SQLite, the other on PostgreSQL; CRM_EXAMPLES asks for all.

    For walks of thousands of odd values, of which a gate that runs on both databases sees each one once.
    """
    cases = list(product(*of))
    random.Random(len(cases)).shuffle(cases)
    if os.environ.get("CRM_EXAMPLES"):
        return cases
    return cases[bool(os.environ.get("DATABASE_URL")) :: 2]
