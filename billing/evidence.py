"""What exactly was offered, as one hash: the proof of what a customer accepted; pure."""

import hashlib
import json
from typing import Any


def digest(content: dict[str, Any]) -> str:
    """Return the SHA-256 of a proposal's content in canonical JSON."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
