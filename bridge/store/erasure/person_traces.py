"""What an erased data subject left besides the index: earlier requests, webhooks that ended, mails. No decisions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, select, true, update

from bridge.errors import KeyMissing, PayloadInvalid, SealBroken
from bridge.model import DeliveryState, MailState, RequestState
from bridge.rules.webhooks.topics import is_mandatory
from bridge.store.desk.nominations import NominationRows
from bridge.store.schema.desk_tables import mails, nominations
from bridge.store.schema.index_tables import suppressions
from bridge.store.schema.tables import deliveries, findings, packages, requests
from bridge.store.session import Session
from bridge.store.webhooks.inbox import HAS_FAILED, SETTLED_REASONS, InboxRows
from bridge.store.webhooks.person_bodies import PersonBodyRows, PersonKeys

BODIES_PER_READ = 200


class PersonTraceRows:
    """Earlier requests and nominations of a data subject, and webhooks about it that failed or were rejected."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection
        self._bodies, self._nominations = PersonBodyRows(session), NominationRows(session)

    def list_erased_orders(self, shop: str, request_id: str) -> list[str]:
        """Return the keys of the orders that an erasure suppressed under this key of the shop."""
        of_request = (suppressions.c.shop == shop, suppressions.c.request_id == request_id)
        erased = select(suppressions.c.key).where(*of_request, suppressions.c.field == "order")
        return list(self._connection.scalars(erased))

    def count_traces(
        self,
        shop: str,
        subjects: Sequence[str],
        request_id: str,
        person_keys: PersonKeys,
        order_keys: set[str],
        *,
        cutoff_at: datetime | None = None,
    ) -> dict[str, int]:
        """Count what `clear_traces` would delete, per table."""
        ids = self._list_prior_requests(shop, subjects, request_id, cutoff_at)
        counts = {
            table.name: self._connection.scalar(select(func.count()).where(table.c.request_id.in_(ids))) or 0
            for table in (findings, packages)
        }
        of_person = (shop, _list_nominators(subjects, person_keys))
        counts["nominations"] = self._nominations.count_erasable(*of_person, cutoff_at=cutoff_at)
        written = select(func.count()).where(*_match_mails(person_keys, cutoff_at))
        counts[mails.name] = self._connection.scalar(written) or 0
        return counts | {deliveries.name: len(self._find_bodies(shop, person_keys, order_keys, cutoff_at))}

    def clear_traces(
        self,
        shop: str,
        subjects: Sequence[str],
        request_id: str,
        person_keys: PersonKeys,
        order_keys: set[str],
        *,
        cutoff_at: datetime | None = None,
    ) -> dict[str, int]:
        """Delete what earlier requests, webhooks, mails and nominations that nobody used hold of the data subject. Return how many per table."""
        return self.clear_prior_requests(shop, subjects, request_id, cutoff_at=cutoff_at) | {
            deliveries.name: self.destroy_webhook_bodies(shop, person_keys, order_keys, cutoff_at=cutoff_at),
            mails.name: self._destroy_mails(person_keys, cutoff_at),
            nominations.name: self._nominations.erase_nominations_of_person(
                shop, _list_nominators(subjects, person_keys), cutoff_at=cutoff_at
            ),
        }

    def _list_prior_requests(
        self, shop: str, subjects: Sequence[str], request_id: str, cutoff_at: datetime | None
    ) -> list[str]:
        earlier = and_(
            requests.c.shop == shop,
            requests.c.subject.in_(subjects),
            requests.c.subject != "",
            requests.c.id != request_id,
            requests.c.closed_at.is_not(None),
            _is_by(requests.c.received_at, cutoff_at),
        )
        return list(self._connection.scalars(select(requests.c.id).where(earlier)))

    def clear_prior_requests(
        self, shop: str, subjects: Sequence[str], request_id: str, *, cutoff_at: datetime | None = None
    ) -> dict[str, int]:
        """Remove the personal data of the data subject's earlier requests; the requests themselves stay on record."""
        ids = self._list_prior_requests(shop, subjects, request_id, cutoff_at)
        if not ids:
            return {}
        removed = {
            table.name: int(self._connection.execute(delete(table).where(table.c.request_id.in_(ids))).rowcount)
            for table in (findings, packages)
        }
        closed = {"principal": None, "state": RequestState.DONE, "active_key": None, "wake_at": None}
        self._connection.execute(update(requests).where(requests.c.id.in_(ids)).values(closed))
        return removed

    def clear_traces_of_orders(self, shop: str, order_keys: Sequence[str], request_id: str) -> dict[str, int]:
        """Delete what stands under the pseudonyms of orders, where a request named nothing else. Return as `clear_traces`."""
        return self.clear_prior_requests(shop, order_keys, request_id) | {
            nominations.name: self._nominations.erase_nominations_of_person(shop, order_keys)
        }

    def destroy_webhook_bodies(
        self, shop: str, person_keys: PersonKeys, order_keys: set[str], *, cutoff_at: datetime | None = None
    ) -> int:
        """Destroy bodies of failed and rejected webhooks that mention the data subject. Return how many."""
        ids = self._find_bodies(shop, person_keys, order_keys, cutoff_at)
        if ids:
            destroyed = {"body": None, "state": DeliveryState.REJECTED, "reason": "person_erased"}
            self._connection.execute(update(deliveries).where(deliveries.c.id.in_(ids)).values(destroyed))
        return len(ids)

    def _destroy_mails(self, person_keys: PersonKeys, cutoff_at: datetime | None) -> int:
        """Destroy what mails of the data subject say, but those that no officer has read yet. Return how many."""
        destroyed = {"doc": None, "wrapped": None, "sender_key": ""}
        changed = update(mails).where(*_match_mails(person_keys, cutoff_at)).values(destroyed)
        return self._connection.execute(changed).rowcount

    def _find_bodies(
        self, shop: str, person_keys: PersonKeys, order_keys: set[str], cutoff_at: datetime | None
    ) -> list[str]:
        """Return the ids of the webhooks; some bodies are in memory at a time."""
        has_body = and_(
            deliveries.c.shop.in_([*self._session.shops.list_domains(shop), ""]),  # a malformed header is stored as ''
            deliveries.c.body.is_not(None),
            HAS_FAILED,
            _is_by(deliveries.c.received_at, cutoff_at),
        )
        reader, found, after = InboxRows(self._session), list[str](), ""
        while rows := self._connection.execute(
            select(deliveries).where(has_body, deliveries.c.id > after).order_by(deliveries.c.id).limit(BODIES_PER_READ)
        ).all():
            after = rows[-1].id
            found += [row.id for row in rows if self._mentions_person(reader, row, shop, person_keys, order_keys)]
        return found

    def _mentions_person(
        self, reader: InboxRows, row: Any, shop: str, person_keys: PersonKeys, order_keys: set[str]
    ) -> bool:
        """Return whether a body is about the data subject; True for one that nobody can read.

        Of the mandatory webhooks an unreadable one is kept: it waits for an operator, and may be another's request.
        """
        try:
            return self._bodies.mentions_person(reader.open_delivery(row), shop, person_keys, order_keys)
        except (PayloadInvalid, SealBroken, KeyMissing):
            return row.reason in SETTLED_REASONS or not is_mandatory(row.topic, row.reason)


def _list_nominators(subjects: Sequence[str], person_keys: PersonKeys) -> list[str]:
    """Return what a nomination of the data subject may stand under; a phone alone names nobody."""
    return [*subjects, *(key for field, key in sorted(person_keys) if field != "phone")]


def _match_mails(person_keys: PersonKeys, cutoff_at: datetime | None) -> tuple[Any, ...]:
    """Return the conditions for mails by these addresses, whose keys are of one shop."""
    addresses = [key for field, key in person_keys if field == "email"]
    return (
        mails.c.sender_key.in_(addresses),
        mails.c.doc.is_not(None),
        mails.c.state != MailState.OPEN,
        _is_by(mails.c.arrived_at, cutoff_at),
    )


def _is_by(column: Any, cutoff_at: datetime | None) -> Any:
    """Return the condition that something is from before the cut-off; without one everything is."""
    return true() if cutoff_at is None else column <= cutoff_at
