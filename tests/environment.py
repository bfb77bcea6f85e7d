"""The environment of every test run; loaded by `-p` before Django reads its settings.

Nothing of a developer's own settings reaches the tests, except the database and Redis they are asked to use.
"""

import atexit
import os
import shutil
import tempfile

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
