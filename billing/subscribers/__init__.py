"""What billing does when something happened: agents and vendors first, then one action."""

from billing.subscribers import checkouts, drafting, follow_ups, hooks, printing, sending

__all__ = ["checkouts", "drafting", "follow_ups", "hooks", "printing", "sending"]
