"""`refund read`: the details, for the purpose they were given for and while the refund is open."""

from __future__ import annotations

from dataclasses import asdict

import click

from bridge.bootstrap import make_services
from bridge.cli.context import JSON_OPTION, exit_with_error, get_operator, open_command_context
from bridge.cli.null_queue import NullQueue
from bridge.cli.printing import print_json
from bridge.cli.refund.refund_view import READ_REFUSALS
from bridge.steps.refunds.read_bank_details import read_bank_details


@click.command("read")
@click.argument("account_id", metavar="ID")
@click.option("--refund-id", required=True, help="The refund that is being paid.")
@click.option("--purpose", required=True, help="The policy's purpose: xvi, to execute the refund.")
@click.option("--reason", required=True, help="Why now, for the evidence. No names.")
@JSON_OPTION
def read_bank_details_command(
    account_id: str, refund_id: str, purpose: str, reason: str, as_json: bool
) -> None:
    """Read the details of an open refund, to pay it. Who reads and who is refused is evidence."""
    with open_command_context() as at:
        details, refused = read_bank_details(
            account_id,
            refund=refund_id,
            purpose=purpose,
            reason=reason,
            actor=get_operator(),
            services=make_services(at.configuration, NullQueue(), at.store),
        )
    if details is None:
        exit_with_error(f"Refused, and recorded: {READ_REFUSALS[refused]}.")
    told = {name: value for name, value in asdict(details).items() if value}
    if as_json:
        print_json(told)
    else:
        for name, value in told.items():
            click.echo(f"{name.replace('_', ' '):15} {value}")
