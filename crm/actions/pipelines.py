"""Pipelines and their stages are made and changed."""

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction

from accounts.actor import Actor
from core.actions import action
from core.errors import Invalid, Refused
from core.events import publish
from crm.events import PipelineChanged
from crm.forms.pipelines import CreatePipelineForm, SetStagesForm, UpdatePipelineForm
from crm.models import Deal, Pipeline, Stage
from crm.queries.pipelines import default_pipeline

USUAL_STAGES: tuple[dict[str, Any], ...] = (
    {"name": "Discovery", "probability": 20, "rot_days": 14},
    {"name": "Proposal", "probability": 40, "rot_days": 14},
    {"name": "Proposal Sent", "probability": 60, "rot_days": 10, "is_proposal_sent": True},
    {"name": "Negotiation", "probability": 75, "rot_days": 10},
    {"name": "Closing", "probability": 90, "rot_days": 7},
)


@action("pipeline.create", permission="pipeline:manage", form=CreatePipelineForm)
def create_pipeline(
    *,
    actor: Actor,
    name: str,
    is_default: bool = False,
    stages: Sequence[dict[str, Any]] = (),
) -> Pipeline:
    """Make a pipeline; without stages it gets the usual ones. Publishes PipelineChanged."""
    return insert_pipeline(actor, name, is_default=is_default, stages=stages)


@action("pipeline.update", permission="pipeline:manage", form=UpdatePipelineForm)
def update_pipeline(
    pipeline: Pipeline,
    *,
    actor: Actor,
    name: str,
    is_default: bool = False,
    version: int | None = None,
) -> Pipeline:
    """Rename a pipeline or make it the default. Publishes PipelineChanged."""
    pipeline.check_version(version)
    if pipeline.is_default and not is_default:
        raise Refused("Deals must start somewhere. Make another pipeline the default instead.")
    if is_default and not pipeline.is_default:
        _take_default()
    try:
        with transaction.atomic():
            pipeline.store(name=name, is_default=is_default)
    except IntegrityError:
        raise Invalid({"name": ["There is a pipeline of this name."]}) from None
    publish(PipelineChanged(pipeline_id=pipeline.pk), actor=actor)
    return pipeline


@action("pipeline.set_stages", permission="pipeline:manage", form=SetStagesForm)
def set_stages(pipeline: Pipeline, *, actor: Actor, stages: Sequence[dict[str, Any]]) -> Pipeline:
    """Replace the stages in their order. Publishes PipelineChanged. Refused when deals are in one."""
    if not stages:
        raise Invalid({"stages": ["A pipeline needs at least one stage."]})
    _check_names(stages)
    held = {stage.pk: stage for stage in pipeline.stages.all()}
    by_name = {stage.name.casefold(): stage for stage in held.values()}
    chosen = [held.get(row.get("id") or 0) or by_name.get(row["name"].casefold()) for row in stages]
    if any(row.get("id") and row["id"] not in held for row in stages):
        raise Invalid({"stages": ["One of the stages belongs to another pipeline."]})
    gone = held.keys() - {stage.pk for stage in chosen if stage}
    busy = Deal.objects.filter(stage_id__in=gone).values_list("stage__name", flat=True).first()
    if busy:
        raise Refused(f"Deals are in “{busy}”. Move them first.", code="in_use")
    Stage.objects.filter(pk__in=gone).delete()
    for kept in filter(None, chosen):
        # Names swap freely when every kept stage first steps aside.
        Stage.objects.filter(pk=kept.pk).update(name=f"\x1f{kept.pk}")
    for order, (row, stage) in enumerate(zip(stages, chosen, strict=True), 1):
        _write(stage or Stage(pipeline=pipeline), order, row)
    pipeline.store()
    publish(PipelineChanged(pipeline_id=pipeline.pk), actor=actor)
    return pipeline


def starting_pipeline(actor: Actor) -> Pipeline:
    """Return the pipeline in which deals start; the first deal of an install makes it."""
    return default_pipeline() or insert_pipeline(actor, "Sales", is_default=True)


def insert_pipeline(
    actor: Actor, name: str, *, is_default: bool, stages: Sequence[dict[str, Any]] = ()
) -> Pipeline:
    """Insert a pipeline with its stages within another action. Publishes PipelineChanged."""
    rows = stages or USUAL_STAGES
    _check_names(rows)
    if Pipeline.objects.filter(name__iexact=name).exists():
        raise Invalid({"name": ["There is a pipeline of this name."]})
    if is_default:
        _take_default()
    pipeline = Pipeline.objects.create(
        name=name, is_default=is_default or not Pipeline.objects.exists()
    )
    for order, row in enumerate(rows, 1):
        _write(Stage(pipeline=pipeline), order, row)
    publish(PipelineChanged(pipeline_id=pipeline.pk), actor=actor)
    return pipeline


def _take_default() -> None:
    Pipeline.objects.filter(is_default=True).update(is_default=False)


def _check_names(stages: Sequence[dict[str, Any]]) -> None:
    names = [row["name"].casefold() for row in stages]
    if len(names) != len(set(names)):
        raise Invalid({"stages": ["Two stages have the same name."]})


def _write(stage: Stage, order: int, row: dict[str, Any]) -> None:
    stage.order, stage.name = order, row["name"]
    stage.probability, stage.rot_days = row["probability"], row.get("rot_days")
    stage.is_proposal_sent = bool(row.get("is_proposal_sent"))
    stage.save()
