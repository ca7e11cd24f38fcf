"""`dsr continue` and `dsr close`: an erasure was stopped, and a person says what becomes of it.

A shop asked to be erased and seems to be back; or a guard found that a person would lose money by hers.
"""

from __future__ import annotations

import click

from bridge.bootstrap import make_services
from bridge.cli.context import JSON_OPTION, exit_with_error, get_operator, open_command_context
from bridge.cli.dsr.request_view import find_request_or_exit
from bridge.cli.null_queue import NullQueue
from bridge.cli.printing import print_json
from bridge.errors import PayloadInvalid
from bridge.model import RequestKind, ShopExitDecision
from bridge.steps.erasure.release_precheck import release_precheck
from bridge.steps.shops.resolve_reinstalled_shop import resolve_reinstalled_shop

REASON_OPTION = click.option("--reason", required=True, help="Why, for the evidence. No names.")


@click.command("continue")
@click.argument("request_id", metavar="ID")
@REASON_OPTION
@JSON_OPTION
def continue_erasure_command(request_id: str, reason: str, as_json: bool) -> None:
    """Let an erasure go on that was stopped.

    Of a shop: although the app seems to be installed again; its new token goes too. Of a person: although a guard
    found that she would lose money by it; Shopify is then asked to erase her, and what it erased does not come back.
    """
    if codes := _resume_platform_erasure(request_id, reason):
        if as_json:
            print_json({"id": request_id, "decision": ShopExitDecision.CONTINUE, "released": codes})
        else:
            click.echo(
                f"{request_id} goes on in spite of {', '.join(codes)}: Shopify is asked with the next turn."
            )
        return
    _decide_shop_erasure(request_id, ShopExitDecision.CONTINUE, reason, as_json=as_json)
    if not as_json:
        click.echo(f"{request_id}: the shop is erased with the next turn of the clock.")


@click.command()
@click.argument("request_id", metavar="ID")
@REASON_OPTION
@JSON_OPTION
def close(request_id: str, reason: str, as_json: bool) -> None:
    """End the erasure of a shop that is back, without erasing. Its certificate says not_erased, and why."""
    _decide_shop_erasure(request_id, ShopExitDecision.CLOSE, reason, as_json=as_json)
    if not as_json:
        click.echo(f"{request_id} ends with the next turn of the clock. Nothing was erased.")


def _resume_platform_erasure(request_id: str, reason: str) -> list[str]:
    """The codes that were let pass; none where the request is not of a person's erasure."""
    with open_command_context() as at:
        services = make_services(at.configuration, NullQueue(), at.store)
        with at.store.transaction() as tx:
            kind = find_request_or_exit(tx, request_id).kind
        if kind is not RequestKind.ERASURE:
            return []
        try:
            return release_precheck(request_id, actor=get_operator(), reason=reason, services=services)
        except PayloadInvalid as fault:
            if str(fault) == "newer_request_open":
                exit_with_error(
                    f"{request_id}: a newer request of the same person is open; that one is asked for."
                )
            exit_with_error(
                f"{request_id}: no guard stopped it, nothing was changed: `python -m bridge dsr plan {request_id}`."
            )


def _decide_shop_erasure(request_id: str, decision: ShopExitDecision, reason: str, *, as_json: bool) -> None:
    with open_command_context() as at:
        services = make_services(at.configuration, NullQueue(), at.store)
        try:
            resolve_reinstalled_shop(
                request_id, decision, actor=get_operator(), reason=reason, services=services
            )
        except PayloadInvalid:
            exit_with_error(
                f"{request_id} does not wait for this. Only the erasure of a shop that was stopped with"
                f" installed_again is decided so: `python -m bridge dsr show {request_id}`."
            )
    if as_json:
        print_json({"id": request_id, "decision": decision})
