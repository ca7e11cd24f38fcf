"""What several vault commands ask for, refuse and say alike."""

from __future__ import annotations

from collections.abc import Sequence

import click

from bridge.cli.context import CommandContext, exit_with_error
from bridge.cli.options import free_text_option
from bridge.model import WaitReason
from bridge.rules.index.identity import legacy_id
from bridge.rules.shops.shop_erasure import PROCESSOR_ROLE

REFERENCE_HELP = "Where the written statement is filed, up to 64 characters. No names."
REFERENCE_OPTION = free_text_option("--reference", REFERENCE_HELP)

NO_OPEN_ERASURE = (
    "No erasure of {shop} is open. Documents are returned after `shop/redact`, which Shopify sends 48 hours after"
    " the app was uninstalled."
)
FILING_FAULTS = {
    "empty": "the file is empty",
    "too_large": "the file is larger than 10 MB",
    "kind_unknown": "the file must be .pdf, .png, .jpg, .jpeg, .xml, .html or .json",
    "not_its_kind": "the content of the file does not match its suffix",
    "unreadable": "the file cannot be read",
    "outside_of_the_folder": "the file is not in the folder",
    "order_id_unreadable": "order_id must be Shopify's number of the order",
    "kind_of_document_unknown": "kind must be invoice or credit_note",
    "issued_at_unreadable": "issued_at must be a date such as 2026-11-22, or a time",
    "issued_in_the_future": "issued_at must not lie in the future",
}


def parse_order_number(text: str) -> str:
    """Return Shopify's number of an order. Raises UsageError."""
    number = legacy_id(text)
    if not number:
        raise click.UsageError("--order-id must be Shopify's number of the order")
    return number


def refuse_external_books(context: CommandContext) -> None:
    """Exit with 1 if the merchant keeps the books elsewhere."""
    if context.configuration.retention.vault.mode != "bridge":
        reason = "the retention file says that the merchant's accounts keep the books ([vault] mode external_attested)"
        exit_with_error(f"The bridge seals no documents: {reason}.")


def restart_waiting_requests(context: CommandContext, shop: str) -> None:
    """Restart the requests of a shop that wait for an invoice copy."""
    with context.store.transaction() as tx:
        for request_id in tx.shop_exits.list_requests_waiting_for(shop, WaitReason.INVOICE_COPY_MISSING):
            tx.request_changes.restart_request(request_id)


def require_reference(reference: str) -> None:
    """Raise UsageError if the reference is empty or too long to be stored."""
    if not reference.strip() or len(reference) > 64:
        raise click.UsageError("--reference must have 1 to 64 characters")


def refuse_unless_processor(context: CommandContext) -> None:
    """Exit with 1 if the merchant runs the bridge itself: then documents are not returned."""
    if context.configuration.retention.merchant["operator_role"] != PROCESSOR_ROLE:
        fate = "its documents stay until the last day of their holds and are not returned"
        exit_with_error(f"The merchant runs this bridge (operator_role fiduciary): {fate}.")


def describe_next_step(request_ids: Sequence[str]) -> str:
    """Return what happens to the shop erasures after the documents were returned or waived."""
    return f"{', '.join(request_ids)} continues within seconds and destroys the documents in the vault."
