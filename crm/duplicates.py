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

from crm.matching import fold_company, fold_email, normalise

THRESHOLD = 0.75
SAME = ("Same name", "Same name in another order")
LARGEST_BLOCK = 50  # records that share one key; more have nothing in common but a common name
FREEMAIL = frozenset({
    "gmail.com", "googlemail.com", "yahoo.com", "yahoo.in", "yahoo.co.in", "ymail.com", "hotmail.com", "outlook.com",
    "live.com", "msn.com", "icloud.com", "me.com", "aol.com", "proton.me", "protonmail.com", "gmx.com", "gmx.de",
    "web.de", "mail.com", "mail.ru", "zoho.com", "zoho.in", "rediffmail.com", "qq.com", "163.com",
})  # fmt: skip
SHARED_BOXES = frozenset({
    "info", "sales", "office", "contact", "admin", "hello", "enquiry", "enquiries", "support", "mail", "accounts",
    "hr", "help", "team", "marketing", "reception", "billing", "care", "service",
})  # fmt: skip
TITLES = frozenset({
    "mr", "mrs", "ms", "miss", "dr", "prof", "er", "ca", "adv", "shri", "sri", "smt", "kumari", "md", "mohd",
})  # fmt: skip
GENERATIONS = frozenset({"jr", "junior", "sr", "senior", "ii", "iii", "iv"})
_NICKNAMES = (
    "robert bob rob bobby", "william bill will billy", "michael mike mick", "elizabeth liz beth lisa eliza",
    "thomas tom tommy", "james jim jimmy jamie", "katherine kate kathy katie", "anthony tony", "joseph joe",
    "richard rick dick", "edward ed ted eddie", "margaret maggie peggy", "charles charlie chuck", "john jack johnny",
    "susan sue susie", "jennifer jen jenny", "andrew andy drew", "steven steve", "david dave", "patricia pat trish",
)  # fmt: skip
NICKNAMES = {word: row.split()[0] for row in _NICKNAMES for word in row.split()}
CITIES = {
    "bengaluru": "bangalore", "mumbai": "bombay", "chennai": "madras", "kolkata": "calcutta", "gurugram": "gurgaon",
    "mysuru": "mysore", "thiruvananthapuram": "trivandrum", "kochi": "cochin", "vadodara": "baroda", "puducherry": "pondicherry",
}  # fmt: skip

# Nine Indian scripts keep one order of letters, so one row of sounds reads them all (from offset 1).
_LETTERS = (
    "n n h - a aa i ee u oo ri l e e e ai o o o au "
    "k kh g gh n ch chh j jh n t th d dh n t th d dh n n p ph b bh m y r r l l l v sh sh s h "
    "- - - - aa i ee u oo ri ri e e e ai o o o au - - - - - - - - - - - k kh g j r rh f y"
).split()
_FIRST_CONSONANT, _LAST_CONSONANT = 0x15, 0x39
_VIRAMA, _NUKTA = 0x4D, 0x3C
_FOLDS: tuple[tuple[str, str], ...] = (
    (r"sch|sh", "s"), (r"chh|ch|tch", "C"), (r"ph", "f"), (r"([bdgjkrt])h", r"\1"), (r"ck|q", "k"),
    (r"c(?=[eiy])", "s"), (r"c", "k"), (r"x", "ks"), (r"w(?=[aeiou])|v", "v"), (r"(?<=[aeo])w", ""), (r"w", "v"),
    (r"z", "j"), (r"ee|ea|ie|y|ii", "i"), (r"oo|ou|uu", "u"), (r"a[ui]|e[iy]", "e"), (r"(.)\1+", r"\1"),
)  # fmt: skip
_FOLDERS = tuple((re.compile(pattern), into) for pattern, into in _FOLDS)


