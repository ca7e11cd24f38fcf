"""Reads what a platform holds of a person that rests on the consent alone, and decides what a withdrawal does with it.

Changes nothing, and reads names of metafields only, never a value. The plan of a withdrawal and its deed come from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bridge.model import (
    CustomerConsents,
    Principal,
    PrivacyRequest,
    StopMarketingProgress,
    TaskAction,
    WithdrawalParticulars,
    get_progress,
)
from bridge.ports import Platform
from bridge.rules.consents.channels import PHONE_CHANNELS, list_withdrawn_channels
from bridge.rules.consents.consent_data import ConsentData, decide_consent_data, list_consent_categories
from bridge.rules.index.identity import list_normal_forms
from bridge.rules.retention.category_retention import CategoryRetention
from bridge.services import Services
from bridge.steps.erasure.held.retention_records import read_subject_retention
from bridge.steps.erasure.scope import read_erasure_scope

if TYPE_CHECKING:
    from bridge.store import Tx


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsentDataReading:
    """What was found, and by category what a law keeps. `is_own_address`: the letter goes to the person of the data."""

    found: tuple[ConsentData, ...] = ()
    retentions: Mapping[str, CategoryRetention] = field(default_factory=dict)
    is_own_address: bool = False


def read_consent_data(request: PrivacyRequest, platform: Platform, services: Services) -> ConsentDataReading:
    """Return what is there now. Raises StoreUnavailable, and as `Platform.list_customer_consents`.

    A customer that only a phone leads to may be another person: of its consents only those to be reached by phone count.
    """
    with services.store.read() as tx:
        contact = tx.request_details.get_details(request.id, request.kind).contact
        channels = read_withdrawn_channels(request, tx)
        is_stopped = _read_stop(request, tx).stopped_at is not None
        subject = read_subject_retention(request, read_erasure_scope(request, (), tx), tx=tx, services=services)
        categories = list_consent_categories(services.retention)
        retentions = {category.id: subject.calculate_customer(category.id) for category in categories}
    customers = platform.list_customer_consents(request.principal, channels, shop=request.shop)
    contacts = [("customer", one.customer_id) for one in customers]
    with services.store.read() as tx:
        stops = tx.marketing_stops.find_stops(request.shop, contacts)
    found: list[ConsentData] = []
    for one in customers:
        # once it is stopped here the stops say it all: a consent that is newer has ended one
        withdrawn = {*stops["customer", one.customer_id], *(() if is_stopped else select_channels(one, channels))}
        items = platform.list_customer_residue(one.customer_id, shop=request.shop)
        found += decide_consent_data(items, withdrawn, retentions, services.retention)
    address = contact.address if contact else ""
    return ConsentDataReading(
        found=tuple(found),
        retentions=retentions,
        is_own_address=_is_own_address(request, address, channels, customers, platform),
    )


def read_withdrawn_channels(request: PrivacyRequest, tx: Tx) -> tuple[str, ...]:
    """Return the channels that a withdrawal is about: as they were stopped, which outlives what the person stated."""
    if stopped := _read_stop(request, tx).channels:
        return stopped
    stated = tx.request_details.get_details(request.id, request.kind).particulars
    return list_withdrawn_channels(stated.channels if isinstance(stated, WithdrawalParticulars) else ())


def select_channels(customer: CustomerConsents, channels: Sequence[str]) -> tuple[str, ...]:
    """Return those of the withdrawn channels that are withdrawn for this customer."""
    return tuple(each for each in channels if each in PHONE_CHANNELS or not customer.is_by_phone_only)


def _read_stop(request: PrivacyRequest, tx: Tx) -> StopMarketingProgress:
    stops = [task for task in tx.tasks.list_tasks(request.id) if task.action is TaskAction.STOP_MARKETING]
    return get_progress(stops[0], StopMarketingProgress) if stops else StopMarketingProgress()


def _is_own_address(
    request: PrivacyRequest,
    address: str,
    channels: Sequence[str],
    customers: Sequence[CustomerConsents],
    platform: Platform,
) -> bool:
    """Return whether everything that the request names belongs to the address that the letter goes to.

    A phone or an order may be another person's, so that neither a yes nor a no is told where one is named.
    """
    person, forms = request.principal, list_normal_forms("email", address)
    named = list_normal_forms("email", person.email)
    if not forms or person.phone or person.order_ids or not set(named) <= set(forms):
        return False
    if not person.customer_ids:
        return True
    own = platform.list_customer_consents(Principal(email=address), channels, shop=request.shop)
    return {one.customer_id for one in own} == {one.customer_id for one in customers}
