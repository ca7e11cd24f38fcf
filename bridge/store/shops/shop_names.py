"""Names of shops: which number each domain has or had. Few rows, nothing personal; the erasure of a shop leaves them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select, update

from bridge.model import DeliveryState
from bridge.rules.shops.shop_names import ShopDirectory
from bridge.rules.webhooks.topics import FOREIGN_BODY, UNKNOWN_SHOP
from bridge.store.schema.index_tables import orders, suppressions
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
        self._session.save_shop_name(self.directory.record_name(domain, number, seen_at, is_confirmed=is_confirmed))
        if is_rename:
            self._receive_again(domain)
        return is_rename

    def record_asked(self, domain: str) -> None:
        """Record that Shopify was asked about a domain and did not answer."""
        name = self.directory.find_name(domain)
        if name:
            self._session.save_shop_name(replace(name, asked_at=self._session.now()))

    def find_unidentified_keys(self, shop: str, order_ids: Sequence[str]) -> list[str]:
        """Return keys of shops without a number that store or erased one of these orders, which `shop` may be too."""
        keyring, found = self._session.keyring, list[str]()
        for key in self.directory.list_other_keys(shop):
            wanted = {keyring.pseudonym(key, "order", order_id) for order_id in order_ids} - {""}
            searches = (
                select(column).where(table.c.shop == key, column.in_(wanted)).limit(1)
                for table, column in ((orders, orders.c.order_key), (suppressions, suppressions.c.key))
            )
            if not self.directory.find_number(key) and any(map(self._connection.scalar, searches)):
                found.append(key)
        return found

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
