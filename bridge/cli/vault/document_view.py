"""What several vault commands ask for and refuse alike."""

from __future__ import annotations

from typing import NoReturn

import click

from bridge.cli.context import Desk, refuse
from bridge.rules.erasure.plan import COPY_MISSING
from bridge.rules.index.identity import legacy_id
from bridge.rules.webhooks.topics import is_shop

SHOP = click.option("--shop", required=True, help="The *.myshopify.com domain.")
REASON = click.option("--reason", required=True, help="Why, for the evidence. No names.")
REFERENCE = click.option(
    "--reference", required=True, help="Where the writing is filed, up to 64 characters. No names."
)

REASONS = {
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


def order_number(text: str) -> str:
    """Shopify's number of an order. Raises UsageError."""
    number = legacy_id(text)
    if not number:
        raise click.UsageError("--order-id must be Shopify's number of the order")
    return number


def known_shop(at: Desk, shop: str) -> None:
    """Raises UsageError for a shop that is none, or that the merchant's file does not name."""
    shops = at.start.merchant.shops
    if not is_shop(shop) or (shops and shop not in shops):
        raise click.UsageError(f"{shop} is no shop of the merchant's file")


def refuse_where_others_keep_the_books(at: Desk) -> None:
    """Ends the command with 1 where nothing is to be sealed."""
    if at.start.retention.vault.mode != "bridge":
        refuse(
            "Nothing is sealed here: the retention file says that the merchant's accounts keep the books"
            " ([vault] mode external_attested)."
        )


def go_on(at: Desk, shop: str) -> None:
    """Requests that wait for a statutory copy look again: one of them may have it now."""
    with at.store.transaction() as tx:
        for request_id in tx.endings.waiting(shop, COPY_MISSING):
            tx.requests.restart(request_id)


def refuse_reference(reference: str) -> None:
    """Raises UsageError for a reference that would be cut off."""
    if not reference.strip() or len(reference) > 64:
        raise click.UsageError("--reference must have 1 to 64 characters")


def not_there(document_id: str) -> NoReturn:
    """Ends the command with 1: no such document."""
    refuse(f"There is no document {document_id}. `python -m bridge vault list` shows them.")
