"""`token put`: store the tokens of a shop."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.printing import show
from bridge.rules.webhooks.shop_domains import is_shop_domain


@json_command(example="token put minimiss-demo.myshopify.com < answer.json")
@click.argument("shop")
def put(shop: str) -> None:
    """Store the tokens of SHOP, sealed.

    Reads Shopify's answer from stdin: JSON with access_token, refresh_token and expires_in.
    """
    if not is_shop_domain(shop):
        raise click.UsageError(f"{shop!r} is not a *.myshopify.com domain")
    try:
        answer = json.loads(sys.stdin.read())
        access, refresh = str(answer["access_token"]), str(answer.get("refresh_token") or "")
        expires_at = datetime.now(UTC) + timedelta(seconds=float(answer.get("expires_in", 3600)))
    except (ValueError, KeyError, TypeError, AttributeError):
        exit_with_error("stdin is not Shopify's answer: give JSON with access_token, refresh_token and expires_in.")
    with open_command_context() as context, context.store.transaction() as tx:
        tx.tokens.save_tokens(shop, access, expires_at, refresh)
    outlook = "it will be refreshed in time" if refresh else "it cannot be refreshed"
    show({"shop": shop, "expires_at": expires_at, "refreshable": bool(refresh)}, f"Stored for {shop}; {outlook}.")
