"""The labelled records of ci/bench_duplicates.py: people and businesses from a seed, and what others type of them."""

import itertools
import random
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any


def words(text: str, between: str | None = None) -> list[str]:
    """Return the words of a text, or what stands between signs."""
    return [" ".join(part.split()) for part in text.split(between)]


INDIAN = words("""
Aarav Aditi Ajay Akash Amit Amita Anand Ananya Anil Anita Anjali Anjana Arjun Arun Aruna Asha Ashok Bharat Bhavna
Chetan Deepa Deepak Dinesh Divya Farhan Fatima Ganesh Gaurav Gita Gopal Hari Harish Hema Imran Indira Isha Jaya Jyoti
Kamala Karan Kavita Kiran Kishore Lakshmi Lalit Lata Madhu Mahesh Manish Manoj Meena Meera Mohan Mukesh Nandini Naresh
Naveen Neha Nikhil Nisha Nitin Pankaj Pooja Prakash Pradeep Pramod Prasad Preeti Priya Rahul Raj Rajesh Raju Rakesh Ram
Ramesh Ravi Rekha Rina Ritu Rohan Rohit Sachin Sandeep Sanjay Sanjana Sarita Satish Seema Shalini Shankar Shanti Shilpa
Shreya Shyam Sita Sneha Sonia Sudha Sunil Sunita Suresh Sushma Swati Tanvi Uma Usha Varun Vidya Vijay Vikas Vikram
Vinod Vivek Yash Zara
""")
INDIAN_LAST = words("""
Acharya Agarwal Ahuja Bajaj Banerjee Bhat Bhatia Bose Chatterjee Chauhan Chopra Choudhary Das Desai Deshmukh Deshpande
Dubey Ghosh Gill Gupta Hegde Iyer Jadhav Jain Jha Joshi Kapoor Kaur Khan Khanna Kulkarni Kumar Mahajan Malhotra Mehra
Mehta Menon Mishra Mukherjee Nair Naidu Pandey Parekh Patel Patil Pillai Rao Rathore Reddy Roy Sahu Saxena Sen Sethi
Shah Sharma Shetty Shukla Singh Sinha Soni Srivastava Thakur Trivedi Varma Verma Vyas Yadav
""")
WESTERN = words("""
Adam Alice Amanda Andrew Anna Anthony Barbara Benjamin Brian Carol Charles Christina Daniel David Diana Edward Elena
Elizabeth Emily Emma Eric Frank George Grace Hannah Helen Henry Jack James Jane Jason Jennifer Joan John Joseph Julia
Karen Katherine Kevin Laura Linda Lucas Margaret Maria Marie Mark Martin Mary Matthew Michael Nicole Oliver Olivia
Patricia Paul Peter Rachel Rebecca Richard Robert Ruth Samuel Sarah Simon Sophia Stefan Stephen Steven Susan Thomas
Victoria William
""")
WESTERN_LAST = words("""
Adams Allen Anderson Baker Bauer Bennett Brown Campbell Carter Clark Collins Cooper Davies Davis Dubois Edwards Evans
Fischer Foster Garcia Gray Green Hall Hansen Harris Hill Hoffman Hughes Jackson Johnson Jones Keller Kelly King Larsen
Lee Lewis Martinez Meyer Miller Mitchell Moore Morgan Morris Müller Murphy Nelson Novak Parker Peterson Phillips Price
Reed Roberts Robinson Rossi Schmidt Scott Silva Smith Stewart Taylor Thompson Turner Walker Ward Watson Weber White
Williams Wilson Wright Young
""")
NICK = {
    "Robert": "Bob", "William": "Bill", "Michael": "Mike", "Elizabeth": "Liz", "Thomas": "Tom", "James": "Jim",
    "Katherine": "Kate", "Anthony": "Tony", "Joseph": "Joe", "Richard": "Rick", "Edward": "Ed", "Margaret": "Maggie",
    "Charles": "Charlie", "Susan": "Sue", "Jennifer": "Jen", "Andrew": "Andy", "Steven": "Steve", "David": "Dave",
    "Benjamin": "Ben", "Daniel": "Dan", "Samuel": "Sam", "Matthew": "Matt", "Christina": "Chris", "Nicole": "Nick",
    "Victoria": "Vicky", "Stephen": "Steve", "Patricia": "Pat",
}  # fmt: skip
SPELLED = {
    "Meera": "Mira", "Choudhary": "Chaudhari", "Agarwal": "Aggarwal", "Sunita": "Suneeta", "Gita": "Geeta",
    "Pooja": "Puja", "Varma": "Verma", "Srivastava": "Shrivastav", "Banerjee": "Banerji", "Mukherjee": "Mukherji",
    "Laxmi": "Lakshmi", "Lakshmi": "Laxmi", "Shilpa": "Silpa", "Vikram": "Bikram", "Iyer": "Aiyar", "Deepa": "Dipa",
    "Chauhan": "Chouhan", "Preeti": "Priti", "Meena": "Mina", "Patil": "Pateel", "Yadav": "Yadava", "Mishra": "Misra",
    "Shyam": "Sham", "Divya": "Dibya", "Shetty": "Shetti", "Reddy": "Reddi", "Naidu": "Naydu", "Kaur": "Kour",
}  # fmt: skip
DEVANAGARI = {
    "Meera": "मीरा", "Rahul": "राहुल", "Priya": "प्रिया", "Amit": "अमित", "Anil": "अनिल", "Asha": "आशा",
    "Deepak": "दीपक", "Kavita": "कविता", "Manoj": "मनोज", "Neha": "नेहा", "Pooja": "पूजा", "Rajesh": "राजेश",
    "Rakesh": "राकेश", "Ramesh": "रमेश", "Ravi": "रवि", "Rekha": "रेखा", "Sanjay": "संजय", "Seema": "सीमा",
    "Sunil": "सुनील", "Sunita": "सुनीता", "Suresh": "सुरेश", "Vijay": "विजय", "Vikram": "विक्रम", "Vivek": "विवेक",
    "Gita": "गीता", "Mohan": "मोहन", "Lakshmi": "लक्ष्मी", "Mahesh": "महेश", "Nisha": "निशा", "Arjun": "अर्जुन",
    "Sharma": "शर्मा", "Gupta": "गुप्ता", "Verma": "वर्मा", "Singh": "सिंह", "Kumar": "कुमार", "Patel": "पटेल",
    "Mishra": "मिश्रा", "Yadav": "यादव", "Joshi": "जोशी", "Mehta": "मेहता", "Jain": "जैन", "Pandey": "पाण्डेय",
    "Desai": "देसाई", "Chauhan": "चौहान", "Shah": "शाह", "Rao": "राव", "Thakur": "ठाकुर", "Saxena": "सक्सेना",
    "Trivedi": "त्रिवेदी", "Reddy": "रेड्डी", "Nair": "नायर", "Das": "दास",
}  # fmt: skip
FIRST_WORD = words("""
Acme Aarohi Apex Aurora Bharat Blue Bright Capital Cedar City Coastal Crystal Delta Eastern Elite Emerald Everest
Falcon Galaxy Ganga Global Golden Grand Green Harbor Heritage Himalaya Horizon Indus Jupiter Kaveri Krishna Lotus Maple
Metro Modern Narmada National Nexus Northern Oak Ocean Om Orchid Pacific Paramount Pearl Pinnacle Pioneer Prime Quantum
Rainbow Regal River Royal Sahyadri Saffron Sapphire Shakti Silver Skyline Southern Star Sterling Summit Sunrise Supreme
Swastik Titan Triveni Unity Universal Urban Vertex Vista Western Zenith
""")
TRADE = words(
    """
Dental Clinic, Traders, Travels, Textiles, Builders, Interiors, Foods, Motors, Logistics, Pharma, Software, Consulting,
Engineering, Exports, Jewellers, Academy, Hospital, Electronics, Furniture, Media, Bakery, Fitness, Realty, Solar,
Packaging
""",
    ",",
)
RARE = (
    words("Ash Bal Bran Chand Dev Dun East Fair Gan Har Kal Kin Lang Mal Mer Nar Pem Pur Raj Row Sam Tal Van Wake"),
    words("brook field ford ham ley mann ridge stein ton wood worth berg hurst"),
    words("kar wala rkar ani ekar iya giri puri swamy rajan nathan vel thil"),
)
FORMS = ("", "Ltd", "Pvt Ltd", "Private Limited", "LLP", "Inc", "& Co", "Limited")
PLACES = words("Pune Nashik Delhi Jaipur Surat Indore Nagpur Lucknow Kochi Bangalore Mumbai Chennai Kolkata Gurgaon")
ALIAS = {
    "Bangalore": "Bengaluru", "Mumbai": "Bombay", "Chennai": "Madras", "Kolkata": "Calcutta", "Gurgaon": "Gurugram",
    "Kochi": "Cochin",
}  # fmt: skip
ROLES = ("Owner", "Director", "Manager", "Accountant", "Sales Executive", "Founder", "Engineer", "")
KEYBOARD = dict(zip("qwertyuiopasdfghjklzxcvbnm", "wertyuioplsdfghjklkxcvbnmn", strict=True))


