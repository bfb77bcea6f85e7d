"""How often programs may call: counted per caller and minute, and told in each answer.

The headers are those of draft-ietf-httpapi-ratelimit-headers-10: the policy (`q` calls in `w` seconds), what remains of
it (`r`) and when it begins anew (`t`); 429 carries Retry-After (RFC 9110).
"""

import logging
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.core.cache import caches
from django.http import HttpResponse

from core import clock
from core.api import problem
from core.doors import Request

SECONDS: Final = 60
log = logging.getLogger(__name__)


class RateMiddleware:
    """Refuses calls of the API beyond the tier of their caller (`request.actor.rate`), whatever they ask for."""

    def __init__(self, get_response: Callable[[Request], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Request) -> HttpResponse:
        if not request.path.startswith("/api/"):
            return self.get_response(request)
        who, tier = request.actor.rate
        most = settings.API_CALLS_PER_MINUTE.get(tier)
        if most is None:
            return self.get_response(request)
        window, gone = divmod(int(clock.now().timestamp()), SECONDS)
        made, wait = count(f"calls:{who}", window), SECONDS - gone
        if made > most:
            text = f"More than {most:,} calls in a minute. Wait {wait} s."
            answer = problem(429, "throttled", text)
            answer["Retry-After"] = str(wait)
        else:
            answer = self.get_response(request)
        answer["RateLimit-Policy"] = f'"{tier}";q={most};w={SECONDS}'
        answer["RateLimit"] = f'"{tier}";r={max(most - made, 0)};t={wait}'
        return answer


def count(who: str, window: int) -> int:
    """Count one more call of this minute; returns how many there were, 0 when nobody can count.

    Over all processes with Redis; without it each web process counts its own: a read must not wait for a writer.
    """
    key, calls = f"{who}:{window}", caches["calls"]
    try:
        calls.add(key, 0, 2 * SECONDS)
        return calls.incr(key)
    except Exception:  # the API goes on without its counter
        log.warning("calls could not be counted", exc_info=True)
        return 0
