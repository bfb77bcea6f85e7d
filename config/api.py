"""Mounts each app's REST routers; the document is at /api/v1/openapi.json, the human page at /api/v1/docs."""

from core.api import build
from crm.api import (
    access,
    activities,
    catalog,
    contacts,
    deals,
    fields,
    leads,
    live,
    operations,
    pipelines,
)

api = build()
for module in (access, contacts, fields, leads, deals, catalog, activities, pipelines, live, operations):
    api.add_router("/crm", module.router)
api.add_router("", leads.intake)
