"""Prompts are documents: Markdown with a header, versioned, hashed, and never holding anybody's data."""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from outreach.llm import Question

FOLDER = Path(__file__).parent / "prompts"
EMAIL = re.compile(r"[^\s<>()\[\],;:\"']{1,64}@[\w.-]{1,190}\.\w{2,24}")
LONG_NUMBER = re.compile(r"(?<![\w.])\+?\(?\d(?:[\s().-]{0,2}\d){7,18}(?!\w)")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,4})?\b")
_SECRET = re.compile(
    r"\b(?:sk|pk|rk|api|key|whsec)[-_][A-Za-z0-9_-]{12,}\b|\b(?:password|passwort|contraseña)\s*[:=]\s*\S+",
    re.IGNORECASE,
)
_UNSEEN = re.compile(r"[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\U000e0000-\U000e007f]")


@dataclass(frozen=True)
class Prompt:
    """One prompt as its file says it."""

    name: str
    version: str
    temperature: float
    max_tokens: int
    text: str

    def question(self, data: dict[str, Any]) -> Question:
        """Return the question that puts `data` (strings, numbers, lists) before the model as JSON, masked."""
        return Question(
            name=self.name,
            instructions=self.text,
            data=json.dumps(_masked(data), ensure_ascii=False),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
        )


@cache
def load(name: str) -> Prompt:
    """Read prompts/<name>.md; its version carries a hash of every word that the model sees."""
    header, text = _parts((FOLDER / f"{name}.md").read_text(encoding="utf-8"))
    _, house = _parts((FOLDER / "_house.md").read_text(encoding="utf-8"))
    whole = f"{house}\n\n{text}"
    digest = hashlib.sha256(whole.encode()).hexdigest()[:8]
    return Prompt(
        name=name,
        version=f"{name}.v{header['version']}-{digest}",
        temperature=float(header.get("temperature", 0.2)),
        max_tokens=int(header.get("max_tokens", 500)),
        text=whole,
    )


def mask(text: str) -> str:
    """Replace addresses, phone, card and account numbers and keys by placeholders; drop invisible characters."""
    text = visible(text)
    text = _SECRET.sub("[secret]", text)
    text = EMAIL.sub("[email]", text)
    text = IBAN.sub("[account]", text)
    return LONG_NUMBER.sub("[number]", text)


def visible(text: str) -> str:
    """Return text without zero-width, direction-changing and tag characters."""
    return _UNSEEN.sub("", text)


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {key: _masked(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(one) for one in value]
    return value


def _parts(document: str) -> tuple[dict[str, str], str]:
    """Split a document into its header (between two lines of ---) and its words."""
    _empty, header, text = document.split("---\n", 2)
    pairs = (line.split(":", 1) for line in header.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}, text.strip()
