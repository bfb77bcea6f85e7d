"""Two contacts become one, and two again: everything that led to the one that goes leads to the one that stays."""

from collections.abc import Sequence
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import OperationalError, connection, transaction
from django.db.models import Model, Q
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core import clock
from core.actions import action
from core.errors import Invalid, NotFound, Refused
from core.events import publish
from crm.actions.contacts import keep_addresses, store_facts
from crm.actions.operations import undo_operation
from crm.actions.recording import Recorder, recording
from crm.actions.scores import refresh_contact_score
from crm.events import ContactMerged
from crm.forms.leads import NothingForm
from crm.forms.merging import MergeContactForm
from crm.models import Consent, Contact, ContactAddress, ContactMerge, Deal, DuplicatePair, Operation
from crm.models.search import index_rows
from crm.queries.consent import ALL_PURPOSES
from crm.queries.merging import CUSTOM, FIELDS, STAGES, clashes, pointers_to, share_models, usual_choice, withdrawn


@action("contact.merge", permission="contact:merge", form=MergeContactForm)
def merge_contact(contact: Contact, *, actor: Actor, other: Contact, take: Sequence[str] | None = None) -> Contact:
    """Let another contact become part of this one, with everything that belongs to it. Publishes ContactMerged.

    - Fields named in `take` come from the other one, by default those that are empty here; addresses and tags add up.
    - The stricter word on consent wins. Two open leads both stay open.
    - It can be undone for 30 days: the other one then returns with its own id.
    """
    if other.pk == contact.pk:
        raise Invalid({"other": [_("Choose another contact.")]})
    gone = _locked(other)
    actor.require("contact:merge", gone)
    chosen = usual_choice(contact, gone) if take is None else take
    title = f"Merged {gone} into {contact}"
    with recording("merge", title, actor=actor, permission="contact:merge") as record:
        record.details |= {"survivor_id": contact.pk, "merged_id": gone.pk}
        record.watch(ContactAddress.objects.filter(contact__in=(contact, gone)))
        record.watch(Contact.objects.filter(pk=contact.pk))
        record.deleting([gone])
        facts = _facts(contact, gone, chosen)
        refusals = withdrawn(contact) ^ withdrawn(gone)
        _join_addresses(contact, gone, facts)
        _join_pairs(contact, gone, record)
        absorb(record, gone, contact)
        _join_shares(record, gone, contact)
        Contact.objects.filter(pk=gone.pk).delete()
        store_facts(contact, facts)
        record.created(*(_withdraw(contact, channel, actor) for channel in sorted(refusals)))
        merge = ContactMerge(old_id=gone.pk, name=str(gone), contact=contact, operation=record.operation)
        merge.save()
        record.created(merge)
    refresh_contact_score(contact.pk)
    index_rows(Contact, [contact.pk])
    happening = ContactMerged(
        contact_id=contact.pk, merged_id=gone.pk, merged_name=str(gone), operation_id=record.operation.pk
    )
    publish(happening, actor=actor)
    return contact


@action("contact.unmerge", permission="contact:merge", form=NothingForm)
def unmerge_contact(merge: ContactMerge, *, actor: Actor) -> Operation:
    """Let a merged contact return with its own id and everything that came with it. Publishes OperationUndone.

    Later edits are kept; what was added since stays. Refused after 30 days.
    """
    if merge.operation is None:
        raise Refused(_("This merge can be undone no more. Make the contact anew instead."))
    return undo_operation(merge.operation, actor=actor)


@action("contact.settle_unmerge", permission=None)
def settle_unmerge(operation: Operation, *, actor: Actor) -> None:
    """After an unmerge, let rows made since go with the lead or deal that they hang on; a buyer stays a customer."""
    kept, back = operation.details["survivor_id"], operation.details["merged_id"]
    if not Contact.objects.filter(pk=back).exists():
        return
    moved = True
    while moved:  # activities follow a deal that followed its lead
        moves = [_follow(model, column.name, operation, kept, back) for model, column in pointers_to(Contact)]
        moved = any(moves)
    rows = Contact.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=(kept, back)).order_by("pk")
    for contact in rows.exclude(stage__in=("customer", "churned")):
        if Deal.objects.filter(contact=contact, status="won").exists():
            contact.store(stage=Contact.Stage.CUSTOMER.value)
    for pk in (kept, back):
        refresh_contact_score(pk)
    index_rows(Contact, [kept, back])


def absorb(record: Recorder, gone: Model, kept: Model) -> None:
    """Let every row of any app that leads to `gone` lead to `kept`, recorded.

    Where the two may not both exist (one conversation for each contact), the rows become one in the same way.
    """
    for model, column in pointers_to(type(gone)):
        rows = model._base_manager.filter(**{column.name: gone.pk})
        if isinstance(kept, model):
            rows = rows.exclude(pk=kept.pk)
        _repoint(record, rows, column.name, kept.pk)


def _repoint(record: Recorder, rows: Any, column: str, to: Any) -> None:
    record.watch(rows.all())
    rules = clashes(rows.model, column)
    if not rules:
        rows.update(**{column: to})
        return
    for row in rows:
        twin = _twin(row, column, to, rules)
        if twin is None and rows.model._meta.get_field(column).unique:
            twin = _cloned(record, row, column, to)
        if twin is None:
            rows.model._base_manager.filter(pk=row.pk).update(**{column: to})
        else:
            record.deleting([row])
            absorb(record, row, twin)
            rows.model._base_manager.filter(pk=row.pk).delete()


