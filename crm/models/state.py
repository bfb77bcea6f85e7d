"""The mixin under every state machine: protected states that can still be re-read."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from django.db import models
from django_fsm import ConcurrentTransitionMixin, FSMFieldMixin


class StateModel(ConcurrentTransitionMixin, models.Model):
    """A model with protected FSM fields; a save on a stale state raises ConcurrentTransition."""

    class Meta:
        abstract = True

    @property
    def state_fields(self) -> tuple[Any, ...]:
        """The fields that hold a state; every row asks when it is loaded, so they are looked for once a model."""
        return states_of(type(self))

    def refresh_from_db(
        self, using: str | None = None, fields: Iterable[str] | None = None, from_queryset: Any = None
    ) -> None:
        """Re-read the row: django-fsm refuses to assign a protected field that is already set."""
        known = {field.attname for field in self.state_fields}
        names = None if fields is None else list({*fields, *known})
        states = {name: self.__dict__.pop(name) for name in known if name in self.__dict__}
        try:
            super().refresh_from_db(using=using, fields=names, from_queryset=from_queryset)
        except BaseException:
            self.__dict__.update(states)
            raise
        self._update_initial_state()

    def get_deferred_fields(self) -> set[str]:
        """Return what was not loaded; states never count, since they are compared at every save."""
        return super().get_deferred_fields() - {field.attname for field in self.state_fields}


@cache
def states_of(model: type[models.Model]) -> tuple[Any, ...]:
    """Return the fields of a model that hold a state."""
    return tuple(field for field in model._meta.fields if isinstance(field, FSMFieldMixin))
