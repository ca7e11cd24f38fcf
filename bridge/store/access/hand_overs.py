"""Answers: which access packages have not left the bridge, when answers reached the data subject, who waits for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select, update

from bridge.model import (
    AnswerBasis,
    Fact,
    PendingPackage,
    PrivacyRequest,
    RequestKind,
    RequestState,
    TaskState,
    WaitReason,
)
from bridge.store.evidence.chain import EvidenceRows
from bridge.store.index.person_lookup import LOOKUP_FIELDS, PersonLookup
from bridge.store.requests.requests import RequestRows
from bridge.store.requests.sql_conditions import IS_UNFULFILLED, waits_for
from bridge.store.schema.columns import inline
from bridge.store.schema.tables import packages, requests, tasks
from bridge.store.session import Session

_READY = (
    select(packages.c.request_id, func.max(packages.c.made_at).label("ready_at"))
    .group_by(packages.c.request_id)
    .subquery()
)
_IS_WAIVED = and_(requests.c.answer_basis.is_not(None), requests.c.answer_basis == AnswerBasis.WAIVED)
_IS_NOT_HANDED_OVER = or_(requests.c.handed_over_at.is_(None), requests.c.handed_over_at < _READY.c.ready_at)


def _select_pending() -> Select[Any]:
    is_pending = or_(
        and_(_READY.c.ready_at.is_not(None), _IS_NOT_HANDED_OVER),
        and_(_READY.c.ready_at.is_(None), requests.c.closed_at.is_(None), requests.c.state != RequestState.DONE),
    )
    columns = (requests.c.id, requests.c.due_at, requests.c.state, _READY.c.ready_at)
    return (
        select(*columns)
        .outerjoin(_READY, _READY.c.request_id == requests.c.id)
        .where(requests.c.kind == RequestKind.ACCESS, ~_IS_WAIVED, is_pending)
        .order_by(requests.c.received_at, requests.c.id)
    )


class HandOverRows:
    """Answers and packages on their way to the data subject."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def list_pending_packages(self) -> list[PendingPackage]:
        """Return the packages that are made and have not left the bridge, oldest request first."""
        return self._read_pending(_select_pending().where(_READY.c.ready_at.is_not(None)))

    def list_pending_packages_of_person(self, erasure: PrivacyRequest) -> list[PendingPackage]:
        """Return what the data subject of an erasure is still owed: packages that are made, being made, or failed.

        Under all keys of the shop; for a repeated erasure what was asked for before its cut-off.
        """
        lookup, shops = PersonLookup(self._session), self._session.shops.list_keys(erasure.shop)
        subjects = {erasure.subject, *RequestRows(self._session).list_subjects(erasure).values()}
        for shop in shops:
            keys = lookup.derive_search_keys(shop, erasure.principal)
            subjects |= {
                lookup.find_subject(shop, erasure.principal),
                *(key for of in LOOKUP_FIELDS for key in keys[of]),
            }
        of_person = (requests.c.shop.in_(shops), requests.c.subject.in_(subjects - {""}))
        rows = _select_pending().where(*of_person)
        if erasure.principal.cutoff_at is not None:
            rows = rows.where(requests.c.received_at <= erasure.principal.cutoff_at)
        return self._read_pending(rows)

    def _read_pending(self, rows: Select[Any]) -> list[PendingPackage]:
        return [
            PendingPackage(
                request_id=row.id, due_at=row.due_at, ready_at=row.ready_at, has_failed=row.state == RequestState.FAILED
            )
            for row in self._connection.execute(rows)
        ]

    def find_package_ready_at(self, request_id: str) -> datetime | None:
        """Return when the present package of a request was made, if there is one."""
        return self._connection.scalar(select(_READY.c.ready_at).where(_READY.c.request_id == request_id))

    def list_unfulfilled_requests(self) -> Sequence[tuple[str, datetime]]:
        """Return (id, deadline) of the requests of data subjects who are not known to have what they asked for."""
        of_persons = requests.c.kind.not_in((RequestKind.SHOP_ERASURE, RequestKind.INCIDENT))
        rows = select(requests.c.id, requests.c.due_at).where(of_persons, IS_UNFULFILLED)
        return [(row.id, row.due_at) for row in self._connection.execute(rows.order_by(requests.c.due_at))]

    def record_hand_over(
        self, request_id: str, at: datetime, *, answered_at: datetime | None = None, basis: AnswerBasis | None = None
    ) -> None:
        """Store that the package left the bridge and, where given, since when the data subject has the answer.

        The first answer counts; a hand-over is never moved to an earlier time.
        """
        of_request = requests.c.id == request_id
        later = or_(requests.c.handed_over_at.is_(None), requests.c.handed_over_at < at)
        self._connection.execute(update(requests).where(of_request, later).values(handed_over_at=at))
        if basis is not None:
            first = (of_request, requests.c.answered_at.is_(None))
            values = {"answered_at": answered_at, "answer_basis": basis}
            self._connection.execute(update(requests).where(*first).values(**values))

    def record_lost_package(self, request_id: str, *, reason: str) -> None:
        """Record that the package of a request was destroyed and had not left the bridge."""
        shop = RequestRows(self._session).read_request_row(request_id).shop
        EvidenceRows(self._session).append_fact(
            Fact.PACKAGE_DESTROYED, shop=shop, request_id=request_id, count=1, reason=reason, handed_over=False
        )

    def withdraw_waiver(self, request_id: str) -> None:
        """Take back that the data subject gave the answer up, because the same is asked for again."""
        waived = (requests.c.id == request_id, requests.c.answer_basis == AnswerBasis.WAIVED)
        values = {"answered_at": None, "answer_basis": None, "handed_over_at": None}
        self._connection.execute(update(requests).where(*waived).values(**values))

    def withdraw_delivery(self, request_id: str, sent_at: datetime) -> None:
        """Take back that an answer reached the data subject, because the letter that was sent then did not arrive."""
        delivered = (requests.c.id == request_id, requests.c.answered_at == sent_at)
        by_letter = requests.c.answer_basis == AnswerBasis.DELIVERED
        self._connection.execute(
            update(requests).where(*delivered, by_letter).values(answered_at=None, answer_basis=None)
        )

    def list_waiting_erasures(self) -> Sequence[tuple[str, datetime]]:
        """Return the erasures that wait for a package of the same data subject, with the end of the wait."""
        until = func.max(tasks.c.expected_by).label("until")
        rows = self._of_waiting_tasks(select(requests.c.id, until)).group_by(requests.c.id)
        return [(row.id, row.until) for row in self._connection.execute(rows)]

    def wake_waiting_erasures(self, shop: str) -> list[str]:
        """Make the erasures of the shop that wait for a package due now. Return their ids."""
        of_shop = requests.c.shop.in_(self._session.shops.list_keys(shop))
        ids = list(self._connection.scalars(self._of_waiting_tasks(select(requests.c.id).distinct()).where(of_shop)))
        now = self._session.now()
        due = update(requests).where(requests.c.id.in_(ids)).values(wake_at=now, rung_at=None, attempts=0)
        self._connection.execute(due)
        waiting = (tasks.c.request_id.in_(ids), waits_for(WaitReason.PACKAGE_NOT_HANDED_OVER))
        self._connection.execute(update(tasks).where(*waiting).values(wake_at=now))
        return ids

    @staticmethod
    def _of_waiting_tasks(rows: Select[Any]) -> Select[Any]:
        waiting = (tasks.c.state == inline(TaskState.WAITING), waits_for(WaitReason.PACKAGE_NOT_HANDED_OVER))
        return rows.join(tasks, tasks.c.request_id == requests.c.id).where(*waiting).order_by(requests.c.id)
