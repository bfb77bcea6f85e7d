"""The signature of mail that another server posts to us: an HMAC over time and body, good for five minutes."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

WINDOW = timedelta(minutes=5)
TIMESTAMP, SIGNATURE = "X-CRM-Timestamp", "X-CRM-Signature"


def sign(secret: str, body: bytes, at: datetime) -> dict[str, str]:
    """Return the two headers that a sender sets."""
    stamp = str(int(at.timestamp()))
    return {TIMESTAMP: stamp, SIGNATURE: f"sha256={_mac(secret, stamp, body)}"}


def verify_inbound_signature(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Tell whether the body is signed with our secret and fresh; without a secret nothing is."""
    stamp = headers.get(TIMESTAMP, "")
    if not secret or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        return False
    if abs(now - datetime.fromtimestamp(int(stamp), UTC)) > WINDOW:
        return False
    given = headers.get(SIGNATURE, "").removeprefix("sha256=")
    return hmac.compare_digest(_mac(secret, stamp, body).encode(), given.encode("utf-8", "replace"))


def _mac(secret: str, stamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
