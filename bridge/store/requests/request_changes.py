"""Changes of a request: joined by a later one, run again, due earlier, or without its principal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import update

from bridge.model import AnswerBasis, Principal, PrivacyRequest, RequestEnding, RequestKind, RequestSource, RequestState
from bridge.rules.index.identity import is_readable_identifier
from bridge.store.index.person_lookup import PersonLookup
from bridge.store.requests.approvals import ApprovalRows
from bridge.store.requests.requests import OPEN_STATES, RequestRows, active_key
from bridge.store.requests.tasks import TaskRows
from bridge.store.schema.tables import requests
from bridge.store.session import Session


class RequestChanges:
    """Changes of what a request covers and of when it is due."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection
        self._requests, self._tasks = RequestRows(session), TaskRows(session)
        self._approvals = ApprovalRows(session)
        self._person_lookup = PersonLookup(session)

    def widen_request(self, request_id: str, principal: Principal, *, keeps_approval: bool = False) -> None:
        """Make a request cover these identifiers and orders too; where it grows, its tasks start again.

        With `keeps_approval` it acts as before: what is added needs no approval.
        """
        request = self._requests.get_request(request_id)
        if request is None:
            return
        known = request.principal
        wider = Principal(
            customer_id=self._choose_surviving_id(request.shop, known.customer_id, principal.customer_id),
            email=_choose_readable("email", known.email, principal.email),
            phone=_choose_readable("phone", known.phone, principal.phone),
            order_ids=tuple(dict.fromkeys((*known.order_ids, *principal.order_ids))),
            confirmed_order_ids=known.confirmed_order_ids,
            foreign_order_ids=known.foreign_order_ids,
            further_customer_ids=known.further_customer_ids,
            foreign_customer_ids=known.foreign_customer_ids,
            stated_countries=tuple(dict.fromkeys((*known.stated_countries, *principal.stated_countries))),
            # one that is about everything makes the request about everything
            cutoff_at=max(known.cutoff_at, principal.cutoff_at) if known.cutoff_at and principal.cutoff_at else None,
        )
        if wider != known:
            self.change_principal(request, wider, keeps_approval=keeps_approval)
        else:
            self.restart_request(request_id)

    def change_principal(self, request: PrivacyRequest, principal: Principal, *, keeps_approval: bool = False) -> None:
        """Make a request about this principal, and run all its tasks but notices again from the start.

        Where its plan was approved, that must be done anew, unless the caller says otherwise.
        """
        self.replace_principal(request, principal)
        if not keeps_approval:
            self._approvals.close_gate(request.id)
        self._tasks.reset_tasks(request.id)
        # the next write of a worker that started before the request changed is refused
        self._update_request(request.id, fence=requests.c.fence + 1, lease_until=None)
        self.restart_request(request.id)

    def _choose_surviving_id(self, shop: str, known: str, given: str) -> str:
        """Return which of two customer ids was not merged away: an erasure of the other id erases nothing."""
        key = self._person_lookup.pseudonym(shop, "customer", known)
        return given if given and (not key or self._person_lookup.follow_merges(shop, key) != key) else known

    def replace_principal(self, request: PrivacyRequest, principal: Principal | None) -> None:
        """Replace the principal of a request; None removes it.

        The principal of an erasure is sealed under a key of its own, so that the data subject's key can be destroyed.
        """
        row = self._requests.read_request_row(request.id)
        values: dict[str, Any] = {"principal": None}
        if principal is not None:
            subject = row.subject if row.kind == RequestKind.ACCESS else request.id
            key = self._session.get_or_create_data_key(row.shop, subject or request.id)
            sealed = self._requests.seal_principal(request.id, row.shop, principal, key.id, key.key)
            values = {"principal": sealed, "data_key_id": key.id}
        self._update_request(request.id, **values)
        if values.get("data_key_id") != row.data_key_id:
            self._session.destroy_unused_keys(row.shop, [row.data_key_id])

    def erase_principal(self, request_id: str) -> None:
        """Remove the principal of a request without opening it."""
        row = self._requests.read_request_row(request_id)
        self._update_request(request_id, principal=None)
        self._session.destroy_unused_keys(row.shop, [row.data_key_id])

    def advance_deadlines(self, request_id: str, earlier_request: PrivacyRequest) -> None:
        """Take over the clocks of a request that is due earlier; a clock never moves later."""
        names = ("received_at", "received_at_basis", "acknowledge_due_at", "due_at", "due_governed_by")
        values = {name: getattr(earlier_request, name) for name in names}
        values["clocks"] = json.dumps(dict(earlier_request.clocks))
        is_later = (requests.c.id == request_id, requests.c.due_at > earlier_request.due_at)
        self._connection.execute(update(requests).where(*is_later).values(**values))

    def move_clocks(self, request_id: str, clocks: Mapping[str, datetime], *, governed_by: str) -> None:
        """Store other days for the clocks of a request, and which governs: the one way by which a clock moves later."""
        stored = {rule: at.isoformat() for rule, at in clocks.items()}
        values = {"clocks": json.dumps(stored), "due_at": clocks[governed_by], "due_governed_by": governed_by}
        self._update_request(request_id, **values)

    def wake_request(self, request_id: str) -> None:
        """Make a request that is not done due now."""
        is_open = (requests.c.id == request_id, requests.c.state.in_(OPEN_STATES))
        due = update(requests).where(*is_open).values(wake_at=self._session.now(), rung_at=None)
        self._connection.execute(due)

    def govern_by(self, request_id: str, *, rule: str, due_at: datetime, fulfilled_at: datetime | None) -> None:
        """Store which of a request's clocks governs now, and since when everybody was told; the clocks stay as they are."""
        basis = AnswerBasis.DELIVERED if fulfilled_at else None
        values = {"due_governed_by": rule, "due_at": due_at, "answered_at": fulfilled_at, "answer_basis": basis}
        self._update_request(request_id, **values)

    def restart_request(self, request_id: str) -> None:
        """Run unfinished and failed tasks of a request again from their last page; clocks stay as they are."""
        self._tasks.restart_tasks(request_id)
        row = self._requests.read_request_row(request_id)
        values: dict[str, Any] = {"state": RequestState.IN_PROGRESS}
        other = self._requests.find_open_request_id(row.shop, row.kind, row.subject)
        may_be_joined = row.source != RequestSource.LEDGER and not RequestKind(row.kind).stands_alone
        if may_be_joined and other in (None, request_id):  # it stays apart from another
            values["active_key"] = active_key(row.shop, row.kind, row.subject)
        values |= {"attempts": 0, "last_error": "", "wake_at": self._session.now(), "rung_at": None}
        self._update_request(request_id, **values)

    def resume_request(self, request_id: str) -> None:
        """Run a request whose plan was approved; a worker that still reads for it does not put it back."""
        self._update_request(request_id, fence=requests.c.fence + 1, lease_until=None)
        self.restart_request(request_id)

    def end_early(self, request_id: str, ending: RequestEnding, *, is_answered: bool) -> None:
        """End a request that is not carried out; `is_answered` where nobody is owed an answer any more."""
        now = self._session.now()
        values: dict[str, Any] = {"state": RequestState.DONE, "ending": ending, "closed_at": now, "complete": None}
        values |= dict.fromkeys(("active_key", "wake_at", "rung_at", "lease_until")) | {"last_error": ""}
        if is_answered:
            values |= {"answered_at": now, "answer_basis": AnswerBasis.WAIVED}
        # the next write of a worker that reads for it is refused
        self._update_request(request_id, fence=requests.c.fence + 1, **values)
        self._tasks.end_tasks(request_id)

    def stay_apart(self, request_id: str) -> None:
        """Let the next request of the same data subject and kind be one of its own."""
        self._update_request(request_id, active_key=None)

    def extend_deadline(self, request_id: str, due_at: datetime, governed_by: str, clocks: Mapping[str, str]) -> None:
        """Store a later deadline, with all clocks that were counted before."""
        values = {"due_at": due_at, "due_governed_by": governed_by, "clocks": json.dumps(dict(clocks))}
        self._update_request(request_id, **values)

    def _update_request(self, request_id: str, **values: Any) -> None:
        self._connection.execute(update(requests).where(requests.c.id == request_id).values(**values))


def _choose_readable(field: str, known: str, given: str) -> str:
    """Return the known value; the given one if there is none, or none that can be read: it mends the request."""
    return known if known and (not given or is_readable_identifier(field, known)) else given
