"""Record what was given to an authority, keep it secret while a law says so, and end that. Calls nobody.

Its facts name no person and no request: what is told of a request, its evidence too, is the same with and without.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from bridge.errors import PayloadInvalid
from bridge.model import AuthorityDisclosure, DisclosureParticulars, Fact, Principal, Secrecy
from bridge.rules.desk.disclosures import compute_disclosable_at
from bridge.rules.index.identity import legacy_id
from bridge.rules.index.unreadable_identifiers import find_unreadable_fields
from bridge.rules.requests.same_person import list_contacts
from bridge.rules.retention.statutory_last_days import compute_day_start, local_day
from bridge.rules.scanning.personal_text import has_value_of_person
from bridge.services import Services

if TYPE_CHECKING:
    from bridge.store import Tx


def record_disclosure(
    particulars: DisclosureParticulars,
    *,
    given_on: date,
    secrecy: Secrecy | None,
    actor: str,
    reason: str,
    services: Services,
    request_id: str = "",
    shop: str = "",
    principal: Principal | None = None,
) -> AuthorityDisclosure:
    """Store that data of the person of a request, or of the person or orders that a principal names, were given. Return that.

    Raises PayloadInvalid: `request_unknown`, `nobody_named`, `<field>_unreadable`, `category_unknown`,
    `given_in_the_future`, `secrecy_before_disclosure`, `reason_names_person`.
    """
    retention = services.retention
    if not particulars.categories or not set(particulars.categories) <= retention.categories.keys():
        raise PayloadInvalid("category_unknown")
    if given_on > local_day(services.clock.now(), retention.calendar):
        raise PayloadInvalid("given_in_the_future")
    disclosable_at = compute_disclosable_at(given_on, secrecy, retention)
    with services.store.transaction() as tx:
        if request_id:
            shop, principal, keys = find_person_of_request(request_id, tx)
        else:
            principal = principal or Principal()
            if unreadable := find_unreadable_fields(principal):
                raise PayloadInvalid(f"{unreadable[0]}_unreadable")
            if not all(map(legacy_id, principal.order_ids)):
                raise PayloadInvalid("order_unreadable")
            named = tx.person_lookup.derive_order_keys(shop, principal.order_ids)
            keys = tx.disclosures.derive_keys(shop, principal) | {(shop, key) for key in named}
        if not keys:
            raise PayloadInvalid("nobody_named")
        values = (*principal.customer_ids, *principal.order_ids, *(value for _, value in list_contacts(principal)))
        if has_value_of_person(reason, values):
            raise PayloadInvalid("reason_names_person")
        disclosure_id = tx.disclosures.add_disclosure(
            shop, particulars, keys, given_at=compute_day_start(given_on, retention), disclosable_at=disclosable_at
        )
        about = {"shop": shop, "disclosure": disclosure_id}
        tx.evidence.append_fact(Fact.DISCLOSURE_RECORDED, actor=actor, **about, reason=reason)
        return _get_disclosure(disclosure_id, tx)


def find_person_of_request(request_id: str, tx: Tx) -> tuple[str, Principal, set[tuple[str, str]]]:
    """Return the shop and the person of a request, and the keys of disclosures about the person.

    Raises PayloadInvalid `request_unknown`.
    """
    request = tx.requests.get_request(request_id)
    if request is None:
        raise PayloadInvalid("request_unknown")
    keys = tx.disclosures.derive_keys(request.shop, request.principal, request.subject)
    of_orders = tx.legal_holds.find_order_keys_of_request(request) if keys else ()  # of an erasure too
    return request.shop, request.principal, keys | {(request.shop, key) for key in of_orders}


def change_secrecy(
    disclosure_id: str, secrecy: Secrecy | None, *, actor: str, reason: str, services: Services
) -> AuthorityDisclosure:
    """Keep a disclosure secret until another day, or end that now (None). Return it as it is stored.

    Raises PayloadInvalid: `disclosure_unknown`, `not_secret`, `secrecy_over`, `secrecy_before_disclosure`.
    """
    now, retention = services.clock.now(), services.retention
    with services.store.transaction() as tx:
        disclosure = _get_disclosure(disclosure_id, tx)
        if secrecy is None and not disclosure.is_secret(now):
            raise PayloadInvalid("not_secret")
        if secrecy and secrecy.until and secrecy.until < local_day(now, retention.calendar):
            raise PayloadInvalid("secrecy_over")
        given_on = local_day(disclosure.given_at, retention.calendar)
        disclosable_at = compute_disclosable_at(given_on, secrecy, retention) if secrecy else now
        tx.disclosures.set_disclosable_at(disclosure_id, disclosable_at)
        _record_change(Fact.DISCLOSURE_SECRECY_CHANGED, disclosure, tx, actor, reason)
        return _get_disclosure(disclosure_id, tx)


def remove_disclosure(disclosure_id: str, *, actor: str, reason: str, services: Services) -> None:
    """Delete a disclosure that was recorded by mistake. Raises PayloadInvalid `disclosure_unknown`."""
    with services.store.transaction() as tx:
        disclosure = _get_disclosure(disclosure_id, tx)
        tx.disclosures.delete_disclosure(disclosure_id)
        _record_change(Fact.DISCLOSURE_REMOVED, disclosure, tx, actor, reason)


def _get_disclosure(disclosure_id: str, tx: Tx) -> AuthorityDisclosure:
    disclosure = tx.disclosures.find_disclosure(disclosure_id)
    if disclosure is None:
        raise PayloadInvalid("disclosure_unknown")
    return disclosure


def _record_change(fact: Fact, disclosure: AuthorityDisclosure, tx: Tx, actor: str, reason: str) -> None:
    tx.evidence.append_fact(fact, shop=disclosure.shop, actor=actor, disclosure=disclosure.id, reason=reason)
