"""Asha as the buyer of a company, at a location with two addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.sandbox.shopify.records.parts import Record

if TYPE_CHECKING:
    from bridge.sandbox.shopify.records.seeded_data import RecordSeeder
    from bridge.sandbox.shopify.state import Shop

from bridge.sandbox.shopify.rich.timeline_events import make_timeline_events


def make_company_contact(shop: Shop, person_id: int) -> Record:
    """Return Asha as the buyer of a company, with a role at a location with two addresses."""
    seeder = shop.seeder
    company = seeder("Company")
    location = make_company_location(seeder) | {"company": company}
    role = seeder("CompanyContactRole")
    assigned = seeder.make_bare_record(
        "CompanyContactRoleAssignment", role=role, companyLocation=location, company=company
    )
    customer: Record = {"customer": lambda _: shop.find_customer_record(person_id)}
    contact = seeder("CompanyContact", company=company, roleAssignments=[assigned], **customer)
    company["contacts"] = lambda _: [contact]
    company["mainContact"] = lambda _: contact
    company["locations"] = lambda _: [location]
    return contact


def make_company_location(seeder: RecordSeeder) -> Record:
    """Return the company's location."""
    return seeder(
        "CompanyLocation",
        billingAddress=seeder("CompanyAddress"),
        shippingAddress=seeder("CompanyAddress", sibling=1),
        taxSettings=seeder("CompanyLocationTaxSettings"),
        events=make_timeline_events(seeder, "CompanyLocation", 0),
    )
