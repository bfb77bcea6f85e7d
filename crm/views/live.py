"""The live line of our own pages."""

from django.http import HttpRequest, HttpResponse

from core.doors import signed_in
from core.stream import answer
from crm.live import open_line


@signed_in()
def line(request: HttpRequest, channel: str) -> HttpResponse:
    """Tell an open page that something happened on a channel; ends with the right to know."""
    return answer(request, open_line(request, channel))
