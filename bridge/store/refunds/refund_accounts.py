"""Bank details of refunds, each sealed under a key of its own, which the keyring wraps.

What may be shown of them is sealed apart, under the keyring, and outlives the key. Only `open_bank_details` opens them.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, update

from bridge.errors import NeedsOperator
from bridge.model import BankDetails, PaymentReference, Principal, RefundAccount, RefundState, Settlement
from bridge.store.index.person_lookup import PersonLookup
from bridge.store.requests.restrictions import is_restricted
from bridge.store.schema.retention_tables import legal_holds, refund_accounts
from bridge.store.schema.ulid import new_id
from bridge.store.session import Session
from bridge.store.upsert import upsert

REFUND_ACCOUNT_AAD = "refund_accounts|{id}|{column}|{shop}"
REFUND_ACCOUNT_COLUMNS = [refund_accounts.c[name] for name in RefundAccount.__slots__]
ERASED_ACCOUNT_VALUES: dict[str, Any] = {"doc": None, "wrapped": None, "state": RefundState.ERASED}


class RefundRows:
    """Bank details of refunds."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection
        self._person_lookup = PersonLookup(session)

    def seal_bank_details(
        self, shop: str, details: BankDetails, *, order_id: str, refund_id: str, opened_at: datetime
    ) -> RefundAccount | None:
        """Seal the details and read them back. None where this refund has details already.

        Details that were erased before the refund was settled are replaced. Raises NeedsOperator where what was read back is
        not what was sealed.
        """
        keyring, account_id, key = self._session.keyring, new_id("rfd"), secrets.token_bytes(32)
        account = RefundAccount(
            id=account_id,
            shop=shop,
            refund_id=refund_id,
            order_key=self._person_lookup.pseudonym(shop, "order", order_id),
            subject=self._find_subject(shop, order_id),
            state=RefundState.OPEN,
            opened_at=opened_at,
        )
        plain, aad = _encode_json(asdict(details)), _build_account_aad(account, "doc")
        reference = PaymentReference(method=details.method, last_four=details.last_four)
        row = asdict(account) | {
            "wrapped": keyring.seal(key, _build_account_aad(account, "wrapped")),
            "doc": keyring.seal(plain, aad, key_id=account_id, key=key),
            "reference": self._seal_reference(account, reference),
        }
        same_refund = and_(refund_accounts.c.shop == shop, refund_accounts.c.refund_id == refund_id)
        is_erased = (refund_accounts.c.state == RefundState.ERASED, refund_accounts.c.settled_at.is_(None))
        self._connection.execute(delete(refund_accounts).where(same_refund, *is_erased))
        insert = upsert(self._connection, refund_accounts)
        if self._connection.scalar(insert.returning(refund_accounts.c.id), row) is None:
            return None
        if self.open_bank_details(account_id, refund_id=refund_id) != details:
            raise NeedsOperator(f"{account_id} does not read back as it was sealed")
        return account

    def find_refund_account(self, account_id: str) -> RefundAccount | None:
        """Return the record without the details, if there is one with this id."""
        found = self._read_accounts(refund_accounts.c.id == account_id)
        return found[0] if found else None

    def open_bank_details(self, account_id: str, *, refund_id: str) -> BankDetails | None:
        """Return the details in the clear while this refund is open; None otherwise, whoever asks.

        The caller has checked the purpose, and records it.
        """
        is_open = (refund_accounts.c.refund_id == refund_id, refund_accounts.c.state == RefundState.OPEN)
        found = select(refund_accounts).where(refund_accounts.c.id == account_id, *is_open)
        row = self._connection.execute(found).one_or_none()
        if row is None:
            return None
        keyring = self._session.keyring
        key = keyring.open(row.wrapped, _build_account_aad(row, "wrapped"))
        plain = keyring.open(row.doc, _build_account_aad(row, "doc"), find_data_key=lambda _: key)
        return BankDetails(**json.loads(plain))

    def find_payment_reference(self, account_id: str) -> PaymentReference | None:
        """Return what may be shown: method, the last four digits, the settlement."""
        columns = (refund_accounts.c.id, refund_accounts.c.shop, refund_accounts.c.reference)
        row = self._connection.execute(select(*columns).where(refund_accounts.c.id == account_id)).one_or_none()
        if row is None or row.reference is None:
            return None
        values = json.loads(self._session.keyring.open(row.reference, _build_account_aad(row, "reference")))
        return PaymentReference(**values | {"settlement": _settlement_from_json(values["settlement"])})

    def record_approval(self, account_id: str, *, actor: str) -> bool:
        """Record who approves now that another person reads the details. False where the refund is not open."""
        is_open = (refund_accounts.c.id == account_id, refund_accounts.c.state == RefundState.OPEN)
        approval = {"approved_by": actor, "approved_at": self._session.now()}
        return self._connection.execute(update(refund_accounts).where(*is_open).values(**approval)).rowcount > 0

    def record_settlement(
        self, account_id: str, settlement: Settlement, *, settled_at: datetime, erase_at: datetime | None
    ) -> bool:
        """Settle a refund: from now on nobody reads the details. False where the refund is not open."""
        account, reference = self.find_refund_account(account_id), self.find_payment_reference(account_id)
        if account is None or reference is None:
            return False
        new_reference = PaymentReference(method=reference.method, last_four=reference.last_four, settlement=settlement)
        is_open = (refund_accounts.c.id == account_id, refund_accounts.c.state == RefundState.OPEN)
        values = {
            "state": RefundState.SETTLED,
            "settled_at": settled_at,
            "erase_at": erase_at,
            "reference": self._seal_reference(account, new_reference),
        }
        return self._connection.execute(update(refund_accounts).where(*is_open).values(values)).rowcount == 1

    def record_erase_at(self, account_id: str, *, erase_at: datetime) -> None:
        """Store the day of a settled refund that had none, because the retention file could not be read then."""
        without_day = (refund_accounts.c.id == account_id, refund_accounts.c.erase_at.is_(None))
        self._connection.execute(update(refund_accounts).where(*without_day).values(erase_at=erase_at))

    def list_refund_accounts(
        self, *, shop: str = "", state: RefundState | None = None, order_id: str = ""
    ) -> Sequence[RefundAccount]:
        """Return the records, oldest first. `order_id` needs a shop."""
        conditions = [refund_accounts.c.state == state] if state else []
        if shop:
            shop_keys = self._session.shops.list_keys(shop)
            conditions.append(refund_accounts.c.shop.in_(shop_keys))
            if order_id:
                keys = {self._person_lookup.pseudonym(key, "order", order_id) for key in shop_keys} - {""}
                conditions.append(refund_accounts.c.order_key.in_(keys))
        return self._read_accounts(*conditions)

    def list_refund_accounts_of_orders(
        self, shop: str, order_ids: Iterable[str], *, subject: str = ""
    ) -> Sequence[RefundAccount]:
        """Return the records of these orders, and of all orders of `subject` where it is given."""
        ids, shop_keys = list(order_ids), self._session.shops.list_keys(shop)
        keys = {self._person_lookup.pseudonym(key, "order", order_id) for order_id in ids for key in shop_keys} - {""}
        matches = or_(refund_accounts.c.order_key.in_(keys), refund_accounts.c.subject.in_({subject} - {""}))
        return self._read_accounts(refund_accounts.c.shop.in_(shop_keys), matches)

    def list_refund_accounts_of_request(self, request_id: str) -> Sequence[RefundAccount]:
        """Return the records that an erasure restricted or erased."""
        return self._read_accounts(refund_accounts.c.request_id == request_id)

    def restrict_refund_accounts(self, account_ids: Sequence[str], *, request_id: str) -> int:
        """Record which erasure asked for details that must stay: they are erased later without another request."""
        restrictable = (refund_accounts.c.id.in_(list(account_ids)), refund_accounts.c.state != RefundState.ERASED)
        restriction = update(refund_accounts).where(*restrictable).values(request_id=request_id)
        return self._connection.execute(restriction).rowcount

    def list_due_refund_accounts(self, *, limit: int) -> Sequence[RefundAccount]:
        """Return settled refunds whose day has come and that neither a legal hold nor a restriction keeps."""
        is_due = (refund_accounts.c.state == RefundState.SETTLED, refund_accounts.c.erase_at <= self._session.now())
        is_kept = is_restricted(refund_accounts.c.shop, refund_accounts.c.order_key, refund_accounts.c.subject)
        found = self._read_accounts(*is_due, ~is_kept)
        on_hold = self.find_account_ids_on_legal_hold(found)
        return [account for account in found if account.id not in on_hold][:limit]

    def find_account_ids_on_legal_hold(self, accounts: Sequence[RefundAccount]) -> frozenset[str]:
        """Return the ids of those that an active legal hold on the order or on the data subject keeps.

        A hold that names the customer who remains after a merge counts too.
        """
        if not accounts:
            return frozenset()
        active_holds = select(legal_holds.c.shop, legal_holds.c.subject, legal_holds.c.order_key).where(
            legal_holds.c.shop.in_({account.shop for account in accounts}), legal_holds.c.released_at.is_(None)
        )
        held_keys = {(hold.shop, key) for hold in self._connection.execute(active_holds) for key in hold[1:] if key}
        follow_merges = self._person_lookup.follow_merges
        return frozenset(
            account.id
            for account in accounts
            for key in (account.order_key, account.subject, follow_merges(account.shop, account.subject))
            if (account.shop, key) in held_keys
        )

    def erase_bank_details(
        self, account_ids: Sequence[str], *, request_id: str = "", include_open: bool = False
    ) -> Sequence[RefundAccount]:
        """Destroy the details and their keys, read again, and return the records that were erased.

        Details under an active legal hold stay, settled ones before their day, and open ones unless `include_open`. Raises
        NeedsOperator where something is still there.
        """
        is_due = and_(refund_accounts.c.state == RefundState.SETTLED, refund_accounts.c.erase_at <= self._session.now())
        if include_open:
            is_due = or_(is_due, refund_accounts.c.state == RefundState.OPEN)
        found = self._read_accounts(refund_accounts.c.id.in_(list(account_ids)), is_due)
        on_hold = self.find_account_ids_on_legal_hold(found)
        to_erase = [account for account in found if account.id not in on_hold]
        erased_ids = refund_accounts.c.id.in_([account.id for account in to_erase])
        values = ERASED_ACCOUNT_VALUES | {"erased_at": self._session.now()}
        values |= {"request_id": request_id} if request_id else {}
        if self._connection.execute(update(refund_accounts).where(erased_ids).values(values)).rowcount:
            self._session.mark_remnants()
        not_erased = or_(refund_accounts.c.doc.is_not(None), refund_accounts.c.wrapped.is_not(None))
        count = self._connection.scalar(select(func.count()).select_from(refund_accounts).where(erased_ids, not_erased))
        if count:
            raise NeedsOperator(f"bank details of {count} refunds that were erased are still there")
        return self._read_accounts(erased_ids)

    def _read_accounts(self, *conditions: Any) -> list[RefundAccount]:
        found = select(*REFUND_ACCOUNT_COLUMNS).where(*conditions)
        rows = self._connection.execute(found.order_by(refund_accounts.c.opened_at, refund_accounts.c.id)).mappings()
        return [RefundAccount(**{**row, "state": RefundState(row["state"])}) for row in rows]

    def _find_subject(self, shop: str, order_id: str) -> str:
        """Return the pseudonym of the order's data subject, as requests have it; the order's own where none is known."""
        for row in self._person_lookup.list_order_rows(shop, Principal(order_ids=(order_id,))):
            if row.customer_key:
                return self._person_lookup.follow_merges(shop, row.customer_key)
            keys = {field: [key] if key else [] for field, key in (("email", row.email_key), ("phone", row.phone_key))}
            if any(keys.values()):
                return self._person_lookup.find_sole_customer(shop, keys) or row.email_key or row.phone_key
        return self._person_lookup.pseudonym(shop, "order", order_id)

    def _seal_reference(self, account: RefundAccount, reference: PaymentReference) -> bytes:
        return self._session.keyring.seal(_encode_json(asdict(reference)), _build_account_aad(account, "reference"))


def _build_account_aad(row: Any, column: str) -> str:
    return REFUND_ACCOUNT_AAD.format(id=row.id, column=column, shop=row.shop)


def _encode_json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, default=str).encode()  # dates and amounts become text


def _settlement_from_json(values: Mapping[str, Any] | None) -> Settlement | None:
    if values is None:
        return None
    return Settlement(**{**values, "amount": Decimal(values["amount"]), "on": date.fromisoformat(values["on"])})
