"""`law release`: until when each law keeps a kind of data, and the first day on which it may go."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bridge.cli.context import AS_JSON
from bridge.cli.law.inputs import ANOTHER_FILE, Day, Moment, today
from bridge.cli.printing import emit, table
from bridge.rules.retention.holds import HOME, Hold, HoldState, age_ends, holds_on, judged
from config.load import files
from config.merchant_file.merchant import LEGAL_FORMS
from config.retention_file.gdpr_bases import REGIMES
from config.retention_file.retention import load_retention

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.retention_file.retention import Category, Retention

MOMENT = Moment()
ISSUED = "document_issued_at"
COLUMNS = ("hold", "state", "law", "rule", "last_day", "erasable_from", "release_needs")


@click.command()
@click.option(
    "--issued",
    type=MOMENT,
    multiple=True,
    help="When an invoice, credit note or voucher was issued; may be repeated, the latest counts.",
)
@click.option("--event", "told", multiple=True, help="NAME=MOMENT, an event of the file; may be repeated.")
@click.option("--category", default="invoice_document", show_default=True, help="A category of the file.")
@click.option("--legal-form", type=click.Choice(LEGAL_FORMS), help="Instead of the file's.")
@click.option(
    "--regime",
    "abroad",
    type=click.Choice(REGIMES),
    multiple=True,
    help="Of a person there; may be repeated.",
)
@click.option("--on", "day", type=Day(), help="The day to look from. [default: today]")
@ANOTHER_FILE
@AS_JSON
def release(
    issued: tuple[datetime, ...],
    told: tuple[str, ...],
    category: str,
    legal_form: str | None,
    abroad: tuple[str, ...],
    day: date | None,
    path: Path | None,
    as_json: bool,
) -> None:
    """Work out until when a kind of data is kept, by which law, and when it may go.

    Moments need their time zone (Z, +05:30); days are those of the file's calendar. Nothing is stored or asked.
    """
    retention = load_retention(path or files()[1])
    if legal_form:
        retention = replace(retention, merchant={**retention.merchant, "legal_entity_type": legal_form})
    if category not in retention.categories:
        raise click.UsageError(f"--category must be one of {', '.join(retention.categories)}")
    found = reckoned(
        retention.categories[category],
        events=_events(issued, told, retention),
        on=day or today(retention.calendar),
        retention=retention,
        regimes=(*HOME, *abroad),
    )
    if as_json:
        emit(found)
    else:
        _tell(found)


def reckoned(
    category: Category,
    *,
    events: Mapping[str, datetime],
    on: date,
    retention: Retention,
    regimes: tuple[str, ...],
) -> dict[str, Any]:
    """Every hold of the category with its days, and the one that governs; JSON-ready."""
    case: dict[str, Any] = {"events": events, "today": on, "retention": retention, "regimes": regimes}
    all_of_them = [judged(ground, **case) for ground in category.holds]
    holding = holds_on(category, **case)
    over = [hold for state, hold in all_of_them if state is HoldState.OVER]
    governs = holding[0] if holding else max(over, key=lambda hold: hold.erasable_from or on, default=None)
    begins = events.get(str(category.max_age.get("event", "")))
    return {
        "category": category.id,
        "title": category.title,
        "on": on,
        "legal_entity_type": retention.merchant["legal_entity_type"],
        "regimes": regimes,
        "events": events,
        "retention_sha256": retention.sha256,
        "holds": [_row(state, hold, retention) for state, hold in all_of_them],
        "kept": bool(holding),
        "governed_by": governs.ground if governs else None,
        "erasable_from": governs.erasable_from if governs else on,
        "release_needs": sorted({need for hold in holding for need in hold.release_needs}),
        "action": category.held_action if holding else category.on_request,
        "too_old_from": age_ends(category.max_age, begins, retention.calendar) if begins else None,
    }


def _row(state: HoldState, hold: Hold, retention: Retention) -> dict[str, Any]:
    rule = retention.holds.get(hold.ground)
    return {
        "hold": hold.ground,
        "state": state.value,
        "law": hold.law,
        "citation": hold.citation,
        "rule": " ".join([rule.last_day_rule, *map(str, rule.args.values())]) if rule else "unreadable",
        "last_day": hold.last_day,
        "erasable_from": hold.erasable_from,
        "release_needs": hold.release_needs,
        "gdpr_ground": hold.gdpr_ground,
        "disclose": hold.disclose,
    }


def _events(issued: tuple[datetime, ...], told: tuple[str, ...], retention: Retention) -> dict[str, datetime]:
    """The latest moment of each event. Raises UsageError for one that the file does not know."""
    known = _known(retention)
    found: dict[str, datetime] = {ISSUED: max(issued)} if issued else {}
    for each in told:
        name, _, moment = each.partition("=")
        if name not in known:
            raise click.UsageError(f"--event {name or each!r}: the file knows {', '.join(sorted(known))}")
        at = MOMENT.convert(moment, None, None)
        found[name] = max(at, found.get(name, at))
    return found


def _known(retention: Retention) -> set[str]:
    holds, categories = retention.holds.values(), retention.categories.values()
    return {
        *(event for hold in holds for event in (hold.from_event, hold.opened_by, hold.extend_if)),
        *(
            event
            for hold in holds
            if hold.extend_until
            for event in (hold.extend_until.event, hold.extend_until.opened_by)
        ),
        *(str(category.max_age.get("event", "")) for category in categories),
    } - {"", "always"}


def _tell(found: Mapping[str, Any]) -> None:
    click.echo(f"{found['title']}, on {found['on']}; legal form {found['legal_entity_type']}\n")
    rows = [row | {"release_needs": ", ".join(_needs(row)) or None} for row in found["holds"]]
    table(rows, COLUMNS, empty="No law of the file keeps this.")
    click.echo()
    if not found["kept"]:
        governed = found["governed_by"]
        since = f" since {found['erasable_from']}, after {governed}" if governed else ""
        click.echo(f"Nothing keeps it{since}. On request: {found['action']}.")
    elif found["erasable_from"] is None:
        click.echo(f"Kept with no end in sight, by {found['governed_by']}. Until then: {found['action']}.")
    else:
        click.echo(
            f"Erasable from {found['erasable_from']}, governed by {found['governed_by']}. Until then: {found['action']}."
        )
    if found["release_needs"]:
        click.echo(f"Not before these are set: {', '.join(found['release_needs'])}.")
    for row in found["holds"]:
        if row["disclose"] and row["state"] == HoldState.HOLDS:
            click.echo(f"{row['hold']} is no ground of the GDPR: the person must be told.")
    if found["too_old_from"]:
        click.echo(f"Too old from {found['too_old_from']}, without any request.")


def _needs(row: Mapping[str, Any]) -> tuple[str, ...]:
    """What a hold waits for that keeps anything; of the others nobody has to decide anything."""
    return row["release_needs"] if row["state"] == HoldState.HOLDS else ()
