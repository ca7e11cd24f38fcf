"""What the steps need of bank details for refunds: a place with a lock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from bridge.model import BankDetails, PaymentReference, RefundAccount, RefundState, Settlement


class Refunds(Protocol):
    """Bank details of refunds, each sealed under a key of its own. Only `details` opens them."""

    def seal_bank_details(
        self, shop: str, details: BankDetails, *, order_id: str, refund_id: str, opened_at: datetime
    ) -> RefundAccount | None:
        """Seal the details and read them back. None where this refund has some already.

        Details that were erased before the refund was settled are replaced. Raises NeedsOperator where what was
        read back is not what was sealed.
        """
        ...

    def find_refund_account(self, account_id: str) -> RefundAccount | None:
        """The record, without the details."""
        ...

    def open_bank_details(self, account_id: str, *, refund_id: str) -> BankDetails | None:
        """The details in the clear, while this refund is open. The caller has checked the purpose, and records it."""
        ...

    def find_payment_reference(self, account_id: str) -> PaymentReference | None:
        """What may be shown: how, the last four digits, the settlement."""
        ...

    def record_settlement(
        self, account_id: str, settlement: Settlement, *, settled_at: datetime, erase_at: datetime | None
    ) -> bool:
        """Close the lock: from now on nobody reads the details. False where the refund is not open."""
        ...

    def record_erase_at(self, account_id: str, *, erase_at: datetime) -> None:
        """Keep the day of a settled one that had none: the retention file could not be read then."""
        ...

    def list_refund_accounts(
        self, *, shop: str = "", state: RefundState | None = None, order_id: str = ""
    ) -> Sequence[RefundAccount]:
        """The records, oldest first."""
        ...

    def list_refund_accounts_of_orders(
        self, shop: str, order_ids: Iterable[str], *, subject: str = ""
    ) -> Sequence[RefundAccount]:
        """The records of these orders, and of this person's other orders where `subject` is given."""
        ...

    def list_refund_accounts_of_request(self, request_id: str) -> Sequence[RefundAccount]:
        """The records of details that an erasure asked for: those that had to stay, and those it took along."""
        ...

    def restrict_refund_accounts(self, account_ids: Sequence[str], *, request_id: str) -> int:
        """Note which erasure asked for details that have to stay: they go later without another request."""
        ...

    def list_due_refund_accounts(self, *, limit: int) -> Sequence[RefundAccount]:
        """Settled ones whose day has come and that no live claim holds."""
        ...

    def find_account_ids_on_legal_hold(self, accounts: Sequence[RefundAccount]) -> frozenset[str]:
        """Which of them a live legal claim of the order or of the person holds, by id."""
        ...

    def erase_bank_details(
        self, account_ids: Sequence[str], *, request_id: str = "", include_open: bool = False
    ) -> Sequence[RefundAccount]:
        """Destroy the details and their keys, look again, and give those that went.

        Left as they are: what a live claim holds, what is settled and whose day has not come, what is open unless
        `unsettled` says that the refund will not be. Raises NeedsOperator where something is still there.
        """
        ...
