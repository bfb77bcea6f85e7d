"""Typed readers of the environment; every setting is read once, here, by settings.py."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit


class SettingError(Exception):
    """A setting has a value that cannot be used; the message says what would be right."""


def text(name: str, default: str = "") -> str:
    """Return the setting, or `default` when it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, *, default: bool = False) -> bool:
    """Return a yes/no setting; raises SettingError for anything else."""
    value = text(name).lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise SettingError(f"{name}={value!r} is not yes or no. Use 1 or 0.")


def number(name: str, default: int) -> int:
    """Return a whole number; raises SettingError when it is not one."""
    value = text(name)
    if not value:
        return default
    try:
        return int(value)
    except ValueError as error:
        raise SettingError(f"{name}={value!r} is not a whole number.") from error


def words(name: str, default: str = "") -> list[str]:
    """Return a comma-separated list."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def secret(name: str, file: Path | None = None) -> str:
    """Return a secret from NAME, from the file that NAME_FILE names, or from `file` (made once, mode 0600)."""
    value = text(name)
    if value:
        return value
    named = text(f"{name}_FILE")
    if named:
        return Path(named).read_text().strip()
    if file is None:
        return ""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(os.urandom(48).hex())
        try:
            os.link(draft, file)
        except FileExistsError:
            pass  # another process was first; its secret counts
        finally:
            draft.unlink()
    return file.read_text().strip()


def database(name: str, data_dir: Path) -> dict[str, object]:
    """Return Django's DATABASES entry for a postgres:// or sqlite:// address; unset means SQLite in `data_dir`."""
    address = text(name)
    if not address or address.startswith("sqlite:"):
        path = urlsplit(address).path[1:] if address else ""
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": path or data_dir / "crm.sqlite3",
            "CONN_MAX_AGE": 60,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                    "PRAGMA cache_size=-4000; PRAGMA temp_store=MEMORY;"
                ),
            },
        }
    parts = urlsplit(address)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise SettingError(f"{name} starts with {parts.scheme!r}. Use postgres://user:password@host:port/name.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
