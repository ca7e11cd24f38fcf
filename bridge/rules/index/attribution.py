"""Decide which carrier had a parcel, and on whose account it was sent.

The merchant's own rules come first; then the tracking URL's host and the company text, in this order. Never guesses:
a number alone attributes nothing, because the forms collide between carriers, and what nobody names is `unknown`.
Never asks a carrier: that would disclose a parcel that it never had.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bridge.model import MERCHANT_ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from config.merchant_file.processors import AttributionRule

UNKNOWN_CARRIER = "unknown"

# By carrier: spellings of its name, as letters and digits only, and its hosts.
# Shopify's own spellings for India are on FulfillmentTrackingInfo.company; the field is free text, and
# aggregators add product names: "Bluedart Surface - Select  500gm".
# https://shopify.dev/docs/api/admin-graphql/latest/objects/FulfillmentTrackingInfo
_CARRIERS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "bluedart": (("bluedart", "bdart"), ("bluedart.com",)),
    "delhivery": (("delhivery",), ("delhivery.com",)),
    # DTD Express is on Shopify's list a company of the US; shops in India mean DTDC
    "dtdc": (("dtdc", "dtdexpress"), ("dtdc.com", "dtdc.in")),
    "shadowfax": (("shadowfax",), ("shadowfax.in",)),
    "xpressbees": (("xpressbees", "xbees"), ("xpressbees.com",)),
    "ecomexpress": (("ecomexpress",), ("ecomexpress.in",)),
    "ekart": (("ekart",), ("ekartlogistics.com",)),
    "indiapost": (("indiapost", "speedpost"), ("indiapost.gov.in",)),
    "gati": (("gatikwe",), ("gati.com",)),
    "professionalcouriers": (("professionalcour",), ("tpcindia.com",)),
    "shreenandan": (("shreenandancourier",), ()),
    "amazon": (("amazon",), ()),
    "dhl": (("dhlexpress",), ("dhl.com",)),
    "dhlecommerce": (("dhlecommerce",), ()),
    "fedex": (("fedex",), ("fedex.com",)),
    "ups": ((), ("ups.com",)),
}
# Parts of other words ("navigation", "groups"): they count only where they stand alone.
SHORT_CARRIER_NAMES: Mapping[str, str] = {"gati": "gati", "sfx": "shadowfax", "dhl": "dhl", "ups": "ups"}
# Aggregators hold the account: the carrier is their sub-processor
_AGGREGATORS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "shiprocket": (("shiprocket",), ("shiprocket.co", "shiprocket.in", "shiprocket.com")),
    "nimbuspost": (("nimbuspost",), ("nimbuspost.com",)),
    "pickrr": (("pickrr",), ("pickrr.com",)),
    "ithink": (("ithinklogistics",), ("ithinklogistics.com", "ithinklogistics.co.in")),
    "shipway": (("shipway",), ("shipway.com", "shipway.in")),
    "shyplite": (("shyplite",), ("shyplite.com",)),
}
CARRIER_COMPANY_NAMES = {name: code for code, (names, _) in _CARRIERS.items() for name in names}
CARRIER_HOSTS = {host: code for code, (_, hosts) in _CARRIERS.items() for host in hosts}
AGGREGATOR_COMPANY_NAMES = {name: code for code, (names, _) in _AGGREGATORS.items() for name in names}
AGGREGATOR_HOSTS = {host: code for code, (_, hosts) in _AGGREGATORS.items() for host in hosts}


@dataclass(frozen=True, kw_only=True, slots=True)
class Attribution:
    """Who transported a parcel and who has the contract with the carrier.

    `decided_by` is what decided the carrier: `merchant`, `url`, `company` or `nothing`; with `+number` where the form
    of the number confirms it, `-number` where it contradicts.
    """

    carrier: str
    account_holder: str
    decided_by: str


def attribute_parcel(
    *, company: str, url: str, number: str, location: str = "", service: str = "", rules: Sequence[AttributionRule] = ()
) -> Attribution:
    """Return the carrier and the account holder of one parcel, from what its fulfillment says.

    `rules` are the merchant's own, `location` (an id) and `service` (a handle) what their conditions may name.
    """
    waybill = normalise_waybill(number)
    if is_personal_number(waybill):  # a phone typed into the wrong field must not be sent to a carrier
        return Attribution(carrier=UNKNOWN_CARRIER, account_holder=MERCHANT_ACCOUNT, decided_by="nothing")
    by_tracking = _attribute_by_tracking(company, url, number)
    for rule in rules:
        if (
            (not rule.location or rule.location == location)
            and (not rule.service or rule.service == service)
            and (not rule.company or _normalise_company(rule.company) == _normalise_company(company))
            and waybill.startswith(normalise_waybill(rule.prefix))
        ):
            carrier = rule.carrier or by_tracking.carrier
            account_holder = rule.account_holder or (MERCHANT_ACCOUNT if rule.carrier else by_tracking.account_holder)
            return Attribution(carrier=carrier, account_holder=account_holder, decided_by="merchant")
    return by_tracking


def _normalise_company(company: str) -> str:
    return " ".join(company.lower().split())


def _attribute_by_tracking(company: str, url: str, number: str) -> Attribution:
    host = _parse_host(url)
    letters = re.sub(r"[^a-z0-9]", "", company.lower())
    aggregator = _find_host_owner(host, AGGREGATOR_HOSTS) or _find_longest_name(letters, AGGREGATOR_COMPANY_NAMES)
    carrier, decided_by = _find_host_owner(host, CARRIER_HOSTS), "url"
    if not carrier:
        words = re.findall(r"[a-z0-9]+", company.lower())
        short = next((SHORT_CARRIER_NAMES[word] for word in words if word in SHORT_CARRIER_NAMES), "")
        carrier, decided_by = _find_longest_name(letters, CARRIER_COMPANY_NAMES) or short, "company"
    if not carrier:
        carrier, decided_by = UNKNOWN_CARRIER, "nothing"
    elif carrier in WAYBILL_FORMATS and number.strip():
        decided_by += "+number" if is_plausible_waybill(carrier, number) else "-number"
    return Attribution(carrier=carrier, account_holder=aggregator or MERCHANT_ACCOUNT, decided_by=decided_by)


def is_plausible_waybill(carrier: str, number: str) -> bool:
    """Return False where the number cannot be one of this carrier's; a filter, lenient, no proof.

    A carrier whose form is not known takes every number.
    """
    waybill = normalise_waybill(number)
    has_format = WAYBILL_FORMATS.get(carrier)
    return bool(waybill) if has_format is None else has_format(waybill)


def is_personal_number(number: str) -> bool:
    """Tell whether a tracking number may be a person's phone number or hold a name: shops type what they like."""
    waybill = normalise_waybill(number)
    phone = re.search(r"(?<![0-9])(?:0|91)?[6-9][0-9]{9}(?![0-9])", waybill)
    return bool(phone or re.search(r"[^\W\d_]{6,}|[^\W\d_A-Z]", waybill))


