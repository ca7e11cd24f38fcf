"""`token put | list | forget`: Admin tokens of apps that are installed by OAuth.

An app of the merchant's own asks for tokens by itself; one that was installed from outside brings a token for
an hour and a refresh token, which the bridge keeps sealed and replaces in time.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta

import click

from bridge.cli.context import JSON_OPTION, exit_with_error, open_command_context
from bridge.cli.printing import print_json, print_table
from bridge.rules.webhooks.topics import is_shop_domain


@click.group()
def token() -> None:
    """Admin tokens that were given, not asked for. They are never shown."""


@token.command()
@click.argument("shop")
@JSON_OPTION
def put(shop: str, as_json: bool) -> None:
    """Keep the token of SHOP. Reads Shopify's answer (JSON with access_token, refresh_token, expires_in) from stdin."""
    if not is_shop_domain(shop):
        raise click.UsageError(f"{shop!r} is no *.myshopify.com domain")
    try:
        answer = json.loads(sys.stdin.read())
        access, refresh = str(answer["access_token"]), str(answer.get("refresh_token") or "")
        ends = datetime.now(UTC) + timedelta(seconds=float(answer.get("expires_in", 3600)))
    except (ValueError, KeyError, TypeError, AttributeError):
        exit_with_error(
            "stdin is not Shopify's answer: JSON with access_token, refresh_token and expires_in is expected."
        )
        return
    with open_command_context() as at, at.store.transaction() as tx:
        tx.tokens.save_tokens(shop, access, ends, refresh)
    told = {"shop": shop, "expires_at": ends, "refreshable": bool(refresh)}
    if as_json:
        print_json(told)
    else:
        click.echo(
            f"Kept for {shop}; {'it will be refreshed in time' if refresh else 'it cannot be refreshed'}."
        )


@token.command("list")
@JSON_OPTION
def list_tokens_command(as_json: bool) -> None:
    """List the shops whose tokens are kept."""
    with open_command_context() as at, at.store.transaction() as tx:
        rows = [
            {"shop": shop, "expires_at": ends, "refreshable": can}
            for shop, ends, can in tx.tokens.list_tokens()
        ]
    if as_json:
        print_json(rows)
    else:
        print_table(rows, ("shop", "expires_at", "refreshable"), empty="No tokens are kept.")


@token.command()
@click.argument("shop")
@JSON_OPTION
def forget(shop: str, as_json: bool) -> None:
    """Destroy the tokens of SHOP."""
    with open_command_context() as at, at.store.transaction() as tx:
        gone = tx.tokens.delete_tokens(shop)
    if as_json:
        print_json({"shop": shop, "forgotten": gone})
    else:
        click.echo(f"The tokens of {shop} are destroyed." if gone else f"No token of {shop} is kept.")
