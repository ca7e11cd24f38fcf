"""By what a carrier or an aggregator is recognised in free text: spellings of its name, and the hosts of its pages.

Pure. It decides nothing: what the texts name is weighed in `attribution.py`. A name that two companies share is left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit


@dataclass(frozen=True, kw_only=True, slots=True)
class CompanyNames:
    """The spellings of one company.

    `names` are letters and digits only and count inside a longer text; `words` are parts of other words ("navigation",
    "groups"), so they count only where they stand alone; `words_with_number` count only where the number has the
    company's form. `hosts` are domains, with everything below them.
    """

    names: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    words_with_number: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


# Shopify's own spellings for India are on FulfillmentTrackingInfo.company; the field is free text, and
# aggregators add product names: "Bluedart Surface - Select  500gm".
# https://shopify.dev/docs/api/admin-graphql/latest/objects/FulfillmentTrackingInfo
CARRIERS: Mapping[str, CompanyNames] = {
    "bluedart": CompanyNames(
        # Blue Dart belongs to DHL: who writes both means Blue Dart
        names=("bluedart", "bdart", "bluedrat", "bludart", "bluedartdhl", "dhlbluedart", "bluedartexpressdhl"),
        hosts=("bluedart.com",),
    ),
    "delhivery": CompanyNames(
        names=("delhivery", "delhivry", "dehlivery", "delhivary", "dlhivery", "delhiverry"), hosts=("delhivery.com",)
    ),
    # DTD Express is on Shopify's list a company of the US; shops in India mean DTDC
    "dtdc": CompanyNames(names=("dtdc", "dtdexpress"), hosts=("dtdc.com", "dtdc.in")),
    "shadowfax": CompanyNames(names=("shadowfax", "shadofax", "shadowfox"), words=("sfx",), hosts=("shadowfax.in",)),
    "xpressbees": CompanyNames(
        names=("xpressbee", "xbees", "expressbee", "xpresbee"), hosts=("xpressbees.com", "xbees.in")
    ),
    "ecomexpress": CompanyNames(names=("ecomexpress", "ecomxpress"), hosts=("ecomexpress.in",)),
    "ekart": CompanyNames(names=("ekart",), hosts=("ekartlogistics.com", "ekartlogistics.in")),
    "indiapost": CompanyNames(
        names=("indiapost", "indianpost", "speedpost", "departmentofposts"),
        words_with_number=("ems", "registered", "post"),
        hosts=("indiapost.gov.in",),
    ),
    "gati": CompanyNames(names=("gatikwe", "gatiltd"), words=("gati",), hosts=("gati.com", "gatikwe.com")),
    "professionalcouriers": CompanyNames(names=("professionalcour",), words=("tpc",), hosts=("tpcindia.com",)),
    "shreenandan": CompanyNames(
        names=("shreenandan", "shrinandan", "nandancourier"), hosts=("shreenandancourier.com",)
    ),
    "shreemaruti": CompanyNames(
        names=("shreemaruti", "shrimaruti", "shreemarutinandan", "marutinandan", "maruticourier"),
        hosts=("shreemaruti.com", "shreemaruticourier.com"),
    ),
    "shreetirupati": CompanyNames(
        names=("shreetirupati", "shritirupati", "tirupaticourier"), hosts=("shreetirupaticourier.net",)
    ),
    "trackon": CompanyNames(names=("trackoncour", "trackonprime"), words=("trackon",), hosts=("trackon.in",)),
    "safexpress": CompanyNames(names=("safexpress",), hosts=("safexpress.com",)),
    "smartr": CompanyNames(names=("smartrlogistics",), words=("smartr",), hosts=("smartr.in",)),
    "amazon": CompanyNames(names=("amazon",), words=("ats",), hosts=("track.amazon.in", "track.amazon.com")),
    "dhl": CompanyNames(names=("dhlexpress",), words=("dhl",), hosts=("dhl.com", "dhl.de", "dhl.co.in")),
    "dhlecommerce": CompanyNames(names=("dhlecommerce",), hosts=("dhlecommerce.com", "webtrack.dhlglobalmail.com")),
    "fedex": CompanyNames(names=("fedex", "fedx", "federalexpress"), hosts=("fedex.com",)),
    "ups": CompanyNames(names=("unitedparcelservice",), words=("ups",), hosts=("ups.com",)),
    "usps": CompanyNames(
        names=("unitedstatespostal", "uspostalservice"), words=("usps",), hosts=("usps.com", "tools.usps.com")
    ),
    "aramex": CompanyNames(names=("aramex",), hosts=("aramex.com",)),
    "tnt": CompanyNames(names=("tntexpress",), words=("tnt",), hosts=("tnt.com",)),
    "royalmail": CompanyNames(names=("royalmail",), hosts=("royalmail.com",)),
    "canadapost": CompanyNames(names=("canadapost",), hosts=("canadapost.ca", "canadapost-postescanada.ca")),
    "australiapost": CompanyNames(names=("australiapost", "auspost"), hosts=("auspost.com.au",)),
    "singaporepost": CompanyNames(names=("singaporepost", "singpost"), hosts=("singpost.com",)),
}
# Aggregators hold the account: the carrier is their sub-processor
AGGREGATORS: Mapping[str, CompanyNames] = {
    "shiprocket": CompanyNames(
        names=("shiprocket", "shiprocet", "shipprocket"), hosts=("shiprocket.co", "shiprocket.in", "shiprocket.com")
    ),
    "nimbuspost": CompanyNames(names=("nimbuspost", "nimbus"), hosts=("nimbuspost.com",)),
    "pickrr": CompanyNames(names=("pickrr",), hosts=("pickrr.com",)),
    "ithink": CompanyNames(names=("ithink",), hosts=("ithinklogistics.com", "ithinklogistics.co.in")),
    "shipway": CompanyNames(names=("shipway",), hosts=("shipway.com", "shipway.in")),
    "shyplite": CompanyNames(names=("shyplite",), hosts=("shyplite.com",)),
    "eshopbox": CompanyNames(names=("eshopbox",), hosts=("eshopbox.com",)),
    "unicommerce": CompanyNames(names=("unicommerce", "uniware"), hosts=("unicommerce.com",)),
    "clickpost": CompanyNames(names=("clickpost",), hosts=("clickpost.in", "clickpost.ai")),
}
CARRIER_HOSTS = {host: code for code, one in CARRIERS.items() for host in one.hosts}
AGGREGATOR_HOSTS = {host: code for code, one in AGGREGATORS.items() for host in one.hosts}


@lru_cache(maxsize=4096)  # shops and aggregators write few different texts
def find_named_carriers(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return all carriers that the text names, and those that it names only if the number has their form."""
    named = _find_named_companies(text, CARRIERS, frozenset())
    return named, _find_named_companies(text, CARRIERS, frozenset(CARRIERS)) - named


