"""Words that machines keep in English with a record, such as the parts of a score, read in the reader's language."""

import re

from django import template
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

register = template.Library()
WORDS = (
    _("Starting score"), _("A score ends at 100"), _("A score starts at 0"), _("Lifted by shown interest"),
    _("Intent"), _("rules"), _("learned"), _("interested"), _("asking_price"), _("question"), _("not_interested"),
    _("business"), _("free"), _("web"), _("referral"), _("reference"), _("campaign"), _("ad"), _("email"),
    _("everybody nearer is full"), _("next in turn"), _("the only rep"), _("the only one left"),
    _("takes large deals"), _("at work now"), _("Nobody can take leads yet: no active sales rep."),
    _("Every rep is at their limit of open leads."), _("looks after other places"), _("had a lead later"),
    _("not: at work now"), _("not: takes large deals"),
    _("access"), _("accounts"), _("billing"), _("crm"), _("follow-up"), _("import_file"), _("imports"),
    _("inbound-mail"), _("inbox"), _("intent"), _("mailbox"), _("operations"), _("outbound"), _("payments"),
    _("playbook"), _("proposal"), _("proposal page"), _("proposals"), _("radar"), _("reminders"), _("rotting"),
    _("score"), _("score decay"), _("set-up"), _("unmerge"), _("writer"),
    _("lead_intake"), _("follow_up"), _("reply_to_cash"), _("replies"), _("call"), _("move"), _("done"),
    _("What they wrote"),
)  # fmt: skip
HOLED = (
    _("{} given"), _("{}: not known"), _("Silent for {} days"), _("Came by {}"), _("looks after {}"),
    _("fewest open leads ({})"), _("{} open leads each"), _("{} in {}"),
    _("“{}” is switched off."), _("“{}” asks a person each time."), _("At most {} an hour leave by themselves."),
    _("At most {} a day leave by themselves to one person."),
    _("At most {} answers of a conversation leave by themselves."),
)  # fmt: skip
PATTERNS = [(re.compile(re.escape(text).replace(r"\{\}", "([^:,]+)")), text) for text in HOLED]


@register.filter
def told(text: str) -> str:
    """A kept sentence in the reader's language: known words, known words with a hole, or a list after a colon."""
    if (known := gettext(text)) != text or not text:
        return known
    for pattern, holed in PATTERNS:
        if found := pattern.fullmatch(text):
            return gettext(holed).format(*map(gettext, found.groups()))
    name, colon, rest = text.partition(": ")
    if not colon:
        return text
    parts = [told(part) for part in rest.removesuffix(".").split(", ")]
    return f"{gettext(name)}: {', '.join(parts)}{'.' if rest.endswith('.') else ''}"
