"""The door for Stripe's events: verified, stored, answered; read afterwards."""

import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from accounts.actor import Actor
from core.doors import public
from outreach.actions.hooks import accept_hook
from outreach.connectors.stripe import BadEvent, BadSignature, event_id, verify

log = logging.getLogger(__name__)
MAX_BODY = 1_000_000


@csrf_exempt
@public(methods=("POST",))
def stripe(request: HttpRequest) -> HttpResponse:
    """Store one event of Stripe; 200 only once it is committed."""
    header = request.headers.get("Stripe-Signature", "")
    body = request.read(MAX_BODY + 1)
    return receive("stripe", body, header, settings.STRIPE_WEBHOOK_SECRET)


def receive(vendor: str, body: bytes, header: str, secrets: str) -> HttpResponse:
    """Verify and store a delivery; a repeat is answered alike and changes nothing."""
    if len(body) > MAX_BODY:
        return JsonResponse({"error": "The body is over 1 MB."}, status=413)
    try:
        verify(body, header, secrets)
        external_id = event_id(body)
    except BadSignature as error:
        log.warning("refused a delivery of %s: %s", vendor, error)
        return JsonResponse({"error": str(error)}, status=401)
    except BadEvent as error:
        return JsonResponse({"error": str(error)}, status=400)
    accept_hook(
        actor=Actor.system(vendor, via="hook"),
        vendor=vendor,
        external_id=external_id,
        body=body.decode("utf-8", "replace"),
    )
    return JsonResponse({"received": True})
