"""The persons that an incident concerns: found in evidence and in the index, and stored sealed, as pseudonyms."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select

from bridge.model import AffectedPersons, Fact
from bridge.store.crypto.own_key import open_under_own_key, seal_under_own_key
from bridge.store.schema.desk_tables import incident_persons
from bridge.store.schema.index_tables import merges, orders, parcels
from bridge.store.schema.tables import evidence, requests
from bridge.store.session import Session
from bridge.store.upsert import upsert

INCIDENT_PERSONS_AAD = "incident_persons|{request_id}|{column}|{shop}"
# facts by which somebody saw personal data, or a list of records, or took them out of the bridge
READ_FACTS = (
    Fact.PERSONAL_DATA_REVEALED,
    Fact.PACKAGE_RELEASED,
    Fact.OUTCOME_RELEASED,
    Fact.EVIDENCE_EXPORTED,
    Fact.RECORDS_SEARCHED,
    Fact.DOCUMENT_OPENED,
    Fact.REFUND_ACCOUNT_READ,
    Fact.VAULT_EXPORTED,
)
Person = tuple[str, str]  # shop and pseudonym
# a person as a request about the order would be stored
_PERSON_OF_ORDER = func.coalesce(
    *(func.nullif(orders.c[name], "") for name in ("customer_key", "email_key", "phone_key")), orders.c.order_key
)


class IncidentPersonRows:
    """Persons that incidents concern."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def save_persons(self, request_id: str, shop: str, found: AffectedPersons) -> None:
        """Seal who is concerned by an incident, in the place of what was stored before."""
        plain = json.dumps({"persons": found.persons, "unnamed_reads": found.unnamed_reads}).encode()
        sealed = seal_under_own_key(self._session.keyring, request_id, plain, _build_persons_aad(request_id, shop))
        row: dict[str, Any] = {"request_id": request_id, "shop": shop, "counted_at": self._session.now(), **sealed}
        changed = ("wrapped", "doc", "counted_at")
        self._connection.execute(upsert(self._connection, incident_persons, ["request_id"], changed), row)

    def get_persons(self, request_id: str) -> AffectedPersons:
        """Return who is concerned by an incident; nobody, and no time, where that was never searched for."""
        of_request = select(incident_persons).where(incident_persons.c.request_id == request_id)
        row = self._connection.execute(of_request).one_or_none()
        if row is None:
            return AffectedPersons()
        aad = _build_persons_aad(request_id, row.shop)
        stored = json.loads(open_under_own_key(self._session.keyring, row.wrapped, row.doc, aad))
        persons = tuple((shop, key) for shop, key in stored["persons"])
        return AffectedPersons(persons=persons, unnamed_reads=stored["unnamed_reads"], counted_at=row.counted_at)

    def find_persons_read(
        self, since: datetime, until: datetime, *, actor: str = "", shops: Collection[str] = ()
    ) -> tuple[set[Person], int]:
        """Return whose data were shown, exported or downloaded in a time, by one actor or by anybody.

        The number is of the reads whose fact names no person, such as a search.
        """
        is_read = [evidence.c.fact.in_(READ_FACTS), evidence.c.at >= since, evidence.c.at <= until]
        is_read += [evidence.c.actor == actor] if actor else []
        is_read += [evidence.c.shop.in_(shops)] if shops else []
        subject = func.coalesce(func.nullif(evidence.c.subject, ""), requests.c.subject, "").label("subject")
        rows = select(evidence.c.shop, subject).outerjoin(requests, requests.c.id == evidence.c.request_id)
        persons, unnamed = set[Person](), 0
        for row in self._connection.execute(rows.where(*is_read)):
            if row.subject:
                persons.add((row.shop, row.subject))
            else:
                unnamed += 1
        return persons, unnamed

    def find_persons_in_index(
        self,
        *,
        since: datetime | None,
        until: datetime | None,
        shops: Collection[str] = (),
        carriers: Collection[str] | None = None,
        account_holder: str = "",
    ) -> set[Person]:
        """Return the persons with orders in a time, or, where `carriers` are given, with parcels there that were sent in it.

        Whatever has no date counts. Merges of customers are followed.
        """
        rows = select(orders.c.shop, _PERSON_OF_ORDER.label("person")).distinct()
        moment: Any = orders.c.placed_at
        if carriers is not None:
            of_order = and_(parcels.c.shop == orders.c.shop, parcels.c.order_key == orders.c.order_key)
            rows, moment = rows.join(parcels, of_order), func.coalesce(parcels.c.shipped_at, orders.c.placed_at)
            rows = rows.where(or_(parcels.c.carrier.in_(carriers), parcels.c.account_holder == account_holder))
        if since is not None:
            rows = rows.where(or_(moment.is_(None), moment >= since))
        if until is not None:
            rows = rows.where(or_(moment.is_(None), moment <= until))
        if shops:
            rows = rows.where(orders.c.shop.in_(shops))
        kept = self._read_merges()
        return {(row.shop, _follow_merges(kept, row.shop, row.person)) for row in self._connection.execute(rows)}

    def find_requests_of_persons(self, persons: Collection[Person]) -> dict[Person, list[str]]:
        """Return the ids of these persons' requests that still name the person, newest first."""
        wanted, found = set(persons), dict[Person, list[str]]()
        columns = (requests.c.id, requests.c.shop, requests.c.subject)
        rows = select(*columns).where(requests.c.principal.is_not(None), requests.c.subject != "")
        for row in self._connection.execute(rows.order_by(requests.c.received_at.desc(), requests.c.id.desc())):
            if (row.shop, row.subject) in wanted:
                found.setdefault((row.shop, row.subject), []).append(row.id)
        return found

    def _read_merges(self) -> dict[Person, str]:
        rows = self._connection.execute(select(merges.c.shop, merges.c.deleted_key, merges.c.kept_key))
        return {(row.shop, row.deleted_key): row.kept_key for row in rows}


def _follow_merges(kept: dict[Person, str], shop: str, key: str) -> str:
    seen = set[str]()
    while (shop, key) in kept and key not in seen:
        seen.add(key)
        key = kept[shop, key]
    return key


def _build_persons_aad(request_id: str, shop: str) -> str:
    return INCIDENT_PERSONS_AAD.replace("{request_id}", request_id).replace("{shop}", shop)
