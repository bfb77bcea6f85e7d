"""Ready-made words, filled for one person."""

from accounts.actor import Actor
from accounts.models import Workspace
from core.fields import fill
from crm.models import Contact, Lead
from outreach.models import Template


def templates() -> list[Template]:
    """Return the templates that the composer offers."""
    return list(Template.objects.filter(is_active=True))


def filled(pk: int, contact: Contact, lead: Lead | None, actor: Actor) -> dict[str, str]:
    """Return subject and body of a template with its holes filled; nothing when there is none.

    A hole without a value and without a fallback shows as [first name], for the person to see and fill.
    """
    template = Template.objects.filter(pk=pk, is_active=True).first()
    if template is None:
        return {}
    values = {
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "business_name": (lead.business_name if lead else "") or contact.company_name,
        "city": (lead.city if lead else "") or contact.city,
        "sender_name": actor.name,
        "workspace_name": Workspace.current().name,
    }
    return {"subject": _filled(template.subject, values), "body": _filled(template.body, values)}


def _filled(text: str, values: dict[str, str]) -> str:
    holes = {name: f"[{name.replace('_', ' ')}]" for name in fill(text, values).missing}
    return fill(text, values | holes).text
