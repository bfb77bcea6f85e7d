"""What every test shares: folders of its own, the relay drained by hand."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection

pytest_plugins = ("tests.people",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the houses of their own, which take longest, so that no process waits for the other's last test."""
    items.sort(key=lambda item: "flows" not in item.path.parts)


@pytest.fixture(autouse=True)
def own_folders(settings, tmp_path: Path) -> None:
    """Mail, drop folder and files of one test lie below its tmp_path."""
    settings.MAIL_DIR = tmp_path / "mail"
    settings.MAIL_DROP_DIR = tmp_path / "inbound"
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.BACKUP_DIR = tmp_path / "backups"


@pytest.fixture(autouse=True)
def only_a_database_can_be_a_restored_copy(request, monkeypatch) -> None:
    """Whatever asks whether it may talk to the world gets its answer in tests without a database, too."""
    asks = {"db", "transactional_db"} & set(request.fixturenames)
    if not asks and request.node.get_closest_marker("django_db") is None:
        monkeypatch.setattr("core.quarantine._restored_at", [lambda: None])


@pytest.fixture
def run_events() -> Callable[[], int]:
    """Return a function that delivers events, and what they lead to, until nothing is due."""
    from core import relay

    def drain() -> int:
        return relay.drain(limit=1_000, seconds=60)

    return drain


@pytest.fixture(scope="session", autouse=True)
def no_connection_outlives_the_tests(django_db_setup, django_db_blocker):
    """End what threads of a live server still hold, so that PostgreSQL can drop the test database."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
