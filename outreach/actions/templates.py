"""Keeping ready-made words."""

from typing import Any

from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.actions import action
from core.errors import Invalid
from core.events import publish
from outreach.events import TemplateSaved
from outreach.forms.templates import SaveTemplateForm
from outreach.models import Template


@action("template.create", permission="template:manage", form=SaveTemplateForm)
def create_template(*, actor: Actor, **values: Any) -> Template:
    """Keep new words under a name of their own. Publishes TemplateSaved."""
    _check_name(values["name"])
    template = Template.objects.create(**values)
    publish(TemplateSaved(template_id=template.pk, name=template.name), actor=actor)
    return template


@action("template.update", permission="template:manage", form=SaveTemplateForm)
def update_template(template: Template, *, actor: Actor, **values: Any) -> Template:
    """Change words; messages that were sent keep theirs. Publishes TemplateSaved."""
    _check_name(values.get("name", template.name), template.pk)
    for name, value in values.items():
        setattr(template, name, value)
    template.save()
    publish(TemplateSaved(template_id=template.pk, name=template.name), actor=actor)
    return template


def _check_name(name: str, pk: int = 0) -> None:
    if Template.objects.filter(name=name).exclude(pk=pk).exists():
        raise Invalid({"name": [_("A template of this name exists. Choose another name.")]})
