"""The one outbound HTTP client: time limits, no redirects, retryable and final failures told apart, SSRF guard."""

import email.utils
import ipaddress
import logging
import socket
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2

from core import clock, quarantine
from core.effects import Rejected, RetryLater
from core.logs import request_id
from core.numbers import is_number

RETRYABLE = {408, 425, 429, 500, 502, 503, 504}
MAX_BODY = 5_000_000
log = logging.getLogger(__name__)


class Unsafe(Exception):
    """The address leads into a private network, or to something that is not a web page."""


@dataclass(frozen=True, slots=True)
class Client:
    """Calls one vendor, whose base address comes from the settings; `name` is how its calls are logged."""

    name: str
    base_url: str
    headers: dict[str, str] = field(default_factory=dict)
    timeout: float = 10.0

    def request(
        self, method: str, path: str, *, idempotency_key: str = "", headers: dict[str, str] | None = None, **body: Any
    ) -> httpx2.Response:
        """Send one request (json=, data=, content=, params=); no retry of its own.

        Raises RetryLater for connection errors and retryable statuses (Retry-After honoured), Rejected for other 4xx.
        """
        if quarantine.is_quiet():
            raise RetryLater(quarantine.WORDS)
        sent = {**self.headers, **(headers or {})}
        if idempotency_key:
            sent["Idempotency-Key"] = idempotency_key
        if request_id.get():
            sent["X-Request-ID"] = request_id.get()
        started = time.monotonic()
        try:
            with httpx2.Client(timeout=self.timeout, follow_redirects=False) as client:
                answer = client.request(method, self.base_url.rstrip("/") + path, headers=sent, **body)
        except httpx2.HTTPError as error:
            self._log(method, path, type(error).__name__, started)
            raise RetryLater(f"{self.name} could not be reached: {type(error).__name__}.") from error
        self._log(method, path, str(answer.status_code), started)
        if answer.status_code in RETRYABLE:
            raise RetryLater(f"{self.name} answered {answer.status_code}.", _retry_after(answer.headers))
        if answer.status_code >= 300:
            raise Rejected(f"{self.name} answered {answer.status_code}: {answer.text[:300]}")
        return answer

    def _log(self, method: str, path: str, outcome: str, started: float) -> None:
        elapsed = round((time.monotonic() - started) * 1000)
        log.info(
            "vendor call", extra={"vendor": self.name, "call": f"{method} {path}", "outcome": outcome, "ms": elapsed}
        )


def fetch_public(url: str, *, max_bytes: int = 1_000_000, timeout: float = 10.0, redirects: int = 3) -> bytes:
    """Fetch an address that somebody gave us; raises Unsafe for anything but a public http(s) host.

    Every hop is resolved once, checked, and connected to by that very address, so that a second DNS answer
    cannot lead inside.
    """
    if quarantine.is_quiet():
        raise Unsafe(quarantine.WORDS)
    for _hop in range(redirects + 1):
        parts = urlsplit(url)
        address = _public_address(parts.scheme, parts.hostname or "", parts.port)
        host = f"[{address}]" if ":" in address else address
        port = f":{parts.port}" if parts.port else ""
        pinned = parts._replace(netloc=f"{host}{port}").geturl()
        extensions = {"sni_hostname": parts.hostname}
        with (
            httpx2.Client(timeout=timeout, follow_redirects=False, trust_env=False) as client,
            client.stream("GET", pinned, headers={"Host": parts.netloc}, extensions=extensions) as answer,
        ):
            if answer.is_redirect:
                url = urljoin(url, answer.headers["Location"])
                continue
            answer.raise_for_status()
            return _limited(answer, max_bytes)
    raise Unsafe("Too many redirects.")


def _limited(answer: httpx2.Response, max_bytes: int) -> bytes:
    content = b""
    for chunk in answer.iter_bytes():
        content += chunk
        if len(content) > max_bytes:
            raise Unsafe(f"The page is larger than {max_bytes} bytes.")
    return content


def _public_address(scheme: str, host: str, port: int | None) -> str:
    if scheme not in {"http", "https"} or not host or port not in {None, 80, 443}:
        raise Unsafe("Only http and https addresses on their usual ports are fetched.")
    try:
        found = socket.getaddrinfo(host, port or 443, proto=socket.IPPROTO_TCP)
    except OSError as error:
        raise Unsafe(f"{host} has no address.") from error
    for entry in found:
        address = ipaddress.ip_address(str(entry[4][0]).partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None) or address
        if not mapped.is_global or mapped.is_multicast:
            raise Unsafe(f"{host} leads into a private network.")
    return str(found[0][4][0])


def _retry_after(headers: Any) -> float | None:
    value = headers.get("Retry-After", "")
    if is_number(value):
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    return max((moment - clock.now()).total_seconds(), 0.0)
