"""`law show`: show which laws are in force on a day, what each hold keeps, and which rule could not be read."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bridge.cli.command import json_command
from bridge.cli.law.inputs import DAY_OPTION, FILE_OPTION, choose_day
from bridge.cli.printing import print_table, select_fields, show
from bridge.cli.shared.dates import When
from bridge.rules.retention.citations import is_law_applicable
from bridge.rules.retention.holds import is_hold_applicable
from bridge.steps.access.package.sections.retention_section import describe_hold_rule, describe_max_age
from config.load import find_config_files
from config.retention_file.retention import load_retention

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.retention_file.retention import Law, Retention


@json_command("show", example="law show --on 2027-05-13")
@DAY_OPTION
@FILE_OPTION
def show_law_command(day: When | None, path: Path | None) -> None:
    """Show the retention file as the bridge understands it. Exit 1 if a rule could not be read."""
    retention = load_retention(path or find_config_files()[1])
    result = _describe_retention_file(retention, choose_day(day, retention.calendar))
    show(result, _print_retention_file)
    if retention.broken:
        sys.exit(1)


def _describe_retention_file(retention: Retention, day: date) -> dict[str, Any]:
    return {
        "on": day,
        **select_fields(retention, ("policy_id", "sha256", "reviewed_on")),
        "laws": [_law_row(law, retention, day) for law in retention.laws.values()],
        "holds": [
            {
                "hold": hold.id,
                "law": hold.law,
                "binds": is_hold_applicable(hold.id, today=day, retention=retention),
                "keeps": describe_hold_rule(hold),
                "gdpr": hold.gdpr_ground or hold.eu_conflict,
                "dpv_justification": hold.dpv_justification,
            }
            for hold in retention.holds.values()
        ],
        "categories": [
            {
                "category": each.id,
                "purposes": list(each.purposes),
                "policy_sections": list(each.policy_sections),
                "on_request": each.on_request,
                "holds": list(each.holds),
                "held_action": each.held_action,
                "longest": describe_max_age(each),
            }
            for each in retention.categories.values()
        ],
        **{name: list(getattr(retention, name)) for name in ("unset", "broken", "faults")},
    }


def _law_row(law: Law, retention: Retention, day: date) -> dict[str, Any]:
    return {
        "law": law.id,
        "of": law.jurisdiction,
        "from": law.in_force_from,
        "to": law.in_force_to,
        "in_force": law.is_in_force(day),
        "applies": is_law_applicable(law, retention.merchant),
        "title": law.title,
        "confidence": law.confidence,
    }


def _print_retention_file(result: Mapping[str, Any]) -> None:
    click.echo(f"{result['policy_id']} on {result['on']}, reviewed {result['reviewed_on'] or 'never'}\n")
    print_table(result["laws"], ("law", "of", "from", "to", "in_force", "applies", "title"), empty="No laws.")
    click.echo()
    print_table(result["holds"], ("hold", "law", "binds", "gdpr", "keeps"), empty="No holds.")
    click.echo()
    rows = [
        row | {"purposes": " ".join(row["purposes"]), "holds": " ".join(row["holds"]) or None}
        for row in result["categories"]
    ]
    print_table(rows, ("category", "purposes", "on_request", "held_action", "holds"), empty="No categories.")
    click.echo()
    for each in result["unset"]:
        click.echo(f"not set: {each}")
    for each in result["faults"]:
        click.echo(f"kept until this is corrected: {each}")
