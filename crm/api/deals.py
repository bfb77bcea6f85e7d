"""REST for deals."""

from typing import Any

from django.db.models import QuerySet
from ninja import Router

from core.verbs import browse, offer
from crm.api import shapes
from crm.lists import DEALS
from crm.models import Deal
from crm.queries.deals import deal_for, deals_for, with_facts

router = Router(tags=["Deals"])


def rows(actor: Any) -> QuerySet[Deal]:
    """The deals that the actor may see, with what their shape shows."""
    rows = deals_for(actor).prefetch_related("lines", "pipeline__stages", "processes__playbook")
    return with_facts(rows)


browse(router, "/deals", "deal:read", shapes.deal, rows, find=deal_for, **DEALS.rest())
offer(router, "POST /deals", "deal.create", shapes.deal)
for route, action in (
    ("PATCH /deals/{int:pk}", "deal.update"),
    ("DELETE /deals/{int:pk}", "deal.delete"),
    ("POST /deals/{int:pk}/move-stage", "deal.move"),
    ("PUT /deals/{int:pk}/lines", "deal.set_lines"),
    ("POST /deals/{int:pk}/won", "deal.win"),
    ("POST /deals/{int:pk}/lost", "deal.lose"),
    ("POST /deals/{int:pk}/abandon", "deal.abandon"),
    ("POST /deals/{int:pk}/reopen", "deal.reopen"),
    ("POST /deals/{int:pk}/reassign", "deal.reassign"),
    ("POST /deals/{int:pk}/snooze", "deal.snooze"),
    ("POST /deals/{int:pk}/unsnooze", "deal.unsnooze"),
    ("POST /deals/{int:pk}/process", "deal.start_process"),
    ("POST /deals/{int:pk}/process/stop", "deal.stop_process"),
):
    offer(router, route, action, shapes.deal, deal_for)
offer(router, "POST /deals/{int:pk}/approval", "deal.request_approval", shapes.approval, deal_for)
