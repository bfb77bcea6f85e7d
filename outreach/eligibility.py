"""What a lead's two machines allow to be sent; pure, so that every pair can be tested."""

from django.utils.translation import gettext as _

OUTREACH = ("first_message", "follow_up")


def blocked(purpose: str, status: str, stage: str) -> str:
    """Return why a message of this purpose may not leave now, or "" when it may.

    Replies, receipts and notices answer something; the rest is outreach or a proposal and follows the stage.
    """
    if purpose in OUTREACH:
        return _outreach(purpose, status, stage)
    if purpose == "proposal":
        return _proposal(status, stage)
    return ""


def _outreach(purpose: str, status: str, stage: str) -> str:
    if stage == "PAID":
        return _("This lead has paid. Write to the customer as a reply instead.")
    if status == "disqualified":
        return _("This lead is disqualified. Reopen it first.")
    if stage == "PROPOSAL_SENT":
        return _("The proposal is out, so no cold message leaves. Answer as a reply instead.")
    if status in ("qualified", "converted"):
        return _("This lead is talking to you already. Write a reply instead.")
    if purpose == "first_message" and stage != "NEW":
        return _("The first message is out already. Send a follow-up instead.")
    if purpose == "follow_up" and stage == "NEW":
        return _("Nothing was sent yet. Send the first message instead.")
    return ""


def _proposal(status: str, stage: str) -> str:
    if stage == "PAID":
        return _("This lead has paid already.")
    if status == "disqualified":
        return _("This lead is disqualified. Reopen it first.")
    if stage not in ("INTERESTED", "PROPOSAL_SENT"):
        return _("A proposal needs an interested lead. Qualify it first.")
    return ""


def purpose_for(status: str, stage: str, *, was_written_to_us: bool) -> str:
    """Return the purpose of a message that a person writes on the lead page."""
    if was_written_to_us or status in ("qualified", "converted") or stage in ("PROPOSAL_SENT", "PAID"):
        return "reply"
    return "first_message" if stage == "NEW" else "follow_up"
