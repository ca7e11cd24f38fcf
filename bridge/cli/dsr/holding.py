"""`dsr hold`, `release`: a dispute with the person of a request holds back what belongs to it."""

from __future__ import annotations

from datetime import date

import click

from bridge.bootstrap import make_services
from bridge.cli.context import AS_JSON, desk, operator, refuse
from bridge.cli.dsr.request_view import find
from bridge.cli.hold.claims import DISPOSED, PROCEEDING, REASON, tell_held, tell_released
from bridge.cli.hold.hold_view import telling
from bridge.cli.null_queue import NoBell
from bridge.cli.options import reference_option
from bridge.steps.retention.legal_hold import hold_person, release_claim


@click.command()
@click.argument("request_id", metavar="ID")
@reference_option("The claim's file number.")
@PROCEEDING
@REASON
@AS_JSON
def hold(request_id: str, reference: str, kind: str, reason: str, as_json: bool) -> None:
    """Hold what belongs to this person: sealed documents, bank details of a refund, what processors were not told yet.

    The erasure of the rest goes on.
    """
    with desk() as at, telling():
        services = make_services(at.start, NoBell(), at.store)
        held = hold_person(
            request_id,
            reference=reference,
            kind=kind,
            actor=operator(),
            reason=reason,
            services=services,
        )
    tell_held(held, as_json)


@click.command()
@click.argument("request_id", metavar="ID")
@click.option("--claim", "claim_id", default="", help="Which, where there are several.")
@DISPOSED
@REASON
@AS_JSON
def release(request_id: str, claim_id: str, disposed_on: date | None, reason: str, as_json: bool) -> None:
    """Say that the dispute with this person is over. What nothing else holds goes on its way."""
    with desk() as at, telling():
        services = make_services(at.start, NoBell(), at.store)
        with at.store.transaction() as tx:
            request = find(tx, request_id)
            lives = [claim.id for claim in tx.legal_claims.living(shop=request.shop, request_id=request_id)]
        if not lives or (claim_id and claim_id not in lives):
            refuse(f"No such claim lives on {request_id}. `hold list` shows them.")
        if len(lives) > 1 and not claim_id:
            refuse(f"Say which with --claim: {', '.join(lives)}.")
        done = release_claim(
            claim_id or lives[0],
            actor=operator(),
            reason=reason,
            services=services,
            disposed_on=disposed_on,
        )
    tell_released(done, as_json)
