"""Which verb a deal allows, what it must have before it enters a stage or a step, and the words of a refusal; pure."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

# name: what is asked for, the refusal, and whether a deal has it (a deal of `crm.queries.deals.with_facts`)
NEEDS: Final[dict[str, tuple[str, str, Callable[[Any], bool]]]] = {
    "value": (_("A value"), _("Give the deal a value first."), lambda deal: deal.value_minor > 0),
    "close_date": (
        _("An expected close date"),
        _("Add an expected close date first."),
        lambda deal: deal.expected_close_on is not None,
    ),
    "lines": (_("What is sold"), _("Add what is sold first, line by line."), lambda deal: bool(deal.has_lines)),
    "next_step": (
        _("A next step"),
        _("Plan the next step first: a call, a meeting or a task."),
        lambda deal: deal.next_due_at is not None,
    ),
    "proposal_sent": (
        _("The proposal is sent"),
        _("Send the proposal first."),
        lambda deal: deal.proposal_sent_at is not None,
    ),
    "agreed": (
        _("A verbal agreement"),
        _("Note the day of the verbal agreement first, under Edit."),
        lambda deal: deal.agreed_on is not None,
    ),
}
CLOSED: Final = {
    "won": _("This deal is won. Reopen it first."),
    "lost": _("This deal is lost and stays so. Make a new deal instead."),
    "abandoned": _("This deal is given up and stays so. Make a new deal instead."),
}
APPROVED: Final = _("This deal is approved as it stands.")
PREVIOUS: Final = "previous_done"  # a step opens when the tasks of the one before are done


def refusal(verb: str, deal: Any) -> str:
    """Return why the deal's state forbids a verb, and what would help; "" when it does not."""
    if verb == "delete":
        if deal.status == "won":
            return gettext("A won deal cannot be deleted. Reopen it first.")
        return gettext("This deal came from a lead. Give it up instead.") if deal.lead_id else ""
    if verb in ("reassign", "reopen") or deal.status == "open":
        return ""
    return str(CLOSED[deal.status])


def place_of(steps: Sequence[dict[str, Any]], key: str) -> int:
    """Return at which place the step of this key stands, -1 for none."""
    return next((place for place, step in enumerate(steps) if step["key"] == key), -1)


def opens(step: dict[str, Any], deal: Any) -> bool:
    """Whether the guard of a step lets the deal in; its predecessor's tasks are the caller's business."""
    guard = step.get("guard") or PREVIOUS
    return guard == PREVIOUS or NEEDS[guard][2](deal)


def blockers(deal: Any, stage: Any, process: Any = None) -> list[str]:
    """Return what stands against moving a deal into a stage, in words; nothing when it may go there.

    The stage may ask for things; and while a playbook runs, the step that begins there has an entry guard.
    """
    found = [NEEDS[name][1] for name in stage.needs if name in NEEDS and not NEEDS[name][2](deal)]
    place = place_of(process.steps, stage.step) if process is not None and stage.step else -1
    if process is None or place <= process.at:
        return [str(text) for text in found]
    step = process.steps[place]
    if (step.get("guard") or PREVIOUS) == PREVIOUS:
        found.append(gettext("Finish the tasks of “%(step)s” first.") % {"step": process.steps[place - 1]["name"]})
    elif not opens(step, deal):
        found.append(NEEDS[step["guard"]][1])
    return list(dict.fromkeys(map(str, found)))
