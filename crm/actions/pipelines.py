"""Pipelines and their stages are made and changed."""

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.actor import Actor
from core.actions import action
from core.errors import Invalid, Refused
from core.events import publish
from crm.events import PipelineChanged
from crm.forms import pipelines as forms
from crm.models import Deal, Pipeline, Stage
from crm.queries.pipelines import default_pipeline

USUAL_STAGES: tuple[dict[str, Any], ...] = (
    {"name": "Discovery", "probability": 20, "rot_days": 14, "step": "discovery"},
    {"name": "Proposal", "probability": 40, "rot_days": 14, "step": "proposal"},
    {"name": "Proposal Sent", "probability": 60, "rot_days": 10, "step": "proposal", "is_proposal_sent": True},
    {"name": "Negotiation", "probability": 75, "rot_days": 10, "step": "negotiation"},
    {"name": "Closing", "probability": 90, "rot_days": 7, "step": "closing"},
)  # fmt: skip


@action("pipeline.create", permission="pipeline:manage", form=forms.CreatePipelineForm)
def create_pipeline(
    *, actor: Actor, name: str, is_default: bool = False, order: int = 0, stages: Sequence[dict[str, Any]] = ()
) -> Pipeline:
    """Make a pipeline; without stages it gets the usual ones. Publishes PipelineChanged."""
    return insert_pipeline(actor, name, is_default=is_default, order=order, stages=stages)


@action("pipeline.update", permission="pipeline:manage", form=forms.UpdatePipelineForm)
def update_pipeline(
    pipeline: Pipeline,
    *,
    actor: Actor,
    name: str,
    is_default: bool = False,
    is_active: bool = True,
    order: int = 0,
    version: int | None = None,
) -> Pipeline:
    """Rename a pipeline, place it, make it the default or take it out of use. Publishes PipelineChanged."""
    pipeline.check_version(version)
    if is_default and not is_active:
        raise Refused(_("New deals start here. Make another pipeline the default first."))
    if pipeline.is_default and not is_default:
        raise Refused(_("Deals must start somewhere. Make another pipeline the default instead."))
    if is_default and not pipeline.is_default:
        _take_default()
    try:
        with transaction.atomic():
            pipeline.store(name=name, is_default=is_default, is_active=is_active, order=order)
    except IntegrityError:
        raise Invalid({"name": [_("There is a pipeline of this name.")]}) from None
    publish(PipelineChanged(pipeline_id=pipeline.pk), actor=actor)
    return pipeline


@action("pipeline.set_stages", permission="pipeline:manage", form=forms.SetStagesForm)
def set_stages(pipeline: Pipeline, *, actor: Actor, stages: Sequence[dict[str, Any]]) -> Pipeline:
    """Replace the stages in their order; deals without a chance of their own take that of their stage.

    A row is the stage of its id, else of its name, else a new one. Publishes PipelineChanged. Refused when deals are
    in one that is not there any more.
    """
    if not stages:
        raise Invalid({"stages": [_("A pipeline needs at least one stage.")]})
    _check_names(stages)
    held = {stage.pk: stage for stage in pipeline.stages.all()}
    sent = {row["id"] for row in stages if row.get("id")}
    left, by_name = dict(held), {stage.name.casefold(): stage for pk, stage in held.items() if pk not in sent}
    chosen = [left.pop(row.get("id") or 0, None) or by_name.get(row["name"].casefold()) for row in stages]
    if sent - held.keys():
        raise Invalid({"stages": [_("One of the stages belongs to another pipeline.")]})
    gone = held.keys() - {stage.pk for stage in chosen if stage}
    for pk in gone:
        _refuse_in_use(held[pk])
    Stage.objects.filter(pk__in=gone).delete()
    for kept in filter(None, chosen):
        # Names swap freely when every kept stage first steps aside.
        Stage.objects.filter(pk=kept.pk).update(name=f"\x1f{kept.pk}")
    for order, (row, stage) in enumerate(zip(stages, chosen, strict=True), 1):
        _write(stage or Stage(pipeline=pipeline), order, row)
    return _changed(pipeline, actor)


@action("stage.create", permission="pipeline:manage", form=forms.StageFactsForm)
def create_stage(pipeline: Pipeline, *, actor: Actor, **row: Any) -> Pipeline:
    """Add a stage at the end of a pipeline. Publishes PipelineChanged."""
    names = [{"name": name} for name in pipeline.stages.values_list("name", flat=True)]
    _check_names([*names, row])
    last = pipeline.stages.aggregate(last=Max("order"))["last"] or 0
    _write(Stage(pipeline=pipeline), last + 1, row)
    return _changed(pipeline, actor)


