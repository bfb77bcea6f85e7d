"""Train the score on one file of leads and measure it on another; nothing is written."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.templatetags.ui import temperature
from crm import columns, learning, scoring
from crm.scoring import add_up
from crm.tables import Table, Unreadable, open_table

Example = tuple[dict[str, Any], bool]


class Command(BaseCommand):
    """Columns are read exactly as the import reads them; columns filled in after the fact are left out."""

    help = "Train the score on TRAIN.csv and print its AUC on TEST.csv."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("train", type=Path, metavar="TRAIN.csv")
        parser.add_argument("test", type=Path, metavar="TEST.csv")
        parser.add_argument("--label", default="Converted", help="the column that tells won from lost")
        parser.add_argument(
            "--also", action="append", default=[], metavar="COLUMN", help="use this column too, though guessed as late"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, **options: Any) -> None:
        read = {name: _examples(options[name], options["label"], options["also"]) for name in ("train", "test")}
        try:
            model = learning.train(read["train"])
        except ValueError as error:
            raise CommandError(str(error)) from error
        scorer = scoring.Scorer(model)
        results = [(scorer.score(facts), won) for facts, won in read["test"]]
        outcomes = [won for _, won in results]
        answer = {
            "auc": _rounded(learning.auc([score.exact for score, _ in results], outcomes)),
            "reasons_add_up": all(
                add_up(score.reasons) == score.points and 0 <= score.points <= 100 for score, _ in results
            ),
            "n": len(results),
            "auc_of_shown_score": _rounded(learning.auc([score.points for score, _ in results], outcomes)),
            "trained_on": len(read["train"]),
            "won_share": _bands(results),
            "weights": {key: factor["weight"] for key, factor in model["factors"].items()},
        }
        if options["json"]:
            self.stdout.write(json.dumps(answer))
            return
        self.stdout.write(
            f"AUC {answer['auc']} on {answer['n']} leads (as shown, in whole points: {answer['auc_of_shown_score']}). "
            f"Reasons add up to every score: {'yes' if answer['reasons_add_up'] else 'NO'}."
        )
        for band, share in answer["won_share"].items():
            self.stdout.write(f"  {band}: {share['leads']} leads, {share['won']} won")


def _examples(path: Path, label: str, also: list[str]) -> list[Example]:
    try:
        with open_table(path) as table:
            return _known(table, path, label, also)
    except (OSError, Unreadable) as error:
        raise CommandError(f"{path}: {error}") from error


def _known(table: Table, path: Path, label: str, also: list[str]) -> list[Example]:
    if label not in table.headers:
        raise CommandError(f"{path} has no column {label!r}. It has: {', '.join(table.headers)}.")
    mapping = columns.guess_mapping("leads", table.headers)
    mapping = {header: target for header, target in mapping.items() if target != "outcome"} | {label: "outcome"}
    mapping |= {header: columns.FACT + columns.slug(header) for header in also if header in table.headers}
    examples = []
    for row in table.rows:
        values = columns.values_of(mapping, table.headers, row.cells)
        outcome = columns.outcome_of(values.get("outcome", ""))
        if outcome and not row.problem:
            examples.append((columns.facts_of_row(values), outcome == "won"))
    return examples


def _bands(results: list[tuple[scoring.Score, bool]]) -> dict[str, dict[str, int]]:
    bands = {name: {"leads": 0, "won": 0} for name in ("hot", "warm", "cold")}
    for score, won in results:
        band = bands[temperature(score.points)]
        band["leads"] += 1
        band["won"] += won
    return bands


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
