"""Decide which carrier had a parcel, and on whose account it was sent.

The order: the merchant's own rules; what the texts name (company, label around the number, tracking link), where they
agree; where they disagree, the one whose form the number has; else `unknown`. Shopify guesses tracking links from
numbers, so a link outranks nothing. Never guesses: a number alone attributes nothing, because the forms collide between
carriers. Never asks a carrier: that would disclose a parcel that it never had.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.model import MERCHANT_ACCOUNT
from bridge.rules.index.carrier_names import find_link_owners, find_named_aggregators, find_named_carriers
from bridge.rules.index.waybill_formats import (
    WAYBILL_FORMATS,
    is_personal_for,
    is_personal_number,
    is_plausible_waybill,
    normalise_waybill,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config.merchant_file.processors import AttributionRule

__all__ = [
    "UNKNOWN_CARRIER",
    "Attribution",
    "attribute_parcel",
    "is_personal_for",
    "is_personal_number",
    "is_plausible_waybill",
    "normalise_waybill",
]

UNKNOWN_CARRIER = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Attribution:
    """Who transported a parcel and who has the contract with the carrier.

    `decided_by` is what decided the carrier: `merchant`, `url`, `company` (the label around the number too) or
    `nothing`; with `+number` where the form of the number confirms it, `-number` where it contradicts. It is `conflict`
    where the texts name different companies, and the number does not tell which of them is right.
    """

    carrier: str
    account_holder: str
    decided_by: str

    @property
    def is_conflict(self) -> bool:
        """Return True where a person must decide between companies that the texts name."""
        return self.decided_by == "conflict"


def attribute_parcel(
    *,
    company: str,
    url: str,
    number: str,
    location: str = "",
    service: str = "",
    label: str = "",
    rules: Sequence[AttributionRule] = (),
) -> Attribution:
    """Return the carrier and the account holder of one parcel, from what its fulfillment says.

    `number` is one waybill, `label` the words that stood around it. `rules` are the merchant's own, `location` (an id)
    and `service` (a handle) what their conditions may name; the first rule whose conditions hold wins over everything.
    """
    by_tracking = _attribute_by_tracking(company, label, url, number)
    for rule in rules:
        if (
            (not rule.location or rule.location == location)
            and (not rule.service or rule.service == service)
            and (not rule.company or _normalise_company(rule.company) == _normalise_company(company))
            and normalise_waybill(number).startswith(normalise_waybill(rule.prefix))
        ):
            carrier = rule.carrier or by_tracking.carrier
            account_holder = rule.account_holder or (MERCHANT_ACCOUNT if rule.carrier else by_tracking.account_holder)
            return Attribution(carrier=carrier, account_holder=account_holder, decided_by="merchant")
    return by_tracking


def _normalise_company(company: str) -> str:
    return " ".join(company.lower().split())


def _attribute_by_tracking(company: str, label: str, url: str, number: str) -> Attribution:
    text = f"{company} | {label}" if label else company
    linked_aggregator, linked = find_link_owners(url)
    aggregators = find_named_aggregators(text) | {linked_aggregator} - {""}
    named, named_with_form = find_named_carriers(text)
    named |= {one for one in named_with_form if is_plausible_waybill(one, number)}
    candidates = named | {linked} - {""}
    fitting = {carrier for carrier in candidates if is_plausible_waybill(carrier, number)}
    carriers = candidates if len(candidates) == 1 else fitting
    if is_personal_number(number) and (len(carriers) != 1 or is_personal_for(next(iter(carriers)), number)):
        # a phone typed into the wrong field must not be sent to a carrier, nor to an aggregator
        return Attribution(carrier=UNKNOWN_CARRIER, account_holder=MERCHANT_ACCOUNT, decided_by="nothing")
    if len(aggregators) > 1:
        return Attribution(carrier=UNKNOWN_CARRIER, account_holder=MERCHANT_ACCOUNT, decided_by="conflict")
    account_holder = next(iter(aggregators), MERCHANT_ACCOUNT)
    if len(carriers) != 1:
        decided_by = "conflict" if candidates else "nothing"
        return Attribution(carrier=UNKNOWN_CARRIER, account_holder=account_holder, decided_by=decided_by)
    [carrier] = carriers
    decided_by = "url" if carrier == linked else "company"
    if carrier in WAYBILL_FORMATS and number.strip():
        decided_by += "+number" if carrier in fitting else "-number"
    return Attribution(carrier=carrier, account_holder=account_holder, decided_by=decided_by)
