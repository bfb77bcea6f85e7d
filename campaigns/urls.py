"""Routes of campaigns."""

from django.urls import path

from campaigns.views import segments

app_name = "campaigns"
urlpatterns = [
    path("segments/", segments.list_, name="segment-list"),
    path("segments/new/", segments.new, name="segment-new"),
    path("segments/<int:pk>/", segments.detail, name="segment-detail"),
    path("segments/<int:pk>/edit/", segments.edit, name="segment-edit"),
    path("segments/<int:pk>/delete/", segments.delete, name="segment-delete"),
]
