"""House rules that imports cannot say; `python ci/house.py [root]` lists every violation.

Each rule is a function from a parsed file to violations. A line may be excused, with its reason:
`# house: ok <rule>, because …`.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

APPS = ("core", "accounts", "crm", "outreach", "campaigns", "billing")
DOORS = ("views", "api", "admin", "graphql", "subscribers", "jobs")
REFUSED_NAMES = frozenset(
    {
        "utils", "helpers", "common", "misc", "services",
        "managers", "mixins", "signals", "serializers", "base",
    }
)  # fmt: skip
DOMAIN_NOUNS = frozenset({"lead", "deal", "invoice", "contact", "campaign", "ticket", "proposal"})
# Events carry the person they are about, so that one index serves every timeline.
CORE_MAY_SAY = frozenset({"contact_id"})
MODEL_SIGNALS = frozenset(
    {
        "pre_init", "post_init", "pre_save", "post_save",
        "pre_delete", "post_delete", "m2m_changed",
    }
)  # fmt: skip
BULK_WRITES = frozenset({"bulk_create", "bulk_update", "get_or_create", "update_or_create"})
DOOR_DECORATORS = frozenset({"door", "signed_in", "public"})
CLOCKS = frozenset({"timezone.now", "datetime.now", "datetime.utcnow", "date.today", "time.time"})
STATES = frozenset({"status", "stage"})
EXCUSE = re.compile(r"# house: ok ([a-z-]+), because \S+")


@dataclass(frozen=True, order=True)
class Violation:
    """One broken rule, where it is, and what would be right."""

    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


@dataclass(frozen=True)
class House:
    """What a rule about one file must know of the others."""

    transitions: dict[str, set[str]] = field(default_factory=dict)
    """A transition's name → the variables that its model goes by: {"win": {"deal"}}."""
    routed: set[tuple[str, str, str]] = field(default_factory=set)
    """(app, views module, function) of everything that an app's urls.py names."""

    models: dict[str, set[str]] = field(default_factory=dict)
    """A model's name → its columns that are state machines: {"Deal": {"status"}}."""

    def learn(self, module: "Module") -> None:
        """Note the machines of a model file and the views of a route file."""
        for node in ast.walk(module.tree):
            if module.layer == "models" and isinstance(node, ast.ClassDef):
                self.learn_model(node)
            elif module.layer == "urls" and isinstance(node, ast.Attribute):
                self.routed.add((module.app, last_name(node.value), node.attr))

    def learn_model(self, model: ast.ClassDef) -> None:
        """Note a model's transitions and machine columns."""
        machines = self.models.setdefault(model.name, set())
        for item in model.body:
            if isinstance(item, ast.FunctionDef):
                if "transition" in {last_name(decorator) for decorator in item.decorator_list}:
                    self.transitions.setdefault(item.name, set()).add(variable(model.name))
            elif isinstance(item, ast.Assign) and last_name(item.value) == "FSMField":
                machines |= {last_name(target) for target in item.targets}


@dataclass(frozen=True)
class Module:
    """A parsed file and where it stands in the house."""

    path: Path
    source: str
    tree: ast.Module
    house: "House"

    @property
    def app(self) -> str:
        return self.path.parts[0]

    @property
    def layer(self) -> str:
        """`views` for crm/views/deals.py and for crm/views.py alike."""
        return self.path.parts[1].removesuffix(".py") if len(self.path.parts) > 1 else ""


Finding = tuple[int, str]
Rule = Callable[[Module], Iterable[Finding]]


def calls(module: Module) -> Iterator[tuple[ast.Call, ast.Attribute]]:
    """Every `receiver.method(…)` of a module."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node, node.func


def last_name(node: ast.expr) -> str:
    """The rightmost name of `a.b.c`, `a.b.c()` or `c`."""
    if isinstance(node, ast.Call):
        return last_name(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def variable(name: str) -> str:
    """The variable that a class goes by: deal_line for DealLine."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def first_name(node: ast.expr) -> str:
    """The leftmost name of `a.b().c`."""
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def doors_do_not_write(module: Module) -> Iterator[Finding]:
    """A door calls an action; only actions change rows."""
    if module.app == "core" or module.layer not in DOORS:
        return
    for call, func in calls(module):
        writes = (
            func.attr in BULK_WRITES | {"save", "create"}
            or (func.attr == "update" and call.keywords)
            or (func.attr == "delete" and not call.args and not call.keywords)
        )
        if writes:
            yield call.lineno, f"a door writes with .{func.attr}(); call an action instead."


