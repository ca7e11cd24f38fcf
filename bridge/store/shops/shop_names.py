"""Names of shops: which number each domain has or had. Few rows, nothing personal; the erasure of a shop leaves them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select, update

from bridge.model import DeliveryState, Principal
from bridge.rules.shops.shop_names import ShopDirectory
from bridge.rules.webhooks.topics import FOREIGN_BODY, UNKNOWN_SHOP
from bridge.store.schema.index_tables import customers, orders
from bridge.store.schema.tables import deliveries
from bridge.store.session import Session


class ShopNameRows:
    """The names of all shops."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    @property
    def directory(self) -> ShopDirectory:
        """All names, as this transaction has them."""
        return self._session.shops

    def register_domain(self, domain: str) -> None:
        """List a domain that stores rows, without a number where none is known."""
        if self.directory.find_name(domain) is None:
            self._session.save_shop_name(self.directory.record_name(domain, "", self._session.now()))

    def record_name(self, domain: str, number: str, *, seen_at: datetime, is_confirmed: bool = False) -> bool:
        """Record that Shopify or a signed body gives this domain this number.

        Return whether a shop was renamed: its number has another domain than before, or the domain another number.
        Deliveries that were rejected under the domain as another shop's are received again then.
        """
        is_rename = self.directory.is_rename(domain, number)
        name = self.directory.record_name(domain, number, seen_at, is_confirmed=is_confirmed)
        if self.directory.is_worth_storing(name):
            self._session.save_shop_name(name)
        if is_rename:
            self._receive_again(domain)
        return is_rename

    def record_asked(self, domain: str) -> None:
        """Record that Shopify was asked about a domain and did not answer."""
        name = self.directory.find_name(domain)
        if name:
            self._session.save_shop_name(replace(name, asked_at=self._session.now()))

    def find_unidentified_shops(self, shop: str, principal: Principal) -> list[str]:
        """Return shops without a number that store this customer or one of these orders: `shop` may be one of them."""
        return [key for key in self.directory.list_other_keys(shop) if self._is_unidentified_store_of(key, principal)]

    def _is_unidentified_store_of(self, key: str, principal: Principal) -> bool:
        if self.directory.find_number(key):
            return False
        pseudonym = self._session.keyring.pseudonym
        order_keys = {pseudonym(key, "order", order_id) for order_id in principal.order_ids} - {""}
        customer_keys = {pseudonym(key, "customer", number) for number in principal.customer_ids}
        searches = (
            (orders, orders.c.order_key.in_(order_keys)),
            (orders, orders.c.customer_key.in_(customer_keys)),
            (customers, customers.c.customer_key.in_(customer_keys)),
        )
        rows = (select(1).where(table.c.shop == key, is_named).limit(1) for table, is_named in searches)
        return any(self._connection.scalar(row) for row in rows)

    def _receive_again(self, domain: str) -> None:
        """Put back what was rejected because the domain was not known to be this shop's."""
        rejected = (
            deliveries.c.shop == domain,
            deliveries.c.state == DeliveryState.REJECTED,
            deliveries.c.reason.in_([FOREIGN_BODY, UNKNOWN_SHOP]),
            deliveries.c.body.is_not(None),
        )
        values = {"state": DeliveryState.RECEIVED, "attempts": 0, "last_error": "", "reason": ""}
        values |= {"wake_at": self._session.now(), "rung_at": None, "done_at": None}
        self._connection.execute(update(deliveries).where(*rejected).values(values))
