"""Mounts each app's routes, the API, the admin and sign-in; nothing else."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from accounts.admin import secure_admin
from config.api import api

secure_admin(admin.site)

urlpatterns = [
    path("api/v1/", api.urls),
    path("admin/", admin.site.urls),
    path("", include("core.urls")),
    path("", include("accounts.urls")),
    path("", include("crm.urls")),
    path("", include("outreach.urls")),
    path("", include("campaigns.urls")),
    path("", include("billing.urls")),
    path("accounts/", include("allauth.urls")),
    path("favicon.ico", RedirectView.as_view(url=f"{settings.STATIC_URL}img/icon.svg")),
]

handler400 = "core.pages.bad_request"
handler403 = "core.pages.forbidden"
handler404 = "core.pages.not_found"
handler500 = "core.pages.server_error"
