"""What may be said about tags."""

from django import forms

from crm.forms.fields import TagsField
from crm.models import Tag


class TagContactForm(forms.Form):
    """Which tags come, and which go."""

    add = TagsField()
    remove = TagsField()


class RenameTagForm(forms.Form):
    """The new spelling."""

    name = forms.CharField(max_length=40)


class MergeTagForm(forms.Form):
    """Which tag takes over."""

    into = forms.ModelChoiceField(Tag.objects.order_by("name"), empty_label="Choose a tag")
