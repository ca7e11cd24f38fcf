"""Seeded values of Asha's customer record: consents, a second address, identities, payment methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.sandbox.shopify.records.parts import Record, make_gid
from bridge.sandbox.shopify.rich.company import make_company_contact
from bridge.sandbox.shopify.rich.methods import make_payment_methods, make_store_credit, make_subscription
from bridge.sandbox.shopify.rich.timeline_events import make_timeline_events

if TYPE_CHECKING:
    from bridge.sandbox.shopify.records.seeded_data import RecordSeeder
    from bridge.sandbox.shopify.state import Shop


def seed_customer(shop: Shop, person_id: int, record: Record) -> Record:
    """Return the customer's record with all seeded values."""
    seeder = shop.seeder
    sms, whats_app = seeder("CustomerSmsMarketingConsent"), seeder("CustomerWhatsAppMarketingConsent")
    call = record["defaultPhoneNumber"] | {"smsMarketingConsent": sms, "whatsAppMarketingConsent": whats_app}
    default_address = record["defaultAddress"]
    second_address = seeder(
        "MailingAddress", id=make_gid("MailingAddress", seeder.owner_id) + "?model_name=CustomerAddress"
    )
    return seeder.overlay(
        record,
        "Customer",
        amountSpent=record["amountSpent"],
        image=seeder("Image"),
        taxSettings=seeder("TaxSettings"),
        identityProviderSubjects=[seeder("IdentityProviderSubject")],
        statistics=seeder("CustomerStatistics"),
        defaultEmailAddress=seeder.overlay(record["defaultEmailAddress"], "CustomerEmailAddress"),
        defaultPhoneNumber=call,
        emailMarketingConsent=seeder("CustomerEmailMarketingConsentState"),
        smsMarketingConsent=seeder("CustomerSmsMarketingConsentState"),
        addressesV2=[default_address, second_address],
        addresses=[default_address, second_address],
        events=[*record["events"], *make_timeline_events(seeder, "Customer", person_id)],
        mergeable=_make_mergeable(seeder),
        paymentMethods=make_payment_methods(shop, person_id),
        storeCreditAccounts=[make_store_credit(shop, person_id)],
        subscriptionContracts=[make_subscription(shop, person_id)],
        companyContactProfiles=[make_company_contact(shop, person_id)],
    )


def _make_mergeable(seeder: RecordSeeder) -> Record:
    request = seeder.make_bare_record("CustomerMergeRequest", jobId=None, status="IN_PROGRESS", customerMergeErrors=[])
    request["resultingCustomerId"] = request["id"].replace("CustomerMergeRequest", "Customer")
    reason = "canary-CustomerMergeable-reason"
    return {"isMergeable": False, "reason": reason, "errorFields": [], "mergeInProgress": request}
