"""What is installed stands at or above its security floor and is pinned with hashes."""

import re
from importlib import metadata
from pathlib import Path

import pytest

from core.management.commands.doctor import FLOORS, version_of

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.txt", "requirements-dev.txt")


@pytest.mark.parametrize("package", FLOORS)
def test_an_installed_package_stands_at_its_floor(package):
    assert version_of(package) >= FLOORS[package]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_with_hashes(lock):
    entries = re.split(r"\n(?=[a-z0-9])", (ROOT / lock).read_text())[1:]
    assert len(entries) > 50
    for entry in entries:
        assert re.match(r"[a-z0-9-]+==\S+", entry), entry.splitlines()[0]
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


@pytest.mark.parametrize("lock", LOCKS)
def test_no_index_is_named(lock):
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", (ROOT / lock).read_text())


def test_the_installed_versions_are_the_pinned_ones():
    pinned = re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    different = {
        name: (version, metadata.version(name))
        for name, version in pinned
        if name != "pysqlite3" and metadata.version(name) != version
    }
    assert different == {}


def test_only_one_of_the_two_state_machine_packages_is_installed():
    names = {distribution.name.lower() for distribution in metadata.distributions()}
    assert len(names & {"django-fsm", "django-fsm-2"}) == 1