@dataclass(frozen=True, slots=True)
class Profile:
    """What the radar looks at in one record; `names` are the words of the person's name, given name first."""

    id: int
    names: tuple[str, ...]
    generation: str
    company: str
    emails: frozenset[str]
    phones: frozenset[str]
    city: str
    job_title: str

    @property
    def domains(self) -> frozenset[str]:
        """The mail domains that belong to a business."""
        found = (email.rpartition("@")[2] for email in self.emails)
        return frozenset(domain for domain in found if domain not in FREEMAIL)


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
    return Profile(
        id=id,
        names=names or tuple(words),
        generation="".join(word for word in words if word in GENERATIONS)[:1],
        company=romanise(fold_company(company)),
        emails=frozenset(filter(None, map(fold_email, emails))),
        phones=frozenset(phone for phone in phones if digits(phone)),
        city=CITIES.get(place, place),
        job_title=normalise(job_title),
    )


@lru_cache(maxsize=65_536)
def digits(phone: str) -> str:
    """The digits that two ways of writing one number have in common: the last nine; "" for too few."""
    found = "".join(sign for sign in phone if sign.isdigit())
    return found[-9:] if len(found) >= 7 else ""


@lru_cache(maxsize=65_536)
def romanise(text: str) -> str:
    """A text in Latin letters: Indian scripts are read aloud, everything else stays."""
    if text.isascii():
        return text
    out, inherent = [], False
    for sign in text:
        code = ord(sign)
        offset = (code - 0x0900) % 0x80 if 0x0900 <= code < 0x0D80 else 0
        if not offset:
            inherent = False  # the last consonant of a word is spoken without its vowel
            out.append(sign)
            continue
        is_consonant = _FIRST_CONSONANT <= offset <= _LAST_CONSONANT or 0x58 <= offset <= 0x5F
        if inherent and (is_consonant or offset <= 0x14):
            out.append("a")
        if offset == _NUKTA:
            continue
        if offset != _VIRAMA and offset <= len(_LETTERS):
            out.append(_LETTERS[offset - 1].strip("-"))
        inherent = is_consonant
    return "".join(out)


@lru_cache(maxsize=65_536)
def sound(word: str) -> str:
    """How a name sounds, so that Meera is Mira and Chaudhary is Choudhari."""
    for folder, into in _FOLDERS:
        word = folder.sub(into, word)
    return word


@lru_cache(maxsize=65_536)
def bones(word: str) -> str:
    """The consonants of how a name sounds, with its first letter: what every spelling keeps."""
    spoken = sound(word)
    return spoken[:1] + "".join(sign for sign in spoken[1:] if sign not in "aeiou")


def hashed(key: str) -> int:
    """A key as a number of 63 bits: small in the index, and nothing that could be read there."""
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest()) >> 1


def keys(one: Profile) -> set[str]:
    """The keys of a record: two that share none have too little in common to be one."""
    found = {f"e:{email}" for email in one.emails} | {f"p:{digits(phone)}" for phone in one.phones}
    found |= {f"l:{local}" for local in _locals(one)}
    places = {f"{word[:5]}" for word in (one.company.replace(" ", ""), *one.domains) if word}
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
    return "n:" + " ".join(sorted(bones(NICKNAMES.get(word, word)) for word in one.names))


def compare(one: Profile, other: Profile, crowd: Crowd) -> Likeness:
    """Weigh everything that two records have in common, and what speaks against."""
    reasons: list[Reason] = []
    if one.names and other.names:
        reasons += _names(one, other, crowd)
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
    relation, points = _relation(one.names, other.names, crowd.is_known_name)
    if points > 0:
        colleagues = one.company and one.company == other.company
        common = log2(crowd.of(name_key(one)) / 2) * (0.25 if colleagues else 0.6)
        points = max(0.3, points - common) if len(one.names) > 1 else points
    return [Reason(relation, round(points, 2))]


def _relation(
    one: tuple[str, ...], other: tuple[str, ...], is_known: Callable[[str], bool]
) -> tuple[str, float]:
    if one == other:
        if len(one) == 1:
            return "Same first name", 1.2
        return ("Same name", 3.6) if min(map(len, one)) > 1 else ("Same initial and last name", 2.0)
    if sorted(one) == sorted(other):
        return "Same name in another order", 3.4
    best = max(
        (_aligned(one, turned, is_known), turned == other) for turned in (other, other[::-1])
    )
    (points, text), straight = best
    return (text if straight or points < 0 else f"{text}, in another order"), points


