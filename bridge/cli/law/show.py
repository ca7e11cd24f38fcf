"""`law show`: which laws are in force on a day, what each hold does, and which rule could not be read."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bridge.cli.context import AS_JSON
from bridge.cli.law.inputs import ANOTHER_FILE, Day, today
from bridge.cli.printing import emit, table
from bridge.rules.retention.holds import applies, binds
from bridge.steps.access.package.sections.retention_section import longest, rule_in_words
from config.load import files
from config.retention_file.retention import load_retention

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.retention_file.retention import Law, Retention


@click.command()
@click.option("--on", "day", type=Day(), help="The day to look from. [default: today]")
@ANOTHER_FILE
@AS_JSON
def show(day: date | None, path: Path | None, as_json: bool) -> None:
    """Show the retention file as the machine understands it. Exit 1 where a rule could not be read."""
    retention = load_retention(path or files()[1])
    found = _found(retention, day or today(retention.calendar))
    if as_json:
        emit(found)
    else:
        _tell(found)
    if retention.broken:
        sys.exit(1)


def _found(retention: Retention, on: date) -> dict[str, Any]:
    return {
        "on": on,
        "policy_id": retention.policy_id,
        "sha256": retention.sha256,
        "reviewed_on": retention.reviewed_on,
        "laws": [_law(law, retention, on) for law in retention.laws.values()],
        "holds": [
            {
                "hold": hold.id,
                "law": hold.law,
                "binds": binds(hold.id, today=on, retention=retention),
                "keeps": rule_in_words(hold),
                "gdpr": hold.gdpr_ground or hold.eu_conflict,
            }
            for hold in retention.holds.values()
        ],
        "categories": [
            {
                "category": each.id,
                "purposes": list(each.purposes),
                "on_request": each.on_request,
                "holds": list(each.holds),
                "held_action": each.held_action,
                "longest": longest(each),
            }
            for each in retention.categories.values()
        ],
        "unset": list(retention.unset),
        "broken": list(retention.broken),
        "faults": list(retention.faults),
    }


def _law(law: Law, retention: Retention, on: date) -> dict[str, Any]:
    return {
        "law": law.id,
        "of": law.jurisdiction,
        "from": law.in_force_from,
        "to": law.in_force_to,
        "in_force": law.in_force(on),
        "applies": applies(law, retention.merchant),
        "title": law.title,
    }


def _tell(found: Mapping[str, Any]) -> None:
    click.echo(f"{found['policy_id']} on {found['on']}, reviewed {found['reviewed_on'] or 'by nobody yet'}\n")
    table(found["laws"], ("law", "of", "from", "to", "in_force", "applies", "title"), empty="No laws.")
    click.echo()
    table(found["holds"], ("hold", "law", "binds", "gdpr", "keeps"), empty="No holds.")
    click.echo()
    rows = [
        row | {"purposes": " ".join(row["purposes"]), "holds": " ".join(row["holds"]) or None}
        for row in found["categories"]
    ]
    table(rows, ("category", "purposes", "on_request", "held_action", "holds"), empty="No categories.")
    click.echo()
    for each in found["unset"]:
        click.echo(f"not set: {each}")
    for each in found["faults"]:
        click.echo(f"holds until it is mended: {each}")
