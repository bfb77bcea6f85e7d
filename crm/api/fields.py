"""REST for custom fields and tags."""

from ninja import Router

from core.verbs import browse, by, offer
from crm.api import shapes
from crm.queries.custom_fields import custom_field_for, custom_fields_for
from crm.queries.tags import tag_for, tags_for

router = Router(tags=["Fields and tags"])
browse(
    router,
    "/custom-fields",
    "contact:read",
    shapes.custom_field,
    custom_fields_for,
    find=custom_field_for,
    filters={"noun": "noun"},
    orderings=by("order", "-order"),
)
offer(router, "POST /custom-fields", "custom_field.create", shapes.custom_field)
one = "/custom-fields/{int:pk}"
offer(router, f"PATCH {one}", "custom_field.update", shapes.custom_field, custom_field_for)
offer(router, f"DELETE {one}", "custom_field.delete", shapes.custom_field, custom_field_for)
browse(router, "/tags", "contact:read", shapes.tag, tags_for, find=tag_for, orderings=by("name"))
for method, verb in (("PATCH", "rename"), ("DELETE", "delete")):
    offer(router, f"{method} /tags/{{int:pk}}", f"tag.{verb}", shapes.tag, tag_for)
offer(router, "POST /tags/{int:pk}/merge", "tag.merge", shapes.tag, tag_for)
