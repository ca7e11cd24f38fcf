"""Find whose records an address is on, and the address at which a person can prove who they are. Reads by pseudonyms."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bridge.model import IdentityDoubt, LinkPurpose, PrivacyRequest
from bridge.rules.index.identity import list_normal_forms
from bridge.rules.requests.identity_doubt import is_on_record
from bridge.services import Services

if TYPE_CHECKING:
    from bridge.store import Tx

PROOF_LINK_DAYS = 14


def find_owners(request: PrivacyRequest, address: str, tx: Tx) -> tuple[set[str], set[str]]:
    """Return the persons whose records have this address, and those that the request names beside it."""
    owners, principal = tx.record_owners, request.principal
    named = owners.list_owners_of_named(request.shop, principal)
    mine = list_normal_forms("email", address)
    for other in list_normal_forms("email", principal.email):
        if other not in mine:
            named |= owners.list_owners_of_address(request.shop, other)
    return owners.list_owners_of_address(request.shop, address) if mine else set(), named


def choose_person_address(request: PrivacyRequest, tx: Tx) -> str:
    """Return where letters to the person of a request go: the stated contact, else the first address that it names; '' for none."""
    contact = tx.request_details.get_details(request.id, request.kind).contact
    if contact is not None:
        return contact.address
    return next(iter(list_normal_forms("email", request.principal.email)), "")


def is_recorded_contact(request: PrivacyRequest, address: str, tx: Tx) -> bool:
    """Return whether an address is on the records of the person that the request names."""
    address_owners, named_owners = find_owners(request, address, tx)
    return is_on_record(address_owners, named_owners)


def make_proof_link(request: PrivacyRequest, tx: Tx, services: Services) -> str | None:
    """Return the link by which somebody with the recorded address proves who they are; None where the letter goes elsewhere.

    A letter about a request of the platform goes to the shop, who cannot prove it for the person; and a child's own mailbox does
    not show that a parent asks.
    """
    check = tx.identity_checks.find_open_check(request.id)
    if check is None or check.doubt is IdentityDoubt.PERSON_IS_MINOR or not request.source.is_merchants:
        return None
    if not is_recorded_contact(request, choose_person_address(request, tx), tx):
        return None
    expires_at = services.clock.now() + timedelta(days=PROOF_LINK_DAYS)
    token = tx.person_links.create_link(request.id, LinkPurpose.PROVE_IDENTITY, expires_at=expires_at)
    return f"{services.settings.public_base_url}/identity/{token}"