def transitions_only_in_actions(module: Module) -> Iterator[Finding]:
    """A state changes where the row is locked and the event is published."""
    if module.layer in {"actions", "models"}:
        return
    for call, func in calls(module):
        receiver = last_name(func.value)
        owners = module.house.transitions.get(func.attr, set())
        if receiver in owners or (owners and receiver in {"obj", "row", "instance"}):
            yield call.lineno, f"{receiver}.{func.attr}() is a transition; only actions call it."


def no_form_save(module: Module) -> Iterator[Finding]:
    """Forms guard; they do not save."""
    rows = {variable(name) for name in module.house.models}
    for call, func in calls(module):
        receiver = last_name(func.value)
        is_form = receiver.endswith("form") or receiver == "formset"
        if func.attr == "save" and is_form and receiver not in rows:
            yield call.lineno, "form.save(); hand form.cleaned_data to an action."


def no_model_signals(module: Module) -> Iterator[Finding]:
    """Nothing happens behind a save."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        wired = last_name(node.func) == "receiver" and any(
            last_name(arg) in MODEL_SIGNALS
            for outer in node.args
            for arg in (outer.elts if isinstance(outer, ast.List | ast.Tuple) else [outer])
        )
        connected = (
            isinstance(node.func, ast.Attribute)
            and node.func.attr == "connect"
            and last_name(node.func.value) in MODEL_SIGNALS
        )
        if wired or connected:
            yield node.lineno, "a model signal; publish an event in the action and subscribe to it."


def no_generic_foreign_key(module: Module) -> Iterator[Finding]:
    """A relation names its table, so that the database can hold it."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name | ast.Attribute) and last_name(node) == "GenericForeignKey":
            yield node.lineno, "GenericForeignKey; use one nullable foreign key per target."


