"""`law release`: work out until when each law keeps a kind of data, and the first day on which it may be erased."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bridge.cli.command import json_command
from bridge.cli.law.inputs import DAY_OPTION, FILE_OPTION, choose_day, read_merchant_zone
from bridge.cli.printing import print_table, select_fields, show
from bridge.cli.shared.dates import FORMS_HELP, WHEN, When, when_option
from bridge.rules.retention.category_retention import RetentionFacts, calculate_category_retention
from bridge.rules.retention.holds import HOME_REGIMES, RetentionHold, RetentionHoldState, evaluate_retention_hold
from bridge.rules.retention.statutory_last_days import compute_age_end
from config.load import find_config_files
from config.merchant_file.merchant import LEGAL_FORMS
from config.retention_file.gdpr_bases import GDPR_REGIMES
from config.retention_file.retention import load_retention

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from config.retention_file.retention import Category, Retention

LEGAL_FORM_TYPE = click.Choice(LEGAL_FORMS)
ISSUED_HELP = "When an invoice, credit note or voucher was issued; may be repeated; the latest counts."
REGIME_HELP = "Also apply this regime, for a data subject abroad; may be repeated."
EVENT_HELP = f"NAME=WHEN: an event of the file; may be repeated. {FORMS_HELP}"
DOCUMENT_ISSUED_EVENT = "document_issued_at"
RETENTION_HOLD_COLUMNS = ("hold", "state", "law", "rule", "last_day", "erasable_from", "release_needs")


class EventParam(click.ParamType[tuple[str, When]]):
    """An event of the retention file and when it was."""

    name = "NAME=WHEN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, When]:
        """Return the name and the time. Raises BadParameter."""
        name, _, text = str(value).partition("=")
        return name, WHEN.convert(text, param, ctx)


@json_command(example="law release --issued 2026-06-01\nlaw release --category order_lines --on 2034-04-01 --json")
@when_option("--issued", multiple=True, meaning=ISSUED_HELP)
@click.option("--event", "named", type=EventParam(), multiple=True, help=EVENT_HELP)
@click.option("--category", default="invoice_document", show_default=True, help="A category of the file.")
@click.option("--legal-form", type=LEGAL_FORM_TYPE, help="Use this legal form instead of the one in the file.")
@click.option("--regime", "abroad", type=click.Choice(GDPR_REGIMES), multiple=True, help=REGIME_HELP)
@DAY_OPTION
@FILE_OPTION
def release(
    issued: tuple[When, ...],
    named: tuple[tuple[str, When], ...],
    category: str,
    legal_form: str | None,
    abroad: tuple[str, ...],
    day: When | None,
    path: Path | None,
) -> None:
    """Work out until when a kind of data is kept, by which law, and when it may be erased.

    Days are those of the file's calendar. The command stores nothing.
    """
    retention = load_retention(path or find_config_files()[1])
    if legal_form:
        retention = replace(retention, merchant={**retention.merchant, "legal_entity_type": legal_form})
    if category not in retention.categories:
        raise click.UsageError(f"--category must be one of {', '.join(retention.categories)}")
    result = compute_retention(
        retention.categories[category],
        events=_resolve_events([*((DOCUMENT_ISSUED_EVENT, when) for when in issued), *named], retention),
        day=choose_day(day, retention.calendar),
        retention=retention,
        regimes=(*HOME_REGIMES, *abroad),
    )
    show(result, _print_retention)


def compute_retention(
    category: Category, *, events: Mapping[str, datetime], day: date, retention: Retention, regimes: tuple[str, ...]
) -> dict[str, Any]:
    """Return every hold of the category with its days, and the one that governs; JSON-ready."""
    inputs: dict[str, Any] = {"events": events, "today": day, "retention": retention, "regimes": regimes}
    evaluated = [evaluate_retention_hold(ground, **inputs) for ground in category.holds]
    facts = RetentionFacts(events=events, regimes=regimes)
    kept = calculate_category_retention(category, [facts], today=day, retention=retention)
    over = [hold for state, hold in evaluated if state is RetentionHoldState.OVER]
    governs = kept.governing if kept.holds else max(over, key=lambda hold: hold.erasable_from or day, default=None)
    free_from = kept.erasable_from if kept.holds else governs.erasable_from if governs else day
    age_starts_at = events.get(str(category.max_age.get("event", "")))
    return {
        "category": category.id,
        "title": category.title,
        "on": day,
        "legal_entity_type": retention.merchant["legal_entity_type"],
        "regimes": regimes,
        "events": events,
        "retention_sha256": retention.sha256,
        "holds": [_retention_hold_row(state, hold, retention) for state, hold in evaluated],
        "not_reached_by": _list_missing_holds(category, retention),
        "kept": bool(kept.holds),
        "governed_by": governs.ground if governs else None,
        "erasable_from": free_from,
        "release_needs": sorted(kept.release_needs),
        "action": category.held_action if kept.holds else category.on_request,
        "too_old_from": compute_age_end(category.max_age, age_starts_at, retention.calendar) if age_starts_at else None,
    }


def _list_missing_holds(category: Category, retention: Retention) -> dict[str, str]:
    """Return the holds that decide their reach themselves and leave this category out, each with the reason."""
    return {
        hold.id: hold.not_reached.get(category.id, f"reach is {hold.reach} in the retention file")
        for hold in retention.holds.values()
        if hold.reach and hold.id not in category.holds
    }


def _retention_hold_row(state: RetentionHoldState, hold: RetentionHold, retention: Retention) -> dict[str, Any]:
    rule = retention.holds.get(hold.ground)
    return {
        "hold": hold.ground,
        "state": state.value,
        "law": hold.law,
        "citation": hold.citation,
        "rule": " ".join([rule.last_day_rule, *map(str, rule.args.values())]) if rule else "unreadable",
        **select_fields(hold, ("last_day", "erasable_from", "release_needs", "gdpr_ground")),
        "disclose": hold.must_disclose,
    }


def _resolve_events(named: Sequence[tuple[str, When]], retention: Retention) -> dict[str, datetime]:
    """Return the latest time of each event. Raises BadParameter for an event that the file does not know."""
    known, zone = _list_known_events(retention), read_merchant_zone()
    latest: dict[str, datetime] = {}
    for name, when in named:
        if name not in known:
            fault = f"the file has no event {name}; it knows {', '.join(sorted(known))}"
            raise click.BadParameter(fault, param_hint="--event")
        time = when.resolve(zone)
        latest[name] = max(time, latest.get(name, time))
    return latest


def _list_known_events(retention: Retention) -> set[str]:
    events = {str(category.max_age.get("event", "")) for category in retention.categories.values()}
    for hold in retention.holds.values():
        events |= {hold.from_event, hold.opened_by, hold.extend_if}
        if hold.extend_until:
            events |= {hold.extend_until.event, hold.extend_until.opened_by}
    return events - {"", "always"}


def _print_retention(result: Mapping[str, Any]) -> None:
    click.echo(f"{result['title']}, on {result['on']}; legal form {result['legal_entity_type']}\n")
    rows = [row | {"release_needs": ", ".join(_list_pending_needs(row)) or None} for row in result["holds"]]
    print_table(rows, RETENTION_HOLD_COLUMNS, empty="No law in the file keeps this.")
    click.echo()
    if not result["kept"]:
        ground = result["governed_by"]
        since = f" since {result['erasable_from']}, after {ground}" if ground else ""
        click.echo(f"Nothing keeps it{since}. On request: {result['action']}.")
    elif result["erasable_from"] is None:
        click.echo(f"Kept without a known end, by {result['governed_by']}. Until then: {result['action']}.")
    else:
        governed = f"governed by {result['governed_by']}. Until then: {result['action']}."
        click.echo(f"Erasable from {result['erasable_from']}, {governed}")
    if result["release_needs"]:
        click.echo(f"It cannot be erased before these are set: {', '.join(result['release_needs'])}.")
    for row in result["holds"]:
        if row["disclose"] and row["state"] == RetentionHoldState.HOLDS:
            click.echo(f"{row['hold']} is not a ground of the GDPR: the data subject must be informed.")
    for ground, reason in result["not_reached_by"].items():
        click.echo(f"{ground} does not reach it: {reason}.")
    if result["too_old_from"]:
        click.echo(f"Too old from {result['too_old_from']}, without any request.")


def _list_pending_needs(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a hold in force waits for; a hold that is over needs no decision."""
    return row["release_needs"] if row["state"] == RetentionHoldState.HOLDS else ()
