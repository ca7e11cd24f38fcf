"""What hangs on Asha's first order: the journey to it, the money, disputes, risk, and what staff and law wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.sandbox.shopify.records.parts import Record
from bridge.sandbox.shopify.rich.company import company_contact
from bridge.sandbox.shopify.rich.happenings import happenings
from bridge.sandbox.shopify.rich.logistics import over_handed, over_parcel, over_return
from bridge.sandbox.shopify.rich.money import given_back, payments

if TYPE_CHECKING:
    from bridge.sandbox.shopify.records.seeded_data import Planter
    from bridge.sandbox.shopify.state import Shop
    from bridge.sandbox.world.models import Order


def over_order(shop: Shop, one: Order, record: Record) -> Record:
    """Lay all of it over the order's record."""
    plant = shop.plant
    line, *others = record["lineItems"]
    group = plant.bare(
        "LineItemGroup", title="Set", quantity=1, customAttributes=[plant("Attribute", sibling=3)]
    )
    visit = journey_visit(plant)
    journey = plant("CustomerJourneySummary", ready=True, firstVisit=visit, lastVisit=visit, moments=[visit])
    shipping = [record["shippingLines"][0] | plant("ShippingLine")]
    return plant.over(
        record,
        "Order",
        lineItems=[plant.over(line, "LineItem", lineItemGroup=group), *others],
        localizedFields=[plant("LocalizedField")],
        localizationExtensions=[plant("LocalizationExtension")],
        cancellation=plant("OrderCancellation"),
        shippingLine=shipping[0],
        shippingLines=shipping,
        customerJourneySummary=journey,
        customerJourney=plant("CustomerJourney", firstVisit=visit, lastVisit=visit, moments=[visit]),
        risk=plant("OrderRiskSummary", assessments=[plant("OrderRiskAssessment", facts=[plant("RiskFact")])]),
        transactions=payments(plant, record["transactions"][0]),
        refunds=[given_back(plant, back) for back in record["refunds"]],
        returns=[over_return(plant, back) for back in record["returns"]],
        fulfillments=[over_parcel(plant, box) for box in record["fulfillments"]],
        fulfillmentOrders=[over_handed(plant, box) for box in record["fulfillmentOrders"]],
        disputes=[plant("OrderDisputeSummary")],
        agreements=[plant("SalesAgreement", kind="OrderAgreement")],
        paymentTerms=plant("PaymentTerms"),
        purchasingEntity=lambda _: buyer(shop, one.person_id or 0),
        events=[*record["events"], *happenings(plant, "Order", one.id)],
    )


def journey_visit(plant: Planter) -> Record:
    """One visit, with the campaign that led to it."""
    return plant(
        "CustomerVisit",
        utmParameters=plant("UTMParameters"),
        marketingEvent=plant("MarketingEvent"),
    )


def buyer(shop: Shop, person_id: int) -> Record:
    """Give who bought: a person of a company."""
    contact = company_contact(shop, person_id)
    place = contact["roleAssignments"][0]["companyLocation"]
    return {
        "__typename": "PurchasingCompany",
        "company": contact["company"],
        "contact": contact,
        "location": place,
    }
