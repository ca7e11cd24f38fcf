"""`dsr hold`, `release`: a dispute with the person of a request holds back what belongs to it."""

from __future__ import annotations

from datetime import date

import click

from bridge.bootstrap import make_services
from bridge.cli.context import JSON_OPTION, exit_with_error, get_operator, open_command_context
from bridge.cli.dsr.request_view import find_request_or_exit
from bridge.cli.hold.claims import (
    DISPOSED_ON_OPTION,
    PROCEEDING_OPTION,
    REASON_OPTION,
    print_opened_hold,
    print_released_hold,
)
from bridge.cli.hold.hold_view import exit_on_invalid_hold
from bridge.cli.null_queue import NullQueue
from bridge.cli.options import reference_option
from bridge.steps.retention.legal_hold import open_person_legal_hold, release_legal_hold


@click.command()
@click.argument("request_id", metavar="ID")
@reference_option("The claim's file number.")
@PROCEEDING_OPTION
@REASON_OPTION
@JSON_OPTION
def hold(request_id: str, reference: str, kind: str, reason: str, as_json: bool) -> None:
    """Hold what belongs to this person: sealed documents, bank details of a refund, what processors were not told yet.

    The erasure of the rest goes on.
    """
    with open_command_context() as at, exit_on_invalid_hold():
        services = make_services(at.configuration, NullQueue(), at.store)
        held = open_person_legal_hold(
            request_id,
            reference=reference,
            kind=kind,
            actor=get_operator(),
            reason=reason,
            services=services,
        )
    print_opened_hold(held, as_json)


@click.command()
@click.argument("request_id", metavar="ID")
@click.option("--claim", "claim_id", default="", help="Which, where there are several.")
@DISPOSED_ON_OPTION
@REASON_OPTION
@JSON_OPTION
def release(request_id: str, claim_id: str, disposed_on: date | None, reason: str, as_json: bool) -> None:
    """Say that the dispute with this person is over. What nothing else holds goes on its way."""
    with open_command_context() as at, exit_on_invalid_hold():
        services = make_services(at.configuration, NullQueue(), at.store)
        with at.store.transaction() as tx:
            request = find_request_or_exit(tx, request_id)
            lives = [
                claim.id
                for claim in tx.legal_holds.list_active_legal_holds(shop=request.shop, request_id=request_id)
            ]
        if not lives or (claim_id and claim_id not in lives):
            exit_with_error(f"No such claim lives on {request_id}. `hold list` shows them.")
        if len(lives) > 1 and not claim_id:
            exit_with_error(f"Say which with --claim: {', '.join(lives)}.")
        done = release_legal_hold(
            claim_id or lives[0],
            actor=get_operator(),
            reason=reason,
            services=services,
            disposed_on=disposed_on,
        )
    print_released_hold(done, as_json)
