"""When to write again to a lead that has not answered: a few times, with growing patience, and then not."""

from outreach.values import FollowUpPlan

WAITS = (3, 5, 10)


def plan(*, attempts: int, replied: bool, opted_out: bool, away_days: int = 0) -> FollowUpPlan:
    """Return in how many days the next follow-up is due; None when there is none."""
    if opted_out:
        return FollowUpPlan(None, "They asked for no more messages.")
    if replied:
        return FollowUpPlan(None, "They answered.")
    if attempts >= len(WAITS):
        return FollowUpPlan(None, f"No answer to {len(WAITS)} follow-ups.")
    days = max(WAITS[attempts], away_days)
    why = "They are away until then." if away_days > WAITS[attempts] else "No answer yet."
    return FollowUpPlan(days, why)
