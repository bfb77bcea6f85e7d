"""The floor of ci/bench_records.py: what a bare Django takes for the same rows, from the same tables.

Django's default middleware and a signed-in reader, the list's own SELECT of fifty rows, their texts in a plain table.
"""

import os
import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings

settings.MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",  # its app does not start without
]
settings.ROOT_URLCONF, settings.LOGIN_URL = __name__, "/"

from a2wsgi import WSGIMiddleware  # noqa: E402
from django.contrib.auth.decorators import login_required  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402

application = WSGIMiddleware(get_wsgi_application(), workers=8)  # type: ignore[arg-type]

from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.template import Context, Template  # noqa: E402
from django.urls import include, path  # noqa: E402

from accounts.actor import Actor  # noqa: E402
from core.lists import SPECS, read  # noqa: E402

SHOWN = {
    "contacts": "name company_name city get_stage_display score email phone owner last_activity_at|date:'j M Y'",
    "leads": "contact.name business_name city get_stage_display score next_step get_source_display "
    "estimated_value_minor owner updated_at|date:'j M Y'",
    "deals": "title contact.name get_status_display value_minor stage.name probability owner expected_close_on",
    "tasks": "subject get_type_display due_at contact.name actor",
}


def rows(key: str) -> Any:
    """Make the view of a list: nothing but its rows."""
    cells = "".join(f"<td>{{{{ row.{name} }}}}</td>" for name in re.split(r" (?!M|Y)", SHOWN[key]))
    link = '<td><a href="{{ row.get_absolute_url }}">Open</a></td>'
    page = Template(
        "<!DOCTYPE html><html><head><title>{{ title }}</title></head><body><p>{{ user }}</p>"
        f"<table>{{% for row in rows %}}<tr>{link}{cells}</tr>{{% endfor %}}</table></body></html>"
    )

    @login_required
    def view(request: HttpRequest) -> HttpResponse:
        asked = read(SPECS[key], Actor.system(), request.GET)
        found = asked.rows().defer(*SPECS[key].defer).order_by(*asked.order)[:50]
        return HttpResponse(page.render(Context({"title": key, "user": request.user, "rows": found})))

    return view


urlpatterns = [path(f"{key}/", rows(key)) for key in SHOWN]
urlpatterns.append(path("", include("crm.urls")))  # for the links
