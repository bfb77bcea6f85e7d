"""What the apps register for the shells that lower code fills: menu, cards, guards, invariants, the actor."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from core.models import Event


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One place in the menu; shown to those whose role holds `permission` at all ("" = everybody signed in)."""

    key: str
    label: str | Promise
    url_name: str
    icon: str
    permission: str = ""
    order: int = 100
    group: str | Promise = ""


@dataclass(frozen=True, slots=True)
class Command:
    """Something that can be begun from anywhere; "New" and the palette show it to those who hold `permission`."""

    key: str
    label: str | Promise
    url_name: str
    icon: str
    permission: str
    order: int = 100
    is_sheet: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """Records that the search covers: `find(actor)` returns those that the actor may see, as their list does.

    `detail` says in a few words what tells two rows of one name apart; `people` are the columns that make one a person.
    """

    key: str
    label: str | Promise
    permission: str
    find: Callable[..., Any]
    url_name: str
    detail: Callable[[Any], str]
    order: int = 100
    people: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Invariant:
    """Something that must hold whatever happened; `check` returns one line per violation."""

    key: str
    text: str
    check: Callable[[], list[str]]


MENU: dict[str, MenuEntry] = {}
COMMANDS: dict[str, Command] = {}
SOURCES: dict[str, Source] = {}
CARDS: dict[str, Callable[..., Any]] = {}
INVARIANTS: dict[str, Invariant] = {}
GUARDS: dict[str, list[Callable[[Any], str | None]]] = {}
AFTER_RESTORE: list[Callable[[], str]] = []  # run on a restored copy before anything is served; each says what it did
_actor_factory: list[Callable[[Event], Any]] = []


def register_menu(*entries: MenuEntry) -> None:
    """Add entries to the menu."""
    MENU.update({entry.key: entry for entry in entries})


def register_commands(*commands: Command) -> None:
    """Add commands, in their order."""
    known = sorted([*COMMANDS.values(), *commands], key=lambda one: (one.order, one.key))
    COMMANDS.clear()
    COMMANDS.update({one.key: one for one in known})


def register_sources(*sources: Source) -> None:
    """Let the search cover further records; each source is named after its noun in events."""
    known = sorted([*SOURCES.values(), *sources], key=lambda one: (one.order, one.key))
    SOURCES.clear()
    SOURCES.update({one.key: one for one in known})


def register_card(key: str, render: Callable[..., Any]) -> None:
    """Add a card: a function of (actor) returning a template name and its context, or None."""
    CARDS[key] = render


def register_invariant(key: str, text: str, check: Callable[[], list[str]]) -> None:
    """Add an invariant for `manage.py check_invariants`."""
    INVARIANTS[key] = Invariant(key, text, check)


def register_guard(name: str, guard: Callable[[Any], str | None]) -> None:
    """Let an upper app refuse a lower app's verb: the guard returns the reason, or None to let it pass."""
    GUARDS.setdefault(name, []).append(guard)


def refusals(name: str, subject: Any) -> list[str]:
    """Return the reasons of all guards of a verb that say no."""
    return [reason for guard in GUARDS.get(name, ()) if (reason := guard(subject))]


def register_actor_factory(factory: Callable[[Event], Any]) -> None:
    """Tell how to rebuild the actor of an event row; accounts does so once."""
    _actor_factory[:] = [factory]


def actor_of(event: Event) -> Any:
    """Return the actor of an event row."""
    return _actor_factory[0](event)


_refusal_recorders: list[Callable[[Any, Exception], None]] = []


def register_refusal_recorder(recorder: Callable[[Any, Exception], None]) -> None:
    """Tell how a refusal by role is written down (request, error); accounts does so once."""
    _refusal_recorders[:] = [recorder]


def refusal_recorder(request: Any, error: Exception) -> None:
    """Write down a refusal by role, in its own transaction."""
    for record in _refusal_recorders:
        record(request, error)
