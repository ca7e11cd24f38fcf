"""Hands an access package over by a link that works once: makes the link, reads the package for it, records the download.

The link goes to an address that is on the person's records or that a code proved, and to no other. It is used up when the
last byte was given to the network: a download that broke off before that may be tried again. Nothing here sends a letter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bridge.errors import ConcurrentChange, LinkEnded, LinkInvalid, PayloadInvalid
from bridge.model import Fact, LetterKind, LinkPurpose, PrivacyRequest, ReplyContact, RequestKind
from bridge.services import Services
from bridge.steps.access.package import renew_unstated_package
from bridge.steps.evidence.record_facts import enqueue_request_ids
from bridge.steps.identity.recorded_contact import choose_person_address, is_recorded_contact
from bridge.steps.letters.queue_letter import queue_letter
from bridge.steps.requests.record_answer_given import record_package_release, save_delivery
from config.readiness import list_package_blockers

if TYPE_CHECKING:
    from bridge.store import Tx

DOWNLOAD_LINK_DAYS = 14
DOWNLOAD_CHANNEL = "link"
DOWNLOAD_ACTOR = "person"


@dataclass(frozen=True, kw_only=True, slots=True)
class OfferedPackage:
    """A package that a link leads to: whose request, how many bytes, until when, and when it was made."""

    request: PrivacyRequest
    size_bytes: int
    expires_at: datetime
    made_at: datetime
    contact: ReplyContact | None = None


def make_download_link(request: PrivacyRequest, tx: Tx, services: Services) -> str | None:
    """Return the link to the package of a request; None where there is none, it may not leave, or the address is not verified."""
    if explain_no_link(request, tx, services):
        return None
    expires_at = services.clock.now() + timedelta(days=DOWNLOAD_LINK_DAYS)
    token = tx.person_links.create_link(request.id, LinkPurpose.DOWNLOAD, expires_at=expires_at)
    return f"{services.settings.public_base_url}/packages/{token}"


def explain_no_link(request: PrivacyRequest, tx: Tx, services: Services) -> str:
    """Return the code of why no link to the package of a request can be given; '' where one can."""
    if request.kind is not RequestKind.ACCESS or not tx.packages.filter_kept_packages([request.id]):
        return "no_package"
    if list_package_blockers(services.merchant, services.retention, services.settings.merchant_file):
        return "statements_missing"
    contact = tx.request_details.get_details(request.id, request.kind).contact
    is_proven = contact is not None and contact.proven
    if is_proven or is_recorded_contact(request, choose_person_address(request, tx), tx):
        return ""
    return "address_not_verified"


def renew_download_link(request_id: str, *, actor: str, reason: str, services: Services) -> int:
    """End the links to a package and queue its letter again, with a new one. Return the letter's number.

    Raises PayloadInvalid: `request_unknown`, `no_package`, `statements_missing`, `address_not_verified`.
    """
    with services.store.transaction() as tx:
        tx.requests.lock_request(request_id)
        request = tx.requests.get_request(request_id)
        if request is None:
            raise PayloadInvalid("request_unknown")
        if why := explain_no_link(request, tx, services):
            raise PayloadInvalid(why)
        tx.person_links.delete_links(request_id, LinkPurpose.DOWNLOAD)
        answers = [
            letter.number for letter in tx.person_letters.list_letters(request_id) if letter.kind is LetterKind.ANSWER
        ]
        number = max(answers, default=-1) + 1
        queue_letter(request, LetterKind.ANSWER, tx=tx, number=number, actor=actor)
        tx.evidence.append_fact(
            Fact.DOWNLOAD_RENEWED,
            shop=request.shop,
            actor=actor,
            request_id=request_id,
            subject=request.subject,
            reason=reason,
            number=number,
        )
    return number


def find_offered_package(token: str, *, services: Services) -> OfferedPackage:
    """Return what a link offers. Raises LinkInvalid, and LinkEnded where it did once."""
    with services.store.read() as tx:
        link = tx.person_links.find_link(token, LinkPurpose.DOWNLOAD)
        request = tx.requests.get_request(link.request_id) if link else None
        if link is None or request is None:
            raise LinkInvalid
        made_at, size = tx.hand_overs.find_package_ready_at(request.id), tx.packages.measure_package(request.id)
        details = tx.request_details.get_details(request.id, request.kind)
    if not link.is_open or made_at is None:
        raise LinkEnded
    return OfferedPackage(
        request=request, size_bytes=size, expires_at=link.expires_at, made_at=made_at, contact=details.contact
    )


def open_offered_package(token: str, *, services: Services) -> OfferedPackage:
    """Return the package that is about to be read by this link, made anew where it left something unsaid.

    Raises LinkInvalid, LinkEnded, ConcurrentChange, StoreUnavailable.
    """
    renew_unstated_package(find_offered_package(token, services=services).request.id, services=services)
    return find_offered_package(token, services=services)


def stream_package(token: str, offered: OfferedPackage, *, services: Services) -> Iterator[bytes]:
    """Yield the package in pieces, and record the download when somebody took the last one.

    No transaction is open while a piece is on its way. Raises ConcurrentChange where the package was made anew meanwhile.
    """
    request_id, digest, sent_bytes, seq = offered.request.id, hashlib.sha256(), 0, 0
    while piece := _read_same_package(offered, seq, services):
        digest.update(piece)
        yield piece
        sent_bytes, seq = sent_bytes + len(piece), seq + 1
    if sent_bytes != offered.size_bytes:
        raise ConcurrentChange
    with services.store.transaction() as tx:
        tx.requests.lock_request(request_id)
        request = tx.requests.get_request(request_id) or offered.request
        used = tx.person_links.use_link(token, LinkPurpose.DOWNLOAD)
        record_package_release(
            request,
            actor=DOWNLOAD_ACTOR,
            reason="download by the link of a letter",
            size_bytes=sent_bytes,
            sha256=digest.hexdigest(),
            channel=DOWNLOAD_CHANNEL,
            tx=tx,
        )
        woken: list[str] = []
        if used is not None and request.closed_at is not None:
            woken = save_delivery(
                request, services.clock.now(), channel=DOWNLOAD_CHANNEL, actor=DOWNLOAD_ACTOR, tx=tx, services=services
            )
    enqueue_request_ids(woken, services)


def _read_same_package(offered: OfferedPackage, seq: int, services: Services) -> bytes:
    with services.store.read() as tx:
        if tx.hand_overs.find_package_ready_at(offered.request.id) != offered.made_at:
            raise ConcurrentChange
        return tx.packages.read_piece(offered.request.id, seq)