@action("stage.update", permission="pipeline:manage", form=forms.UpdateStageForm)
def update_stage(stage: Stage, *, actor: Actor, **row: Any) -> Stage:
    """Change a stage; deals without a chance of their own take its new one. Publishes PipelineChanged."""
    others = stage.pipeline.stages.exclude(pk=stage.pk).values_list("name", flat=True)
    _check_names([*({"name": name} for name in others), row])
    _write(stage, stage.order, row)
    _changed(stage.pipeline, actor)
    return stage


@action("stage.place", permission="pipeline:manage", form=forms.PlaceForm)
def place_stage(stage: Stage, *, actor: Actor, place: int) -> Pipeline:
    """Put a stage at a place of its pipeline, 1 for the first. Publishes PipelineChanged."""
    stages = list(stage.pipeline.stages.exclude(pk=stage.pk).order_by("order", "pk"))
    stages.insert(place - 1, stage)
    for order, row in enumerate(stages, 1):
        Stage.objects.filter(pk=row.pk).update(order=order)
    return _changed(stage.pipeline, actor)


@action("stage.remove", permission="pipeline:manage", form=forms.RemoveStageForm)
def remove_stage(stage: Stage, *, actor: Actor, move_to: Stage | None = None) -> Pipeline:
    """Remove a stage; the deals in it, open or closed, go to another one. Publishes PipelineChanged.

    Refused for the last stage, and ("in_use") with deals and no place for them. The move counts as no touch.
    """
    pipeline = stage.pipeline
    if pipeline.stages.count() == 1:
        raise Refused(_("A pipeline needs at least one stage."))
    if move_to is None:
        _refuse_in_use(stage)
    elif move_to == stage:
        raise Invalid({"move_to": [_("Choose another stage.")]})
    else:
        deals = Deal.objects.filter(stage=stage)
        deals.open().filter(probability_is_manual=False).update(probability=move_to.probability)
        deals.update(stage_id=move_to.pk, pipeline_id=move_to.pipeline_id)
        if move_to.pipeline_id != pipeline.pk:
            _changed(move_to.pipeline, actor)
    stage.delete()
    return _changed(pipeline, actor)


def starting_pipeline(actor: Actor) -> Pipeline:
    """Return the pipeline in which deals start; the first deal of an install makes it."""
    return default_pipeline() or insert_pipeline(actor, "Sales", is_default=True)


def insert_pipeline(
    actor: Actor, name: str, *, is_default: bool, order: int = 0, stages: Sequence[dict[str, Any]] = ()
) -> Pipeline:
    """Insert a pipeline with its stages within another action. Publishes PipelineChanged."""
    rows = stages or USUAL_STAGES
    _check_names(rows)
    if Pipeline.objects.filter(name__iexact=name).exists():
        raise Invalid({"name": [_("There is a pipeline of this name.")]})
    if is_default:
        _take_default()
    pipeline = Pipeline.objects.create(name=name, order=order, is_default=is_default or not Pipeline.objects.exists())
    for number, row in enumerate(rows, 1):
        _write(Stage(pipeline=pipeline), number, row)
    publish(PipelineChanged(pipeline_id=pipeline.pk), actor=actor)
    return pipeline


def _refuse_in_use(stage: Stage) -> None:
    if number := Deal.objects.filter(stage=stage).count():
        text = ngettext(
            "%(number)s deal is in “%(stage)s”. Move them first, or remove the stage and say where they go.",
            "%(number)s deals are in “%(stage)s”. Move them first, or remove the stage and say where they go.",
            number,
        )
        raise Refused(text % {"number": f"{number:,}", "stage": stage.name}, code="in_use")


def _changed(pipeline: Pipeline, actor: Actor) -> Pipeline:
    pipeline.store()
    publish(PipelineChanged(pipeline_id=pipeline.pk), actor=actor)
    return pipeline


def _take_default() -> None:
    Pipeline.objects.filter(is_default=True).update(is_default=False)


def _check_names(stages: Sequence[dict[str, Any]]) -> None:
    names = [row["name"].casefold() for row in stages]
    if len(names) != len(set(names)):
        raise Invalid({"stages": [_("Two stages have the same name.")]})


def _write(stage: Stage, order: int, row: dict[str, Any]) -> None:
    stage.order, stage.name = order, row["name"]
    stage.probability, stage.rot_days = row["probability"], row.get("rot_days")
    stage.is_proposal_sent = bool(row.get("is_proposal_sent"))
    stage.needs, stage.step = row.get("needs") or [], row.get("step") or ""
    stage.save()
    Deal.objects.open().filter(stage=stage, probability_is_manual=False).update(probability=stage.probability)