def _cloned(record: Recorder, row: Model, column: str, to: Any) -> Model:
    """A row like this one for the other side: what comes into it from now on stays there after an unmerge."""
    values = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if not f.primary_key}
    clone = type(row)(**values | {row._meta.get_field(column).attname: to})  # type: ignore[union-attr]
    clone.save(force_insert=True)
    record.created(clone)
    return clone


def _twin(row: Model, column: str, to: Any, rules: Sequence[tuple[tuple[str, ...], Q]]) -> Model | None:
    """Return the row that is in the way when this one leads to `to`."""
    rows = type(row)._base_manager
    for names, condition in rules:
        same = {name: getattr(row, name) for name in names if name != column}
        if None in same.values() or not rows.filter(condition, pk=row.pk).exists():
            continue
        found = rows.filter(condition, **same, **{column: to}).exclude(pk=row.pk).first()
        if found is not None:
            return found
    return None


def _locked(other: Contact) -> Contact:
    """The other contact, locked without waiting: two people who merge the same pair must not wait for each other."""
    try:
        with transaction.atomic():
            rows = Contact.objects.select_for_update(nowait=connection.features.has_select_for_update_nowait)
            found = rows.filter(pk=other.pk).first()
    except OperationalError:
        raise Refused(_("Somebody is changing %(other)s at this moment. Try again.") % {"other": other}) from None
    if found is None:
        raise NotFound
    return found


def _facts(contact: Contact, gone: Contact, chosen: Sequence[str]) -> dict[str, Any]:
    facts: dict[str, Any] = {name: getattr(gone, name) for name in FIELDS if name in chosen}
    taken = {name.removeprefix(CUSTOM) for name in chosen if name.startswith(CUSTOM)}
    custom = gone.custom | contact.custom | {k: v for k, v in gone.custom.items() if k in taken}
    own = facts.get("company", contact.company)
    if own is not None and own.pk in (contact.pk, gone.pk):
        facts["company"] = None
    return facts | {
        "custom": custom,
        "stage": max(contact.stage, gone.stage, key=STAGES.index),
        "external_ref": contact.external_ref or gone.external_ref,
        "do_not_contact": contact.do_not_contact or gone.do_not_contact,
        "do_not_ai": contact.do_not_ai or gone.do_not_ai,
        "last_activity_at": max(filter(None, (contact.last_activity_at, gone.last_activity_at)), default=None),
    }


def _join_addresses(contact: Contact, gone: Contact, facts: dict[str, Any]) -> None:
    """Both sets of addresses hold from now on; which is the main one is what `facts` say."""
    for row in (contact, gone):
        keep_addresses(row)
    theirs = ContactAddress.objects.filter(contact=gone)
    theirs.filter(is_primary=True).update(is_primary=False)
    for channel in ("email", "phone"):
        mine = ContactAddress.objects.filter(contact=contact, channel=channel)
        if facts.get(channel):
            mine.filter(is_primary=True).update(is_primary=False)
        held = list(mine.current().values_list("folded", flat=True))
        theirs.current().filter(channel=channel, folded__in=held).delete()


def _join_pairs(contact: Contact, gone: Contact, record: Recorder) -> None:
    """Whoever is known to be somebody else than the one that goes is not the one that stays, either."""
    said = DuplicatePair.objects.filter(Q(contact=gone) | Q(other=gone), state="different")
    for pair in said:
        third = pair.other_id if pair.contact_id == gone.pk else pair.contact_id
        ends = {"contact_id": min(third, contact.pk), "other_id": max(third, contact.pk)}
        if third == contact.pk:
            continue
        kept, is_new = DuplicatePair.objects.get_or_create(
            **ends, defaults={"score": pair.score, "reasons": pair.reasons}
        )
        if is_new:
            record.created(kept)
        else:
            record.watch([kept])
        kept.state, kept.decided_by_id = pair.state, pair.decided_by_id
        kept.save(update_fields=["state", "decided_by"])


def _join_shares(record: Recorder, gone: Contact, contact: Contact) -> None:
    kind = ContentType.objects.get_for_model(Contact)
    for model in share_models():
        rows = model._base_manager.filter(content_type=kind, object_pk=str(gone.pk))
        _repoint(record, rows, "object_pk", str(contact.pk))


def _withdraw(contact: Contact, channel: str, actor: Actor) -> Consent:
    return Consent.objects.create(
        contact=contact,
        channel=channel,
        purpose=ALL_PURPOSES,
        state=Consent.State.WITHDRAWN,
        source="merge",
        proof="One of the two merged contacts had said no.",
        ip=actor.ip,
        at=clock.now(),
    )


def _follow(model: type[Model], column: str, operation: Operation, kept: int, back: int) -> bool:
    """Move rows made since the merge whose leads and deals all went back; returns whether any moved."""
    names = {field.name for field in model._meta.fields}
    if "created_at" not in names or clashes(model, column):
        return False
    anchors = [
        field.name
        for field in model._meta.fields
        if field.is_relation
        and field.name != column
        and any(f.name == "contact" for f in field.related_model._meta.fields)  # type: ignore[union-attr]
    ]
    goes, stays = Q(pk__in=()), Q(pk__in=())
    for anchor in anchors:
        goes |= Q(**{f"{anchor}__contact": back})
        stays |= Q(**{f"{anchor}__contact": kept})
    rows = model._base_manager.filter(goes, **{column: kept, "created_at__gte": operation.created_at})
    ids = list(rows.exclude(stays).values_list("pk", flat=True))
    return bool(model._base_manager.filter(pk__in=ids).update(**{column: back}))