def no_script_in_python(module: Module) -> Iterator[Finding]:
    """Markup lives in templates, behaviour in static/js."""
    for node in ast.walk(module.tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and "<script" in text.lower():
            yield node.lineno, "<script in Python; put it in static/js and name it in a template."


def names_say_something(module: Module) -> Iterator[Finding]:
    """A module is called after its noun."""
    for part in module.path.parts[1:]:
        name = part.removesuffix(".py")
        if name in REFUSED_NAMES:
            yield 1, f"the module name {name!r} says nothing; name it after its noun."


def sizes(module: Module, limits: dict[str, int]) -> Iterator[Finding]:
    """A module fits in a head, a function on a screen."""
    lines = module.source.count("\n")
    if lines > limits["module"]:
        yield 1, f"{lines} lines; split the module (at most {limits['module']})."
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > limits["function"]:
                most = limits["function"]
                yield node.lineno, f"{node.name}() has {length} lines; split it (at most {most})."


def core_knows_no_noun(module: Module) -> Iterator[Finding]:
    """Core is plumbing: nothing in it is called after a business noun."""
    if module.app != "core":
        return
    for node in ast.walk(module.tree):
        for name in identifiers(node):
            if name in CORE_MAY_SAY:
                continue
            parts = re.findall(r"[A-Z]?[a-z]+", name)
            nouns = {part.lower().removesuffix("s") for part in parts} & DOMAIN_NOUNS
            if nouns:
                line = getattr(node, "lineno", 1)
                yield line, f"{name} says {min(nouns)!r}; core knows no business noun, move it up."


def identifiers(node: ast.AST) -> Iterator[str]:
    """The names that a node writes down."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name
    elif isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.arg | ast.keyword):
        yield node.arg or ""


def no_state_by_update(module: Module) -> Iterator[Finding]:
    """QuerySet.update() goes round the machine."""
    if module.app == "core":
        return
    for call, func in calls(module):
        machines = module.house.models.get(first_name(func.value), STATES)
        touched = {keyword.arg for keyword in call.keywords} & STATES & machines
        if func.attr == "update" and touched:
            state = min(str(name) for name in touched)
            yield call.lineno, f".update({state}=…) goes round the machine; call the transition."


def docstrings(module: Module) -> Iterator[Finding]:
    """What an action, query or event does is said in its first sentence."""
    wanted: tuple[type[ast.stmt], ...] = ()
    if module.layer in {"actions", "queries"}:
        wanted = (ast.FunctionDef, ast.AsyncFunctionDef)
    elif module.layer == "events":
        wanted = (ast.ClassDef,)
    for node in module.tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if isinstance(node, wanted) and node.name[0] != "_" and not ast.get_docstring(node):
            yield node.lineno, f"{node.name} has no docstring; say in a sentence what it does."


def views_have_doors(module: Module) -> Iterator[Finding]:
    """Every function that an address leads to says who may come in."""
    if module.layer != "views":
        return
    stem = module.path.stem
    for node in module.tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        routed = (module.app, stem, node.name) in module.house.routed
        if routed and not {last_name(item) for item in node.decorator_list} & DOOR_DECORATORS:
            yield node.lineno, f"{node.name} has no door; add @door(…), @signed_in or @public."


def one_clock(module: Module) -> Iterator[Finding]:
    """The verbs ask core.clock, so that a test can set it."""
    if module.layer not in {"actions", "models", "queries"}:
        return
    for call, func in calls(module):
        if f"{last_name(func.value)}.{func.attr}" in CLOCKS:
            name = f"{last_name(func.value)}.{func.attr}()"
            yield call.lineno, f"{name}; use core.clock.now() or core.clock.today(zone)."


def models_do_not_override_save(module: Module) -> Iterator[Finding]:
    """Saving saves; consequences stand in the action."""
    if module.layer != "models" or module.app == "core":
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef) and node.name == "save":
            yield node.lineno, "a model overrides save(); put the consequence in the action."


RULES: dict[str, Rule] = {
    "door-writes": doors_do_not_write,
    "transition": transitions_only_in_actions,
    "form-save": no_form_save,
    "signal": no_model_signals,
    "generic-key": no_generic_foreign_key,
    "script": no_script_in_python,
    "name": names_say_something,
    "noun-in-core": core_knows_no_noun,
    "state-update": no_state_by_update,
    "docstring": docstrings,
    "view-door": views_have_doors,
    "clock": one_clock,
    "model-save": models_do_not_override_save,
}


def check(root: Path) -> list[Violation]:
    """Return every violation in the house under `root`, in order of place."""
    budgets = tomllib.loads((Path(__file__).parent / "budgets.toml").read_text())
    modules = read_modules(root)
    rules = RULES | {"size": lambda module: sizes(module, budgets["lines"])}
    found = []
    for module in modules:
        lines = module.source.splitlines()
        for rule, function in rules.items():
            for line, message in function(module):
                excuse = EXCUSE.search(lines[line - 1]) if lines else None
                if not excuse or excuse[1] != rule:
                    found.append(Violation(str(module.path), line, rule, message))
    found += template_sizes(root, budgets["lines"]["template"])
    total = sum(module.source.count("\n") for module in modules)
    if total > budgets["lines"]["python_total"]:
        found.append(Violation("ci/budgets.toml", 1, "size", f"{total} lines of Python in all."))
    return sorted(found)


def read_modules(root: Path) -> list[Module]:
    """Parse the product's own modules; migrations and tests have their own rules."""
    house, modules = House(), []
    for app in (*APPS, "config"):
        for path in sorted((root / app).rglob("*.py")):
            if "migrations" not in path.parts:
                source = path.read_text()
                tree = ast.parse(source, filename=str(path))
                modules.append(Module(path.relative_to(root), source, tree, house))
    for module in modules:
        house.learn(module)
    return modules


def template_sizes(root: Path, most: int) -> Iterator[Violation]:
    """A template fits on a few screens."""
    for path in sorted((root / "templates").rglob("*.html")):
        lines = path.read_text().count("\n")
        if lines > most:
            message = f"{lines} lines; move a part to a shared _part.html (at most {most})."
            yield Violation(str(path.relative_to(root)), 1, "size", message)


def main() -> int:
    """Print the violations; 1 when there are any."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    violations = check(root)
    for violation in violations:
        print(violation)
    print(f"house rules: {len(violations) or 'no'} violation{'s'[: len(violations) != 1]}")
    return bool(violations)


if __name__ == "__main__":
    sys.exit(main())
