"""Decides whether it is sure enough who asks, and when a person who must prove it is reminded. Pure.

Identity is asked for only where there is reasonable doubt (GDPR Art 12(6), the merchant's policy s.10): an address that a code
came back from belongs to who asks, and records that have this address are theirs. To act for somebody else is the
worst that can happen, so records that do not have it are a doubt.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from bridge.model import IdentityDoubt, IdentityMethod, RequestKind, RequestSource
from bridge.rules.requests.deadlines import SHOPIFY_CLOCK

# what these do harms nobody who did not ask; a withdrawal must be as easy as the consent was (DPDP Act s.6(4), GDPR Art 7(3))
IDENTITY_FREE_KINDS = frozenset(
    {
        RequestKind.CONSENT_WITHDRAWAL,
        RequestKind.PROCESSOR_LIST,
        RequestKind.GRIEVANCE,
        RequestKind.INCIDENT,
        RequestKind.SHOP_ERASURE,
    }
)
# by these, who asks is known by an address alone
# nobody of the merchant's has read what came by these
REMOTE_SOURCES = frozenset({RequestSource.PAGE, RequestSource.MAIL})
MAX_TIMES_ASKED = 3
# what ends the doubt that a person is under 18, and no other
GUARDIAN_METHODS = frozenset({IdentityMethod.PARENT_OR_GUARDIAN, IdentityMethod.OF_AGE})


def is_on_record(address_owners: Collection[str], named_owners: Collection[str]) -> bool:
    """Return whether an address is on all records that the request names, and on some.

    `address_owners` are the persons whose records have the address, `named_owners` those of the customer, the orders and
    the phone that the request names beside it.
    """
    return bool(address_owners) and set(named_owners) <= set(address_owners)


def find_identity_doubt(
    kind: RequestKind, source: RequestSource, *, address_owners: Collection[str], named_owners: Collection[str]
) -> IdentityDoubt | None:
    """Return why it is not sure that who asks is the person whose data it is; None where there is no doubt.

    An address that is on no record and stands alone is no doubt: nothing but its own records is found by it.
    """
    if kind in IDENTITY_FREE_KINDS or source not in REMOTE_SOURCES or set(named_owners) <= set(address_owners):
        return None
    is_of_some = bool(set(named_owners) & set(address_owners))
    return IdentityDoubt.NAMES_SEVERAL_PERSONS if is_of_some else IdentityDoubt.ADDRESS_NOT_ON_RECORD


def is_fitting_method(doubt: IdentityDoubt, method: IdentityMethod) -> bool:
    """Return whether this ends the doubt: that a child asks by its own mailbox does not show that a parent asks."""
    return (doubt is IdentityDoubt.PERSON_IS_MINOR) is (method in GUARDIAN_METHODS)


def compute_reminder_time(*, received_at: datetime, due_at: datetime, asked_at: datetime) -> datetime:
    """Return when somebody who was asked for proof is reminded: at half of the term, or of what was left of it then."""
    half_term = received_at + (due_at - received_at) / 2
    return half_term if asked_at < half_term else max(asked_at, asked_at + (due_at - asked_at) / 2)


def is_clock_paused(regimes: Collection[str], *, pausing: Collection[str]) -> bool:
    """Return whether the term stops while proof is awaited: in the United Kingdom only, where the merchant's file says so.

    UK GDPR Art 12A(2) as inserted by the Data (Use and Access) Act 2025 s.76. No law of India or of the European Union
    stops its term.
    """
    return "UK" in pausing and "UK" in regimes and "EU" not in regimes


def pause_clocks(clocks: Mapping[str, datetime], paused_for: timedelta) -> dict[str, datetime]:
    """Return the clocks of a request after a pause; Shopify's runs on."""
    return {rule: at if rule == SHOPIFY_CLOCK else at + paused_for for rule, at in clocks.items()}
