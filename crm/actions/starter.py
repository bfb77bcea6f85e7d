"""What a new workspace starts with, so that its first hour needs no settings."""

from accounts.actor import Actor
from core.actions import action
from crm.actions.pipelines import starting_pipeline
from crm.actions.processes import make_playbooks
from crm.actions.public_forms import create_public_form
from crm.models import PublicForm


@action("starter.make", permission=None)
def make_starter_set(*, actor: Actor) -> None:
    """Make the default pipeline, the playbooks and one ready form at /f/contact/; does nothing where they exist."""
    starting_pipeline(actor)
    make_playbooks(actor=actor)
    if PublicForm.objects.exists():
        return
    create_public_form(
        actor=actor,
        slug="contact",
        title="Talk to us",
        intro="Tell us what you need. We answer within a working day.",
        fields_asked=["first_name", "last_name", "email", "phone", "business_name", "industry", "city", "note"],
        consent_text="You may also write to me about offers, about twice a month.",
        thank_you="Thank you. You hear from us within a working day.",
        is_active=True,
    )
