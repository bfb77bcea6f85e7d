"""The writer's rule twin: sentences that join whatever is known of a lead and leave out what is not."""

from dataclasses import dataclass

from outreach.agents import wording
from outreach.values import LeadBrief, ReplyContext

VERSION = "phrases.v1"
COLD = frozenset(("cold-outreach", "campaign", "finder", "import"))


@dataclass(frozen=True)
class Words:
    """A subject and a body, with what they rest on."""

    subject: str
    body: str
    confidence: float
    sources: tuple[str, ...]


@dataclass(frozen=True)
class _Book:
    """The sentences of one language."""

    hello_name: str
    hello_business: str
    hello: str
    formal_name: str
    warm: str
    warm_city: str
    warm_plain: str
    cold_plain: str
    cold: str
    cold_city: str
    trade: str
    note: str
    offer: str
    ask: str
    subject: str
    subject_plain: str
    again: tuple[str, ...]
    again_ask: tuple[str, ...]
    thanks: str
    look: str
    price: str
    away: str
    human: str
    automated: str
    regards: str


_ENGLISH = _Book(
    hello_name="Hi {name},",
    hello_business="Hello {business} team,",
    hello="Hello,",
    formal_name="Dear {name},",
    warm="Thank you for getting in touch about {business}.",
    warm_city="Thank you for getting in touch about {business} in {city}.",
    warm_plain="Thank you for getting in touch.",
    cold_plain="I am writing because I think that we could be of use to you.",
    cold="I am writing because I think that we could be of use to {business}.",
    cold_city="I am writing because I think that we could be of use to {business} in {city}.",
    trade="I would like to hear what matters most to you in {industry}.",
    note="You wrote: “{note}”",
    offer="In short, what we do: {offer}",
    ask="Would a short call this week suit you, or shall I send more by email?",
    subject="{business} and {workspace}",
    subject_plain="Your enquiry to {workspace}",
    again=(
        "I wrote a few days ago about {topic} and wanted to make sure that it reached you.",
        "One more thought about {topic}: we can start small and look at the result together before anything bigger.",
        "I do not want to fill your inbox, so this is my last note about {topic} for now.",
    ),
    again_ask=(
        "Is this something for you, or for somebody else in the team?",
        "What would have to be true for this to be useful to you?",
        "If it becomes interesting later, a short answer is enough and I will be back.",
    ),
    thanks="Thank you for your message.",
    look="I am looking into your question and will come back to you with a proper answer.",
    price="I will put together the prices that fit your case. How many people or places would use it?",
    away="I will write again when you are back.",
    human="A fair question: our messages are prepared by software and people read the answers. "
    "I am passing yours on to a colleague.",
    automated="This message was prepared by software for {workspace}. A person reads every answer.",
    regards="Kind regards",
)
_HINDI = _Book(
    hello_name="नमस्ते {name} जी,",
    hello_business="नमस्ते {business} टीम,",
    hello="नमस्ते,",
    formal_name="आदरणीय {name} जी,",
    warm="{business} के बारे में संपर्क करने के लिए धन्यवाद।",
    warm_city="{city} के {business} के बारे में संपर्क करने के लिए धन्यवाद।",
    warm_plain="संपर्क करने के लिए धन्यवाद।",
    cold_plain="मैं इसलिए लिख रहा हूँ क्योंकि मुझे लगता है कि हम आपके काम आ सकते हैं।",
    cold="मैं इसलिए लिख रहा हूँ क्योंकि मुझे लगता है कि हम {business} के काम आ सकते हैं।",
    cold_city="मैं इसलिए लिख रहा हूँ क्योंकि मुझे लगता है कि हम {city} के {business} के काम आ सकते हैं।",
    trade="मैं जानना चाहूँगा कि {industry} में आपके लिए सबसे ज़रूरी क्या है।",
    note="आपने लिखा था: “{note}”",
    offer="संक्षेप में हमारा काम: {offer}",
    ask="क्या इस सप्ताह एक छोटी बातचीत ठीक रहेगी, या मैं ईमेल से और जानकारी भेजूँ?",
    subject="{business} और {workspace}",
    subject_plain="{workspace} से आपकी पूछताछ",
    again=(
        "कुछ दिन पहले मैंने {topic} के बारे में लिखा था। बस यह देखना था कि संदेश आप तक पहुँचा।",
        "{topic} के बारे में एक और बात: हम छोटे स्तर से शुरू करके परिणाम साथ में देख सकते हैं।",
        "मैं आपको बार-बार परेशान नहीं करना चाहता, इसलिए {topic} पर अभी यह मेरा आख़िरी संदेश है।",
    ),
    again_ask=(
        "क्या यह आपके काम का है, या टीम में किसी और से बात करूँ?",
        "यह आपके लिए उपयोगी कब होगा?",
        "आगे कभी रुचि हो तो एक छोटा उत्तर काफ़ी है।",
    ),
    thanks="आपके संदेश के लिए धन्यवाद।",
    look="मैं आपके प्रश्न का सही उत्तर लेकर जल्द लिखूँगा।",
    price="मैं आपके लिए सही कीमतें तैयार करके भेजता हूँ। इसे कितने लोग या कितनी जगहें इस्तेमाल करेंगी?",
    away="आपके लौटने पर मैं फिर लिखूँगा।",
    human="सही प्रश्न: हमारे संदेश सॉफ़्टवेयर तैयार करता है और उत्तर लोग पढ़ते हैं। मैं आपका संदेश एक सहकर्मी को दे रहा हूँ।",
    automated="यह संदेश {workspace} के लिए सॉफ़्टवेयर ने तैयार किया है। हर उत्तर एक व्यक्ति पढ़ता है।",
    regards="सादर",
)


