"""What may be said about tags."""

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.forms.fields import TagsField
from crm.models import Tag


class TagContactForm(forms.Form):
    """Which tags come, and which go."""

    add = TagsField(label=_("Add"))
    remove = TagsField(label=_("Remove"))


class RenameTagForm(forms.Form):
    """The new spelling."""

    name = forms.CharField(label=_("Name"), max_length=40)


class MergeTagForm(forms.Form):
    """Which tag takes over."""

    into = forms.ModelChoiceField(Tag.objects.order_by("name"), label=_("Into"), empty_label=_("Choose a tag"))
