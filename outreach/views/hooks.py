"""The door for mail that another server posts to us."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from accounts.actor import Actor
from core.clock import now
from core.doors import public
from outreach.actions.hooks import accept_hook
from outreach.drops import mail_facts
from outreach.signing import verify_inbound_signature


@csrf_exempt
@public(methods=("POST",))
def inbound_mail(request: HttpRequest) -> HttpResponse:
    """Take one mail (RFC 5322 bytes) signed with INBOUND_SECRET; stored before it is answered, once.

    outreach.signing says how; a signature is good for five minutes. Closed while no secret is set.
    """
    if not settings.INBOUND_SECRET:
        return _problem(404, "closed", "Inbound mail by HTTP is not set up. Set INBOUND_SECRET.")
    body = request.read(settings.UPLOAD_MAX_BYTES + 1)
    if len(body) > settings.UPLOAD_MAX_BYTES:
        return _problem(413, "too_large", f"The mail is larger than {settings.UPLOAD_MAX_BYTES // 1_000_000} MB.")
    if not verify_inbound_signature(settings.INBOUND_SECRET, request.headers, body, now()):
        return _problem(
            401,
            "bad_signature",
            "Send X-CRM-Timestamp (Unix seconds, at most five minutes off) and X-CRM-Signature: sha256= and "
            "the HMAC-SHA256 of the timestamp, a dot and the body.",
        )
    if not body.strip():
        return _problem(422, "empty", "The body must be one mail in RFC 5322 form.")
    receipt = accept_hook(actor=Actor.system("inbound-mail", via="hook"), **mail_facts(body))
    return JsonResponse({"receipt": receipt.pk, "state": receipt.state})


def _problem(status: int, code: str, detail: str) -> HttpResponse:
    body = {"status": status, "code": code, "detail": detail}
    return JsonResponse(body, status=status, content_type="application/problem+json")
