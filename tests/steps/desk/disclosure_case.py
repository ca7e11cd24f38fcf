"""Records disclosures to an invented authority, and reads what became of them."""

from __future__ import annotations

from datetime import date
from typing import Any

from bridge.model import AuthorityDisclosure, DisclosureParticulars, Principal, Secrecy
from bridge.services import Services
from bridge.steps.desk.record_disclosure import record_disclosure
from tests.factories import SHOP

POLICE = DisclosureParticulars(
    authority="Cyber Crime Cell, Example City", law="notice 12/2026", categories=("address", "contact"), country="IN"
)
ASHA_BY_CUSTOMER = Principal(customer_id="7001")
GIVEN_ON = date(2026, 11, 20)
OPEN_ENDED = Secrecy()
BY = {"actor": "operator:asha.k", "reason": "notice of 18 Nov"}


def disclose(
    services: Services,
    principal: Principal = ASHA_BY_CUSTOMER,
    secrecy: Secrecy | None = None,
    particulars: DisclosureParticulars = POLICE,
    **given: Any,
) -> AuthorityDisclosure:
    """Record a disclosure, changed by `given`."""
    usual = {"given_on": GIVEN_ON, "shop": SHOP, "principal": principal, "services": services}
    return record_disclosure(particulars, secrecy=secrecy, **(BY | usual | given))


def list_disclosures(services: Services) -> list[AuthorityDisclosure]:
    with services.store.read() as tx:
        return tx.disclosures.list_disclosures(limit=100)