def first_message(brief: LeadBrief) -> Words:
    """Return the first message: who they are, what we do, one question."""
    book, business = _book(brief), _clean(brief.business_name, 80)
    city, industry, offer = (_clean(brief.city, 60), _clean(brief.industry, 60), _clean(brief.offer, 300))
    workspace = _clean(brief.workspace_name, 80) or "our team"
    note = _clean(brief.note, 160)
    lines = [_greeting(book, brief), ""]
    lines.append(_opening(book, brief, business, city))
    if note:
        lines.append(book.note.format(note=note))
    if industry:
        lines.append(book.trade.format(industry=industry if book is _HINDI else industry.lower()))
    if offer:
        lines += ["", book.offer.format(offer=offer if offer.endswith((".", "!", "?", "।")) else f"{offer}.")]
    lines += ["", book.ask]
    subject = (book.subject if business else book.subject_plain).format(business=business, workspace=workspace)
    return Words(subject, "\n".join(lines), 0.75 if business else 0.6, _sources(brief))


def _opening(book: _Book, brief: LeadBrief, business: str, city: str) -> str:
    """Return why we write: they asked, or we think that we could be of use."""
    if not business:
        return book.warm_plain if brief.source not in COLD else book.cold_plain
    words = (book.cold_city if city else book.cold) if brief.source in COLD else book.warm_city if city else book.warm
    return words.format(business=business, city=city)


def follow_up(brief: LeadBrief) -> Words:
    """Return the next follow-up; the third says that it is the last."""
    book = _book(brief)
    number = min(max(brief.attempt, 1), 3) - 1
    workspace = _clean(brief.workspace_name, 80) or "our team"
    business = _clean(brief.business_name, 80)
    lines = [
        _greeting(book, brief),
        "",
        book.again[number].format(topic=business or workspace),
        "",
        book.again_ask[number],
    ]
    subject = (book.subject if business else book.subject_plain).format(business=business, workspace=workspace)
    return Words(subject, "\n".join(lines), 0.7, _sources(brief))


def answer(brief: LeadBrief, context: ReplyContext) -> Words:
    """Return an honest short answer: thanks, and what happens next; facts are left to people."""
    book = _book(brief)
    from outreach.agents.rules import asks_for_a_human

    if asks_for_a_human(context.text):
        next_step, confidence = book.human, 0.8
    elif context.intent == "asking_price":
        next_step, confidence = book.price, 0.7
    elif context.intent == "out_of_office":
        next_step, confidence = book.away, 0.5
    elif context.intent == "interested":
        next_step, confidence = book.ask, 0.7
    else:
        next_step, confidence = book.look, 0.4
    subject = wording.one_line(context.subject, 70)
    while subject[:3].lower() == "re:":
        subject = subject[3:].strip()
    plain = book.subject_plain.format(workspace=_clean(brief.workspace_name, 80) or "us")
    return Words(
        f"Re: {subject}" if subject else plain,
        "\n".join([_greeting(book, brief), "", book.thanks + " " + next_step]),
        confidence,
        ("reply",),
    )


def signature(brief: LeadBrief) -> str:
    """Return the closing lines: who writes, and that a machine prepared it where it did."""
    book = _book(brief)
    workspace = _clean(brief.workspace_name, 80)
    sender = _clean(brief.sender_name.split("@")[0], 80)
    lines = [book.regards, *([sender] if sender else []), *([workspace] if workspace and workspace != sender else [])]
    if brief.automated:
        lines += ["", book.automated.format(workspace=workspace or "us")]
    return "\n".join(lines)


def _greeting(book: _Book, brief: LeadBrief) -> str:
    name, business = _clean(brief.first_name, 40), _clean(brief.business_name, 80)
    if name and any(char.isalpha() for char in name):
        formal = any(word in brief.tone.lower() for word in ("formal", "respectful", "official"))
        casual = "informal" in brief.tone.lower()
        return (book.formal_name if formal and not casual else book.hello_name).format(name=name)
    return book.hello_business.format(business=business) if business else book.hello


def _book(brief: LeadBrief) -> _Book:
    return _HINDI if brief.language.lower().startswith("hi") else _ENGLISH


def _sources(brief: LeadBrief) -> tuple[str, ...]:
    names = ("first_name", "business_name", "industry", "city", "note", "offer")
    return tuple(name for name in names if str(getattr(brief, name)).strip())


def _clean(text: str, limit: int) -> str:
    """Return a stranger's words fit for a sentence: one line, no links, no markup, no template marks."""
    line = wording.one_line(wording.tidy(text.replace("{", "(").replace("}", ")")), limit)
    return "" if wording.faults(line) else line.strip(" ,.-–:;|")
