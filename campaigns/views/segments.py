"""Pages of segments."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from campaigns.actions.segments import create_segment, delete_segment, update_segment
from campaigns.forms.segments import SegmentForm
from campaigns.queries.segments import live, segment_for, segments
from core.doors import READ, WRITE, door
from core.errors import Invalid
from core.numbers import is_number
from core.pages import done, form_errors, page, paginate


@door("campaign:read")
def list_(request: HttpRequest) -> HttpResponse:
    """List the segments, newest first; counts load with each segment's page."""
    rows = paginate(segments(request.actor), request.GET.get("cursor", ""))
    context = {"page": rows, "may_create": request.actor.can("campaign:create").allowed}
    return page(request, "campaigns/segments/list.html", context)


@door("campaign:read")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the rules in words, how many belong now, and five of them."""
    segment = segment_for(request.actor, pk)
    context = {"live": live(request.actor, segment), "may_update": request.actor.can("campaign:update").allowed}
    return page(request, "campaigns/segments/detail.html", context)


@door("campaign:create", methods=(*READ, *WRITE))
def new(request: HttpRequest) -> HttpResponse:
    """Ask for a name and rules, and make the segment."""
    form = SegmentForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            segment = create_segment(actor=request.actor, **form.cleaned_data)
            return done(request, segment, _("Segment %(segment)s made.") % {"segment": segment.name})
        except Invalid as error:
            form_errors(form, error)
    return page(request, "campaigns/segments/form.html", {"form": form}, status=422 if form.errors else 200)


@door("campaign:update", methods=(*READ, *WRITE))
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a segment's name or rules."""
    segment = segment_for(request.actor, pk)
    initial = {"name": segment.name, "match": segment.match, "rules": segment.rules}
    form = SegmentForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        version = request.POST.get("version", "")
        try:
            segment = update_segment(
                segment, actor=request.actor, version=int(version) if is_number(version) else None, **form.cleaned_data
            )
            return done(request, segment, _("Segment changed."))
        except Invalid as error:
            form_errors(form, error)
    context = {"form": form, "segment": segment}
    return page(request, "campaigns/segments/form.html", context, status=422 if form.errors else 200)


@door("campaign:update", methods=WRITE)
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a segment."""
    from django.urls import reverse

    segment = segment_for(request.actor, pk)
    delete_segment(segment, actor=request.actor)
    return done(
        request, reverse("campaigns:segment-list"), _("Segment %(segment)s removed.") % {"segment": segment.name}
    )
