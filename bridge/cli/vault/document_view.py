"""What several vault commands ask for and refuse alike."""

from __future__ import annotations

from typing import NoReturn

import click

from bridge.cli.context import CommandContext, exit_with_error
from bridge.rules.erasure.plan import INVOICE_COPY_MISSING
from bridge.rules.index.identity import legacy_id
from bridge.rules.webhooks.topics import is_shop_domain

SHOP_OPTION = click.option("--shop", required=True, help="The *.myshopify.com domain.")
REASON_OPTION = click.option("--reason", required=True, help="Why, for the evidence. No names.")
REFERENCE_OPTION = click.option(
    "--reference", required=True, help="Where the writing is filed, up to 64 characters. No names."
)

FILING_FAULTS = {
    "empty": "the file is empty",
    "too_large": "the file is larger than 10 MB",
    "kind_unknown": "the file must be .pdf, .png, .jpg, .jpeg, .xml, .html or .json",
    "not_its_kind": "the file is not what its name ends in",
    "unreadable": "the file cannot be read",
    "outside_of_the_folder": "the file is not in the folder",
    "order_id_unreadable": "order_id must be Shopify's number of the order",
    "kind_of_document_unknown": "kind must be invoice or credit_note",
    "issued_at_unreadable": "issued_at must be a date such as 2026-11-22, or a moment",
    "issued_in_the_future": "issued_at must not lie in the future",
}


def parse_order_number(text: str) -> str:
    """Shopify's number of an order. Raises UsageError."""
    number = legacy_id(text)
    if not number:
        raise click.UsageError("--order-id must be Shopify's number of the order")
    return number


def require_known_shop(context: CommandContext, shop: str) -> None:
    """Raises UsageError for a shop that is none, or that the merchant's file does not name."""
    shops = context.configuration.merchant.shops
    if not is_shop_domain(shop) or (shops and shop not in shops):
        raise click.UsageError(f"{shop} is no shop of the merchant's file")


def refuse_external_books(context: CommandContext) -> None:
    """Ends the command with 1 where nothing is to be sealed."""
    if context.configuration.retention.vault.mode != "bridge":
        exit_with_error(
            "Nothing is sealed here: the retention file says that the merchant's accounts keep the books"
            " ([vault] mode external_attested)."
        )


def restart_waiting_requests(context: CommandContext, shop: str) -> None:
    """Requests that wait for a statutory copy look again: one of them may have it now."""
    with context.store.transaction() as tx:
        for request_id in tx.shop_exits.list_requests_waiting_for(shop, INVOICE_COPY_MISSING):
            tx.requests.restart_request(request_id)


def require_reference(reference: str) -> None:
    """Raises UsageError for a reference that would be cut off."""
    if not reference.strip() or len(reference) > 64:
        raise click.UsageError("--reference must have 1 to 64 characters")


def exit_document_not_found(document_id: str) -> NoReturn:
    """Ends the command with 1: no such document."""
    exit_with_error(f"There is no document {document_id}. `python -m bridge vault list` shows them.")
