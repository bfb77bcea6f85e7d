"""Search, pure: the words of a record, what a typed text asks for, ever looser, and how near a hit is.

A record is found by its words: names, and its emails and phone numbers cut so that any part of a number is a word.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from rapidfuzz.distance import DamerauLevenshtein

from crm.matching import normalise

LONGEST_WORD: Final = 60  # PostgreSQL refuses words of more than 2 KB
MOST_TYPED: Final = 100
MOST_WORDS: Final = 6
MOST_NEAR: Final = 40
MOST_TOLD: Final = 30
GRAM: Final = 4
STEM: Final = 7

Terms = tuple[str, ...]  # all of them are there; a "*" at the end stands for any rest
Group = tuple[Terms, ...]  # one of them holds


@dataclass(frozen=True, slots=True)
class Word:
    """One thing typed: a word, a number, or a quoted phrase."""

    text: str
    is_phrase: bool = False

    @property
    def number(self) -> str:
        """Its digits without the zeros in front, "" when it is no number of three digits or more."""
        digits = self.text.lstrip("0") if self.text.isdecimal() else ""
        return digits if len(digits) > 2 else ""

    @property
    def group(self) -> Group:
        """What the index has to hold for it; () for a letter, which only `check` can tell."""
        if self.is_phrase:
            return (tuple(self.text.split()),)
        if number := self.number:
            grams = tuple(grams_of(number)[:-1])
            return ((f"{number}*",), grams) if grams else ((f"{number}*",),)
        return ((self.text if self.text.isdecimal() else f"{self.text}*",),)

    @property
    def check(self) -> str:
        """What the words of the record must contain besides, as a LIKE pattern; "" for nothing."""
        if self.is_phrase:
            return f"% {self.text} %"
        return f"%{self.number}%" if len(self.number) > GRAM else ""


@dataclass(frozen=True, slots=True)
class Query:
    """What the index is asked: one of the options, of which all groups hold; and the checks.

    `is_less` says that a word was left out, `is_wide` that there are very many hits; `newest` limits them, where
    the index can tell (SQLite).
    """

    options: tuple[tuple[Group, ...], ...]
    checks: tuple[str, ...] = ()
    is_less: bool = False
    is_wide: bool = False
    newest: int = 0


def words(names: Iterable[str], addresses: Iterable[str] = (), more: str = "") -> str:
    """Return the words of a record: its names, its addresses, and the words of the record that it belongs to."""
    known = f" {more} "
    texts = [text for name in names if (text := " ".join(cut(normalise(name)))) and f" {text} " not in known]
    told = {word for text in (*texts, more) for word in text.split()}
    parts = [part for address in addresses for part in parts_of(address)]
    rest = [part for part in dict.fromkeys(parts) if part not in told]
    return " ".join(filter(None, (*texts, more, *rest)))


def sort_key(*names: str) -> str:
    """Return what a record is sorted by: the first of these names that says something, without case and accents."""
    return next((key for name in names if (key := normalise(name)[:LONGEST_WORD])), "")


def names_in(names: Iterable[str]) -> set[str]:
    """Return the words of names for the vocabulary: three letters or more, no digits."""
    found = {word for name in names for word in cut(normalise(name))}
    return {word for word in found if len(word) > 2 and not any(c.isdecimal() for c in word)}


def cut(text: str) -> list[str]:
    """Return the words of a normalised text, none too long for an index."""
    return [word[:LONGEST_WORD] for word in text.split()]


def parts_of(address: str) -> list[str]:
    """Return the words of an email address without its last label, or the parts of a phone number."""
    if "@" in address:
        return cut(normalise(address.rpartition(".")[0] or address))
    digits = "".join(c for c in address if c.isdecimal())
    return [digits, *grams_of(digits)] if digits else []


def grams_of(digits: str) -> list[str]:
    """Return every four digits in a row, and the last three: any part of the number begins one of them."""
    return [digits[at : at + GRAM] for at in range(max(1, len(digits) - GRAM + 2))]


def parse(typed: str) -> list[Word]:
    """Return what was typed as words, numbers and quoted phrases; at most six."""
    text = re.sub(r"[“”„]", '"', typed[:MOST_TYPED])
    found = [Word(phrase, is_phrase=True) for quoted in re.findall(r'"([^"]*)"', text) if (phrase := normalise(quoted))]
    rest = re.sub(r'"[^"]*"', " ", text)
    rest = re.sub(r"\(0\)", "", rest)
    rest = re.sub(  # a number with its country code is one number
        r"\+\d[\d\s().-]*", lambda match: f" {re.sub(r'[^0-9]', '', match[0])} ", rest
    )
    rest = re.sub(r"(\S+@\S+)\.\w+", r"\1", rest)
    found += map(Word, dict.fromkeys(cut(normalise(rest))))
    return found[:MOST_WORDS]


def attempts(typed: Sequence[Word], near: Callable[[tuple[str, ...]], Mapping[str, Group]]) -> Iterator[Query]:
    """Yield ever looser queries: as typed, one word misspelt, every word misspelt, then one word less each time.

    `near` finds the known words that are spelt nearly like the given ones; it is asked after the first query only.
    """
    letters = [word for word in typed if len(word.text) == 1]
    longer = [word for word in typed if len(word.text) > 1]
    searched = longer or letters
    checks = tuple(filter(None, (word.check for word in typed)))
    if longer:  # a single letter begins half of all words: cheaper looked at than looked up
        checks += tuple(f"% {word.text}%" for word in letters)
    exact = tuple(word.group for word in searched)
    yield Query((exact,), checks)
    known = near(tuple(word.text for word in searched if not word.is_phrase and edits(word.text)))
    close = [known.get(word.text, ()) if not word.is_phrase else () for word in searched]
    misspelt = [at for at, group in enumerate(close) if group]
    if misspelt:
        one = [(*exact[:at], close[at], *exact[at + 1 :]) for at in misspelt]
        yield Query((exact, *one), checks)
    loose = tuple(group + more for group, more in zip(exact, close, strict=True))
    if len(misspelt) > 1:
        yield Query((loose,), checks)
    kept = [at for at, word in enumerate(searched) if word.is_phrase]
    free = [at for at, word in enumerate(searched) if not word.is_phrase]
    checks = tuple(word.check for word in typed if word.is_phrase)
    most = len(free) - (not (letters and longer))
    for count in range(most, -1 if kept else 0, -1):
        chosen = [sorted((*kept, *some)) for some in combinations(free, count)]
        yield Query(tuple(tuple(loose[at] for at in some) for some in chosen), checks, True)


def edits(word: str) -> int:
    """Return how many wrong letters a word may have: one from four letters, two from eight; none in a number."""
    if len(word) < 4 or any(c.isdecimal() for c in word):
        return 0
    return 1 if len(word) < 8 else 2


def forms(word: str) -> set[str]:
    """Return the beginning of a word, and what is left when letters are taken out of it.

    Two words within the allowed number of edits have a form in common (symmetric deletes).
    """
    found = last = {word[:STEM]}
    for _ in range(edits(word)):
        last = {form[:at] + form[at + 1 :] for form in last for at in range(len(form))}
        found = found | last
    return found


def nearest(word: str, known: Iterable[str]) -> Group:
    """Return those of the known words that may be meant, nearest first; what merely goes on is left out."""
    most = edits(word)
    found = [
        (distance, other)
        for other in known
        if not other.startswith(word)
        and (distance := DamerauLevenshtein.distance(word, other, score_cutoff=most)) <= most
    ]
    return tuple((other,) for _, other in sorted(found)[:MOST_NEAR])


def likeness(typed: Sequence[Word], told: str) -> float:
    """Return how near the words of a record are to what was typed, 0 to 1; the first words, its names, count most."""
    asked = [part for word in typed for part in word.text.split()]
    others = told.split()[:MOST_TOLD]
    total = sum(_best(word, others) for word in asked)
    in_order = 0.01 if " ".join(asked) in told else 0
    length = sum(not word[0].isdecimal() for word in others)
    return total / max(1, len(asked)) + in_order - 0.001 * length


def _best(word: str, others: Sequence[str]) -> float:
    if word in others:
        return 1 - 0.002 * others.index(word)
    begun = [at for at, other in enumerate(others) if other.startswith(word)]
    if begun:
        return 0.9 + 0.1 * len(word) / len(others[begun[0]]) - 0.002 * begun[0]
    return max(
        0.9 * DamerauLevenshtein.normalized_similarity(word, other, score_cutoff=0.5) - 0.002 * at
        for at, other in enumerate(others)
    )
