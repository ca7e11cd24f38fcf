"""How refunds are found, refused and shown. Details are always masked; no fault repeats what was typed."""

from __future__ import annotations

from typing import Any

from bridge.cli.shared.ids import exit_with_unknown_id
from bridge.model import RefundAccount
from bridge.store import Tx

REFUND_COLUMNS = ("id", "shop", "refund_id", "state", "to", "opened_at", "settled_at", "erase_at", "erased_at", "held")
REFUND_FAULTS = {
    "field_unknown": "give only account_number, ifsc, account_holder and upi_id",
    "value_not_text": "every value must be a JSON string: an account number may begin with 0",
    "one_way_needed": "give account_number with ifsc, or upi_id, not both",
    "account_number_shape": "account_number must have 9 to 18 digits",
    "ifsc_shape": "ifsc must be four letters, a zero and six letters or digits",
    "upi_id_shape": "upi_id must be name@handle, without a dot in the handle",
    "account_holder_too_long": "account_holder may have 120 characters",
    "refund_id_shape": "--refund-id must be Shopify's number of the refund, or your own identifier, without blanks",
    "order_id_shape": "--order-id must be Shopify's number of the order",
    "opened_in_the_future": "--opened-at must not lie in the future",
    "reference_shape": "--reference must be the bank's UTR or RRN: 8 to 35 letters and digits",
    "amount_shape": "--amount must be a sum such as 1234.00",
    "currency_shape": "--currency must be three capital letters such as INR",
    "settled_in_the_future": "--on must not be after today",
    "settled_before_opened": "--on must not be before the day on which the refund was opened",
}
UNKNOWN_REFUND = "not_known"
READ_REFUSALS = {
    "another_purpose": "the details may be read only for the purpose that the retention file names",
    "another_refund": "the details were given for another refund",
    "settled": "the refund is settled: its details can no longer be read",
    "erased": "the details are erased",
    "approval_needed": "another user must approve it within the last 24 hours, with `bridge refund approve ID`",
}


def refund_row(tx: Tx, account: RefundAccount) -> dict[str, Any]:
    """Return a refund as it is shown. `held` names what keeps details whose day has come."""
    reference = tx.refunds.find_payment_reference(account.id)
    payee = ""
    if reference:
        payee = f"{reference.method} ****{reference.last_four}" if reference.last_four else reference.method
    held = "legal_claim" if tx.refunds.find_account_ids_on_legal_hold([account]) else ""
    computed = {"to": payee, "held": held}
    return {name: computed[name] if name in computed else getattr(account, name) for name in REFUND_COLUMNS}


def find_refund_or_exit(tx: Tx, account_id: str) -> RefundAccount:
    """Return the refund; exit with 1 if there is none."""
    account = tx.refunds.find_refund_account(account_id)
    return account or exit_with_unknown_id("rfd", account_id)
