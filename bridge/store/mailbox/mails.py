"""Mails that reached the merchant, each with its content sealed under a key of its own."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from bridge.model import IncomingMail, Mail, MailContent, MailKind, MailState, PrivacyRequest
from bridge.store.index.person_lookup import PersonLookup
from bridge.store.schema.desk_tables import mails
from bridge.store.schema.ulid import new_id
from bridge.store.session import Session
from bridge.store.upsert import upsert

MAIL_AAD = "mails|{id}|{column}|{shop}"


class MailRows:
    """Mails."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection
        self._person_lookup = PersonLookup(session)

    def add_mail(
        self, incoming: IncomingMail, *, shop: str, kind: MailKind, state: MailState, **links: str
    ) -> Mail | None:
        """Store a mail; None where the same one came before, by whichever way. `links` are ids of ours that it belongs to."""
        keyring, mail_id, key = self._session.keyring, new_id("mal"), secrets.token_bytes(32)
        content = MailContent(
            message_id=incoming.message_id, sender=incoming.sender, subject=incoming.subject, text=incoming.text
        )
        mail = Mail(
            id=mail_id,
            shop=shop,
            kind=kind,
            state=state,
            arrived_at=incoming.arrived_at,
            size=incoming.size,
            is_cut=incoming.is_cut,
            attachments=incoming.attachments,
            handled_at=None if state is MailState.OPEN else self._session.now(),
            **links,
        )
        same = json.dumps([content.message_id, content.sender, content.subject, content.text])
        row = asdict(mail) | {
            "once_key": keyring.digest("mail", same.encode())[:64],
            "sender_key": self.compute_sender_key(shop, incoming.sender),
            "wrapped": keyring.seal(key, MAIL_AAD.format(id=mail_id, column="wrapped", shop=shop)),
            "doc": keyring.seal(
                json.dumps(asdict(content)).encode(),
                MAIL_AAD.format(id=mail_id, column="doc", shop=shop),
                key_id=mail_id,
                key=key,
            ),
        }
        insert = upsert(self._connection, mails).returning(mails.c.id)
        return mail if self._connection.scalar(insert, row) is not None else None

    def compute_sender_key(self, shop: str, address: str) -> str:
        """Return the pseudonym of a sender's address, the one by which a person is found; '' without an address."""
        return self._person_lookup.pseudonym(shop, "email", address) if address else ""

    def find_mail(self, mail_id: str) -> Mail | None:
        """Return one mail without its content, if there is one with this id."""
        row = self._connection.execute(select(mails).where(mails.c.id == mail_id)).one_or_none()
        return mail_from_row(row) if row else None

    def open_content(self, mail: Mail) -> MailContent | None:
        """Return what the mail says; None where that was destroyed. The caller records who read it."""
        row = self._connection.execute(select(mails.c.wrapped, mails.c.doc).where(mails.c.id == mail.id)).one()
        if row.doc is None:
            return None
        keyring = self._session.keyring
        key = keyring.open(row.wrapped, MAIL_AAD.format(id=mail.id, column="wrapped", shop=mail.shop))
        aad = MAIL_AAD.format(id=mail.id, column="doc", shop=mail.shop)
        return MailContent(**json.loads(keyring.open(row.doc, aad, find_data_key=lambda _: key)))

    def list_mails(self, request_id: str = "") -> list[Mail]:
        """Return the mails that belong to a request, or all, oldest first."""
        rows = select(mails).order_by(mails.c.arrived_at, mails.c.id)
        of_request = rows.where(mails.c.request_id == request_id) if request_id else rows
        return [mail_from_row(row) for row in self._connection.execute(of_request)]

    def count_of_sender(self, shop: str, address: str, *, since: datetime) -> int:
        """Return how many mails came from this address since then."""
        of_sender = (mails.c.sender_key == self.compute_sender_key(shop, address), mails.c.arrived_at >= since)
        return self._connection.scalar(select(func.count()).select_from(mails).where(*of_sender)) or 0

    def end_mail(
        self, mail: Mail, state: MailState, *, request: PrivacyRequest | None = None, sender: str = ""
    ) -> bool:
        """Store that an officer is done with an open mail; False where somebody else was first.

        Of one that became a `request` the sender is found from then on as a person of that request's shop.
        """
        values: dict[str, Any] = {"state": state, "handled_at": self._session.now()}
        if request is not None:
            values |= {"request_id": request.id, "sender_key": self.compute_sender_key(request.shop, sender)}
        is_open = (mails.c.id == mail.id, mails.c.state == MailState.OPEN)
        return self._connection.execute(update(mails).where(*is_open).values(values)).rowcount == 1

    def destroy_contents(self, *, handled_before: datetime, limit: int) -> int:
        """Destroy keys and contents of mails that were done with before then; return how many."""
        old = select(mails.c.id).where(mails.c.doc.is_not(None), mails.c.handled_at < handled_before).limit(limit)
        destroyed = update(mails).where(mails.c.id.in_(old.scalar_subquery())).values(doc=None, wrapped=None)
        return self._connection.execute(destroyed).rowcount


def mail_from_row(row: Any) -> Mail:
    """Return a row as a Mail."""
    values = {name: getattr(row, name) for name in Mail.__slots__}
    return Mail(**values | {"kind": MailKind(row.kind), "state": MailState(row.state)})
