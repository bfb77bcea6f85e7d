"""REST for pipelines, their stages and playbooks, and the working calendar."""

from ninja import Router

from core.verbs import browse, by, offer
from crm.api import shapes
from crm.queries.pipelines import pipeline_for, pipelines_for, playbook_for, playbooks_for, stage_for
from crm.queries.rotting import holiday_for, holidays_for

router = Router(tags=["Pipelines"])
browse(router, "/pipelines", "pipeline:manage", shapes.pipeline, pipelines_for, find=pipeline_for)
browse(router, "/playbooks", "pipeline:manage", shapes.playbook, playbooks_for, find=playbook_for)
browse(router, "/holidays", "settings:manage", shapes.holiday, holidays_for, orderings=by("-on", "on"))
for route, action, shape, find in (
    ("POST /pipelines", "pipeline.create", shapes.pipeline, None),
    ("PATCH /pipelines/{int:pk}", "pipeline.update", shapes.pipeline, pipeline_for),
    ("PATCH /pipelines/{int:pk}/stages", "pipeline.set_stages", shapes.pipeline, pipeline_for),
    ("POST /pipelines/{int:pk}/stages", "stage.create", shapes.pipeline, pipeline_for),
    ("PATCH /stages/{int:pk}", "stage.update", shapes.stage, stage_for),
    ("POST /stages/{int:pk}/place", "stage.place", shapes.pipeline, stage_for),
    ("POST /stages/{int:pk}/remove", "stage.remove", shapes.pipeline, stage_for),
    ("PATCH /playbooks/{int:pk}", "playbook.update", shapes.playbook, playbook_for),
    ("POST /holidays", "holiday.add", shapes.holiday, None),
    ("DELETE /holidays/{int:pk}", "holiday.remove", shapes.holiday, holiday_for),
):
    offer(router, route, action, shape, find)
