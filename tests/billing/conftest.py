"""Stripe's stand-in, started once: it checks every call against the vendor's own description."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SPECS = Path(__file__).resolve().parents[3] / "shared" / "vendor-specs"


@pytest.fixture(scope="session")
def stand_in() -> Iterator[Any]:
    """Return the running stand-in; skipped with the reason where it cannot run."""
    if not SPECS.exists():
        pytest.skip("../shared/vendor-specs is not here")
    sys.path.insert(0, str(SPECS))
    try:
        from oracle import Oracle
    except ImportError as error:
        pytest.skip(f"the stand-in needs {error.name} (vendor-specs/requirements.txt)")
    finally:
        sys.path.remove(str(SPECS))
    with Oracle("stripe") as server:
        yield server


@pytest.fixture
def oracle(stand_in: Any) -> Any:
    """Return the stand-in as if just started."""
    stand_in.reset()
    return stand_in
