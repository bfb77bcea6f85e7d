"""The operator's door to campaigns."""

from django.contrib import admin

from campaigns.models import Segment
from core.admin import HouseAdmin


@admin.register(Segment)
class SegmentAdmin(HouseAdmin):
    """Segments."""

    create_action = "segment.create"
    update_action = "segment.update"
    delete_action = "segment.delete"
    list_display = ("name", "match", "created_by", "updated_at")
    search_fields = ("name",)
