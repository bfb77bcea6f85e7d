"""Actions: every change that any door can make is one decorated function, listed in the catalogue."""

import functools
import inspect
import threading
import time
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django import forms
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from django.utils.translation import gettext as _

from core import clock, jobs
from core.errors import Invalid, NotFound, Refused
from core.events import Outbox

TURN, PAUSE = 1.0, 0.15  # s
_writing = threading.local()
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """What the doors know of an action: its permission, its form, its function and its words."""

    name: str
    permission: str | None
    form: type[forms.Form] | None
    function: Callable[..., Any]
    doc: str

    @property
    def subject(self) -> type[models.Model] | None:
        """The model of the first positional parameter, or None for a creation."""
        first = next(iter(inspect.signature(self.function).parameters.values()), None)
        if first is None or first.kind is inspect.Parameter.KEYWORD_ONLY:
            return None
        hint = typing.get_type_hints(inspect.unwrap(self.function)).get(first.name)
        return hint if isinstance(hint, type) and issubclass(hint, models.Model) else None


CATALOGUE: dict[str, ActionSpec] = {}


def action(
    name: str, *, permission: str | None, form: type[forms.Form] | None = None
) -> Callable[[Function], Function]:
    """Make a function an action: one transaction, the row re-read and locked, the actor asked, events written.

    `permission=None` marks an internal action, which no door offers. A repeated `key` returns the first
    result and does nothing (at most once); while the first is still under way it is refused ("in_progress").
    """

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def call(*args: Any, actor: Any, key: str | None = None, **values: Any) -> Any:
            began = time.monotonic()
            with transaction.atomic(), Outbox() as outbox:
                if key is not None:
                    earlier = _remembered(name, key)
                    if earlier is not None:
                        return _result(earlier)
                if args and isinstance(args[0], models.Model):
                    args = (lock(args[0]), *args[1:])
                if permission is not None:
                    actor.require(permission, args[0] if args else None)
                result = function(*args, actor=actor, **values)
                if key is not None:
                    _remember(name, key, result)
                if outbox.write():
                    jobs.ring()
            let_others_in(began)
            return result

        if name in CATALOGUE and CATALOGUE[name].function.__qualname__ != call.__qualname__:
            raise RuntimeError(f"Two actions are named {name!r}.")
        CATALOGUE[name] = ActionSpec(name, permission, form, call, inspect.getdoc(function) or "")
        return typing.cast(Function, call)

    return decorate


def let_others_in(began: float) -> None:
    """Pause on SQLite when this thread has written for a second without a pause; `began` by time.monotonic().

    Who waits for SQLite's lock asks for it every 100 ms, so that slice after slice would starve everybody else.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return
    ended = time.monotonic()
    goes_on = began - getattr(_writing, "ended", 0.0) < PAUSE / 2
    _writing.seconds = ended - began + (_writing.seconds if goes_on else 0.0)
    if _writing.seconds > TURN:
        time.sleep(PAUSE)
        _writing.seconds = 0.0
    _writing.ended = time.monotonic()


def run(name: str, subject: Any = None, *, actor: Any, data: dict[str, Any], key: str | None = None) -> Any:
    """Run an action by its catalogue name; `data` passes the action's form first (raises Invalid)."""
    spec = CATALOGUE[name]
    values = clean(spec.form, data) if spec.form else dict(data)
    subjects = () if subject is None else (subject,)
    return spec.function(*subjects, actor=actor, key=key, **values)


def clean(form_class: type[forms.Form], data: Any, files: Any = None, **kwargs: Any) -> dict[str, Any]:
    """Return the cleaned values of a form, or raise Invalid with every field's messages."""
    form = form_class(data, files, **kwargs)
    if not form.is_valid():
        raise Invalid({field: [str(e) for e in errors] for field, errors in form.errors.items()})
    return form.cleaned_data


def lock(row: models.Model) -> models.Model:
    """Re-read a row under a lock (SQLite: the IMMEDIATE transaction is the lock); raises NotFound when it is gone.

    Others may refer to the row meanwhile: their references are checked as they commit, when they hold the chain's end
    for which we may wait.
    """
    manager = type(row)._base_manager
    fresh = manager.select_for_update(of=("self",), no_key=True).filter(pk=row.pk).first()
    if fresh is None:
        raise NotFound
    return fresh


def _remembered(name: str, key: str) -> Any:
    from core.models import IdempotencyKey

    return IdempotencyKey.objects.filter(scope=f"action:{name}", key=key).first()


def _result(earlier: Any) -> Any:
    if not earlier.result_type or earlier.result_id is None:
        return None
    model = apps.get_model(earlier.result_type)
    return model._base_manager.filter(pk=earlier.result_id).first()


def _remember(name: str, key: str, result: Any) -> None:
    from core.models import IdempotencyKey

    is_row = isinstance(result, models.Model)
    try:
        with transaction.atomic():
            IdempotencyKey.objects.create(
                scope=f"action:{name}",
                key=key,
                result_type=result._meta.label if is_row else "",
                result_id=result.pk if is_row else None,
                created_at=clock.now(),
            )
    except IntegrityError as error:
        raise Refused(_("The same request is being carried out. Wait a moment."), code="in_progress") from error
