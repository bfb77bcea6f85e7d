"""Names of people, pure: how they are read in any script, how they sound, and whether two may be one person's."""

import re
from collections.abc import Callable
from functools import lru_cache

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

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
# Nine Indian scripts keep one order of letters, so one row of sounds reads them all (from offset 1).
_LETTERS = """
n n h - a aa i ee u oo ri l e e e ai o o o au
k kh g gh n ch chh j jh n t th d dh n t th d dh n n p ph b bh m y r r l l l v sh sh s h
- - - - aa i ee u oo ri ri e e e ai o o o au - - - - - - - - - - - k kh g j r rh f y
"""
_SOUNDS = tuple(_LETTERS.split())
_FIRST_CONSONANT, _LAST_CONSONANT = 0x15, 0x39
_VIRAMA, _NUKTA = 0x4D, 0x3C
_FOLDS: tuple[tuple[str, str], ...] = (
    (r"sch|sh", "s"), (r"chh|ch|tch", "C"), (r"ph", "f"), (r"([bdgjkrt])h", r"\1"), (r"ck|q", "k"),
    (r"c(?=[eiy])", "s"), (r"c", "k"), (r"x", "ks"), (r"w(?=[aeiou])|v", "v"), (r"(?<=[aeo])w", ""), (r"w", "v"),
    (r"z", "j"), (r"ee|ea|ie|y|ii", "i"), (r"oo|ou|uu", "u"), (r"a[ui]|e[iy]", "e"), (r"(.)\1+", r"\1"),
)  # fmt: skip
_FOLDERS = tuple((re.compile(pattern), into) for pattern, into in _FOLDS)


@lru_cache(maxsize=8_192)
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
        if offset != _VIRAMA and offset <= len(_SOUNDS):
            out.append(_SOUNDS[offset - 1].strip("-"))
        inherent = is_consonant
    return "".join(out)


@lru_cache(maxsize=8_192)
def sound(word: str) -> str:
    """How a name sounds, so that Meera is Mira and Chaudhary is Choudhari."""
    for folder, into in _FOLDERS:
        word = folder.sub(into, word)
    return word


@lru_cache(maxsize=8_192)
def bones(word: str) -> str:
    """The consonants of how a name sounds, with its first letter: what every spelling keeps."""
    spoken = sound(word)
    return spoken[:1] + "".join(sign for sign in spoken[1:] if sign not in "aeiou")


def relation(one: tuple[str, ...], other: tuple[str, ...], is_known: Callable[[str], bool]) -> tuple[str, float]:
    """Say how two names relate, in words, and how many points that is worth; below zero they are two people's.

    `is_known` tells which words several people are called by: two such words are no typing error of one another.
    """
    if one == other:
        if len(one) == 1:
            return "Same first name", 1.2
        return ("Same name", 3.6) if min(map(len, one)) > 1 else ("Same initial and last name", 2.0)
    if sorted(one) == sorted(other):
        return "Same name in another order", 3.4
    best = max((_aligned(one, turned, is_known), turned == other) for turned in (other, other[::-1]))
    (points, text), straight = best
    return (text if straight or points < 0 else f"{text}, in another order"), points


def _aligned(one: tuple[str, ...], other: tuple[str, ...], is_known: Callable[[str], bool]) -> tuple[float, str]:
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


@lru_cache(maxsize=8_192)
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
    if least < 4 or (is_known(one) and is_known(other)):
        return 0, ""
    if one.startswith(other) or other.startswith(one):
        return 3, ""
    allowed = 2 if least >= 8 else 1
    return (2, "") if OSA.distance(one, other, score_cutoff=allowed) <= allowed else (0, "")


@lru_cache(maxsize=8_192)
def name_bones(names: tuple[str, ...]) -> str:
    """The bones of a whole name, whatever the order of its words, its spelling and its nickname."""
    return " ".join(sorted(bones(NICKNAMES.get(word, word)) for word in names))
