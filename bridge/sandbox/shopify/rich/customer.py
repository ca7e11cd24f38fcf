"""What hangs on Asha herself: consents, a second address, identities, and all that she pays and buys with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.sandbox.shopify.records.parts import Record, gid
from bridge.sandbox.shopify.rich.company import company_contact
from bridge.sandbox.shopify.rich.happenings import happenings
from bridge.sandbox.shopify.rich.methods import payment_methods, store_credit, subscription

if TYPE_CHECKING:
    from bridge.sandbox.shopify.records.seeded_data import Planter
    from bridge.sandbox.shopify.state import Shop


def over_customer(shop: Shop, person_id: int, record: Record) -> Record:
    """Lay all of it over the customer's record."""
    plant = shop.plant
    sms, whats_app = plant("CustomerSmsMarketingConsent"), plant("CustomerWhatsAppMarketingConsent")
    call = record["defaultPhoneNumber"] | {"smsMarketingConsent": sms, "whatsAppMarketingConsent": whats_app}
    home = record["defaultAddress"]
    away = plant("MailingAddress", id=gid("MailingAddress", plant.owner) + "?model_name=CustomerAddress")
    return plant.over(
        record,
        "Customer",
        amountSpent=record["amountSpent"],
        image=plant("Image"),
        taxSettings=plant("TaxSettings"),
        identityProviderSubjects=[plant("IdentityProviderSubject")],
        statistics=plant("CustomerStatistics"),
        defaultEmailAddress=plant.over(record["defaultEmailAddress"], "CustomerEmailAddress"),
        defaultPhoneNumber=call,
        emailMarketingConsent=plant("CustomerEmailMarketingConsentState"),
        smsMarketingConsent=plant("CustomerSmsMarketingConsentState"),
        addressesV2=[home, away],
        addresses=[home, away],
        events=[*record["events"], *happenings(plant, "Customer", person_id)],
        mergeable=_mergeable(plant),
        paymentMethods=payment_methods(shop, person_id),
        storeCreditAccounts=[store_credit(shop, person_id)],
        subscriptionContracts=[subscription(shop, person_id)],
        companyContactProfiles=[company_contact(shop, person_id)],
    )


def _mergeable(plant: Planter) -> Record:
    request = plant.bare("CustomerMergeRequest", jobId=None, status="IN_PROGRESS", customerMergeErrors=[])
    request["resultingCustomerId"] = request["id"].replace("CustomerMergeRequest", "Customer")
    reason = "canary-CustomerMergeable-reason"
    return {"isMergeable": False, "reason": reason, "errorFields": [], "mergeInProgress": request}
