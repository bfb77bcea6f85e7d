"""The duplicate radar, pure: what two records of one person or business have in common, and how sure that makes us.

A record becomes a Profile; profiles that share a key are compared; each piece of evidence adds or takes points, and
the points make a probability. All of it is explained in words.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from math import exp, log2

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from crm.matching import FREE_MAIL, fold_company, fold_email, normalise
from crm.names import GENERATIONS, NICKNAMES, TITLES, bones, name_bones, relation, romanise

THRESHOLD = 0.75
SAME = ("Same name", "Same name in another order")
LARGEST_BLOCK = 50  # records that share one key; more have too little in common
LARGEST_NAME_BLOCK = 12  # of a name alone: what many are called says little
SHARED_BOXES = frozenset({
    "info", "sales", "office", "contact", "admin", "hello", "enquiry", "enquiries", "support", "mail", "accounts",
    "hr", "help", "team", "marketing", "reception", "billing", "care", "service",
})  # fmt: skip
CITIES = {
    "bengaluru": "bangalore", "mumbai": "bombay", "chennai": "madras", "kolkata": "calcutta", "gurugram": "gurgaon",
    "mysuru": "mysore", "thiruvananthapuram": "trivandrum", "kochi": "cochin",
    "vadodara": "baroda", "puducherry": "pondicherry",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Profile:
    """What the radar looks at in one record; `names` are the words of the person's name, given name first."""

    id: int
    names: tuple[str, ...]
    generation: str
    company: str
    emails: frozenset[str]
    mailboxes: frozenset[str]  # the names before the @ that tell somebody apart
    domains: frozenset[str]  # those that belong to a business
    phones: frozenset[str]
    numbers: frozenset[str]  # the last nine digits of each
    city: str
    job_title: str


@dataclass(frozen=True, slots=True)
class Reason:
    """One piece of evidence in words; points above zero speak for one record, below for two."""

    text: str
    points: float


@dataclass(frozen=True, slots=True)
class Likeness:
    """How probably two records are one, 0 to 1, and why; the strongest reason comes first."""

    score: float
    reasons: list[Reason]


@dataclass(frozen=True)
class Crowd:
    """How common things are here: contacts by key, and which words are the names of several people."""

    sizes: Mapping[int, int]
    is_known_name: Callable[[str], bool] = lambda word: False

    def of(self, key: str) -> int:
        """Return how many records share a key, at least the two that are compared."""
        return max(2, self.sizes.get(hashed(key), 2))


def profile(
    *,
    id: int = 0,  # noqa: A002 - what it is
    first_name: str = "",
    last_name: str = "",
    company: str = "",
    emails: Iterable[str] = (),
    phones: Iterable[str] = (),
    city: str = "",
    job_title: str = "",
) -> Profile:
    """Return the profile of a record; emails as written, phones in any form."""
    words = romanise(normalise(f"{first_name} {last_name}")).split()
    names = tuple(word for word in words if word not in TITLES and word not in GENERATIONS)
    place = romanise(normalise(city))
    folded = frozenset(filter(None, map(fold_email, emails)))
    dialled = frozenset(phone for phone in phones if digits(phone))
    return Profile(
        id=id,
        names=names or tuple(words),
        generation="".join(word for word in words if word in GENERATIONS)[:1],
        company=romanise(fold_company(company)),
        emails=folded,
        mailboxes=frozenset(_mailboxes(folded, names)),
        domains=frozenset(email.rpartition("@")[2] for email in folded) - FREE_MAIL,
        phones=dialled,
        numbers=frozenset(map(digits, dialled)),
        city=CITIES.get(place, place),
        job_title=normalise(job_title),
    )


@lru_cache(maxsize=8_192)
def digits(phone: str) -> str:
    """The digits that two ways of writing one number have in common: the last nine; "" for too few."""
    found = "".join(sign for sign in phone if sign.isdigit())
    return found[-9:] if len(found) >= 7 else ""


