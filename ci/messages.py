"""Write the catalogues of translations from what templates and modules mark: `make messages`.

Adds what is new, drops what is gone, keeps every translation, and compiles. `--check` writes nothing and
names what drifted; `--missing` lists what has no translation yet.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import allauth
import polib
from django.forms.utils import pretty_name
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[1]
CATALOGUES = sorted(ROOT.glob("locale/*/LC_MESSAGES/django.po"))
VENDOR = Path(allauth.__file__).parent  # whose sign-in pages have no Hindi of their own
BORROWED = (
    "templates/account/*password*.html",
    "templates/account/*reauth*.html",
    "templates/account/account_inactive.html",
    "templates/account/messages/*.txt",
    "templates/mfa/**/*.*",
    "templates/usersessions/**/*.*",
    "account/adapter.py",
    "account/f*.py",
    "mfa/**/forms.py",
)
BETTER = (
    "Monday",
    "September",
    "November",
    "December",
    "mar",
    "dec",
    "English",
)  # Django's Hindi of these is not right
APPS = ("core", "accounts", "crm", "outreach", "campaigns", "billing", "config")
TEXT = r"""(u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))"""
CALL = re.compile(rf"\b(_|n?p?gettext)\({TEXT}(?:, ?{TEXT})?(?:, ?{TEXT})?")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|{\w*}|%%")
Message = tuple[str, str, str]  # context, text, plural


def in_template(source: str) -> Iterator[Message]:
    """Find what a template marks."""
    for verb, *literals in CALL.findall(templatize(source)):
        yield message(verb, [ast.literal_eval(text) for text in literals if text])


def in_module(source: str) -> Iterator[Message]:
    """Find what a module marks: calls of gettext and its kin with literal texts."""
    for node in ast.walk(ast.parse(source)):
        name = getattr(node, "func", None)
        verb = getattr(name, "id", getattr(name, "attr", "")).removesuffix("_lazy")
        if not isinstance(node, ast.Call) or not re.fullmatch(r"_|n?p?gettext|gettext_noop", verb):
            continue
        given = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
        texts = [text for text in given if isinstance(text, str)]
        if texts:
            yield message(verb, texts)


def in_forms(source: str) -> Iterator[Message]:
    """Find the labels that Django makes of the names of fields, which `ui.field` translates."""
    for form in ast.walk(ast.parse(source)):
        for line in form.body if isinstance(form, ast.ClassDef) else ():
            if isinstance(line, ast.Assign) and isinstance(line.value, ast.Call):
                kind = getattr(line.value.func, "attr", getattr(line.value.func, "id", ""))
                labelled = any(word.arg == "label" for word in line.value.keywords)
                if kind.endswith("Field") and not labelled:
                    yield "", pretty_name(ast.unparse(line.targets[0])), ""


def message(verb: str, texts: list[str]) -> Message:
    """Order the texts of a call as context, text and plural."""
    context = texts.pop(0) if "p" in verb.removesuffix("noop").replace("gettext", "") else ""
    return context, texts[0], texts[1] if verb.startswith("n") and len(texts) > 1 else ""


def marked() -> dict[Message, list[str]]:
    """Answer every marked text with the files that it stands in."""
    found: dict[Message, set[str]] = defaultdict(set)
    sources = [(path, in_template) for path in (ROOT / "templates").rglob("*.*")]
    sources += [(path, in_module) for app in APPS for path in (ROOT / app).rglob("*.py")]
    sources += [(path, in_forms) for app in APPS for path in (ROOT / app / "forms").rglob("*.py")]
    for path in (path for pattern in BORROWED for path in VENDOR.glob(pattern)):
        sources.append((path, in_module if path.suffix == ".py" else in_template))
    for path, read in sources:
        base = VENDOR.parent if path.is_relative_to(VENDOR) else ROOT
        for one in read(path.read_text()):
            found[one].add(path.relative_to(base).as_posix())
    for text in BETTER:
        found["", text, ""].add("django")
    return {one: sorted(files) for one, files in found.items()}


def renewed(path: Path, texts: dict[Message, list[str]]) -> polib.POFile:
    """Answer the catalogue with exactly these texts, and the translations that it had."""
    old = polib.pofile(str(path), wrapwidth=110)
    had = {(entry.msgctxt or "", entry.msgid, entry.msgid_plural): entry for entry in old}
    new = polib.POFile(wrapwidth=110)
    new.metadata = old.metadata
    for one, files in sorted(texts.items(), key=lambda pair: (pair[1][0], pair[0])):
        context, text, plural = one
        entry = had.get(one) or polib.POEntry(msgid=text, msgid_plural=plural, msgctxt=context or None)
        if plural and not entry.msgstr_plural:
            entry.msgstr_plural = {0: "", 1: ""}
        entry.occurrences = [(name, "") for name in files]
        new.append(entry)
    return new


def faults(path: Path, texts: dict[Message, list[str]]) -> list[str]:
    """Say what is wrong with a catalogue: texts missing or stale, other placeholders, an old compilation."""
    po, compiled = polib.pofile(str(path), wrapwidth=110), path.with_suffix(".mo")
    here = {(entry.msgctxt or "", entry.msgid, entry.msgid_plural) for entry in po}
    wrong = [f"not in the catalogue: {one[1]!r}" for one in texts.keys() - here]
    wrong += [f"no longer marked: {one[1]!r}" for one in here - texts.keys()]
    for entry in po:
        for form in entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]:
            asked = [set(PLACEHOLDER.findall(text)) for text in (entry.msgid, entry.msgid_plural)]
            if form and set(PLACEHOLDER.findall(form)) not in asked:
                wrong.append(f"other placeholders: {entry.msgid!r} -> {form!r}")
    if not compiled.exists() or compiled.read_bytes() != po.to_binary():
        wrong.append(f"{compiled.name} was not compiled from {path.name}")
    return wrong


def main(*options: str) -> int:
    """Write, check or list."""
    texts, wrong = marked(), []
    for path in CATALOGUES:
        if "--check" in options:
            wrong += faults(path, texts)
        elif "--missing" in options:
            wrong += [entry.msgid for entry in polib.pofile(str(path)).untranslated_entries()]
        else:
            po = renewed(path, texts)
            po.save(str(path))
            po.save_as_mofile(str(path.with_suffix(".mo")))
            print(f"{path.relative_to(ROOT)}: {len(po)} texts, {po.percent_translated()} % translated")
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong and "--check" in options else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
