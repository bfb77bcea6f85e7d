"""Stripe: payment pages, refunds, and the truth about both; the only importer of its library."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from core import clock, quarantine
from core.effects import Rejected, RetryLater
from core.logs import vendor_call
from core.numbers import is_number
from outreach.connectors.ports import Connector

CONNECTOR = Connector("stripe", "Stripe", ("payments",), "STRIPE_API_KEY")
TOLERANCE = 300  # seconds; Stripe's own default
EVENT_TYPES = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "charge.refunded",
)


@dataclass(frozen=True)
class StripePage:
    """A payment page as Stripe made it."""

    external_id: str
    url: str
    expires_at: datetime | None = None


@dataclass(frozen=True)
class StripeEvent:
    """What one event says, in our words; amounts in minor units, currency in capitals."""

    event_id: str
    type: str
    livemode: bool
    at: datetime
    object_id: str
    reference: str = ""
    payment_id: str = ""
    mode: str = ""
    payment_status: str = ""
    amount_minor: int = 0
    refunded_minor: int = 0
    currency: str = ""
    metadata: dict[str, str] = field(default_factory=dict)


class BadSignature(Exception):
    """The delivery is not from Stripe, or too old; the message says which check failed."""


class BadEvent(Exception):
    """A signed body that does not read as an event."""


def verify(body: bytes, header: str, secrets: str, *, tolerance: int = TOLERANCE) -> None:
    """Check a Stripe-Signature over the raw body; raises BadSignature.

    - `secrets` may hold two, comma-separated, while one is being replaced; none refuses everything.
    - A time more than `tolerance` seconds away, before or after, refuses a replay.
    """
    keys = [secret.strip() for secret in secrets.split(",") if secret.strip()]
    if not keys:
        raise BadSignature("No webhook secret is configured.")
    pairs = [part.strip().partition("=") for part in header.split(",")]
    stamps = [value for name, _, value in pairs if name == "t"]
    given = [value for name, _, value in pairs if name == "v1"]
    if len(stamps) != 1 or not (stamps[0].isascii() and stamps[0].isdigit()) or not given:
        raise BadSignature("The Stripe-Signature header is missing or unreadable.")
    signed = stamps[0].encode() + b"." + body
    wanted = [hmac.new(key.encode(), signed, hashlib.sha256).hexdigest() for key in keys]
    if not any(hmac.compare_digest(mine.encode(), theirs.encode()) for mine in wanted for theirs in given):
        raise BadSignature("The signature does not match the body.")
    if abs(clock.now().timestamp() - int(stamps[0][:15])) > tolerance:
        raise BadSignature("The signature is too old, or this server's clock is wrong.")


def signature(body: bytes, secret: str, at: datetime) -> str:
    """Return the header that Stripe would send for this body; the sandbox signs with it."""
    stamp = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"


def event_id(body: bytes) -> str:
    """Return the id of a verified event, by which repeats are known; raises BadEvent."""
    found = _parsed(body).get("id")
    if not isinstance(found, str) or not 0 < len(found) <= 255 or not found.isascii():
        raise BadEvent("The event has no id.")
    return found


def read_event(body: str | bytes) -> StripeEvent:
    """Read a stored event; raises BadEvent when a member that we rely on is not what it should be."""
    whole = _parsed(body)
    try:
        thing = whole["data"]["object"]
        intent = thing.get("payment_intent")
        intent = intent.get("id") if isinstance(intent, dict) else intent
        metadata = {str(key): str(value) for key, value in (thing.get("metadata") or {}).items()}
        return StripeEvent(
            event_id=str(whole["id"]),
            type=str(whole["type"]),
            livemode=whole.get("livemode") is True,
            at=datetime.fromtimestamp(int(whole.get("created") or 0), UTC),
            object_id=str(thing.get("id") or ""),
            reference=metadata.get("checkout", "") or str(thing.get("client_reference_id") or ""),
            payment_id=str(intent or thing.get("id") or ""),
            mode=str(thing.get("mode") or ""),
            payment_status=str(thing.get("payment_status") or ""),
            amount_minor=_whole(thing.get("amount_total", thing.get("amount"))),
            refunded_minor=_whole(thing.get("amount_refunded")),
            currency=str(thing.get("currency") or "").upper(),
            metadata=metadata,
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BadEvent("The event cannot be read.") from error


@dataclass(frozen=True)
class Stripe:
    """One Stripe account: its key and its address (a stand-in's, in tests)."""

    api_key: str
    base_url: str = "https://api.stripe.com"
    timeout: float = 20

    def open_page(
        self,
        *,
        key: str,
        reference: str,
        name: str,
        amount_minor: int,
        currency: str,
        email: str,
        success_url: str,
        cancel_url: str,
        metadata: dict[str, str],
    ) -> StripePage:
        """Make a Checkout Session for one sum; the same `key` again returns the same session."""
        product = {"currency": currency.lower(), "unit_amount": amount_minor}
        params: dict[str, Any] = {
            "mode": "payment",
            "client_reference_id": reference,
            "line_items": [{"quantity": 1, "price_data": {**product, "product_data": {"name": name}}}],
            "success_url": success_url,
            "cancel_url": cancel_url,
            "metadata": {**metadata, "checkout": reference},
            "payment_intent_data": {"metadata": {**metadata, "checkout": reference}},
        }
        if email:
            params["customer_email"] = email
        made = self._call(lambda api: api.v1.checkout.sessions.create(params, {"idempotency_key": key}))
        if not made.id or not made.url:
            raise RetryLater("Stripe answered without an address.")
        until = getattr(made, "expires_at", None)
        return StripePage(made.id, made.url, datetime.fromtimestamp(until, UTC) if until else None)

    def close_page(self, external_id: str) -> None:
        """Expire a Checkout Session, so that nobody pays on it any more."""
        self._call(lambda api: api.v1.checkout.sessions.expire(external_id))

    def refund(self, *, key: str, payment_id: str, amount_minor: int) -> str:
        """Send money of a payment intent back; the same `key` again returns the same refund."""
        params = {"payment_intent": payment_id, "amount": amount_minor}
        made = self._call(lambda api: api.v1.refunds.create(params, {"idempotency_key": key}))
        if made.status in {"failed", "canceled"}:
            raise Rejected(f"Stripe could not refund: {made.status}.")
        return str(made.id)

    def events_since(self, moment: datetime) -> Iterator[tuple[str, str]]:
        """Yield (event id, body) of the events we act on, for those whose delivery went astray."""
        params = {"types": list(EVENT_TYPES), "created": {"gte": int(moment.timestamp())}, "limit": 100}
        page = self._call(lambda api: api.v1.events.list(params))
        while True:
            for event in page.data:
                yield event.id, json.dumps(event.to_dict(), default=str)
            if not page.has_more or not page.data:
                return
            after = page.data[-1].id
            page = self._call(lambda api, last=after: api.v1.events.list({**params, "starting_after": last}))

    def _call(self, work: Callable[[Any], Any]) -> Any:
        import stripe

        if quarantine.is_quiet():
            raise RetryLater(quarantine.WORDS)
        client = stripe.StripeClient(
            self.api_key,
            base_addresses={"api": self.base_url.rstrip("/")},
            max_network_retries=2,
            http_client=stripe.RequestsClient(timeout=self.timeout),
        )
        try:
            with vendor_call("stripe", "api"):
                return work(client)
        except stripe.StripeError as error:
            raise _translated(error) from error
        except json.JSONDecodeError as error:
            raise RetryLater("Stripe's answer was cut short.") from error


def _translated(error: Any) -> RetryLater | Rejected:
    """Return what the ledger should do: try again with the same key, or give up and say why."""
    status = error.http_status
    said = error.user_message or str(error)
    if status in {401, 403}:
        return Rejected("Stripe refused the API key. Check STRIPE_API_KEY.")
    if status is None or status in {409, 429} or status >= 500 or status < 400:
        return RetryLater(f"Stripe is not answering as it should ({status or 'no answer'}).", _after(error))
    return Rejected(f"Stripe refused: {said}"[:250])


def _after(error: Any) -> float | None:
    value = (error.headers or {}).get("retry-after") or (error.headers or {}).get("Retry-After") or ""
    return float(value) if is_number(value) else None


def _parsed(body: str | bytes) -> dict[str, Any]:
    try:
        whole = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadEvent("The body is not JSON.") from error
    if not isinstance(whole, dict):
        raise BadEvent("The body is not an event.")
    return whole


def _whole(value: Any) -> int:
    """Return a count of minor units; anything but a whole number is refused rather than rounded."""
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadEvent("An amount is not a whole number.")
    return value