@lru_cache(maxsize=8_192)
def hashed(key: str) -> int:
    """A key as a number of 63 bits: small in the index, and nothing that could be read there."""
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest()) >> 1


def keys(one: Profile) -> set[str]:
    """The keys of a record: two that share none have too little in common to be one."""
    found = {f"e:{email}" for email in one.emails} | {f"p:{number}" for number in one.numbers}
    found |= {f"l:{local}" for local in one.mailboxes}
    places = {word[:7] for word in (one.company.replace(" ", ""), *one.domains) if word}
    if not one.names:
        head = " ".join(bones(word) for word in one.company.split()[:2])
        return found | {f"c:{head}"} | {f"d:{domain}" for domain in one.domains}
    if len(one.names) > 1:
        found.add(name_key(one))
    for word in {one.names[0], one.names[-1]}:
        if len(word) > 1:
            found |= {f"k:{bones(NICKNAMES.get(word, word))}|{place}" for place in places}
    return found


def name_key(one: Profile) -> str:
    """The key of a whole name, whatever the order and spelling of its words."""
    return f"n:{name_bones(one.names)}"


def largest(key: str) -> int:
    """Return how many records may share a key and still be compared for it."""
    return LARGEST_NAME_BLOCK if key.startswith("n:") else LARGEST_BLOCK


def compare(one: Profile, other: Profile, crowd: Crowd) -> Likeness:
    """Weigh everything that two records have in common, and what speaks against."""
    reasons: list[Reason] = []
    if one.names and other.names:
        reasons += _names(one, other, crowd)
        if reasons[0].points < -3 and not (one.emails & other.emails or one.numbers & other.numbers):
            return Likeness(0.0, reasons)  # nothing else could outweigh that
        fits = reasons[0].points > 0 and reasons[0].text not in SAME
        if fits and (_spells(one, other) or _spells(other, one)):
            reasons.append(Reason("The email spells the other’s name", 1.5))
    elif one.names or other.names:
        reasons.append(Reason("A person and a business", -4.0))
    reasons += _emails(one, other)
    reasons += _phones(one, other, crowd)
    reasons += _companies(one, other)
    if one.city and other.city:
        same = one.city == other.city
        reasons.append(Reason("Same city", 0.4) if same else Reason("Different cities", -0.8))
    if one.job_title and one.job_title == other.job_title:
        reasons.append(Reason("Same role", 0.3))
    points = sum(reason.points for reason in reasons) - 3.0
    ordered = sorted(reasons, key=lambda reason: -abs(reason.points))
    return Likeness(round(1 / (1 + exp(-points)), 4), ordered)


def _names(one: Profile, other: Profile, crowd: Crowd) -> list[Reason]:
    if one.generation and other.generation and one.generation != other.generation:
        return [Reason("Junior and senior", -5.0)]
    words, points = relation(one.names, other.names, crowd.is_known_name)
    if points > 0:
        colleagues = one.company and one.company == other.company
        common = log2(crowd.of(name_key(one)) / 2) * (0.25 if colleagues else 0.6)
        points = max(0.3, points - common) if len(one.names) > 1 else points
    return [Reason(words, round(points, 2))]


def _emails(one: Profile, other: Profile) -> list[Reason]:
    if not one.emails or not other.emails:
        return []
    if shared := one.emails & other.emails:
        boxes = {email.partition("@")[0] for email in shared}
        personal = not boxes <= SHARED_BOXES
        return [Reason("Same email address", 6.0) if personal else Reason("Same office mailbox", 2.0)]
    if locals_ := one.mailboxes & other.mailboxes:
        telling = any(
            re.search(r"\d", local) or not (_made_of(local, one.names) or _made_of(local, other.names))
            for local in locals_
        )
        text = "Same mailbox name at another provider"
        return [Reason(text, 2.4 if telling else 0.4)]
    for left in one.emails:
        for right in other.emails:
            if _mistyped_email(left, right, one, other):
                return [Reason("Email with a typing error", 3.0)]
    return []


