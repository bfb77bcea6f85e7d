"""Reading pipelines and stages."""

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from crm.models import Deal, Pipeline, Playbook, Stage
from crm.queries.filters import one


def pipelines_for(actor: Actor) -> QuerySet[Pipeline]:
    """Return all pipelines for those who manage them, in their order."""
    allowed = actor.can("pipeline:manage")
    rows = Pipeline.objects.all() if allowed else Pipeline.objects.none()
    return rows.prefetch_related("stages").order_by("order", "name", "id")


def pipeline_for(actor: Actor, pk: int) -> Pipeline:
    """Return one pipeline; raises NotFound."""
    return one(pipelines_for(actor), pk, _("There is no such pipeline."))


def stage_for(actor: Actor, pk: int) -> Stage:
    """Return one stage; raises NotFound."""
    rows = Stage.objects.filter(pipeline__in=pipelines_for(actor)).select_related("pipeline")
    return one(rows, pk, _("There is no such stage."))


def stages_in_use(pipeline: Pipeline) -> QuerySet[Stage]:
    """Return a pipeline's stages with the number of deals in each."""
    return pipeline.stages.annotate(in_use=Count("deals")).order_by("order", "id")


def boards() -> list[Pipeline]:
    """Return the pipelines that have a board: those in use, and others while deals in them are open."""
    busy = Exists(Deal.objects.filter(pipeline=OuterRef("pk"), status="open"))
    return list(Pipeline.objects.filter(Q(is_active=True) | busy).order_by("-is_default", "order", "name"))


def playbooks_for(actor: Actor) -> QuerySet[Playbook]:
    """Return the playbooks for those who manage pipelines."""
    allowed = actor.can("pipeline:manage")
    return (Playbook.objects.all() if allowed else Playbook.objects.none()).order_by("pk")


def playbook_for(actor: Actor, pk: int) -> Playbook:
    """Return one playbook; raises NotFound."""
    return one(playbooks_for(actor), pk, _("There is no such playbook."))


def default_pipeline() -> Pipeline | None:
    """Return the pipeline in which deals start: the default one, else the oldest."""
    return Pipeline.objects.order_by("-is_default", "-is_active", "id").first()


def first_stage(pipeline: Pipeline) -> Stage | None:
    """Return the stage in which a pipeline's deals start."""
    return Stage.objects.filter(pipeline=pipeline).order_by("order", "id").first()


def proposal_stage(pipeline_id: int) -> Stage | None:
    """Return the stage that says that a proposal is out."""
    stages = Stage.objects.filter(pipeline_id=pipeline_id, is_proposal_sent=True)
    return stages.order_by("order", "id").first()
