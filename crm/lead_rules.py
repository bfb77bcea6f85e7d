"""Which verb a lead allows in which (status, stage), and what to say where it does not."""

from typing import Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

QUALIFYING_SCORE: Final = 30
WORKING: Final = ("new", "contacted", "qualified")  # the statuses of a lead that is neither converted nor given up

_NEW: Final = frozenset({("new", "NEW"), ("new", "CONTACTED"), ("new", "INTERESTED")})
_CONTACTED: Final = frozenset({("contacted", "CONTACTED"), ("contacted", "INTERESTED")})
_QUALIFIED: Final = frozenset({("qualified", "INTERESTED")})
_DISQUALIFIED: Final = frozenset(
    {("disqualified", "NEW"), ("disqualified", "CONTACTED"), ("disqualified", "INTERESTED")}
)

ALLOWED: Final[dict[str, frozenset[tuple[str, str]]]] = {
    "outreach": _NEW | _CONTACTED,
    "interest": _CONTACTED,
    "convert": _QUALIFIED,
    "proposal": frozenset({("converted", "INTERESTED"), ("converted", "PROPOSAL_SENT")}),
    "payment": frozenset({("converted", "PROPOSAL_SENT")}),
    "disqualify": _NEW | _CONTACTED | _QUALIFIED,
    "reopen": _DISQUALIFIED,
    "delete": frozenset({("new", "NEW"), ("disqualified", "NEW")}),
}

_REOPEN_FIRST: Final = _("This lead is disqualified. Reopen it first.")
_PAID: Final = _("This lead has paid. It is a customer now.")


def refusal(verb: str, status: str, stage: str) -> str:
    """Return why the verb is not possible in this pair and what would make it so; "" when it is."""
    if (status, stage) in ALLOWED[verb]:
        return ""
    return str(_WORDS[verb](status, stage))


def _outreach(status: str, stage: str) -> str:
    if status == "disqualified":
        return _REOPEN_FIRST
    if stage == "PAID":
        return _PAID
    if stage == "PROPOSAL_SENT":
        return gettext("The proposal is out. Answer in the conversation; no cold message may follow it.")
    if status == "converted":
        return gettext("This lead has an open deal. Send the proposal, or answer in the conversation.")
    return gettext("This lead is qualified. Convert it, or answer in the conversation.")


def _interest(status: str, stage: str) -> str:
    if status == "disqualified":
        return _REOPEN_FIRST
    if stage == "NEW":
        return gettext("Nobody has written to this lead yet. Send the first message or log a call first.")
    if status == "new":
        return gettext("This lead was reopened. Write to it or call it first.")
    return gettext("This lead is qualified already.")


def _convert(status: str, stage: str) -> str:
    if status == "disqualified":
        return _REOPEN_FIRST
    if status == "converted":
        return gettext("This lead is converted already. Open its deal.")
    return gettext("Qualify this lead first. It takes a score of %(score)s.") % {"score": QUALIFYING_SCORE}


def _proposal(status: str, stage: str) -> str:
    if status == "disqualified":
        return _REOPEN_FIRST
    if stage == "PAID":
        return _PAID
    if status == "qualified":
        return gettext("Convert this lead first.")
    return gettext("Only an interested lead gets a proposal. Qualify it first.")


def _payment(status: str, stage: str) -> str:
    if stage == "PAID":
        return gettext("This lead is paid already. The payment needs a review.")
    return gettext("No proposal is out for this lead. Send one first; the payment needs a review.")


def _disqualify(status: str, stage: str) -> str:
    if status == "disqualified":
        return gettext("This lead is disqualified already.")
    return gettext("This lead is converted. Mark its deal lost or abandoned instead.")


def _reopen(status: str, stage: str) -> str:
    return gettext("Only a disqualified lead can be reopened.")


def _delete(status: str, stage: str) -> str:
    return gettext("Only a lead that nobody wrote to can be deleted. Disqualify it instead.")


_WORDS: Final = {
    "outreach": _outreach,
    "interest": _interest,
    "convert": _convert,
    "proposal": _proposal,
    "payment": _payment,
    "disqualify": _disqualify,
    "reopen": _reopen,
    "delete": _delete,
}
