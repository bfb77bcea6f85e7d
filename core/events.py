"""Events: declared by the publisher, written once in the action's transaction, delivered by the relay."""

import threading
import types
import typing
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self, TypeVar

from core import clock
from core.logs import request_id

Happening = TypeVar("Happening")


@dataclass(frozen=True, slots=True)
class Meta:
    """What a subscriber learns beside the event itself; `key` makes what it does happen once."""

    event_id: int
    key: str
    at: datetime
    actor: Any
    request_id: str


class Postpone(Exception):
    """Raised by a subscriber that must wait: tried again after `seconds`, and not counted as a failure."""

    def __init__(self, seconds: float, reason: str = "") -> None:
        super().__init__(reason)
        self.seconds = seconds


EVENTS: dict[str, type] = {}
SUBSCRIBERS: dict[str, dict[str, Callable[[Any, Meta], None]]] = {}
_local = threading.local()


@typing.dataclass_transform(frozen_default=True)
def event(name: str) -> Callable[[type[Happening]], type[Happening]]:
    """Declare an event class: it becomes a frozen dataclass known by its dotted name ("noun.happened")."""

    def declare(cls: type[Happening]) -> type[Happening]:
        frozen: Any = dataclass(frozen=True)(cls)
        frozen.event_name = name
        if name in EVENTS and EVENTS[name].__qualname__ != cls.__qualname__:
            raise RuntimeError(f"Two events are named {name!r}.")
        EVENTS[name] = frozen
        return typing.cast("type[Happening]", frozen)

    return declare


def on(*classes: type) -> Callable[[Callable[[Any, Meta], None]], Callable[[Any, Meta], None]]:
    """Subscribe a function to events: called in the worker after the commit, at least once."""

    def subscribe(function: Callable[[Any, Meta], None]) -> Callable[[Any, Meta], None]:
        name = f"{function.__module__}.{function.__name__}"
        for cls in classes:
            SUBSCRIBERS.setdefault(typing.cast(Any, cls).event_name, {})[name] = function
        return function

    return subscribe


def publish(happening: Any, *, actor: Any) -> None:
    """Note that something happened; the rows are written at the end of the outermost action.

    Writing last keeps the chain's lock short and every action's locks in one order. Raises outside an action.
    """
    pending = getattr(_local, "pending", None)
    if pending is None:
        raise RuntimeError(f"{type(happening).__name__} was published outside an action.")
    pending.append((happening, actor))


class Outbox:
    """The events of the outermost action; used by core.actions only."""

    def __enter__(self) -> Self:
        self.outermost = getattr(_local, "pending", None) is None
        if self.outermost:
            _local.pending = []
        self.mark = len(_local.pending)
        return self

    def write(self) -> int:
        """Insert the pending events and their deliveries; returns how many deliveries are due."""
        if not self.outermost or not _local.pending:
            return 0
        return _insert(_local.pending)

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if self.outermost:
            _local.pending = None
        elif kind is not None:
            del _local.pending[self.mark :]  # an inner action that failed happened not at all


def encode(happening: Any) -> dict[str, Any]:
    """Return the event's fields as JSON values."""
    return {name: _plain(value) for name, value in asdict(happening).items()}


def decode(name: str, data: dict[str, Any]) -> Any:
    """Rebuild an event from its row; fields that a later version added take their defaults."""
    cls = EVENTS[name]
    hints = typing.get_type_hints(cls)
    values = {field.name: _typed(data[field.name], hints[field.name]) for field in fields(cls) if field.name in data}
    return cls(**values)


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    return value


def _typed(value: Any, hint: Any) -> Any:
    if value is None:
        return None
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        hint = next(part for part in typing.get_args(hint) if part is not type(None))
    if hint is datetime:
        return datetime.fromisoformat(value)
    if hint is date:
        return date.fromisoformat(value)
    if hint is Decimal:
        return Decimal(value)
    return value


def _insert(pending: list[tuple[Any, Any]]) -> int:
    from core import audit
    from core.models import Delivery, Event

    at = clock.now()
    rows = []
    for happening, actor in pending:
        name = happening.event_name
        noun = name.partition(".")[0]
        rows.append(
            Event(
                name=name,
                subject_type=noun,
                subject_id=getattr(happening, f"{noun}_id", None),
                contact_id=getattr(happening, "contact_id", None),
                actor_kind=actor.kind,
                actor_id=actor.user_id,
                actor_name=actor.name[:120],
                via=actor.via,
                request_id=(actor.request_id or request_id.get())[:40],
                ip=actor.ip[:45],
                data=encode(happening),
                at=at,
            )
        )
    audit.append(rows)
    deliveries = [
        Delivery(event=row, subscriber=subscriber, due_at=at)
        for row in rows
        for subscriber in SUBSCRIBERS.get(row.name, ())
    ]
    Delivery.objects.bulk_create(deliveries)
    return len(deliveries)
