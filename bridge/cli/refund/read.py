"""`refund read`: the details, for the purpose they were given for and while the refund is open."""

from __future__ import annotations

from dataclasses import asdict

import click

from bridge.bootstrap import make_services
from bridge.cli.context import AS_JSON, desk, operator, refuse
from bridge.cli.null_queue import NoBell
from bridge.cli.printing import emit
from bridge.cli.refund.refund_view import REFUSED
from bridge.steps.refunds.read_account import read


@click.command("read")
@click.argument("account_id", metavar="ID")
@click.option("--refund-id", required=True, help="The refund that is being paid.")
@click.option("--purpose", required=True, help="The policy's purpose: xvi, to execute the refund.")
@click.option("--reason", required=True, help="Why now, for the evidence. No names.")
@AS_JSON
def read_(account_id: str, refund_id: str, purpose: str, reason: str, as_json: bool) -> None:
    """Read the details of an open refund, to pay it. Who reads and who is refused is evidence."""
    with desk() as at:
        details, refused = read(
            account_id,
            refund=refund_id,
            purpose=purpose,
            reason=reason,
            actor=operator(),
            services=make_services(at.start, NoBell(), at.store),
        )
    if details is None:
        refuse(f"Refused, and recorded: {REFUSED[refused]}.")
    told = {name: value for name, value in asdict(details).items() if value}
    if as_json:
        emit(told)
    else:
        for name, value in told.items():
            click.echo(f"{name.replace('_', ' '):15} {value}")
