"""Asha as the buyer of a company, at a place that has two addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.sandbox.shopify.records.parts import Record

if TYPE_CHECKING:
    from bridge.sandbox.shopify.records.seeded_data import Planter
    from bridge.sandbox.shopify.state import Shop

from bridge.sandbox.shopify.rich.happenings import happenings


def company_contact(shop: Shop, person_id: int) -> Record:
    """Asha as the buyer of a company, with a role at a place that has two addresses."""
    plant = shop.plant
    company = plant("Company")
    location = company_location(plant) | {"company": company}
    role = plant("CompanyContactRole")
    assigned = plant.bare(
        "CompanyContactRoleAssignment", role=role, companyLocation=location, company=company
    )
    customer: Record = {"customer": lambda _: shop.customer_record(person_id)}
    contact = plant("CompanyContact", company=company, roleAssignments=[assigned], **customer)
    company["contacts"] = lambda _: [contact]
    company["mainContact"] = lambda _: contact
    company["locations"] = lambda _: [location]
    return contact


def company_location(plant: Planter) -> Record:
    """Give the company's place."""
    return plant(
        "CompanyLocation",
        billingAddress=plant("CompanyAddress"),
        shippingAddress=plant("CompanyAddress", sibling=1),
        taxSettings=plant("CompanyLocationTaxSettings"),
        events=happenings(plant, "CompanyLocation", 0),
    )
