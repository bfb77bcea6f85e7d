"""The installed app: its worker, which answers from the root so that it can stand in for every page."""

from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse

from core.doors import public


@public()
def worker(request: HttpRequest) -> HttpResponse:
    """Answer the script that keeps opened leads, and what was written, while there is no network."""
    script = Path(str(finders.find("js/sw.js"))).read_bytes()
    return HttpResponse(script, content_type="text/javascript", headers={"Cache-Control": "no-cache"})
