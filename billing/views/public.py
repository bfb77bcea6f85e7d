"""What the customer sees: no account, no cache, not in search engines; reading changes nothing."""

import functools
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from billing.actions.acceptance import CLOSED_WORDS, accept_proposal, ask_question, decline_proposal, record_view
from billing.actions.payments import is_settled, is_usable, sandbox_allowed, start_checkout
from billing.forms.proposals import AcceptForm, DeclineForm, QuestionForm
from billing.links import token_of
from billing.models import Checkout, Proposal
from billing.models.proposal import CLOSED
from billing.queries.invoices import bill_of, invoice_by_token
from billing.queries.proposals import GONE, content_digest, last_checkout, printed, proposal_by_token
from billing.values import Evidence
from billing.views.documents import document
from core.actions import clean
from core.doors import public
from core.errors import Invalid, NotFound, Refused
from core.pages import page
from crm.sheets import add_errors

View = Callable[..., HttpResponse]


def _discreet(view: View) -> View:
    """Keep a public page out of caches and search engines."""

    @functools.wraps(view)
    def answer(*args: Any, **kwargs: Any) -> HttpResponse:
        response = view(*args, **kwargs)
        response["Cache-Control"] = "private, no-store"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return answer


@_discreet
@public()
def proposal(request: HttpRequest, token: str) -> HttpResponse:
    """The proposal, with what can be done in its state."""
    return _show(request, token)


@_discreet
@public(methods=("POST",))
def seen(request: HttpRequest, token: str) -> HttpResponse:
    """Note the first look; the page posts this by itself."""
    record_view(_open(token), actor=request.actor)
    return HttpResponse(status=204)


@_discreet
@public(methods=("POST",))
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Sign, and go on to the payment."""
    form = AcceptForm(request.POST)
    try:
        values = clean(AcceptForm, request.POST)
        evidence = Evidence(name=values["name"], ip=request.actor.ip, agent=request.headers.get("User-Agent", ""))
        signed = accept_proposal(_open(token), actor=request.actor, evidence=evidence, digest=values["digest"])
    except Invalid as error:
        add_errors(form, error.errors)
        return _show(request, token, accept_form=form, status=error.status)
    except Refused as error:
        return _show(request, token, refusal=error.message, status=error.status)
    try:
        start_checkout(signed, actor=request.actor)
    except Refused:
        return _to("public-proposal", token)
    return _to("public-pay", token)


@_discreet
@public(methods=("POST",))
def decline(request: HttpRequest, token: str) -> HttpResponse:
    """Say no."""
    try:
        values = clean(DeclineForm, request.POST)
        decline_proposal(_open(token), actor=request.actor, reason=values["reason"])
    except (Invalid, Refused) as error:
        return _show(request, token, refusal=error.message, status=error.status)
    return _to("public-proposal", token)


@_discreet
@public(methods=("POST",))
def question(request: HttpRequest, token: str) -> HttpResponse:
    """Ask."""
    form = QuestionForm(request.POST)
    try:
        values = clean(QuestionForm, request.POST)
        ask_question(_open(token), actor=request.actor, question=values["question"])
    except Invalid as error:
        add_errors(form, error.errors)
        return _show(request, token, question_form=form, status=error.status)
    except Refused as error:
        return _show(request, token, refusal=error.message, status=error.status)
    return _to("public-proposal", token, "?asked=1")


@_discreet
@public(methods=("GET", "HEAD", "POST"))
def pay(request: HttpRequest, token: str) -> HttpResponse:
    """The way to the payment page; a POST asks for a new one."""
    found = _open(token)
    if request.method == "POST":
        start_checkout(found, actor=request.actor)
        return _to("public-pay", token)
    checkout = last_checkout(found)
    if found.state != "accepted" or is_settled(found) or (checkout is not None and checkout.state == "confirming"):
        return _to("public-proposal", token)
    context = {"proposal": found, "checkout": checkout, "token": token, "url": ""}
    if checkout is not None and checkout.state == "open" and is_usable(checkout):
        context["url"] = checkout.url or reverse("billing:sandbox-pay", args=[checkout.reference])
    return page(request, "billing/public/pay.html", context)


@_discreet
@public()
def pdf(request: HttpRequest, token: str) -> HttpResponse:
    """The proposal on paper."""
    found = _open(token)
    name = f"Proposal {found.reference}"
    return document(request, found.pdf_path, "pdf/proposal.html", printed(found), name)


@_discreet
@public()
def invoice(request: HttpRequest, token: str) -> HttpResponse:
    """The invoice."""
    return page(request, "billing/public/invoice.html", {"invoice": invoice_by_token(token), "token": token})


@_discreet
@public()
def invoice_pdf(request: HttpRequest, token: str) -> HttpResponse:
    """The invoice on paper."""
    found = invoice_by_token(token)
    return document(request, found.pdf_path, "pdf/invoice.html", {"invoice": found}, found.number)


def _open(token: str) -> Proposal:
    """Return a proposal that has left us; a draft is nobody's business."""
    found = proposal_by_token(token)
    if found.state in {"draft", "pending_approval"} and not found.queued_at:
        raise NotFound(GONE)
    return found


def _show(request: HttpRequest, token: str, *, status: int = 200, **more: Any) -> HttpResponse:
    found = _open(token)
    checkout = last_checkout(found)
    bill = bill_of(found.deal)
    context = {
        **printed(found),
        "token": token,
        "digest": content_digest(found),
        "accept_form": AcceptForm(),
        "question_form": QuestionForm(),
        "closed": CLOSED_WORDS.get(str(found.state), ""),
        "checkout": checkout,
        "invoice": bill,
        "invoice_token": token_of(bill) if bill else "",
        "is_paid": is_settled(found) and found.state not in CLOSED,
        "sandbox": sandbox_allowed(),
        "asked": request.GET.get("asked") == "1",
        "is_confirming": found.state == "accepted" and _is_confirming(request, checkout),
        **more,
    }
    return page(request, "billing/public/proposal.html", context, status=status)


def _is_confirming(request: HttpRequest, checkout: Checkout | None) -> bool:
    """Answer whether money is under way: the bank has it, or the customer just came back."""
    if checkout is None:
        return False
    came_back = request.GET.get("done") == "1" and checkout.state == "open"
    return checkout.state == "confirming" or came_back


def _to(name: str, token: str, query: str = "") -> HttpResponse:
    response = HttpResponseRedirect(reverse(f"billing:{name}", args=[token]) + query)
    response.status_code = 303
    return response
