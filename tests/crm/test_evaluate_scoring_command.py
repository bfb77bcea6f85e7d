"""The command that measures the score on a later part of the real leads."""

import csv
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

LEADS = Path("../shared/data/leads/x_education_train.csv")
COLUMNS = ("Lead Source", "TotalVisits", "Converted")


def evaluate(capsys, *arguments: str) -> dict:
    call_command("evaluate_scoring", *arguments, "--json")
    return json.loads(capsys.readouterr().out)


def write(path: Path, rows: list[dict]) -> str:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def small(number: int) -> list[dict]:
    return [
        dict(zip(COLUMNS, ("Chat" if n % 3 else "Select", n % 9, int(n % 3 > 0)), strict=True)) for n in range(number)
    ]


@pytest.mark.slow
def test_the_later_real_leads_are_told_apart(tmp_path, capsys):
    if not LEADS.exists():
        pytest.skip("the shared leads file is not here")
    with LEADS.open(encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: int(row["Lead Number"]))
    cut = len(rows) * 7 // 10
    answer = evaluate(capsys, write(tmp_path / "a.csv", rows[:cut]), write(tmp_path / "b.csv", rows[cut:]))
    assert answer["auc"] >= 0.88
    assert answer["auc_of_shown_score"] >= 0.88
    assert answer["reasons_add_up"] is True
    assert answer["n"] == 1953
    late = ("tags", "quality", "profile", "asymmetrique", "activity", "number", "prospect")
    assert not [factor for factor in answer["weights"] if any(word in factor for word in late)]
    hot, cold = answer["won_share"]["hot"], answer["won_share"]["cold"]
    assert hot["won"] / hot["leads"] > 0.8
    assert cold["won"] / cold["leads"] < 0.25


def test_missing_columns_and_new_values_do_not_matter(tmp_path, capsys):
    other = [{"Converted": row["Converted"], "Lead Source": "Never seen"} for row in small(40)]
    answer = evaluate(capsys, write(tmp_path / "a.csv", small(300)), write(tmp_path / "b.csv", other))
    assert (answer["n"], answer["reasons_add_up"], answer["auc"]) == (40, True, 0.5)


def test_wrong_files_are_named(tmp_path):
    good = write(tmp_path / "a.csv", small(300))
    with pytest.raises(CommandError, match="has no column 'Bought'"):
        call_command("evaluate_scoring", good, good, "--label", "Bought")
    with pytest.raises(CommandError, match="No such file"):
        call_command("evaluate_scoring", good, str(tmp_path / "none.csv"))
    with pytest.raises(CommandError, match="Learning needs"):
        call_command("evaluate_scoring", write(tmp_path / "c.csv", small(20)), good)