@lru_cache(maxsize=4096)
def find_named_aggregators(text: str) -> frozenset[str]:
    """Return all aggregators that the text names."""
    return _find_named_companies(text, AGGREGATORS, frozenset())


def _find_named_companies(text: str, companies: Mapping[str, CompanyNames], fitting: frozenset[str]) -> frozenset[str]:
    """Return the companies that the text names. A name inside a longer one does not count: "DHL eCommerce" is not DHL."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    compact = re.sub(r"[^a-z0-9]", "", folded)
    words = set(re.findall(r"[a-z0-9]+", folded))
    found = {name: code for code, one in companies.items() for name in one.names if name in compact}
    codes = {code for name, code in found.items() if not any(name != longer and name in longer for longer in found)}
    inside = "".join(found)
    for code, one in companies.items():
        by_word = {*one.words, *(one.words_with_number if code in fitting else ())} & words
        if any(word not in inside for word in by_word):
            codes.add(code)
    return frozenset(codes)


def find_link_owners(url: str) -> tuple[str, str]:
    """Return the aggregator and the carrier to whose page a link leads; '' for none."""
    host = _parse_host(url) if url else ""
    return _find_host_owner(host, AGGREGATOR_HOSTS), _find_host_owner(host, CARRIER_HOSTS)


def _find_host_owner(domain: str, owners: Mapping[str, str]) -> str:
    """Return the owner of a domain or of one above it: `x.shiprocket.co` yes, `shiprocket.co.example` no."""
    while domain and domain not in owners:
        domain = domain.partition(".")[2]
    return owners.get(domain, "")


def _parse_host(url: str) -> str:
    text = url.strip()
    try:
        # urlsplit finds no host without a scheme: "www.bluedart.com/tracking"
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    except ValueError:  # malformed text such as "http://["
        return ""
    return host.rstrip(".")
