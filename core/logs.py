"""Structured logs: one JSON object a line on stderr, with the request id that follows a click to its effects."""

import contextvars
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "request", "server_time", "status_code"}


class JsonFormatter(logging.Formatter):
    """Formats a record as JSON; line breaks in values cannot forge a second line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        entry = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
        }
        entry.update({name: str(value) for name, value in vars(record).items() if name not in _STANDARD})
        if record.exc_info:
            entry["trace"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


@contextmanager
def vendor_call(vendor: str, call: str) -> Iterator[None]:
    """Log a call to the outside: how it ended and how long it took."""
    started, outcome = time.monotonic(), "ok"
    try:
        yield
    except Exception as error:
        outcome = type(error).__name__
        raise
    finally:
        said = {"vendor": vendor, "call": call, "outcome": outcome}
        elapsed = round((time.monotonic() - started) * 1000)
        logging.getLogger(__name__).info("vendor call", extra={**said, "ms": elapsed})
