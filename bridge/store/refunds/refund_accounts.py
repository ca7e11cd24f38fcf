"""Bank details of refunds at rest: each sealed under a key of its own, wrapped by the ring, bound to its place.

What may be shown of them is sealed beside, under the ring: it outlives the key. Nothing but `details` opens them.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, or_, select, update

from bridge.errors import NeedsOperator
from bridge.model import (
    BankDetails,
    PaymentReference,
    Principal,
    RefundAccount,
    RefundState,
    Settlement,
)
from bridge.store.index.person_lookup import PersonLookup
from bridge.store.schema.retention_tables import legal_holds, refund_accounts
from bridge.store.schema.ulid import new_id
from bridge.store.upsert import upsert

if TYPE_CHECKING:
    from bridge.store.session import Session

REFUND_ACCOUNT_AAD = "refund_accounts|{id}|{column}|{shop}"
REFUND_ACCOUNT_COLUMNS = [refund_accounts.c[name] for name in RefundAccount.__slots__]
ERASED_ACCOUNT_VALUES = {"doc": None, "wrapped": None, "state": RefundState.ERASED}


class RefundRows:
    """`ports.Refunds` in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection
        self._person_lookup = PersonLookup(session)

    def seal_bank_details(
        self, shop: str, details: BankDetails, *, order_id: str, refund_id: str, opened_at: datetime
    ) -> RefundAccount | None:
        """See ports.Refunds."""
        vault, account_id, key = self._session.keyring, new_id("rfd"), secrets.token_bytes(32)
        account = RefundAccount(
            id=account_id,
            shop=shop,
            refund_id=refund_id,
            order_key=self._person_lookup.pseudonym(shop, "order", order_id),
            subject=self._find_subject(shop, order_id),
            state=RefundState.OPEN,
            opened_at=opened_at,
        )
        row = asdict(account) | {
            "wrapped": vault.seal(key, _build_account_aad(account, "wrapped")),
            "doc": vault.seal(
                _encode_json(asdict(details)), _build_account_aad(account, "doc"), key_id=account_id, key=key
            ),
            "reference": self._seal_reference(
                account, PaymentReference(method=details.method, last_four=details.last_four)
            ),
        }
        same = and_(refund_accounts.c.shop == shop, refund_accounts.c.refund_id == refund_id)
        empty = (refund_accounts.c.state == RefundState.ERASED, refund_accounts.c.settled_at.is_(None))
        self._connection.execute(delete(refund_accounts).where(same, *empty))
        insert = upsert(self._connection, refund_accounts)
        if self._connection.scalar(insert.returning(refund_accounts.c.id), row) is None:
            return None
        if self.open_bank_details(account_id, refund_id=refund_id) != details:
            raise NeedsOperator(f"{account_id} does not read back as it was sealed")
        return account

    def find_refund_account(self, account_id: str) -> RefundAccount | None:
        """See ports.Refunds."""
        found = self._read_accounts(refund_accounts.c.id == account_id)
        return found[0] if found else None

    def open_bank_details(self, account_id: str, *, refund_id: str) -> BankDetails | None:
        """See ports.Refunds. The lock holds here too: whoever asks, only an open refund's row is looked for."""
        is_open = (refund_accounts.c.refund_id == refund_id, refund_accounts.c.state == RefundState.OPEN)
        row = self._connection.execute(
            select(refund_accounts).where(refund_accounts.c.id == account_id, *is_open)
        ).one_or_none()
        if row is None:
            return None
        vault = self._session.keyring
        key = vault.open(row.wrapped, _build_account_aad(row, "wrapped"))
        return BankDetails(
            **json.loads(vault.open(row.doc, _build_account_aad(row, "doc"), find_data_key=lambda _: key))
        )

    def find_payment_reference(self, account_id: str) -> PaymentReference | None:
        """See ports.Refunds."""
        columns = (refund_accounts.c.id, refund_accounts.c.shop, refund_accounts.c.reference)
        row = self._connection.execute(
            select(*columns).where(refund_accounts.c.id == account_id)
        ).one_or_none()
        if row is None or row.reference is None:
            return None
        told = json.loads(self._session.keyring.open(row.reference, _build_account_aad(row, "reference")))
        return PaymentReference(**told | {"settlement": _settlement_from_json(told["settlement"])})

    def record_settlement(
        self, account_id: str, settlement: Settlement, *, settled_at: datetime, erase_at: datetime | None
    ) -> bool:
        """See ports.Refunds."""
        account, known = self.find_refund_account(account_id), self.find_payment_reference(account_id)
        if account is None or known is None:
            return False
        settled = PaymentReference(method=known.method, last_four=known.last_four, settlement=settlement)
        is_open = (refund_accounts.c.id == account_id, refund_accounts.c.state == RefundState.OPEN)
        values = {
            "state": RefundState.SETTLED,
            "settled_at": settled_at,
            "erase_at": erase_at,
            "reference": self._seal_reference(account, settled),
        }
        return self._connection.execute(update(refund_accounts).where(*is_open).values(values)).rowcount == 1

    def record_erase_at(self, account_id: str, *, erase_at: datetime) -> None:
        """See ports.Refunds."""
        undated = (refund_accounts.c.id == account_id, refund_accounts.c.erase_at.is_(None))
        self._connection.execute(update(refund_accounts).where(*undated).values(erase_at=erase_at))

    def list_refund_accounts(
        self, *, shop: str = "", state: RefundState | None = None, order_id: str = ""
    ) -> Sequence[RefundAccount]:
        """See ports.Refunds. Orders are looked for at one shop."""
        key = self._person_lookup.pseudonym(shop, "order", order_id)
        wanted = {"shop": shop, "state": state, "order_key": key}
        return self._read_accounts(
            *(refund_accounts.c[name] == value for name, value in wanted.items() if value)
        )

    def list_refund_accounts_of_orders(
        self, shop: str, order_ids: Iterable[str], *, subject: str = ""
    ) -> Sequence[RefundAccount]:
        """See ports.Refunds."""
        keys = [key for each in order_ids if (key := self._person_lookup.pseudonym(shop, "order", each))]
        hers = or_(refund_accounts.c.order_key.in_(keys), refund_accounts.c.subject.in_({subject} - {""}))
        return self._read_accounts(refund_accounts.c.shop == shop, hers)

    def list_refund_accounts_of_request(self, request_id: str) -> Sequence[RefundAccount]:
        """See ports.Refunds."""
        return self._read_accounts(refund_accounts.c.request_id == request_id)

    def restrict_refund_accounts(self, account_ids: Sequence[str], *, request_id: str) -> int:
        """See ports.Refunds."""
        these = (refund_accounts.c.id.in_(list(account_ids)), refund_accounts.c.state != RefundState.ERASED)
        return self._connection.execute(
            update(refund_accounts).where(*these).values(request_id=request_id)
        ).rowcount

    def list_due_refund_accounts(self, *, limit: int) -> Sequence[RefundAccount]:
        """See ports.Refunds."""
        over = (
            refund_accounts.c.state == RefundState.SETTLED,
            refund_accounts.c.erase_at <= self._session.now(),
        )
        found = self._read_accounts(*over)
        held = self.find_account_ids_on_legal_hold(found)
        return [account for account in found if account.id not in held][:limit]

    def find_account_ids_on_legal_hold(self, accounts: Sequence[RefundAccount]) -> frozenset[str]:
        """See ports.Refunds. A claim that names the customer who was kept in a merge holds too."""
        if not accounts:
            return frozenset()
        live = select(legal_holds.c.shop, legal_holds.c.subject, legal_holds.c.order_key).where(
            legal_holds.c.shop.in_({account.shop for account in accounts}),
            legal_holds.c.released_at.is_(None),
        )
        named = {(claim.shop, key) for claim in self._connection.execute(live) for key in claim[1:] if key}
        return frozenset(
            account.id
            for account in accounts
            for key in (
                account.order_key,
                account.subject,
                self._person_lookup.follow_merges(account.shop, account.subject),
            )
            if (account.shop, key) in named
        )

    def erase_bank_details(
        self, account_ids: Sequence[str], *, request_id: str = "", include_open: bool = False
    ) -> Sequence[RefundAccount]:
        """See ports.Refunds."""
        over = and_(
            refund_accounts.c.state == RefundState.SETTLED,
            refund_accounts.c.erase_at <= self._session.now(),
        )
        if include_open:
            over = or_(over, refund_accounts.c.state == RefundState.OPEN)
        found = self._read_accounts(refund_accounts.c.id.in_(list(account_ids)), over)
        held = self.find_account_ids_on_legal_hold(found)
        goes = [account for account in found if account.id not in held]
        these = refund_accounts.c.id.in_([account.id for account in goes])
        values = (
            ERASED_ACCOUNT_VALUES
            | {"erased_at": self._session.now()}
            | ({"request_id": request_id} if request_id else {})
        )
        self._connection.execute(update(refund_accounts).where(these).values(values))
        left = or_(refund_accounts.c.doc.is_not(None), refund_accounts.c.wrapped.is_not(None))
        count = self._connection.scalar(select(func.count()).select_from(refund_accounts).where(these, left))
        if count:
            raise NeedsOperator(f"bank details of {count} refunds that were erased are still there")
        return self._read_accounts(these)

    def _read_accounts(self, *conditions: Any) -> list[RefundAccount]:
        rows = (
            select(*REFUND_ACCOUNT_COLUMNS)
            .where(*conditions)
            .order_by(refund_accounts.c.opened_at, refund_accounts.c.id)
        )
        return [
            RefundAccount(**row | {"state": RefundState(row["state"])})
            for row in map(dict, self._connection.execute(rows).mappings())
        ]

    def _find_subject(self, shop: str, order_id: str) -> str:
        """Whose order it is, as requests call her; the order itself where nobody has told of it yet."""
        for row in self._person_lookup.list_order_rows(shop, Principal(order_ids=(order_id,))):
            if row.customer_key:
                return self._person_lookup.follow_merges(shop, row.customer_key)
            keys = {"email": row.email_key, "phone": row.phone_key}
            if any(keys.values()):
                return self._person_lookup.find_sole_customer(shop, keys) or row.email_key or row.phone_key
        return self._person_lookup.pseudonym(shop, "order", order_id)

    def _seal_reference(self, account: RefundAccount, reference: PaymentReference) -> bytes:
        return self._session.keyring.seal(
            _encode_json(asdict(reference)), _build_account_aad(account, "reference")
        )


def _build_account_aad(row: Any, column: str) -> str:
    return REFUND_ACCOUNT_AAD.format(id=row.id, column=column, shop=row.shop)


def _encode_json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, default=str).encode()  # a day and a sum become text


def _settlement_from_json(values: Mapping[str, Any] | None) -> Settlement | None:
    if values is None:
        return None
    return Settlement(
        **{**values, "amount": Decimal(values["amount"]), "on": date.fromisoformat(values["on"])}
    )
