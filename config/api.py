"""Mounts each app's REST routers; the document is at /api/v1/openapi.json, the human page at /api/v1/docs."""

from accounts import api as people
from core.api import build
from crm.api import (
    access,
    activities,
    analytics,
    calendar,
    catalog,
    contacts,
    deals,
    documents,
    fields,
    files,
    leads,
    live,
    operations,
    pipelines,
    search,
    territories,
    tickets,
)
from outreach import api as messages

api = build()
for module in (
    access, contacts, fields, leads, deals, catalog, activities, calendar, pipelines, live, operations, files,
    tickets, documents, analytics, territories,
):  # fmt: skip
    api.add_router("/crm", module.router)
api.add_router("/crm", messages.router)
for router in (leads.intake, search.router, people.router):
    api.add_router("", router)
