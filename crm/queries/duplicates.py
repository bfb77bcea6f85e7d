"""Reading for the duplicate radar: profiles, who shares a key with whom, the queue, and namesakes while typing."""

from collections import OrderedDict
from collections.abc import Container, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core import clock
from crm import duplicates
from crm.duplicates import Crowd, Likeness, Profile
from crm.models import Contact, ContactAddress, DuplicateKey, DuplicatePair
from crm.queries.filters import one

COLUMNS = ("pk", "first_name", "last_name", "company_name", "email", "phone_e164", "city", "job_title")
KNOWN_FROM = 3  # a word that so many contacts are called is a name, not a typing error
MOST_KNOWN = 20_000
MOST_KEPT = 8_000  # profiles held while scanning; about 3 kB each


class Radar:
    """Compares contacts with those that share a key; its memory does not grow with the number of contacts.

    `names` that several people have are counted over all contacts where they are not given.
    """

    def __init__(self, names: Container[str] | None = None) -> None:
        self._profiles: OrderedDict[int, Profile] = OrderedDict()
        self._sizes: OrderedDict[int, int] = OrderedDict()
        known = known_names(int(clock.now().timestamp()) // 3600) if names is None else names
        self._crowd = Crowd(self._sizes, known.__contains__)

    def look(self, profiles: Iterable[Profile], *, below_only: bool = False) -> dict[tuple[int, int], Likeness]:
        """Return what is alike among profiles and the stored contacts, by (smaller id, larger id).

        With `below_only` each is compared with smaller ids alone: a whole scan then sees every pair once.
        """
        found = {}
        batch = {entry.id: entry for entry in profiles}
        sharing = self._sharing(batch)
        self._load({pk for others in sharing.values() for pk in others} - batch.keys())
        for pk, others in sharing.items():
            for other in others:
                if pk == other or (below_only and other > pk):
                    continue
                mate = batch.get(other) or self._profiles.get(other)
                if mate is not None:
                    pair = (min(pk, other), max(pk, other))
                    found[pair] = duplicates.compare(batch[pk], mate, self._crowd)
        return found

    def _sharing(self, batch: Mapping[int, Profile]) -> dict[int, set[int]]:
        named = {pk: duplicates.keys(row) for pk, row in batch.items()}
        limits = {duplicates.hashed(k): duplicates.largest(k) for mine in named.values() for k in mine}
        wanted = limits.keys()
        rows = DuplicateKey.objects.filter(key__in=wanted - self._sizes.keys())
        sizes = rows.values("key").annotate(n=Count("pk")).values_list("key", "n")
        self._sizes.update(sizes)
        telling = [key for key, most in limits.items() if self._sizes.get(key, 0) <= most]
        holders: dict[int, list[int]] = {}
        for key, pk in DuplicateKey.objects.filter(key__in=telling).values_list("key", "contact"):
            holders.setdefault(key, []).append(pk)
        sharing = {
            pk: {mate for key in mine for mate in holders.get(duplicates.hashed(key), ())} for pk, mine in named.items()
        }
        _forget(self._sizes, 5 * MOST_KEPT)
        return sharing

    def _load(self, wanted: set[int]) -> None:
        missing = wanted - self._profiles.keys()
        for pk in wanted & self._profiles.keys():
            self._profiles.move_to_end(pk)
        _forget(self._profiles, max(MOST_KEPT - len(missing), 0))
        self._profiles.update((row.id, row) for row in profiles_of(missing))


def _forget(kept: OrderedDict[int, Any], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)


def profiles_of(ids: Iterable[int]) -> list[Profile]:
    """Return the profiles of contacts, addresses that held once included."""
    wanted = list(ids)
    rows = ContactAddress.objects.filter(contact__in=wanted).exclude(channel="postal")
    emails: dict[int, list[str]] = {}
    phones: dict[int, list[str]] = {}
    for pk, channel, value, folded in rows.values_list("contact", "channel", "value", "folded"):
        held = emails if channel == ContactAddress.Channel.EMAIL else phones
        held.setdefault(pk, []).append(folded or value)
    found = []
    for pk, first, last, company, email, phone, city, role in Contact.objects.filter(pk__in=wanted).values_list(
        *COLUMNS
    ):
        found.append(
            duplicates.profile(
                id=pk,
                first_name=first,
                last_name=last,
                company=company,
                emails=[email, *emails.get(pk, ())],
                phones={phone or "", *phones.get(pk, ())},
                city=city,
                job_title=role,
            )
        )
    return found


@lru_cache(maxsize=1)
def known_names(hour: int) -> frozenset[str]:
    """Return the words that several contacts are called by; asked of the database once an hour."""
    words: dict[str, int] = {}
    for column in ("first_name", "last_name"):
        rows = Contact.objects.exclude(**{column: ""}).values(column).annotate(n=Count("pk"))
        for name, count in rows.order_by("-n").values_list(column, "n")[:MOST_KNOWN]:
            for word in duplicates.profile(last_name=name).names:
                words[word] = words.get(word, 0) + count
    return frozenset(word for word, count in words.items() if count >= KNOWN_FROM)


def unkeyed(limit: int, after: int = 0) -> list[int]:
    """Return contacts after one that the radar has never seen, oldest first: what an import brought, for instance."""
    seen = Exists(DuplicateKey.objects.filter(contact=OuterRef("pk")))
    return list(Contact.objects.filter(~seen, pk__gt=after).order_by("pk").values_list("pk", flat=True)[:limit])


def pairs_for(actor: Actor, states: Sequence[str] = (DuplicatePair.State.OPEN,)) -> QuerySet[DuplicatePair]:
    """Return the suspected pairs of contacts that the actor may both see, the surest first."""
    visible = actor.visible("contact:read", Contact.objects.all())
    rows = DuplicatePair.objects.select_related("contact", "other", "decided_by")
    rows = rows.filter(state__in=states)
    if visible.query.has_filters():
        ids = visible.values("pk")
        rows = rows.filter(contact__in=ids, other__in=ids)
    return rows.order_by("-score", "-pk")


def pair_for(actor: Actor, pk: int) -> DuplicatePair:
    """Return one pair; raises NotFound."""
    rows = pairs_for(actor, DuplicatePair.State.values)
    return one(rows, pk, _("There is no such pair. The two may have been merged."))


def twins_of(actor: Actor, contact: Contact) -> list[tuple[Contact, DuplicatePair]]:
    """Return the contacts that look like this one, the surest first, at most three."""
    pairs = pairs_for(actor).filter(Q(contact=contact) | Q(other=contact))[:3]
    return [(pair.other if pair.contact_id == contact.pk else pair.contact, pair) for pair in pairs]


def lookalikes(actor: Actor, typed: Mapping[str, Any], least: float = 0.4) -> list[Contact]:
    """Return the visible contacts that somebody being typed in may be, the surest first, at most three."""
    newcomer = duplicates.profile(
        first_name=str(typed.get("first_name", ""))[:100],
        last_name=str(typed.get("last_name", ""))[:100],
        company=str(typed.get("company_name") or typed.get("business_name") or "")[:200],
        emails=[str(typed.get("email", ""))[:254]],
        phones=[str(typed.get("phone", ""))[:40]],
        city=str(typed.get("city", ""))[:120],
    )
    found = Radar(names=()).look([newcomer])  # counting names takes too long for a hint
    likely = {pair[1]: like.score for pair, like in found.items() if like.score >= least}
    rows = actor.visible("contact:read", Contact.objects.filter(pk__in=likely))
    return sorted(rows, key=lambda row: -likely[row.pk])[:3]
