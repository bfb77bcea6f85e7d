"""REST made of what there is: actions become operations, queries become lists and details."""

import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import QuerySet
from ninja import Router

from core.actions import CATALOGUE
from core.api import NEWEST, body_of, listing, rest
from core.conflicts import run_sent
from core.doors import Request
from core.openapi import Shape, query_of, rows_of, schema_of

Find = Callable[[Any, int], Any]


def offer(
    router: Router,
    route: str,
    name: str,
    shape: Shape,
    find: Find | None = None,
    *,
    defaults: Mapping[str, Any] | None = None,
) -> None:
    """Register an action as an operation, such as "POST /deals/{int:pk}/won"; the catalogue knows the rest.

    With `find` it is about one row; an update keeps what is not sent; an action that returns no row answers 204.
    """
    spec = CATALOGUE[name]
    method, path = route.split()
    noun_verb = name.partition(".")
    form = None if method == "DELETE" else spec.form
    partial = noun_verb[2] == "update"

    def act(request: Request, subject: Any = None) -> tuple[int, Any]:
        sent = {**(defaults or {}), **body_of(request), **_if_match(request)} if form else {}
        row = run_sent(name, subject, actor=request.actor, sent=sent, partial=partial)
        if row is None:
            return 204, None
        return 201 if subject is None else 200, shape(row)

    def on_one(request: Request, pk: int) -> tuple[int, Any]:
        return act(request, find(request.actor, pk))  # type: ignore[attr-defined,misc]

    def on_all(request: Request) -> tuple[int, Any]:
        return act(request)

    operation = on_one if find else on_all
    operation.__name__, operation.__doc__ = noun_verb[2], spec.doc
    operation.__module__ = spec.function.__module__.replace(".actions.", ".api.")
    told = typing.get_type_hints(inspect.unwrap(spec.function)).get("return")
    answers: dict[int, Any] = {204: None} if type(None) in (told, *typing.get_args(told)) else {}
    if told is not type(None):
        answers[201 if find is None else 200] = schema_of(shape)
    rest(
        router, method, path, permission=spec.permission or "", form=form, partial=partial,
        answers=answers,
    )(operation)  # fmt: skip


def browse(
    router: Router,
    path: str,
    permission: str,
    shape: Shape,
    rows: Callable[..., QuerySet[Any]],
    *,
    find: Find | None = None,
    whole: Shape | None = None,
    **how: Any,
) -> None:
    """Register the list of what `rows` of an actor are, and with `find` each one; `how` is listing()'s.

    A path with {int:pk} lists what belongs to one record: `rows` gets its id, too. `whole` shows one more fully.
    """
    nouns, noun = path.strip("/").rpartition("/")[2], permission.partition(":")[0]
    home = shape.__module__.replace("shapes", nouns)
    how.setdefault("orderings", NEWEST)

    def list_(request: Request) -> dict[str, Any]:
        return listing(request, rows(request.actor), shape, **how)

    def list_of_one(request: Request, pk: int) -> dict[str, Any]:
        return listing(request, rows(request.actor, pk), shape, **how)

    query = query_of(how.get("filters", {}), how["orderings"], searched=bool(how.get("search")))
    answers = {200: rows_of(schema_of(shape))}
    listed = list_of_one if "{" in path else list_
    listed.__doc__, listed.__module__ = f"List {nouns}.", home
    rest(router, "GET", path, permission=permission, query=query, answers=answers)(listed)
    if find is None:
        return

    whole = whole or shape

    def detail(request: Request, pk: int) -> dict[str, Any]:
        return whole(find(request.actor, pk))  # type: ignore[attr-defined,misc]

    detail.__doc__, detail.__module__ = f"Return one {noun}.", home
    answers = {200: schema_of(whole)}
    rest(router, "GET", f"{path}/{{int:pk}}", permission=permission, answers=answers)(detail)


def _if_match(request: Request) -> dict[str, str]:
    """The version of an `If-Match` header, as a body would carry it; `*` asks for none."""
    tag = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    return {"version": tag} if tag and tag != "*" else {}


def by(*names: str) -> dict[str, tuple[str, str]]:
    """Return orderings of these columns, made total by the key."""
    return {name: (name, "-pk" if name.startswith("-") else "pk") for name in names}
