"""De-duplication, pure: how addresses and names are folded, and when two records are the same."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import phonenumbers
from rapidfuzz import fuzz, process

SAME_NAME = 92.0  # out of 100; below it two names are two people
SAME_COMPANY = 90.0
FREE_MAIL = frozenset({
    "gmail.com", "googlemail.com", "yahoo.com", "yahoo.in", "yahoo.co.in", "ymail.com", "hotmail.com", "outlook.com",
    "live.com", "msn.com", "icloud.com", "me.com", "aol.com", "proton.me", "protonmail.com", "gmx.com", "gmx.de",
    "web.de", "mail.com", "mail.ru", "yandex.ru", "zoho.com", "zoho.in", "rediffmail.com", "qq.com", "163.com",
})  # fmt: skip
_DOTLESS = frozenset({"gmail.com", "googlemail.com"})
_PLUS = _DOTLESS | {
    "outlook.com", "hotmail.com", "live.com", "icloud.com", "me.com", "fastmail.com", "proton.me",
    "protonmail.com", "zoho.com", "zoho.in",
}  # fmt: skip
_PUNCTUATION = dict.fromkeys(map(ord, " ().-"))
_LEGAL_FORMS = frozenset(
    {
        "ltd", "limited", "pvt", "private", "inc", "incorporated", "llc", "llp", "plc", "corp", "corporation", "co",
        "company", "gmbh", "ag", "kg", "sa", "sarl", "bv", "oy", "ab", "the", "and",
    }
)  # fmt: skip


_OTHER_NAMES = {
    "usa": "US", "unitedstatesofamerica": "US", "america": "US", "uk": "GB", "unitedkingdom": "GB",
    "greatbritain": "GB", "britain": "GB", "england": "GB", "uae": "AE", "korea": "KR", "southkorea": "KR",
    "northkorea": "KP", "congo": "CG", "myanmar": "MM", "burma": "MM", "samoa": "WS", "czechia": "CZ",
    "holland": "NL", "thenetherlands": "NL", "bharat": "IN", "ivorycoast": "CI", "turkiye": "TR",
}  # fmt: skip


_PLAIN_WORDS = re.compile(r"[a-z0-9]+")
_STROKES = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})


@dataclass(frozen=True)
class Identity:
    """What is known of somebody when asking whether they are already here; `id` is None for a newcomer."""

    email: str = ""
    phone: str = ""
    name: str = ""
    company: str = ""
    reference: str = ""
    id: int | None = None


@dataclass(frozen=True)
class Match:
    """The record that a newcomer is, how sure that is (0-100), and why in words."""

    id: int
    certainty: int
    reason: str


def fold_email(address: str) -> str:
    """The form in which two spellings of one mailbox are equal; "" when it is no address."""
    text = address if address.isascii() else unicodedata.normalize("NFKC", address)
    text = text.strip().strip("<>").casefold()
    local, at, domain = text.rpartition("@")
    domain = domain.rstrip(".")
    if not at or not local or "." not in domain or len(text.split()) != 1:
        return ""
    domain = _in_ascii(domain)
    if not domain:
        return ""
    if domain in _PLUS:
        local = local.partition("+")[0]
    if domain in _DOTLESS:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}" if local else ""


@lru_cache(maxsize=4096)
def _in_ascii(domain: str) -> str:
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


@lru_cache(maxsize=4096)
def e164(number: str, region: str = "IN") -> str:
    """The number as +CCNNN…, read as dialled in `region` (two letters); "" when nobody could dial it."""
    if quick := _dialled_plainly(number, region):
        return quick
    try:
        parsed = phonenumbers.parse(number, region.upper() or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(parsed):
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def spellings(number: str) -> set[str]:
    """The usual ways to write a whole number, as texts may hold it."""
    parsed, ways = phonenumbers.parse(number, None), phonenumbers.PhoneNumberFormat
    forms = (ways.E164, ways.INTERNATIONAL, ways.NATIONAL)
    return {str(parsed.national_number), *(phonenumbers.format_number(parsed, form) for form in forms)}


def _dialled_plainly(number: str, region: str) -> str:
    """The same at a tenth of the price for a number in which nothing is special; "" for any other."""
    digits = number.translate(_PUNCTUATION)
    is_whole = digits.startswith("+")
    digits = digits[is_whole:]
    if not (digits.isascii() and digits.isdigit() and len(digits) < 16):
        return ""
    if is_whole and digits[0] == "0":
        return ""
    if is_whole:
        codes = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
        code = next((digits[:n] for n in (1, 2, 3) if int(digits[:n]) in codes), "")
        region = codes[int(code)][0] if code else ""
        digits = digits[len(code) :]
    plan = _plan_of(region.upper())
    if plan is None or not digits:
        return ""
    if not is_whole and (plan.abroad.match(digits) or digits.startswith(plan.code)):
        return ""
    if not is_whole and plan.trunk and digits.startswith(plan.trunk):
        digits = digits[len(plan.trunk) :]
        if not plan.pattern.fullmatch(digits):
            return ""
    elif plan.before.match(digits):
        return ""
    return f"+{plan.code}{digits}" if len(digits) in plan.lengths and digits[0] != "0" else ""


@dataclass(frozen=True, slots=True)
class _Plan:
    """How numbers of a country look; `before` may stand before them within it, `abroad` begins others."""

    code: str
    lengths: frozenset[int]
    pattern: re.Pattern[str]
    trunk: str
    before: re.Pattern[str]
    abroad: re.Pattern[str]


@lru_cache(maxsize=300)
def _plan_of(region: str) -> _Plan | None:
    told = phonenumbers.PhoneMetadata.metadata_for_region(region)
    if told is None or told.general_desc is None or told.national_prefix_transform_rule:
        return None
    trunk = told.national_prefix_for_parsing or ""
    return _Plan(
        str(told.country_code),
        frozenset(told.general_desc.possible_length),
        re.compile(told.general_desc.national_number_pattern or ""),
        trunk if trunk.isdigit() else "",
        re.compile(trunk or "(?!)"),
        re.compile(told.international_prefix or "(?!)"),
    )


@lru_cache(maxsize=20_000)
def normalise(text: str) -> str:
    """Letters and digits only, no accents, no case, single spaces; the digits of every script are 0 to 9."""
    if text.isascii():
        return " ".join(_PLAIN_WORDS.findall(text.lower()))
    plain = unicodedata.normalize("NFKD", text).casefold().translate(_STROKES)
    # Accents go; the vowel signs of Indian scripts are marks too, but letters to their readers, and stay.
    return " ".join("".join(map(_letter, plain)).split())


def _letter(c: str) -> str:
    if c.isdecimal():
        return str(unicodedata.decimal(c))
    if "\u0300" <= c <= "\u036f" or c in "\u200c\u200d":  # the joiners only choose a glyph
        return ""
    return c if c.isalnum() or unicodedata.category(c)[0] == "M" else " "


def fold_company(name: str) -> str:
    """A company's name without its legal form."""
    words = normalise(name).split()
    kept = [word for word in words if word not in _LEGAL_FORMS]
    return " ".join(kept or words)


