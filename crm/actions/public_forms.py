"""Public forms are built, and strangers fill them in."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import User
from core.actions import action, clean
from core.crypto import sha256
from core.errors import Invalid, NotFound
from crm.actions.leads import create_lead
from crm.actions.owners import check_seller, seller
from crm.forms.public_forms import PublicFormForm, public_form_class
from crm.models import Contact, Lead, PublicForm

MAX_UTM = 12
COLUMNS = ("slug", "title", "intro", "consent_text", "is_active")


@action("public_form.create", permission="form:manage", form=PublicFormForm)
def create_public_form(
    *, actor: Actor, fields_asked: Sequence[str], owner: User | None = None, **values: Any
) -> PublicForm:
    """Make a form that strangers can fill in."""
    values.pop("version", None)
    return _save(PublicForm(), fields_asked, owner, values)


@action("public_form.update", permission="form:manage", form=PublicFormForm)
def update_public_form(
    public_form: PublicForm,
    *,
    actor: Actor,
    fields_asked: Sequence[str],
    owner: User | None = None,
    version: int | None = None,
    **values: Any,
) -> PublicForm:
    """Change a public form. Refused ("stale") when somebody was first."""
    public_form.check_version(version)
    return _save(public_form, fields_asked, owner, values)


@action("public_form.submit", permission=None)
def submit_public_form(
    public_form: PublicForm, *, actor: Actor, data: Any, utm: Mapping[str, str] | None = None
) -> Lead | None:
    """Take in what a stranger wrote; an open lead is joined. Returns None when the trap was filled.

    A lead for somebody who sells no more is routed.
    Publishes LeadCreated or LeadJoined, and ConsentGiven for a ticked consent.
    """
    if not public_form.is_active:
        raise NotFound(_("This form is closed."))
    values = clean(public_form_class(public_form), data)
    trapped, agreed = values.pop("website", ""), values.pop("consent", False)
    if trapped:
        return None
    mark = f"form {public_form.slug}"
    consent = {
        "channel": "email" if values.get("email") else "phone",
        "source": mark,
        "text_version": sha256(public_form.consent_text)[:16],
        "proof": public_form.consent_text,
        "ip": actor.ip,
    }
    return create_lead(
        actor=Actor.system(mark, via="page", request_id=actor.request_id),
        source=Contact.Source.WEB.value,
        owner=seller(public_form.owner) if public_form.owner_rule == "fixed" else None,
        consent=consent if agreed else None,
        facts={"form": public_form.slug},
        utm={name[:40]: value[:200].replace("\0", "") for name, value in list((utm or {}).items())[:MAX_UTM]},
        on_duplicate="join",
        **values,
    )


def _save(
    public_form: PublicForm, fields_asked: Sequence[str], owner: User | None, values: dict[str, Any]
) -> PublicForm:
    if owner is not None:
        check_seller(owner)
    for name in COLUMNS:
        setattr(public_form, name, values[name])
    public_form.thank_you = values.get("thank_you") or PublicForm._meta.get_field("thank_you").default
    public_form.fields = list(fields_asked)
    rule = PublicForm.OwnerRule.FIXED if owner else PublicForm.OwnerRule.ROUTE
    public_form.owner, public_form.owner_rule = owner, rule.value
    try:
        with transaction.atomic():
            if public_form.pk is None:
                public_form.save()
            else:
                public_form.store(*COLUMNS, "thank_you", "fields", "owner", "owner_rule")
    except IntegrityError:
        raise Invalid({"slug": [_("There is a form at this address.")]}) from None
    return public_form
