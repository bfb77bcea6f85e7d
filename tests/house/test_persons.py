"""Nothing that may tell of a person is forgotten: every model says what it holds."""

from django.apps import apps
from django.db import models

from core.management.commands.state_digest import is_ours
from core.persons import HELD, NOBODY
from crm.models import Contact


def test_every_model_says_what_it_holds_about_persons():
    """A column of text or JSON, or a way to the contact, in none of the tables would be forgotten on erasure."""
    ours = {model for model in apps.get_models(include_auto_created=True) if is_ours(model)}
    texts = (models.CharField, models.TextField, models.JSONField)
    ways = {Contact}
    while more := {m for m in ours - ways if any(f.related_model in ways for f in m._meta.concrete_fields)}:
        ways |= more
    telling = {
        model for model in ours
        if model in ways or any(isinstance(f, texts) and not f.choices for f in model._meta.concrete_fields)
    }  # fmt: skip
    labels = {model._meta.label_lower for model in telling if model._meta.app_label != "auth"}
    links = {label for label in labels if label in ("accounts.user_groups", "accounts.user_user_permissions")}
    assert sorted(labels - links - HELD.keys() - NOBODY.keys()) == []
    assert sorted((HELD.keys() | NOBODY.keys()) - {model._meta.label_lower for model in ours}) == []
    assert sorted(HELD.keys() & NOBODY.keys()) == []
    for label, entry in HELD.items():
        assert entry.paths or entry.says or entry.because, label
        columns = {*(entry.blank or ()), *entry.says, *entry.hidden, *filter(None, [entry.files])}
        assert columns <= {f.name for f in entry.rows.model._meta.fields}, label
        for path in entry.paths:
            assert str(entry.rows.filter(**{path: 1}).query)
