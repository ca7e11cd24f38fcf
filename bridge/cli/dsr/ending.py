"""`dsr continue` and `dsr close`: an erasure was stopped, and a person says what becomes of it.

A shop asked to be erased and seems to be back; or a guard found that a person would lose money by hers.
"""

from __future__ import annotations

import click

from bridge.bootstrap import make_services
from bridge.cli.context import AS_JSON, desk, operator, refuse
from bridge.cli.dsr.request_view import find
from bridge.cli.null_queue import NoBell
from bridge.cli.printing import emit
from bridge.errors import PayloadInvalid
from bridge.model import Decision, Kind
from bridge.steps.erasure.release_precheck import go_on
from bridge.steps.shops.resolve_reinstalled_shop import decide

REASON = click.option("--reason", required=True, help="Why, for the evidence. No names.")


@click.command("continue")
@click.argument("request_id", metavar="ID")
@REASON
@AS_JSON
def continue_(request_id: str, reason: str, as_json: bool) -> None:
    """Let an erasure go on that was stopped.

    Of a shop: although the app seems to be installed again; its new token goes too. Of a person: although a guard
    found that she would lose money by it; Shopify is then asked to erase her, and what it erased does not come back.
    """
    if codes := _let_go(request_id, reason):
        if as_json:
            emit({"id": request_id, "decision": Decision.CONTINUE, "released": codes})
        else:
            click.echo(
                f"{request_id} goes on in spite of {', '.join(codes)}: Shopify is asked with the next turn."
            )
        return
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


def _let_go(request_id: str, reason: str) -> list[str]:
    """The codes that were let pass; none where the request is not of a person's erasure."""
    with desk() as at:
        services = make_services(at.start, NoBell(), at.store)
        with at.store.transaction() as tx:
            kind = find(tx, request_id).kind
        if kind is not Kind.ERASURE:
            return []
        try:
            return go_on(request_id, actor=operator(), reason=reason, services=services)
        except PayloadInvalid as fault:
            if str(fault) == "newer_request_open":
                refuse(f"{request_id}: a newer request of the same person is open; that one is asked for.")
            refuse(
                f"{request_id}: no guard stopped it, nothing was changed: `python -m bridge dsr plan {request_id}`."
            )


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
