"""Tags are put on contacts; the words themselves are renamed, merged and deleted."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.actions import action
from core.errors import Refused
from core.events import publish
from crm.events import ContactUpdated, TagChanged
from crm.forms.tags import MergeTagForm, RenameTagForm, TagContactForm
from crm.models import Contact, Tag


@action("contact.tag", permission="contact:update", form=TagContactForm)
def tag_contact(contact: Contact, *, actor: Actor, add: Sequence[str] = (), remove: Sequence[str] = ()) -> Contact:
    """Put tags on a contact and take others off. Publishes ContactUpdated when that changes any."""
    gone = {name.casefold() for name in remove}
    held = [tag.name for tag in contact.tags.all() if tag.name.casefold() not in gone]
    if change := set_tags(contact, [*held, *add]):
        contact.store()
        publish(ContactUpdated(contact_id=contact.pk, changes={"tags": change}), actor=actor)
    return contact


@action("tag.rename", permission="settings:manage", form=RenameTagForm)
def rename_tag(tag: Tag, *, actor: Actor, name: str) -> Tag:
    """Spell a tag anew, on every contact. Refused when another tag has the name. Publishes TagChanged."""
    if Tag.objects.filter(name__iexact=name).exclude(pk=tag.pk).exists():
        raise Refused(
            _("There is a tag “%(name)s” already. Merge this one into it.") % {"name": name}, code="duplicate"
        )
    before, tag.name = tag.name, name
    tag.save(update_fields=["name"])
    publish(TagChanged(tag_id=tag.pk, name=name, previous=before), actor=actor)
    return tag


@action("tag.merge", permission="settings:manage", form=MergeTagForm)
def merge_tag(tag: Tag, *, actor: Actor, into: Tag) -> Tag:
    """Give every contact with this tag the other one, and drop this one. Publishes TagChanged."""
    if into.pk == tag.pk:
        raise Refused(_("Choose another tag to merge into."))
    links = Contact.tags.through.objects
    has_both = links.filter(tag=into).values_list("contact_id", flat=True)
    links.filter(tag=tag).exclude(contact_id__in=list(has_both)).update(tag=into)
    publish(TagChanged(tag_id=tag.pk, name=into.name, previous=tag.name), actor=actor)
    tag.delete()
    return into


@action("tag.delete", permission="settings:manage")
def delete_tag(tag: Tag, *, actor: Actor) -> None:
    """Take a tag off every contact, and drop it. Publishes TagChanged."""
    publish(TagChanged(tag_id=tag.pk, name="", previous=tag.name), actor=actor)
    tag.delete()


def set_tags(contact: Contact, names: Sequence[str]) -> list[list[str]]:
    """Let a contact carry exactly these tags, made where missing; returns [before, after], [] when equal."""
    wanted = {name.casefold(): name for name in names}
    known = {tag.name.casefold(): tag for tag in Tag.objects.all()} if wanted else {}
    before = sorted(tag.name for tag in contact.tags.all())
    tags = [known.get(key) or Tag.objects.create(name=name) for key, name in wanted.items()]
    after = sorted(tag.name for tag in tags)
    if before == after:
        return []
    contact.tags.set(tags)
    return [before, after]
