"""Seeded values of Asha's first order: the customer journey, money, disputes, risk, staff and legal notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.sandbox.shopify.records.parts import Record
from bridge.sandbox.shopify.rich.company import make_company_contact
from bridge.sandbox.shopify.rich.logistics import seed_fulfillment, seed_fulfillment_order, seed_return
from bridge.sandbox.shopify.rich.money import seed_payments, seed_refund
from bridge.sandbox.shopify.rich.timeline_events import make_timeline_events

if TYPE_CHECKING:
    from bridge.sandbox.shopify.records.seeded_data import RecordSeeder
    from bridge.sandbox.shopify.state import Shop
    from bridge.sandbox.world.models import Order


def seed_order(shop: Shop, order: Order, record: Record) -> Record:
    """Return the order's record with all seeded values."""
    seeder = shop.seeder
    line, *others = record["lineItems"]
    group = seeder.make_bare_record(
        "LineItemGroup", title="Set", quantity=1, customAttributes=[seeder("Attribute", sibling=3)]
    )
    visit = make_journey_visit(seeder)
    journey = seeder("CustomerJourneySummary", ready=True, firstVisit=visit, lastVisit=visit, moments=[visit])
    shipping = [record["shippingLines"][0] | seeder("ShippingLine")]
    return seeder.overlay(
        record,
        "Order",
        lineItems=[seeder.overlay(line, "LineItem", lineItemGroup=group), *others],
        localizedFields=[seeder("LocalizedField")],
        localizationExtensions=[seeder("LocalizationExtension")],
        cancellation=seeder("OrderCancellation"),
        shippingLine=shipping[0],
        shippingLines=shipping,
        customerJourneySummary=journey,
        customerJourney=seeder("CustomerJourney", firstVisit=visit, lastVisit=visit, moments=[visit]),
        risk=seeder("OrderRiskSummary", assessments=[seeder("OrderRiskAssessment", facts=[seeder("RiskFact")])]),
        transactions=seed_payments(seeder, record["transactions"][0]),
        refunds=[seed_refund(seeder, item) for item in record["refunds"]],
        returns=[seed_return(seeder, item) for item in record["returns"]],
        fulfillments=[seed_fulfillment(seeder, box) for box in record["fulfillments"]],
        fulfillmentOrders=[seed_fulfillment_order(seeder, box) for box in record["fulfillmentOrders"]],
        disputes=[seeder("OrderDisputeSummary")],
        agreements=[seeder("SalesAgreement", kind="OrderAgreement")],
        paymentTerms=seeder("PaymentTerms"),
        purchasingEntity=lambda _: make_buyer(shop, order.person_id or 0),
        events=[*record["events"], *make_timeline_events(seeder, "Order", order.id)],
    )


def make_journey_visit(seeder: RecordSeeder) -> Record:
    """Return one visit, with the campaign that led to it."""
    return seeder("CustomerVisit", utmParameters=seeder("UTMParameters"), marketingEvent=seeder("MarketingEvent"))


def make_buyer(shop: Shop, person_id: int) -> Record:
    """Return the purchasing entity: a contact of a company."""
    contact = make_company_contact(shop, person_id)
    location = contact["roleAssignments"][0]["companyLocation"]
    return {"__typename": "PurchasingCompany", "company": contact["company"], "contact": contact, "location": location}
