"""`shop identify`: state the number of the shop that has, or had, a domain."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.steps.shops.identify_shops import identify_shop

IDENTIFYING_FAULTS = {
    "domain_unknown": "nothing was stored under that domain (`shop list`)",
    "number_unreadable": "the number is Shopify's id of the shop, such as 548380009",
    "number_known": "Shopify or a signed webhook has given the shop's number already (`shop list`)",
}


@json_command(
    example="shop identify old-name.myshopify.com 548380009 --reason 'invoice of 2024' --yes",
    irreversible="Requests of that shop cover the data of this domain from now on.",
)
@click.argument("domain")
@click.argument("number")
@REASON_OPTION
def identify(domain: str, number: str, reason: str) -> None:
    """State that DOMAIN is, or was, a name of the shop NUMBER. Requests of that shop then cover its data too.

    Only for a domain whose number Shopify cannot be asked for, such as one from before a rename.
    """
    with open_command_context() as context, exit_on_refusal("Not recorded", IDENTIFYING_FAULTS):
        identify_shop(domain, number, actor=context.operator, reason=reason, services=context.services)
    show({"domain": domain, "number": number}, f"{domain} is recorded as a name of shop {number}.")
