"""Every model of the app, one module a noun."""

from crm.models.activity import Activity
from crm.models.approval import Approval
from crm.models.consent import Consent, Suppression
from crm.models.contact import Channel, Contact, ContactAddress
from crm.models.custom_field import CustomField
from crm.models.deal import Deal, DealLine
from crm.models.duplicate import ContactMerge, DuplicateKey, DuplicatePair
from crm.models.holiday import Holiday
from crm.models.imports import ImportRun
from crm.models.item import Item, PriceList, PriceListEntry
from crm.models.lead import LEGAL_PAIRS, Lead
from crm.models.operation import Operation, OperationPart
from crm.models.pipeline import Pipeline, Stage
from crm.models.process import Playbook, Process
from crm.models.public_form import PublicForm
from crm.models.score_model import ScoreModel
from crm.models.search import SearchForm
from crm.models.tag import Tag

__all__ = [
    "LEGAL_PAIRS",
    "Activity",
    "Approval",
    "Channel",
    "Consent",
    "Contact",
    "ContactAddress",
    "ContactMerge",
    "CustomField",
    "Deal",
    "DealLine",
    "DuplicateKey",
    "DuplicatePair",
    "Holiday",
    "ImportRun",
    "Item",
    "Lead",
    "Operation",
    "OperationPart",
    "Pipeline",
    "Playbook",
    "PriceList",
    "PriceListEntry",
    "Process",
    "PublicForm",
    "ScoreModel",
    "SearchForm",
    "Stage",
    "Suppression",
    "Tag",
]  # fmt: skip
