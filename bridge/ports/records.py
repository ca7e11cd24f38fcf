"""What the steps need of what was found, and of the index. In the clear here, sealed where it rests."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol

from bridge.model import (
    ErasureRecord,
    Finding,
    FindingPage,
    IndexedOrder,
    Principal,
    Task,
    Tombstone,
    Waybill,
)


class Findings(Protocol):
    """What was found, sealed."""

    def add_findings(self, task: Task, page: FindingPage) -> None:
        """Keep one page."""
        ...

    def read_findings(self, request_id: str) -> Iterator[tuple[str, Finding]]:
        """(system, finding) in the order they were kept, opened one page at a time."""
        ...

    def delete_findings(self, request_id: str, system: str = "") -> None:
        """Destroy the findings of a request, or of one of its systems."""
        ...


class Index(Protocol):
    """Who, which order, which parcel, which carrier: pseudonyms to look up, the rest sealed."""

    def find_subject(self, shop: str, principal: Principal) -> str:
        """The person's pseudonym: by customer id, else by e-mail, else by phone; merges followed."""
        ...

    def is_merged(self, shop: str, principal: Principal) -> bool:
        """True where the customer id was merged into another: she lives on, with her orders, e-mail and phone."""
        ...

    def list_parcels(self, shop: str, principal: Principal) -> list[Waybill]:
        """Every parcel of the person's orders and of the orders named."""
        ...

    def list_orders(self, shop: str, principal: Principal) -> dict[str, IndexedOrder]:
        """The person's orders as the index knows them, by id."""
        ...

    def ingest_sightings(self, shop: str, sightings: Sequence[Any]) -> Sequence[Any]:
        """Take in what deliveries showed (`rules/minimise`). Returns those that tell of the erased: dropped."""
        ...

    def find_erasing_request(self, shop: str, order_id: str) -> str:
        """The request that erased the person of this order; '' where none did."""
        ...

    def list_prior_erasures(self, shop: str, principal: Principal) -> Sequence[ErasureRecord]:
        """Earlier erasures of this person, newest first: by her customer id and e-mail, never by a phone alone."""
        ...

    def erase_person(
        self, shop: str, principal: Principal, *, request_id: str, excluded_order_ids: Collection[str] = ()
    ) -> Mapping[str, int]:
        """Remove the person and suppress her keys; re-read. Returns rows removed per table.

        Orders to `spare` stay with their parcels, findable by what the index knew of them.
        """
        ...

    def list_parcels_by_tombstones(self, shop: str, tombstones: Sequence[Tombstone]) -> list[Waybill]:
        """Every parcel of the orders that these keys would erase."""
        ...

    def reapply_erasure(self, shop: str, tombstones: Sequence[Tombstone]) -> Mapping[str, int]:
        """Erase again whom the keys of one erasure name, and suppress them. Returns rows removed per table.

        Where a customer's id is all they name, `undecided` counts her orders, which stay: in a database from before
        two customers were merged they look like hers and are the kept one's. Raises NeedsOperator as `erase`.
        """
        ...

    def lock_shop(self, shop: str) -> None:
        """Learning and forgetting of this shop wait from now on until this transaction ends: ask first of all."""
        ...

    def preview_erasure(
        self, shop: str, principal: Principal, *, request_id: str, excluded_order_ids: Collection[str] = ()
    ) -> Mapping[str, int]:
        """What `erase` would remove, per table; changes nothing."""
        ...

    def erase_shop(
        self, shop: str, *, request_id: str, include_held_records: bool = False
    ) -> Mapping[str, int]:
        """Remove all of a shop but the record of its requests and its sealed documents.

        Legal claims, refund accounts, reviews and plans go only `with_holds`. Returns rows removed per table.
        """
        ...
