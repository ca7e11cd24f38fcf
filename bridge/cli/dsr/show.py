"""`dsr show`: show one request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.dsr.approval.approval_view import describe_approval
from bridge.cli.dsr.dsr_view import describe_time_left, find_request_or_exit
from bridge.cli.printing import print_fields, print_table, show
from bridge.cli.shared.ids import REQUEST_ID
from bridge.model import ErasureAction, TaskAction
from bridge.rules.requests.progress_codec import REMAINING_PREFIX
from bridge.steps.requests.describe_request import LETTER_FIELDS, MAIL_FIELDS, REQUEST_COLUMNS, describe_request

TIME_LEFT = ("standing", "time_left", "to_acknowledge")
DESK_DETAIL = ("nomination", "opened", "reports", "persons", "letters")  # of nominations, nominees, incidents
TASK_COLUMNS = ("system", "action", "state", "outcome", "records", "attempts", "expected_by", "last_error")


# of what a correction, restriction or objection did so far
RIGHTS_DETAILS = ("corrected", "declined", "orders_refused", "recipients", "purposes", "decisions", "reason")


def _describe_detail(value: Any) -> str:
    """Return codes and counts of a detail in one line."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {count}" for name, count in value.items())
    rows = value if isinstance(value, list | tuple) else [value]
    return ", ".join(":".join(map(str, row)) if isinstance(row, list | tuple) else str(row) for row in rows)


@json_command("show", example="dsr show req_01M84N6EY20CZ9W2PB73FKRKAY")
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
def show_request_command(request_id: str) -> None:
    """Show one request: its clocks, the task of each system, holds and facts. It never names the data subject."""
    with open_command_context() as context, context.store.transaction() as tx:
        found = find_request_or_exit(tx, request_id)
        request = {**describe_request(tx, found), "approval": describe_approval(tx, found, context.services)}
    show(request, _print_request)


def _print_request(request: Mapping[str, Any]) -> None:
    heading = {name: request[name] for name in REQUEST_COLUMNS}
    left = {name: value for name, value in describe_time_left(request).items() if name in TIME_LEFT}
    minor = {"person under 18": True} if request["minor"] else {}
    print_fields({**heading, "late": request["late"], **left, **minor}, width=18)
    if approval := request["approval"]:
        click.echo("\nApproval")
        print_fields(approval, width=24)
    if request["identity"]:
        click.echo("\nWho asks")
        print_fields(request["identity"], width=18)
    _print_tasks(request["tasks"])
    if request["letters"]:
        click.echo("\nLetters to the person")
        print_table(request["letters"], LETTER_FIELDS, empty="none")
    if request["mails"]:
        click.echo("\nMail")
        print_table(request["mails"], MAIL_FIELDS, empty="none")
    if request["restrictions"]:
        click.echo("\nRestrictions")
        rows = [{**row, "purpose": row["purpose"] or "all"} for row in request["restrictions"]]
        print_table(rows, ("purpose", "ground", "orders", "since", "ends_at", "lifted_at"), empty="none")
    click.echo("\nHolds")
    print_table(request["holds"], ("category", "what", "until"), empty="none")
    click.echo("\nFacts")
    print_table(request["facts"], ("seq", "at", "fact", "actor"), empty="none")


def _print_tasks(tasks: Sequence[Mapping[str, Any]]) -> None:
    click.echo("\nTasks")
    several = len({task.get("customer", "") for task in tasks} - {""}) > 1
    rows = [{"customer": "", **task} for task in tasks]
    print_table(rows, (*TASK_COLUMNS, "customer") if several else TASK_COLUMNS, empty="none")
    for task in tasks:
        for gap in task["gaps"]:
            click.echo(f"  gap: {gap['system']}: {gap['what']} ({gap['absence']}, {gap['reason']})")
        _print_task_detail(task["action"], task["detail"])


def _print_task_detail(action: str, detail: Mapping[str, Any]) -> None:
    """Print what a task did so far, as far as its action has words for it."""
    if channels := detail.get("channels"):
        click.echo(f"  taken back: {', '.join(channels)}, since {detail['stopped_at']}")
    if action == TaskAction.ERASE_CONSENT_DATA:
        for line in detail.get("lines", ()):
            click.echo(f"  {_describe_consent_line(line)}")
    for name, count in detail.items():
        if name.startswith(REMAINING_PREFIX) and isinstance(count, int):
            click.echo(f"  kept: {count} {name.removeprefix(REMAINING_PREFIX).replace('_', ' ')}")
    for name in RIGHTS_DETAILS:
        if value := detail.get(name):
            click.echo(f"  {name.replace('_', ' ')}: {_describe_detail(value)}")
    for name in DESK_DETAIL:
        if name in detail:
            click.echo(f"  {name}: {_format_detail(detail[name])}")


def _describe_consent_line(line: Mapping[str, Any]) -> str:
    """Return what became of one kind of data that rested on the consent alone."""
    what = f"{line['count']} {line['what']} ({line['category']})"
    if line["action"] == ErasureAction.ERASE:
        return f"erased: {what}"
    until = f", until {line['until']}" if line["until"] else ""
    return f"kept: {what}, {', '.join(line['holds']) or line['reason']}{until}"


def _format_detail(value: Any) -> str:
    """Return a value of a task's detail in one line."""
    if not isinstance(value, list):
        return str(value)
    return "; ".join(" ".join(f"{name} {part}" for name, part in row.items()) for row in value)
