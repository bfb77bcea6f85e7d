"""Reading pipelines and stages."""

from django.db.models import QuerySet

from accounts.actor import Actor
from crm.models import Pipeline, Stage
from crm.queries.filters import one


def pipelines_for(actor: Actor) -> QuerySet[Pipeline]:
    """Return all pipelines for those who manage them, by name."""
    allowed = actor.can("pipeline:manage")
    rows = Pipeline.objects.all() if allowed else Pipeline.objects.none()
    return rows.prefetch_related("stages").order_by("name", "id")


def pipeline_for(actor: Actor, pk: int) -> Pipeline:
    """Return one pipeline; raises NotFound."""
    return one(pipelines_for(actor), pk, "There is no such pipeline.")


def default_pipeline() -> Pipeline | None:
    """Return the pipeline in which deals start: the default one, else the oldest."""
    return Pipeline.objects.order_by("-is_default", "id").first()


def first_stage(pipeline: Pipeline) -> Stage | None:
    """Return the stage in which a pipeline's deals start."""
    return Stage.objects.filter(pipeline=pipeline).order_by("order", "id").first()


def proposal_stage(pipeline_id: int) -> Stage | None:
    """Return the stage that says that a proposal is out."""
    stages = Stage.objects.filter(pipeline_id=pipeline_id, is_proposal_sent=True)
    return stages.order_by("order", "id").first()
