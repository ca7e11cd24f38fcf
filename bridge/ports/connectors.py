"""What the bridge needs of other people's systems: Shopify and the carriers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from bridge.model import (
    Balance,
    CheckResult,
    ConsentReading,
    CustomerConsents,
    ErasureState,
    FindingPage,
    OrderPage,
    OrderReach,
    OrderSelection,
    Outcome,
    PlatformCustomer,
    Principal,
    Residue,
    Sale,
    ShopIdentity,
    TrackingResult,
    Waybill,
    WebhookSubscription,
)


class Connector(Protocol):
    """One system of another company, in the bridge's words.

    Every call has a timeout. Raises only bridge errors: ConnectorUnavailable and ConnectorThrottled (try again
    later), ConnectorRefused (trying again will not help), CredentialRejected (an operator must act). No message, log
    or URL carries a personal value or a credential.
    """

    system: str

    def run_checks(self, shop: str) -> Sequence[CheckResult]:
        """Return what `doctor` shows: whether the system is reachable, credentials, scopes. Never raises."""
        ...

    def gather(
        self, principal: Principal, *, shop: str, parcels: Sequence[Waybill], cursor: str = ""
    ) -> Iterator[FindingPage]:
        """Yield everything that the system holds of the data subject, page by page, one page in memory.

        `cursor` is that of the last page that was stored: gathering continues after it. Where the system holds
        nothing, there is no page or an empty one.
        """
        ...


@runtime_checkable
class Platform(Connector, Protocol):
    """A connector whose system erases customers by itself and reports how far it is."""

    def is_app_installed(self, shop: str) -> bool:
        """Return whether the platform still accepts a token of this shop. Raises as `gather`, if it cannot be asked."""
        ...

    def find_customer(self, principal: Principal, *, shop: str) -> str:
        """Return the platform's id of this customer, or ''. Raises as `gather`."""
        ...

    def list_customers(self, principal: Principal, *, shop: str) -> Sequence[PlatformCustomer]:
        """Return all customers that one of the numbers, e-mail addresses and phones leads to. Raises as `gather`."""
        ...

    def list_shipped_orders(self, principal: Principal, *, shop: str) -> Iterator[Mapping[str, Any]]:
        """Yield the data subject's orders in the platform's words, with parcel numbers and without personal data.

        The platform knows them after its own erasure too. Raises as `gather`, after the orders that came before.
        """
        ...

    def list_sales(self, order_ids: Sequence[str], *, shop: str) -> Iterator[tuple[str, Sequence[Sale]]]:
        """Yield (order id, sales): what the invoice and the credit notes of each order must state.

        The sales are empty for an order that was neither paid nor sent; an order that the platform does not know is
        not yielded. Raises as `gather`.
        """
        ...

    def balances(self, customer_id: str, *, shop: str) -> Sequence[Balance]:
        """Return what this customer would lose by the platform's erasure, or still waits for: codes with counts.

        One for each kind that the platform has: 0 where there is none, None where reading is not allowed. The codes
        are those of `precheck` in the retention file. Raises as `gather`.
        """
        ...

    def read_consents(self, principal: Principal, *, shop: str) -> ConsentReading:
        """Return the consents to marketing as they stand now, with the contact in the clear. Raises as `gather`.

        None are there of a customer that the platform does not know.
        """
        ...

    def list_customer_consents(
        self, principal: Principal, channels: Collection[str], *, shop: str
    ) -> Sequence[CustomerConsents]:
        """Return the consents on these channels (`email`, `sms`, …) of each customer that is the data subject.

        Of a customer that only a phone names, those on channels of the phone. Raises as `gather`.
        """
        ...

    def take_back_consents(self, customer_id: str, channels: Collection[str], *, shop: str) -> set[str]:
        """Take back a customer's consents on these channels. Return those on which one stands that the bridge cannot change.

        Repeating is safe. Raises as `gather`; ConnectorUnavailable where a consent stands after it was taken back.
        """
        ...

    def request_erasure(self, customer_id: str, *, shop: str) -> ErasureState:
        """Ask the platform to erase this customer; it answers before it erases. Raises as `gather`."""
        ...

    def cancel_erasure(self, customer_id: str, *, shop: str) -> ErasureState:
        """Withdraw the bridge's own request. Raises as `gather`; ConnectorRefused where it is too late."""
        ...

    def read_erasure_state(self, principal: Principal, *, shop: str) -> ErasureState:
        """Return how far the platform's own erasure of this customer is. Raises as `gather`."""
        ...

    def list_platform_residue(self, principal: Principal, *, shop: str) -> Sequence[Residue]:
        """Return what other apps wrote at the platform about the customer and the customer's orders, as it is now.

        Names only, no value. `hold_reason` says why an item must not be removed yet: its order is on its way.
        Raises as `gather`.
        """
        ...

    def list_customer_residue(self, customer_id: str, *, shop: str) -> Sequence[Residue]:
        """Return what other apps wrote about this customer itself, by name, without its orders. Raises as `gather`."""
        ...

    def remove_platform_residue(self, items: Sequence[Residue], *, shop: str) -> Sequence[Residue]:
        """Remove these except those with a hold reason, read them again, and return what is still there.

        Raises as `gather`.
        """
        ...


