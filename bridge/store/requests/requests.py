"""Privacy requests: opened once, read back, leased by the worker that processes one. The principal is sealed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, or_, select, update

from bridge.errors import LeaseLost
from bridge.model import (
    AnswerBasis,
    Lease,
    Principal,
    PrivacyRequest,
    RequestEnding,
    RequestKind,
    RequestSource,
    RequestState,
    Task,
)
from bridge.store.requests.tasks import TaskRows
from bridge.store.schema.index_tables import data_keys
from bridge.store.schema.tables import requests, tasks
from bridge.store.session import Session
from bridge.store.upsert import upsert
from bridge.store.webhooks.insert_rows import ENQUEUE_GRACE_S

OPEN_STATES = (RequestState.IN_PROGRESS, RequestState.WAITING)
LEASE_FIELDS = {"attempts", "last_error"}  # a new request has their defaults
LATER_TUPLE_FIELDS = (
    "confirmed_order_ids",
    "foreign_order_ids",
    "further_customer_ids",
    "foreign_customer_ids",
    "stated_countries",
)
PRINCIPAL_AAD = "requests|{id}|principal|{shop}"

_NOW = bindparam("now", type_=requests.c.wake_at.type)
SELECT_REQUEST = select(requests).where(requests.c.id == bindparam("of"))
_SELECT_WITH_KEY = select(requests, data_keys.c.wrapped).outerjoin(data_keys, data_keys.c.id == requests.c.data_key_id)
SELECT_REQUEST_WITH_KEY = _SELECT_WITH_KEY.where(requests.c.id == bindparam("of"))
SELECT_ACTIVE_REQUEST = _SELECT_WITH_KEY.where(requests.c.active_key == bindparam("of"))
SELECT_REQUEST_BY_ONCE_KEY = _SELECT_WITH_KEY.where(requests.c.once_key == bindparam("of"))
ACQUIRE_REQUEST_LEASE = (
    update(requests)
    .where(
        requests.c.id == bindparam("of"),
        requests.c.state.in_(OPEN_STATES),
        or_(requests.c.lease_until.is_(None), requests.c.lease_until < _NOW),
        or_(requests.c.attempts == 0, requests.c.wake_at <= _NOW),
    )
    .values(fence=requests.c.fence + 1, attempts=requests.c.attempts + 1, lease_until=bindparam("until"))
    .returning(requests.c.fence)
)
UPDATE_LEASED_REQUEST = update(requests).where(requests.c.id == bindparam("of"), requests.c.fence == bindparam("by"))
# not a lease that was released: a renewal in the background may have waited for the transaction that released it
RENEW_REQUEST_LEASE = UPDATE_LEASED_REQUEST.where(requests.c.lease_until.is_not(None)).values(
    lease_until=bindparam("until")
)


class RequestRows:
    """Privacy requests and the leases on them."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection
        self._tasks = TaskRows(session)

    def open_request(
        self, request: PrivacyRequest, *, idempotency_key: str, tasks: Sequence[Task], stays_apart: bool = False
    ) -> PrivacyRequest | None:
        """Store a request with its tasks. None where one was opened under this idempotency key before.

        One that `stays_apart` is joined by no later one: another of the data subject and kind is open.
        """
        key = self._session.get_or_create_data_key(request.shop, request.subject or request.id)
        same = {name: getattr(request, name) for name in PrivacyRequest.__slots__ if name not in LEASE_FIELDS}
        row = same | {
            "once_key": idempotency_key,
            # what the ledger goes on with is joined by none: the platform must be asked by one that names the person; nor
            # is what says something of its own
            "active_key": None
            if stays_apart or request.source is RequestSource.LEDGER or request.kind.stands_alone
            else active_key(request.shop, request.kind, request.subject),
            "principal": self.seal_principal(request.id, request.shop, request.principal, key.id, key.key),
            "data_key_id": key.id,
            "external_ref": request.external_ref[:64],
            "clocks": json.dumps(dict(request.clocks)),
            "wake_at": self._session.now() + timedelta(seconds=ENQUEUE_GRACE_S),
        }
        insert = upsert(self._connection, requests).returning(requests.c.id)
        if self._connection.scalar(insert, row) is None:
            return None
        self._tasks.add_plan(tasks)
        return request

    def find_open_request(self, shop: str, kind: str, subject: str) -> PrivacyRequest | None:
        """Return the request of the same data subject and kind that is not done, if any."""
        return self._find_request(SELECT_ACTIVE_REQUEST, active_key(shop, kind, subject))

    def find_open_request_id(self, shop: str, kind: str, subject: str) -> str | None:
        """Return the id of the request of the same data subject and kind that later ones join, if any."""
        row = self._connection.execute(SELECT_ACTIVE_REQUEST, {"of": active_key(shop, kind, subject)}).one_or_none()
        return row.id if row else None

    def find_open_request_of_same_person(self, request: PrivacyRequest, kind: str) -> PrivacyRequest | None:
        """Return the data subject's request of this kind that is not done, under any key of the shop."""
        subjects = self.list_subjects(request)
        found = (self.find_open_request(shop, kind, subject) for shop, subject in subjects.items())
        return next((other for other in found if other), None) or self._find_open_request_of_customer(subjects, kind)

    def _find_open_request_of_customer(self, subjects: Mapping[str, str], kind: str) -> PrivacyRequest | None:
        """Return the open request of a data subject who is several customers, one of which is this one."""
        of_shops = [and_(requests.c.shop == shop, tasks.c.customer == key) for shop, key in subjects.items() if key]
        if not of_shops:
            return None
        is_customer = or_(*of_shops)
        of_customer = select(tasks.c.request_id).join(requests, requests.c.id == tasks.c.request_id).where(is_customer)
        is_open = (requests.c.kind == kind, requests.c.active_key.is_not(None))
        found = self._connection.scalar(of_customer.where(*is_open).order_by(requests.c.received_at).limit(1))
        return self.get_request(found) if found else None

    def list_subjects(self, request: PrivacyRequest) -> dict[str, str]:
        """Return the data subject's pseudonym by key of the shop, that of the request first."""
        from bridge.store.index.person_lookup import PersonLookup  # noqa: PLC0415 - slow to import

        lookup, own = PersonLookup(self._session), {request.shop: request.subject}
        others = self._session.shops.list_keys(request.shop)[1:]
        if not request.subject:  # the erasure of a shop
            return own | dict.fromkeys(others, "")
        found = {key: lookup.find_subject(key, request.principal) for key in others}
        return own | {key: subject for key, subject in found.items() if subject}

    def list_requests_of_same_person(self, request: PrivacyRequest) -> list[PrivacyRequest]:
        """Return all requests of the data subject, this one too, oldest first and without the principal."""
        of_person = [
            and_(requests.c.shop == shop, requests.c.subject == subject)
            for shop, subject in self.list_subjects(request).items()
            if subject
        ]
        rows = select(requests).where(or_(requests.c.id == request.id, *of_person))
        ordered = rows.order_by(requests.c.received_at, requests.c.id)
        return [request_from_row(row, Principal()) for row in self._connection.execute(ordered)]

    def find_request_by_idempotency_key(self, idempotency_key: str) -> PrivacyRequest | None:
        """Return the request that was opened under this idempotency key, if any."""
        return self._find_request(SELECT_REQUEST_BY_ONCE_KEY, idempotency_key)

    def is_known(self, request_id: str) -> bool:
        """Return whether there is a request with this id, readable or not."""
        return self._connection.execute(SELECT_REQUEST, {"of": request_id}).first() is not None

    def get_request(self, request_id: str) -> PrivacyRequest | None:
        """Return one request with its principal in the clear, if there is one with this id."""
        return self._find_request(SELECT_REQUEST_WITH_KEY, request_id)

    def get_sealed_request(self, request_id: str) -> PrivacyRequest | None:
        """Return one request without its principal, readable or not, if there is one with this id."""
        row = self._connection.execute(SELECT_REQUEST, {"of": request_id}).one_or_none()
        return request_from_row(row, Principal()) if row else None

    def _find_request(self, selection: Any, key: str) -> PrivacyRequest | None:
        row = self._connection.execute(selection, {"of": key}).one_or_none()
        if row and row.principal is not None and row.data_key_id:
            self._session.take_data_key(row.data_key_id, row.wrapped)
        return self._open_request_row(row) if row else None

    def read_request_row(self, request_id: str) -> Any:
        """Return the stored row of a request that exists, sealed as it is."""
        return self._connection.execute(SELECT_REQUEST, {"of": request_id}).one()

    def seal_principal(self, request_id: str, shop: str, principal: Principal, key_id: str, key: bytes) -> bytes:
        """Seal a principal under a data key, for the row of this request."""
        values = dataclasses.asdict(principal)
        cutoff_at = values.pop("cutoff_at")
        given = {name: found for name in (*LATER_TUPLE_FIELDS, "pseudonyms") if (found := values.pop(name))}
        # left out where there is none: the release before does not know them
        values |= given | ({"cutoff_at": cutoff_at.isoformat()} if cutoff_at else {})
        plain = json.dumps(values).encode()
        return self._session.keyring.seal(plain, PRINCIPAL_AAD.format(id=request_id, shop=shop), key_id=key_id, key=key)

    def _open_request_row(self, row: Any) -> PrivacyRequest:
        principal = Principal()
        if row.principal is not None:
            values = json.loads(self._session.open(row.principal, PRINCIPAL_AAD.format(id=row.id, shop=row.shop)))
            values |= {name: tuple(values.get(name, ())) for name in ("order_ids", *LATER_TUPLE_FIELDS)}
            values["pseudonyms"] = tuple((field, key) for field, key in values.get("pseudonyms", ()))
            if "cutoff_at" in values:
                values["cutoff_at"] = datetime.fromisoformat(values["cutoff_at"])
            principal = Principal(**values)
        return request_from_row(row, principal)

    def lock_request(self, request_id: str) -> None:
        """Take the row of a request until commit: whoever concludes it meanwhile is waited for. Call before facts are appended."""
        self._connection.execute(select(requests.c.id).where(requests.c.id == request_id).with_for_update()).all()

    def acquire_lease(self, request_id: str) -> Lease | None:
        """Lease a request that is due; None where it is done, not due, or leased."""
        now = self._session.now()
        until = now + timedelta(seconds=self._session.lease_s)
        fence = self._connection.scalar(ACQUIRE_REQUEST_LEASE, {"of": request_id, "now": now, "until": until})
        return None if fence is None else Lease(row_id=request_id, fence=fence, acquired_at=now)

    def verify_lease(self, lease: Lease) -> None:
        """Verify and renew a lease at the start of a transaction. Raises LeaseLost."""
        until = self._session.now() + timedelta(seconds=self._session.lease_s)
        values = {"of": lease.row_id, "by": lease.fence, "until": until}
        if self._connection.execute(RENEW_REQUEST_LEASE, values).rowcount != 1:
            raise LeaseLost(lease.row_id)

    def release_lease(
        self,
        lease: Lease,
        *,
        state: RequestState,
        wake_at: datetime | None,
        complete: bool | None,
        closed_at: datetime | None,
        last_error: str = "",
    ) -> None:
        """Release a request in a new state. One that is done joins no later request. Raises LeaseLost."""
        values: dict[str, Any] = {"state": state, "complete": complete, "closed_at": closed_at, "attempts": 0}
        values |= {"wake_at": wake_at, "rung_at": None, "lease_until": None, "last_error": last_error[:200]}
        if state is RequestState.DONE:
            values["active_key"] = None
        self._update_leased_request(lease, values)

    def postpone_request(self, lease: Lease, error: str, retry_at: datetime) -> None:
        """Release a request until `retry_at` after a fault of the bridge. Raises LeaseLost."""
        postponed = {"wake_at": retry_at, "rung_at": None, "last_error": error[:200], "lease_until": None}
        self._update_leased_request(lease, postponed)

    def fail_request(self, lease: Lease, error: str) -> None:
        """Mark a request as failed: operators see it, and a replay runs it again. Raises LeaseLost."""
        failed = {"state": RequestState.FAILED, "last_error": error[:200], "wake_at": None}
        self._update_leased_request(lease, {**failed, "lease_until": None})

    def forget_job(self, request_id: str) -> None:
        """Let enqueue_due enqueue a request again at once: its job was used up for another."""
        self._connection.execute(update(requests).where(requests.c.id == request_id).values(rung_at=None))

    def _update_leased_request(self, lease: Lease, values: dict[str, Any]) -> None:
        leased = {"of": lease.row_id, "by": lease.fence}
        if self._connection.execute(UPDATE_LEASED_REQUEST, values | leased).rowcount != 1:
            raise LeaseLost(lease.row_id)


def request_from_row(row: Any, principal: Principal) -> PrivacyRequest:
    """Return a row as a PrivacyRequest about this principal."""
    values = {name: getattr(row, name) for name in PrivacyRequest.__slots__}
    values |= {"kind": RequestKind(row.kind), "source": RequestSource(row.source), "state": RequestState(row.state)}
    values["answer_basis"] = AnswerBasis(row.answer_basis) if row.answer_basis else None
    values["ending"] = RequestEnding(row.ending) if row.ending else None
    return PrivacyRequest(**values | {"principal": principal, "clocks": json.loads(row.clocks)})


def active_key(shop: str, kind: str, subject: str) -> str:
    """Return the key that only one request of a data subject and kind has until it is done."""
    return f"{shop}|{kind}|{subject}"