@dataclass
class Firm:
    """A business with its mail domain and its office number."""

    name: str
    domain: str
    office: str
    city: str


@dataclass
class Record:
    """One record as somebody entered it; `entity` is whom it is really about."""

    entity: int
    first: str = ""
    last: str = ""
    company: str = ""
    emails: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    city: str = ""
    role: str = ""


class World:
    """Everybody, and what was typed about them."""

    def __init__(self, seed: int, count: int) -> None:
        self.dice = random.Random(seed)
        self.count = count
        self.numbers = itertools.count(1)
        self.firms = self.make_firms(max(20, count // 4))
        self.records: list[Record] = []
        self.taken: set[str] = set()
        self.businesses_by_name: dict[str, int] = {}

    def build(self) -> list[Record]:
        """Return the records: about 70 % single, the rest twins, and the ones that only look alike."""
        while len(self.records) < self.count:
            roll = self.dice.random()
            if roll < 0.06:
                self.family()
            elif roll < 0.08:
                self.couple()
            elif roll < 0.10:
                self.namesakes()
            elif roll < 0.115:
                self.juniors()
            elif roll < 0.17:
                self.businesses()
            else:
                person = self.person()
                self.records.append(person)
                if roll > 0.78:
                    self.records.append(self.again(person))
                if roll > 0.965:
                    self.records.append(self.again(person))
        self.dice.shuffle(self.records)
        return self.records[: self.count]

    def make_firms(self, count: int) -> list[Firm]:
        """Return businesses; some are large."""
        names = {f"{self.first_words()} {self.pick(TRADE)}" for _ in range(count * 2)}
        firms = []
        for name in sorted(names)[:count]:
            place = self.pick(PLACES)
            domain = name.lower().replace(" ", "")[: self.dice.choice((8, 12, 30))]
            number = self.dice.randrange(20_000_000, 79_999_999)
            ending = self.pick(("in", "com", "co.in", "example"))
            domain += self.dice.choice(("", "", "", "group"))
            firms.append(Firm(name, f"{domain}.{ending}", f"+9120{number}", place))
        self.dice.shuffle(firms)
        return firms

    def first_words(self) -> str:
        """Return one word or two."""
        return " ".join(self.dice.sample(FIRST_WORD, 2) if self.chance(0.6) else [self.pick(FIRST_WORD)])

    def business_number(self, name: str) -> int:
        """Return the entity of a business: one for each name."""
        return self.businesses_by_name.setdefault(name, next(self.numbers))

    def pick(self, options: Any) -> Any:
        """Return one of the options."""
        return self.dice.choice(options)

    def chance(self, share: float) -> bool:
        """Return whether something of this probability happens."""
        return self.dice.random() < share

    def firm(self) -> Firm:
        """Return a business; a few employ many."""
        place = int(len(self.firms) * self.dice.random() ** 2.2)
        return self.firms[place]

    def mobile(self) -> str:
        """Return a new number."""
        if self.chance(0.75):
            return f"+91{self.dice.randrange(7_000_000_000, 9_999_999_999)}"
        return f"+1{self.pick(('415', '212', '312', '646'))}{self.dice.randrange(2_000_000, 9_999_999)}"

    def private(self, first: str, last: str) -> str:
        """Return a private address that nobody else has."""
        first, last = ascii_of(first), ascii_of(last) or str(self.dice.randrange(1960, 2010))
        number = self.pick(("", "", str(self.dice.randrange(1, 99)), str(self.dice.randrange(1970, 2005))))
        forms = (f"{first}.{last}", f"{first}{last}", f"{first[0]}{last}", f"{last}.{first}", f"{first}_{last}")
        local = self.pick(forms)
        extras = itertools.chain([number], map(str, itertools.count(100)))
        hosts = ("gmail.com", "yahoo.com", "outlook.com", "rediffmail.com")
        return self.free(f"{local}{extra}@{self.pick(hosts)}" for extra in extras)

    def work(self, first: str, last: str, firm: Firm) -> str:
        """Return an address at a business."""
        first, last = ascii_of(first), ascii_of(last)
        local = self.pick((f"{first}.{last}", first, f"{first[0]}.{last}", f"{first}{last[0]}"))
        extras = itertools.chain([""], map(str, itertools.count(2)))
        return self.free(f"{local}{extra}@{firm.domain}" for extra in extras)

    def free(self, addresses: Iterable[str]) -> str:
        """Take the first of these addresses that nobody has."""
        address = next(one for one in addresses if one not in self.taken)
        self.taken.add(address)
        return address

    def person(self, **known: Any) -> Record:
        """Return somebody new."""
        indian = self.chance(0.7)
        first = known.get("first") or self.pick(INDIAN if indian else WESTERN)
        last = known.get("last") or self.last_name(indian=indian)
        firm = known.get("firm", self.firm() if self.chance(0.75) else None)
        one = Record(next(self.numbers), first, last, role=self.pick(ROLES))
        one.city = known.get("city") or (firm.city if firm and self.chance(0.8) else self.pick(PLACES))
        if firm:
            one.company = f"{firm.name} {self.pick(FORMS)}".strip()
            if self.chance(0.8):
                one.emails.append(self.work(first, last, firm))
        if not one.emails or self.chance(0.15):
            one.emails.append(self.private(first, last))
        if self.chance(0.75):
            one.phones.append(self.mobile())
        if firm and self.chance(0.25):
            one.phones.append(firm.office)
        if self.chance(0.2):
            one.city = ""
        return one

    def last_name(self, *, indian: bool) -> str:
        """Return a family name: most are common, some are rare."""
        if self.chance(0.3):
            return f"{self.pick(RARE[0])}{self.pick(RARE[2] if indian else RARE[1])}"
        return str(self.pick(INDIAN_LAST if indian else WESTERN_LAST))

    def again(self, one: Record) -> Record:
        """Return the same person as somebody else entered them."""
        copy = replace(one, emails=list(one.emails), phones=list(one.phones))
        kind = self.dice.random()
        if kind < 0.38:  # a common address ties them together, the rest is sloppy
            self.keep_one_address(copy)
            for _ in range(self.pick((0, 1, 1, 2))):
                self.sloppy(copy)
        elif kind < 0.72 and copy.company:  # the private address instead of the work one; the business is known
            copy.emails = [self.private(one.first, one.last)] if self.chance(0.7) else []
            copy.phones = [] if copy.emails and self.chance(0.7) else [self.mobile()]
            for _ in range(self.pick((0, 0, 1))):
                self.sloppy(copy)
        elif kind < 0.82:  # an address with a typing error
            if copy.phones and self.chance(0.5):
                copy.phones, copy.emails = [self.mistype(copy.phones[0], "0123456789")], []
            else:
                copy.emails, copy.phones = [self.mistype(copy.emails[0], "")], []
        elif kind < 0.92 and copy.phones:  # a new job, the old mobile
            firm = self.firm()
            copy.company, copy.emails = firm.name, [self.work(one.first, one.last, firm)]
            copy.phones = copy.phones[:1]
        elif kind < 0.92:  # the same name, from another place, with one address kept
            self.keep_one_address(copy)
        else:  # a short form: a first name and one address
            copy.last, copy.company, copy.city = "", "", ""
            self.keep_one_address(copy)
        copy.role = one.role if self.chance(0.4) else ""
        copy.city = self.pick((one.city, one.city, "", ALIAS.get(one.city, one.city)))
        return copy

    def keep_one_address(self, copy: Record) -> None:
        """Keep one address of the person's own, in another format or in a second place."""
        own = [phone for phone in copy.phones if not phone.startswith("+9120")]
        if own and (self.chance(0.55) or not copy.emails):
            phone = own[0]
            copy.phones = [phone.replace("+1", "+91", 1) if phone.startswith("+1") and self.chance(0.5) else phone]
            copy.emails = [self.private(copy.first, copy.last)] if self.chance(0.5) else []
        else:
            copy.phones = [self.mobile()] if self.chance(0.5) else []
            copy.emails = [*([self.private(copy.first, copy.last)] if self.chance(0.5) else []), copy.emails[0]]

    def sloppy(self, copy: Record) -> None:
        """Write the name or the business otherwise."""
        roll = self.dice.random()
        first, last = copy.first, copy.last
        if roll < 0.18:
            copy.first, copy.last = last, first
        elif roll < 0.32 and first in DEVANAGARI and last in DEVANAGARI:
            copy.first, copy.last = DEVANAGARI[first], DEVANAGARI[last]
        elif roll < 0.46:
            copy.first, copy.last = SPELLED.get(first, first), SPELLED.get(last, last)
        elif roll < 0.58:
            copy.first = f"{first[0]}."
        elif roll < 0.66:
            copy.first = NICK.get(first, first)
        elif roll < 0.80:
            copy.first = self.mistype(first, "")
        elif roll < 0.88:
            copy.last = self.mistype(last, "")
        elif roll < 0.92:
            copy.first, copy.last = f"Mr. {first.upper()}", last.upper()
        elif copy.company:
            words = copy.company.split()
            copy.company = self.pick(
                (" ".join(words[:2]), self.mistype(copy.company, ""), f"{words[0]} {words[1]} {self.pick(FORMS)}")
            )

    def mistype(self, text: str, signs: str) -> str:
        """Return a text with one slip of the finger, after the first letter and before any @."""
        end = text.index("@") if "@" in text else len(text)
        if end < 4:
            return text
        at = self.dice.randrange(2 if not signs else 5, end - 1)
        roll = self.dice.random()
        if signs:
            return text[:at] + self.pick([sign for sign in signs if sign != text[at]]) + text[at + 1 :]
        if roll < 0.35:
            return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        if roll < 0.6:
            return text[:at] + text[at + 1 :]
        if roll < 0.8:
            return text[:at] + text[at] + text[at:]
        return text[:at] + KEYBOARD.get(text[at], "a") + text[at + 1 :]

    def family(self) -> None:
        """Father and son, or brothers, in one business: one name, one office, one domain, two people."""
        firm, last = self.firm(), self.pick(INDIAN_LAST)
        names = self.pick((("Rajesh", "Rakesh"), ("Sunil", "Anil"), ("Suresh", "Naresh"), ("Ramesh", "Rajesh"),
                           ("Anita", "Amita"), (self.pick(INDIAN), self.pick(INDIAN))))  # fmt: skip
        if names[0] == names[1]:
            return
        both = [self.person(first=name, last=last, firm=firm, city=firm.city) for name in names]
        if self.chance(0.4):
            shared = self.mobile()
            for one in both:
                one.phones = [shared]
        self.records += both

    def couple(self) -> None:
        """Two people with one phone, and one name at the end."""
        last, shared, place = (self.pick(INDIAN_LAST + WESTERN_LAST), self.mobile(), self.pick(PLACES))
        for name in self.dice.sample(INDIAN + WESTERN, 2):
            one = self.person(first=name, last=last, firm=None, city=place)
            one.phones = [shared]
            self.records.append(one)

    def namesakes(self) -> None:
        """Two people of one name in one city; now and then in one large business."""
        pool = self.pick(((INDIAN, INDIAN_LAST), (WESTERN, WESTERN_LAST)))
        first, last, place = self.pick(pool[0]), self.pick(pool[1]), self.pick(PLACES)
        both = [self.person(first=first, last=last, city=place) for _ in range(2)]
        if self.chance(0.08):
            firm = self.firms[0]
            both = [self.person(first=first, last=last, city=place, firm=firm) for _ in range(2)]
        self.records += both

    def juniors(self) -> None:
        """Senior and junior of one name."""
        firm, first, last = self.firm(), self.pick(WESTERN), self.pick(WESTERN_LAST)
        for ending in ("Sr.", "Jr."):
            one = self.person(first=first, last=last, firm=firm, city=firm.city)
            one.last = f"{last} {ending}"
            self.records.append(one)

    def businesses(self) -> None:
        """A business entered twice, or two with similar names in one city."""
        firm = self.firm()
        one = Record(self.business_number(firm.name), company=f"{firm.name} {self.pick(FORMS)}".strip(), city=firm.city)
        one.phones, one.emails = [firm.office], [f"info@{firm.domain}"] if self.chance(0.5) else []
        self.records.append(one)
        if self.chance(0.5):
            copy = replace(one, company=f"{firm.name} {self.pick(FORMS)}".strip(), emails=[], phones=list(one.phones))
            if self.chance(0.4):
                copy.company = self.mistype(copy.company, "")
            if self.chance(0.5):
                copy.phones, copy.emails = [], [f"sales@{firm.domain}"]
            self.records.append(copy)
        else:
            word = firm.name.split()[0]
            name = f"{word} {self.pick(TRADE)}"
            other = Record(self.business_number(name), company=name, city=firm.city)
            other.phones = [f"+9120{self.dice.randrange(20_000_000, 79_999_999)}"]
            if name not in {known.name for known in self.firms}:
                self.records.append(other)


def ascii_of(name: str) -> str:
    """A name as the front of an address."""
    return name.lower().replace("ü", "ue").replace(" ", "").replace(".", "")