def _aligned(
    one: tuple[str, ...], other: tuple[str, ...], is_known: Callable[[str], bool]
) -> tuple[float, str]:
    """Compare two names word by word; middle names may be missing on one side."""
    short, long = sorted((one, other), key=len)
    if len(short) == 1:
        alike = max(_word(short[0], word, is_known) for word in long)
        points = {4: 1.0, 3: 0.8}.get(alike[0], -4.0 if len(long) == 1 else -3.0)
        return points, "First name alone" if points > 0 else "Different names"
    first = _word(short[0], long[0], is_known)
    last = _word(short[-1], long[-1], is_known)
    weakest = min(first, last)
    if weakest[0] == 0:
        if last[0] >= 3:
            return -4.0, "Different first names"
        return (-2.0, "Different last names") if first[0] >= 3 else (-5.0, "Different names")
    middle = 0.0 if len(short) == len(long) else -0.2
    points, text = {
        4: (3.5, "Same name, with a middle name"),
        3: (3.2, "Same name in another spelling or script"),
        2: (2.7, "Name with a typing error"),
        1: (1.5, "Initial fits the name"),
    }[weakest[0]]
    if first[0] in (1, 2) and last[0] in (1, 2):
        points -= 1.5
    return points + middle, text


@lru_cache(maxsize=65_536)
def _spelled_alike(one: str, other: str) -> bool:
    if NICKNAMES.get(one, one) == NICKNAMES.get(other, other):
        return True
    return bones(one) == bones(other) and fuzz.ratio(sound(one), sound(other)) >= 65


def _word(one: str, other: str, is_known: Callable[[str], bool]) -> tuple[int, str]:
    """How two words of a name agree: 4 equal, 3 spelled otherwise, 2 mistyped, 1 initial, 0 not."""
    if one == other:
        return 4, ""
    if len(one) == 1 or len(other) == 1:
        return (1, "") if one[0] == other[0] else (0, "")
    if _spelled_alike(one, other):
        return 3, ""
    least = min(len(one), len(other))
    if least >= 4 and (one.startswith(other) or other.startswith(one)):
        return 3, ""
    allowed = 2 if least >= 8 else 1 if least >= 4 else 0
    close = allowed and OSA.distance(one, other, score_cutoff=allowed) <= allowed
    if close and not (is_known(one) and is_known(other)):
        return 2, ""
    return 0, ""


def _emails(one: Profile, other: Profile) -> list[Reason]:
    if not one.emails or not other.emails:
        return []
    if shared := one.emails & other.emails:
        boxes = {email.partition("@")[0] for email in shared}
        personal = not boxes <= SHARED_BOXES
        return [Reason("Same email address", 6.0) if personal else Reason("Same office mailbox", 2.0)]
    if locals_ := _locals(one) & _locals(other):
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
    made = [
        _made_of(email.partition("@")[0], side.names)
        for email, side in ((left, one), (right, other))
    ]
    # Two mailboxes that each spell their owner's name are near each other because the names are.
    return not all(made) or left.partition("@")[0] == right.partition("@")[0]


@lru_cache(maxsize=65_536)
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


def _locals(one: Profile) -> set[str]:
    """Mailbox names that tell somebody apart: long enough, and more than a first name."""
    found = {email.partition("@")[0] for email in one.emails}
    return {local for local in found if len(local) >= 6 and local not in {*SHARED_BOXES, *one.names}}


def _phones(one: Profile, other: Profile, crowd: Crowd) -> list[Reason]:
    if not one.phones or not other.phones:
        return []
    ours, theirs = set(map(digits, one.phones)), set(map(digits, other.phones))
    if shared := ours & theirs:
        holders = min(crowd.of(f"p:{phone}") for phone in shared)
        points = max(0.2, 4.0 - log2(holders / 2) * 1.4)
        form = "" if one.phones & other.phones else " in another format"
        text = f"Same phone number{form}" + (f", as {holders - 1} others" if holders > 3 else "")
        return [Reason(text, round(points, 2))]
    close = any(
        OSA.distance(left, right, score_cutoff=1) <= 1 for left in ours for right in theirs
    )
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


@lru_cache(maxsize=65_536)
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

