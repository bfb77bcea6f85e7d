"""Import a CSV or XLSX file as the pages do, without waiting for the worker."""

import json
from argparse import ArgumentParser
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.actor import Actor
from accounts.models import User
from core.errors import HouseError
from crm.actions.imports import carry_on, map_import, start_import, upload_import
from crm.actions.starter import make_starter_set
from crm.models import ImportRun
from crm.queries.imports import endings_of, progress_of


class Command(BaseCommand):
    """Columns are guessed from the headers; a file with a wrong row changes nothing unless --good is given."""

    help = "Import PATH: leads, contacts, accounts, users, items or deals."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--kind", choices=ImportRun.Kind.values, default="", help="default: by the headers")
        parser.add_argument("--good", action="store_true", help="import the good rows and list the others")
        parser.add_argument("--user", default="", help="import as this person (email); default: the system")
        parser.add_argument("--rehearse", action="store_true", help="only count what would happen")
        parser.add_argument("--json", action="store_true")

    def handle(self, **options: Any) -> None:
        actor, begun = _actor(options["user"]), perf_counter()
        try:
            make_starter_set(actor=Actor.system("import_file", via="cli"))
            with options["path"].open("rb") as file:
                name, kind = options["path"].name, options["kind"]
                run = upload_import(actor=actor, file=file, file_name=name, kind=kind)
            self._finish(run, actor)
            checked = perf_counter()
            if options["good"]:
                values = {"kind": run.kind, "mode": "good", "mapping": run.mapping}
                run = map_import(run, actor=actor, **values)
            if not options["rehearse"]:
                run = start_import(run, actor=actor)
                self._finish(run, actor)
        except (HouseError, OSError) as error:
            raise CommandError(str(error)) from error
        answer = _answer(run, checked - begun, perf_counter() - checked)
        self.stdout.write(json.dumps(answer) if options["json"] else _words(answer))
        if run.state == ImportRun.State.FAILED:
            raise CommandError(run.message)

    def _finish(self, run: ImportRun, actor: Actor) -> None:
        while not carry_on(run, actor=actor):
            run.refresh_from_db()
            at = progress_of(run)
            self.stderr.write(f"{at.doing}: {at.done:,} of {at.of:,} rows")
        run.refresh_from_db()


def _actor(email: str) -> Actor:
    if not email:
        return Actor.system("import_file")
    user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    if user is None:
        raise CommandError(f"Nobody here signs in as {email}.")
    return Actor.for_user(user, via="cli")


def _answer(run: ImportRun, checked: float, imported: float) -> dict[str, Any]:
    wrong = endings_of(run, "error", 0, 50)
    problems = [{"row": ending.number, "message": ending.message} for ending, _ in wrong]
    return {
        "run": run.pk, "kind": run.kind, "state": run.state, "rows": run.total, "created": run.created_count,
        "updated": run.updated_count, "skipped": run.skipped_count, "errors": run.error_count,
        "rehearsed": run.rehearsal.get("counts", {}), "problems": problems, "seconds": round(checked + imported, 2),
        "checked": round(checked, 2), "imported": round(imported, 2), "peak": getrusage(RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip


def _words(answer: dict[str, Any]) -> str:
    counts = ", ".join(f"{answer[key]:,} {key}" for key in ("created", "updated", "skipped", "errors"))
    lines = [f"{answer['rows']:,} rows of {answer['kind']}: {counts} in {answer['seconds']} s."]
    return "\n".join(lines + [f"  row {problem['row']}: {problem['message']}" for problem in answer["problems"]])
