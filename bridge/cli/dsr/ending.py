"""`dsr continue` and `dsr close`: a shop asked to be erased and seems to be back; a person says what becomes of it."""

from __future__ import annotations

import click

from bridge.bootstrap import make_services
from bridge.cli.desk import AS_JSON, desk, operator, refuse
from bridge.cli.nobell import NoBell
from bridge.cli.printing import emit
from bridge.errors import PayloadInvalid
from bridge.model import Decision
from bridge.steps.decide import decide

REASON = click.option("--reason", required=True, help="Why, for the evidence. No names.")


@click.command("continue")
@click.argument("request_id", metavar="ID")
@REASON
@AS_JSON
def continue_(request_id: str, reason: str, as_json: bool) -> None:
    """Erase a shop although the app seems to be installed again. Its new token goes too."""
    _decided(request_id, Decision.CONTINUE, reason, as_json=as_json)
    if not as_json:
        click.echo(f"{request_id}: the shop is erased with the next turn of the clock.")


@click.command()
@click.argument("request_id", metavar="ID")
@REASON
@AS_JSON
def close(request_id: str, reason: str, as_json: bool) -> None:
    """End the erasure of a shop that is back, without erasing. Its certificate says not_erased, and why."""
    _decided(request_id, Decision.CLOSE, reason, as_json=as_json)
    if not as_json:
        click.echo(f"{request_id} ends with the next turn of the clock. Nothing was erased.")


def _decided(request_id: str, decision: Decision, reason: str, *, as_json: bool) -> None:
    with desk() as at:
        services = make_services(at.start, NoBell(), at.store)
        try:
            decide(request_id, decision, actor=operator(), reason=reason, services=services)
        except PayloadInvalid:
            refuse(
                f"{request_id} does not wait for this. Only the erasure of a shop that was stopped with"
                f" installed_again is decided so: `python -m bridge dsr show {request_id}`."
            )
    if as_json:
        emit({"id": request_id, "decision": decision})
