"""REST for tickets."""

from ninja import Router

from core.verbs import browse, offer
from crm.api import shapes
from crm.queries.tickets import ticket_for, tickets_for
from crm.ticket_list import TICKETS

router = Router(tags=["Tickets"])
browse(router, "/tickets", "ticket:read", shapes.ticket, tickets_for, find=ticket_for, **TICKETS.rest())
offer(router, "POST /tickets", "ticket.create", shapes.ticket)
for route, action in (
    ("PATCH /tickets/{int:pk}", "ticket.update"),
    ("POST /tickets/{int:pk}/assign", "ticket.assign"),
    ("POST /tickets/{int:pk}/resolve", "ticket.resolve"),
    ("POST /tickets/{int:pk}/reopen", "ticket.reopen"),
    ("POST /tickets/{int:pk}/wait", "ticket.wait"),
    ("POST /tickets/{int:pk}/notes", "ticket.note"),
):
    offer(router, route, action, shapes.ticket, ticket_for)