def _parse_host(url: str) -> str:
    text = url.strip()
    try:
        # urlsplit finds no host without a scheme: "www.bluedart.com/tracking"
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    except ValueError:  # malformed text such as "http://["
        return ""
    return host.rstrip(".")


def _find_host_owner(host: str, owners: Mapping[str, str]) -> str:
    """Find the owner of the domain or of one above it: `x.shiprocket.co` yes, `shiprocket.co.example` no."""
    labels = host.split(".")
    tails = (".".join(labels[start:]) for start in range(len(labels)))
    return next((owners[tail] for tail in tails if tail in owners), "")


def _find_longest_name(compact_text: str, names: Mapping[str, str]) -> str:
    contained = [name for name in names if name in compact_text]
    return names[max(contained, key=len)] if contained else ""


def normalise_waybill(number: str) -> str:
    """Return a number as carriers spell it: people write blanks and dashes into it."""
    return re.sub(r"[\s-]", "", number).upper()


# The forms below were checked on published numbers; no carrier documents them.


def _is_bluedart_number(number: str) -> bool:
    """Return True for eleven digits, the last the first ten mod 7; older accounts have eight to twelve characters."""
    if re.fullmatch(r"[0-9]{11}", number):
        return int(number[:10]) % 7 == int(number[10])
    return re.fullmatch(r"[0-9A-Z]{8,10}|[0-9A-Z]{12}", number) is not None


def _is_delhivery_number(number: str) -> bool:
    """Return True for fourteen digits, the last digits eight to thirteen mod 7; older ones have eleven to thirteen."""
    if re.fullmatch(r"[0-9]{14}", number):
        return int(number[7:13]) % 7 == int(number[13])
    return re.fullmatch(r"[0-9]{11,13}", number) is not None


def _is_indiapost_number(number: str) -> bool:
    """Return True for a number of UPU S10 of India: check digit mod 11 with the union's weights."""
    if not re.fullmatch(r"[A-Z]{2}[0-9]{9}IN", number):
        return False
    weighed = sum(int(d) * w for d, w in zip(number[2:10], (8, 6, 4, 2, 3, 5, 9, 7), strict=True))
    return {10: 0, 11: 5}.get(11 - weighed % 11, 11 - weighed % 11) == int(number[10])


WAYBILL_FORMATS: Mapping[str, Callable[[str], bool]] = {
    "bluedart": _is_bluedart_number,
    "delhivery": _is_delhivery_number,
    "dtdc": lambda number: re.fullmatch(r"[A-Z][0-9]{8}|[0-9A-Z]{9,14}", number) is not None,
    "ekart": lambda number: re.fullmatch(r"FMP[PC][0-9]{10}", number) is not None,
    "indiapost": _is_indiapost_number,
}
