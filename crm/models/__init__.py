"""Every model of the app, one module a noun."""

from crm.models.activity import MEETINGS, Activity
from crm.models.analytics import CohortBlock, Forecast, Goal, LeadCohort, ReportRecipient, ReportSchedule, Snapshot
from crm.models.approval import Approval
from crm.models.calendar import Booking, BookingPage, CalendarFeed
from crm.models.consent import Consent, Suppression
from crm.models.contact import Channel, Contact, ContactAddress
from crm.models.custom_field import CustomField
from crm.models.deal import Deal, DealLine
from crm.models.document import Document, DocumentFile, DocumentLink
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
from crm.models.setup import SetupStep
from crm.models.tag import Tag
from crm.models.territory import RoutingVersion, Territory
from crm.models.ticket import SlaTarget, Ticket, TicketNote

__all__ = [
    "LEGAL_PAIRS",
    "MEETINGS",
    "Activity",
    "Approval",
    "Booking",
    "BookingPage",
    "CalendarFeed",
    "Channel",
    "CohortBlock",
    "Consent",
    "Contact",
    "ContactAddress",
    "ContactMerge",
    "CustomField",
    "Deal",
    "DealLine",
    "Document",
    "DocumentFile",
    "DocumentLink",
    "DuplicateKey",
    "DuplicatePair",
    "Forecast",
    "Goal",
    "Holiday",
    "ImportRun",
    "Item",
    "Lead",
    "LeadCohort",
    "Operation",
    "OperationPart",
    "Pipeline",
    "Playbook",
    "PriceList",
    "PriceListEntry",
    "Process",
    "PublicForm",
    "ReportRecipient",
    "ReportSchedule",
    "RoutingVersion",
    "ScoreModel",
    "SearchForm",
    "SetupStep",
    "SlaTarget",
    "Snapshot",
    "Stage",
    "Suppression",
    "Tag",
    "Territory",
    "Ticket",
    "TicketNote",
]  # fmt: skip
