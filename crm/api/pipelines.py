"""REST for pipelines and their stages."""

from ninja import Router

from core.verbs import browse, offer
from crm.api import shapes
from crm.queries.pipelines import pipeline_for, pipelines_for

router = Router(tags=["Pipelines"])
browse(router, "/pipelines", "pipeline:manage", shapes.pipeline, pipelines_for)
offer(router, "POST /pipelines", "pipeline.create", shapes.pipeline)
for route, action in (
    ("PATCH /pipelines/{int:pk}", "pipeline.update"),
    ("PATCH /pipelines/{int:pk}/stages", "pipeline.set_stages"),
):
    offer(router, route, action, shapes.pipeline, pipeline_for)
