"""The live line of our own pages."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from core.doors import signed_in
from core.stream import answer
from crm.live import open_line


@signed_in()
def line(request: HttpRequest, channel: str) -> HttpResponseBase:
    """Tell an open page that something happened on a channel; ends with the right to know."""
    return answer(request, open_line(request, channel))