def squeeze(name: str) -> str:
    """A name without spaces, for products and codes: "GTX Pro" and "GTXPro" are one."""
    return normalise(name).replace(" ", "")


def similar(one: str, other: str) -> float:
    """How alike two names are, 0 to 100, whatever the order of their words."""
    return fuzz.token_sort_ratio(normalise(one), normalise(other))


def closest(name: str, known: Iterable[str], *, least: float = 88.0) -> str | None:
    """The known name that this one misspells, or None when none is close or two are equally close."""
    names = list(known)
    wanted = squeeze(name)
    if not wanted:
        return None
    found = process.extract(wanted, [squeeze(n) for n in names], scorer=fuzz.ratio, score_cutoff=least, limit=2)
    if not found or (len(found) > 1 and found[0][1] == found[1][1] and found[0][0] != found[1][0]):
        return None
    return names[found[0][2]]


def find_duplicate(newcomer: Identity, candidates: Iterable[Identity]) -> Match | None:
    """Which of the candidates the newcomer is.

    - One address or reference in common decides, in the order reference, email, phone.
    - Without one, name and company must both be alike, and no address may contradict.
    """
    rows = [row for row in candidates if row.id is not None]
    folded, dialled = fold_email(newcomer.email), newcomer.phone
    tests = (
        ("the same reference", newcomer.reference, lambda row: row.reference),
        ("the same email address", folded, lambda row: fold_email(row.email)),
        ("the same phone number", dialled, lambda row: row.phone),
    )
    for reason, value, read in tests:
        for row in rows:
            if value and value == read(row):
                return Match(row.id or 0, 100, f"It has {reason}.")
    best: Match | None = None
    for row in rows:
        if not (newcomer.name and row.name and newcomer.company and row.company):
            continue
        if _contradicts(folded, fold_email(row.email)) or _contradicts(dialled, row.phone):
            continue
        by_name = similar(newcomer.name, row.name)
        by_company = fuzz.token_sort_ratio(fold_company(newcomer.company), fold_company(row.company))
        if by_name >= SAME_NAME and by_company >= SAME_COMPANY:
            sure = int((by_name + by_company) / 2)
            if best is None or sure > best.certainty:
                best = Match(row.id or 0, sure, f"Name and company are alike ({row.name}, {row.company}).")
    return best


def _contradicts(one: str, other: str) -> bool:
    return bool(one and other and one != other)


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    # The time zone database names every ISO country in a small file that every install has.
    table = files("tzdata").joinpath("zoneinfo/iso3166.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return {squeeze(name): code for code, name in rows} | _OTHER_NAMES


@lru_cache(maxsize=1024)
def country_code(text: str) -> str:
    """The two letters of a country named in English, small misspellings included; "" when it is none."""
    if re.fullmatch(r"[A-Za-z]{2}", text.strip()) and text.strip().upper() in phonenumbers.SUPPORTED_REGIONS:
        return text.strip().upper()
    known = _countries()
    wanted = squeeze(text)
    if wanted in known:
        return known[wanted]
    name = closest(text, known, least=85)
    return known[name] if name else ""
