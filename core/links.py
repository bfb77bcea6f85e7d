"""Addresses of routes, remembered: a list names hundreds of them, and `reverse` takes 20 µs for each."""

from functools import cache

from django.urls import get_script_prefix, reverse

_MARK = 8_000_000_000


def route(name: str, *keys: int) -> str:
    """Return what `reverse(name, args=keys)` does, for keys that are whole numbers; raises NoReverseMatch."""
    return _pattern(name, len(keys), get_script_prefix()).format(*keys)


@cache
def _pattern(name: str, keys: int, prefix: str) -> str:
    marks = range(_MARK, _MARK + keys)
    pattern = reverse(name, args=marks)
    for mark in marks:
        pattern = pattern.replace(str(mark), "{}", 1)
    return pattern
