"""What a Prometheus server may read (/metrics): counted from the rows, and how long requests took."""

from collections.abc import Callable

from django.db.models import Count, Min
from django.http import Http404, HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, Histogram, generate_latest

from core import clock, jobs, relay
from core.doors import public
from core.models import Delivery, Effect, Event, Heartbeat

LOOPBACK = frozenset({"127.0.0.1", "::1"})
PROCESS = CollectorRegistry()
REQUESTS = Histogram(
    "crm_request_seconds",
    "How long requests took in this web process, by route and kind of answer.",
    ("route", "method", "hundreds"),
    registry=PROCESS,
    buckets=(0.05, 0.1, 0.3, 1, 3, 10),
)
GAUGES: dict[str, tuple[str, Callable[[], float]]] = {}


def register_gauge(name: str, text: str, read: Callable[[], float]) -> None:
    """Add a figure of a higher app to the scrape."""
    GAUGES[name] = text, read


@public()
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer a scrape from this machine itself; for everybody else there is nothing here."""
    through_a_proxy = "X-Forwarded-For" in request.headers
    if request.META.get("REMOTE_ADDR") not in LOOPBACK or through_a_proxy:
        raise Http404
    text = generate_latest(collect()) + generate_latest(PROCESS)
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


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
    failing = jobs.last_runs().exclude(error="").count()
    gauge("crm_jobs_failing", "Jobs whose last run failed.", failing)
    failed = Event.objects.filter(name="user.sign_in_failed").count()
    gauge("crm_sign_ins_failed", "Failed sign-ins so far.", failed)
    for name, (words, read) in GAUGES.items():
        gauge(name, words, read())
    effects = Gauge("crm_effects", "Outward effects by kind and state.", ("kind", "state"), registry=registry)
    for row in Effect.objects.values("kind", "state").annotate(rows=Count("pk")):
        effects.labels(row["kind"], row["state"]).set(row["rows"])
    return registry