@runtime_checkable
class NamesShops(Connector, Protocol):
    """A connector whose system knows shops by a number, whatever their domain is."""

    def read_shop_identity(self, domain: str) -> ShopIdentity:
        """Return the number and the present domain of the shop that has this domain. Raises as `gather`."""
        ...


@runtime_checkable
class ListsOrders(Connector, Protocol):
    """A connector whose system lists all orders of a shop and sends webhooks about them."""

    def read_order_reach(self, selection: OrderSelection, *, shop: str) -> OrderReach:
        """Return how many orders the selection has, and whether old ones are among them. Raises as `gather`."""
        ...

    def read_changed_orders(
        self, selection: OrderSelection, *, shop: str, after: str = "", export: str = "", skips_failed: bool = False
    ) -> Iterator[OrderPage]:
        """Yield the orders after an id in the order of ids, one page in memory; from an `export`, if one is named.

        With `skips_failed` orders that the system cannot serve are counted instead of waited for. Raises as `gather`:
        ConnectorThrottled while the export is not ready, ConnectorRefused where it failed.
        """
        ...

    def start_order_export(self, selection: OrderSelection, *, shop: str) -> str:
        """Make the system write all orders of the selection into a file. Return its id, or '' where it refuses.

        Raises as `gather`: ConnectorThrottled while it is busy with others.
        """
        ...

    def list_subscriptions(self, *, shop: str) -> Sequence[WebhookSubscription]:
        """Return the subscriptions to webhooks that the system lists. Raises as `gather`."""
        ...


@runtime_checkable
class CopiesAllParcels(Connector, Protocol):
    """A connector whose system keeps a copy of every parcel, whichever carrier or account it belongs to."""

    copies_all_parcels: bool  # True: `gather` is asked about all of them


@runtime_checkable
class Tracker(Connector, Protocol):
    """A connector that reports where parcels are, so that the bridge knows when it may ask for their erasure."""

    configured: bool  # False: no credentials, the system is not called

    def track_parcels(
        self, numbers: Sequence[str], *, include_consignees: bool = False
    ) -> Iterator[Sequence[TrackingResult]]:
        """Yield where these parcels are, in batches of the system's size, each number once.

        A number that the system does not know comes as NOT_FOUND, one whose answer is unreadable as UNKNOWN. With
        `include_consignees` the person that it shows is returned too, to compute a digest; never otherwise, and None
        where it is unreadable. Raises as `gather`, after the batches that came before.
        """
        ...


@runtime_checkable
class Eraser(Connector, Protocol):
    """A connector whose system erases at once by API."""

    configured: bool

    def erase_waybills(self, numbers: Sequence[str]) -> Iterator[tuple[str, Outcome]]:
        """Erase what the system holds under each waybill: ERASED, or ABSENT where it holds nothing.

        ERASED means that a second look found nothing. A number that the API cannot take is not yielded. Repeating is
        safe. Raises as `gather`, after the outcomes that came before.
        """
        ...


@runtime_checkable
class Canceller(Connector, Protocol):
    """A connector that can cancel a shipment before pick-up. Only an operator who confirms it calls this."""

    configured: bool

    def cancel_shipment(self, number: str) -> None:
        """Cancel the shipment. Raises ConnectorRefused where the carrier refuses, else as `gather`."""
        ...
