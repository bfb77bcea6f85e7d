"""REST for access: who can see a record and why, and its shares."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from accounts.actions.shares import ask_access, share_record, unshare_record
from accounts.forms.access import AskAccessForm, HolderForm, ShareForm
from accounts.queries.access import Share, record_for, seers_of, shares_of
from core.actions import clean
from core.api import body_of, rest
from crm.api.shapes import person

router = Router(tags=["Access"])


def explained(noun: str, record: Any) -> dict[str, Any]:
    """Return everybody who can see a record, by which rule, and the shares that hold."""
    given = shares_of(record)
    seers = seers_of(record, noun, given)
    return {
        "noun": noun,
        "id": record.pk,
        "people": [{**(person(one.user) or {}), "rule": one.rule, "why": one.why, "may": one.may} for one in seers],
        "shares": [share(one) for one in given],
    }


def share(row: Share) -> dict[str, Any]:
    """Return one share."""
    names = ("may", "until", "note", "given_at")
    holder = {"id": row.holder.pk, "name": str(row.holder)}
    shown = {name: getattr(row, name) for name in names}
    return {row.kind: holder, **shown, "given_by": person(row.given_by)}


def offer_access(noun: str, nouns: str) -> None:
    """Register the operations on the access of one kind of record."""
    path, read = f"/{nouns}/{{int:pk}}", f"{noun}:read"

    @rest(router, "GET", f"{path}/access", permission=read)
    def access(request: HttpRequest, pk: int) -> dict[str, Any]:
        """Return who can see the record, by which rule, and the shares that hold."""
        return explained(noun, record_for(request.actor, noun, pk))

    @rest(router, "POST", f"{path}/share", permission=f"{noun}:update", form=ShareForm)
    def give(request: HttpRequest, pk: int) -> dict[str, Any]:
        """Share the record with one person or one team, perhaps until a day."""
        record = record_for(request.actor, noun, pk)
        values = clean(ShareForm, {"may": "read", **body_of(request)}, noun=noun)
        share_record(record, actor=request.actor, noun=noun, **values)
        return explained(noun, record)

    @rest(router, "POST", f"{path}/unshare", permission=f"{noun}:update", form=HolderForm)
    def take_back(request: HttpRequest, pk: int) -> dict[str, Any]:
        """Take a share back, effective at the next request."""
        record = record_for(request.actor, noun, pk)
        values = clean(HolderForm, body_of(request))
        unshare_record(record, actor=request.actor, noun=noun, **values)
        return explained(noun, record)

    @rest(router, "POST", f"{path}/ask-access", permission=read, form=AskAccessForm, answers={204: None})
    def ask(request: HttpRequest, pk: int) -> tuple[int, None]:
        """Ask the owner to be allowed to edit the record."""
        record = record_for(request.actor, noun, pk)
        ask_access(record, actor=request.actor, noun=noun, **clean(AskAccessForm, body_of(request)))
        return 204, None


for one, many in (("contact", "contacts"), ("lead", "leads"), ("deal", "deals")):
    offer_access(one, many)
