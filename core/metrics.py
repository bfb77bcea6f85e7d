"""What a Prometheus server may read (/metrics): queue, effects and workers, counted from the rows."""

from django.db.models import Count, Min
from django.http import Http404, HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from core import clock, relay
from core.doors import public
from core.models import Delivery, Effect, Event, Heartbeat

LOOPBACK = frozenset({"127.0.0.1", "::1"})


@public()
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer a scrape from this machine itself; for everybody else there is nothing here."""
    through_a_proxy = "X-Forwarded-For" in request.headers
    if request.META.get("REMOTE_ADDR") not in LOOPBACK or through_a_proxy:
        raise Http404
    return HttpResponse(generate_latest(collect()), content_type=CONTENT_TYPE_LATEST)


def collect() -> CollectorRegistry:
    """Count everything anew; a registry per scrape, since several processes answer."""
    registry = CollectorRegistry()
    at = clock.now()

    def gauge(name: str, text: str, value: float) -> None:
        Gauge(name, text, registry=registry).set(value)

    due = relay.due().aggregate(rows=Count("pk"), oldest=Min(relay.FREE_SINCE))
    age = (at - due["oldest"]).total_seconds() if due["oldest"] else 0
    buried = Delivery.objects.filter(buried_at__isnull=False).count()
    newest = Heartbeat.objects.order_by("-at").values_list("at", flat=True).first()
    last_event = Event.objects.order_by("-pk").values_list("pk", flat=True).first()
    gauge("crm_deliveries_due", "Deliveries that wait for a worker.", due["rows"])
    gauge("crm_deliveries_oldest_seconds", "How long the oldest due delivery has waited.", age)
    gauge("crm_deliveries_buried", "Deliveries that failed for good.", buried)
    gauge("crm_last_event", "The number of the newest event.", last_event or 0)
    seen = (at - newest).total_seconds() if newest else -1
    gauge("crm_worker_seen_seconds", "How long ago a worker was seen; -1: never.", seen)
    effects = Gauge(
        "crm_effects", "Outward effects by kind and state.", ("kind", "state"), registry=registry
    )
    for row in Effect.objects.values("kind", "state").annotate(rows=Count("pk")):
        effects.labels(row["kind"], row["state"]).set(row["rows"])
    return registry