def _mistyped_email(left: str, right: str, one: Profile, other: Profile) -> bool:
    if abs(len(left) - len(right)) > 1 or OSA.distance(left, right, score_cutoff=1) > 1:
        return False
    if re.sub(r"\D", "", left) != re.sub(r"\D", "", right):
        return False  # ravi1 and ravi2 are two people
    made = [_made_of(email.partition("@")[0], side.names) for email, side in ((left, one), (right, other))]
    # Two mailboxes that each spell their owner's name are near each other because the names are.
    return not all(made) or left.partition("@")[0] == right.partition("@")[0]


@lru_cache(maxsize=8_192)
def _made_of(local: str, names: tuple[str, ...]) -> bool:
    """Whether a mailbox name is just a name: its words or their initials, in either order."""
    letters = re.sub(r"[^a-z]", "", local)
    if not names or not letters:
        return False
    first, last = names[0], names[-1]
    if len(first) == 1:
        return letters.startswith((first, last)) and last in letters
    forms = {first, last, first + last, last + first, first[0] + last, first + last[0], last + first[0]}
    return letters in forms


def _spells(one: Profile, other: Profile) -> bool:
    """Whether a mailbox of one spells the other's whole name."""
    if len(other.names) < 2:
        return False
    first, last = other.names[0], other.names[-1]
    if len(first) == 1:
        return False
    forms = {first + last, last + first}
    if len(one.names) == 1:
        forms |= {first[0] + last, last + first[0]}
    letters = (re.sub(r"[^a-z]", "", email.partition("@")[0]) for email in one.emails)
    return any(word in forms for word in letters)


def _mailboxes(emails: Iterable[str], names: Iterable[str]) -> set[str]:
    """Mailbox names that tell somebody apart: long enough, and more than a first name."""
    found = {email.partition("@")[0] for email in emails} - SHARED_BOXES - set(names)
    return {local for local in found if len(local) >= 6}


def _phones(one: Profile, other: Profile, crowd: Crowd) -> list[Reason]:
    if not one.phones or not other.phones:
        return []
    if shared := one.numbers & other.numbers:
        holders = min(crowd.of(f"p:{phone}") for phone in shared)
        points = max(0.2, 4.0 - log2(holders / 2) * 1.4)
        form = "" if one.phones & other.phones else " in another format"
        text = f"Same phone number{form}" + (f", as {holders - 1} others" if holders > 3 else "")
        return [Reason(text, round(points, 2))]
    close = any(OSA.distance(left, right, score_cutoff=1) <= 1 for left in one.numbers for right in other.numbers)
    return [Reason("Phone with a typing error", 1.8) if close else Reason("Different phones", -0.5)]


def _companies(one: Profile, other: Profile) -> list[Reason]:
    shared = one.domains & other.domains
    reasons = [Reason(f"Same mail domain {min(shared)}", 1.2)] if shared else []
    if not one.company or not other.company:
        return reasons
    text, points = _company_relation(one.company, other.company)
    if not one.names and not other.names:
        points *= 2.6 if points > 0 else 4
    return [*reasons, Reason(text, round(points, 2))]


@lru_cache(maxsize=8_192)
def _company_relation(one: str, other: str) -> tuple[str, float]:
    if one == other:
        return "Same business", 1.8
    if one.replace(" ", "") == other.replace(" ", "") or _company_bones(one) == _company_bones(other):
        return "Same business in another spelling", 1.5
    if fuzz.token_sort_ratio(one, other) >= 90:
        return "Business with a typing error", 1.3
    short, long = sorted((one.split(), other.split()), key=len)
    if short == long[: len(short)] and len("".join(short)) >= 5:
        return "Short form of the business", 1.2
    if len(short) == 1 and len(long) > 2 and short[0] == "".join(word[0] for word in long):
        return "Initials of the business", 1.2
    return "Different businesses", -1.0


def _company_bones(company: str) -> str:
    return " ".join(sorted(bones(word) for word in company.split()))
