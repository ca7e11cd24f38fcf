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
    plant = shop.seeder
    line, *others = record["lineItems"]
    group = plant.make_bare_record(
        "LineItemGroup", title="Set", quantity=1, customAttributes=[plant("Attribute", sibling=3)]
    )
    visit = make_journey_visit(plant)
    journey = plant("CustomerJourneySummary", ready=True, firstVisit=visit, lastVisit=visit, moments=[visit])
    shipping = [record["shippingLines"][0] | plant("ShippingLine")]
    return plant.overlay(
        record,
        "Order",
        lineItems=[plant.overlay(line, "LineItem", lineItemGroup=group), *others],
        localizedFields=[plant("LocalizedField")],
        localizationExtensions=[plant("LocalizationExtension")],
        cancellation=plant("OrderCancellation"),
        shippingLine=shipping[0],
        shippingLines=shipping,
        customerJourneySummary=journey,
        customerJourney=plant("CustomerJourney", firstVisit=visit, lastVisit=visit, moments=[visit]),
        risk=plant("OrderRiskSummary", assessments=[plant("OrderRiskAssessment", facts=[plant("RiskFact")])]),
        transactions=seed_payments(plant, record["transactions"][0]),
        refunds=[seed_refund(plant, back) for back in record["refunds"]],
        returns=[seed_return(plant, back) for back in record["returns"]],
        fulfillments=[seed_fulfillment(plant, box) for box in record["fulfillments"]],
        fulfillmentOrders=[seed_fulfillment_order(plant, box) for box in record["fulfillmentOrders"]],
        disputes=[plant("OrderDisputeSummary")],
        agreements=[plant("SalesAgreement", kind="OrderAgreement")],
        paymentTerms=plant("PaymentTerms"),
        purchasingEntity=lambda _: make_buyer(shop, order.person_id or 0),
        events=[*record["events"], *make_timeline_events(plant, "Order", order.id)],
    )


def make_journey_visit(seeder: RecordSeeder) -> Record:
    """Return one visit, with the campaign that led to it."""
    return seeder(
        "CustomerVisit",
        utmParameters=seeder("UTMParameters"),
        marketingEvent=seeder("MarketingEvent"),
    )


def make_buyer(shop: Shop, person_id: int) -> Record:
    """Return the purchasing entity: a contact of a company."""
    contact = make_company_contact(shop, person_id)
    place = contact["roleAssignments"][0]["companyLocation"]
    return {
        "__typename": "PurchasingCompany",
        "company": contact["company"],
        "contact": contact,
        "location": place,
    }
