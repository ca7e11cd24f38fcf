"""The mutations about marketing consent, and the opt-out of the sale of data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from bridge.sandbox.shopify.engine.run import FieldError
from bridge.sandbox.shopify.mutations.changes import make_user_error
from bridge.sandbox.shopify.records.parts import Record, format_utc_time, make_gid, read_gid_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.sandbox.shopify.query_root import QueryRoot

CUSTOMER_EMAIL_PATTERN: Final = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
SETTABLE_STATES: Final = frozenset({"SUBSCRIBED", "UNSUBSCRIBED", "PENDING"})


class ConsentMutations:
    """The consent changes of one call."""

    def __init__(self, query_root: QueryRoot) -> None:
        """Prepare the mutations. `roots` finds the objects to change."""
        self._query_root = query_root
        self._shop = query_root.shop

    def build_fields(self) -> Record:
        """Return the fields of the mutation root that are handled in this class."""
        return {
            "customerEmailMarketingConsentUpdate": self.update_email_consent,
            "customerSmsMarketingConsentUpdate": self.update_sms_consent,
            "dataSaleOptOut": self.opt_out_of_sale,
        }

    def update_email_consent(self, args: Mapping[str, Any]) -> Record:
        """Store the customer's consent to e-mail. Does nothing for a customer without an address."""
        return self._update_consent(args["input"], "emailMarketingConsent", "defaultEmailAddress")

    def update_sms_consent(self, args: Mapping[str, Any]) -> Record:
        """Store the customer's consent to text messages; a number is required."""
        return self._update_consent(args["input"], "smsMarketingConsent", "defaultPhoneNumber")

    def _update_consent(self, consent_input: Mapping[str, Any], channel: str, contact_field: str) -> Record:
        state = consent_input[channel]["marketingState"]
        if state == "REDACTED":
            raise FieldError(f"{channel} marketing state cannot be set to REDACTED", "INVALID")
        found = self._query_root.find_customer(read_gid_number(consent_input["customerId"]))
        if found is None:
            return make_user_error("customerId", "Customer not found", "INVALID")
        if state not in SETTABLE_STATES:
            return make_user_error("marketingState", "Marketing state is not included in the list", "INCLUSION")
        if not found[contact_field]:
            is_email = contact_field == "defaultEmailAddress"
            return (
                {"customer": found} if is_email else make_user_error("input", "A phone number is required", "INVALID")
            )
        given = consent_input[channel]
        level, at = (
            given.get("marketingOptInLevel"),
            given.get("consentUpdatedAt") or format_utc_time(self._shop.world.now),
        )
        contact = found[contact_field] | {
            "marketingState": state,
            "marketingOptInLevel": level,
            "marketingUpdatedAt": at,
        }
        if channel in contact:  # newer versions have the same consent under the number
            contact[channel] = contact[channel] | {"state": state, "optInLevel": level, "updatedAt": at}
        consent = {"marketingState": state, "marketingOptInLevel": level, "consentUpdatedAt": at}
        self._shop.write_fields(found["id"], {contact_field: contact, channel: consent})
        return {"customer": self._query_root.find_customer(read_gid_number(found["id"]))}

    def opt_out_of_sale(self, args: Mapping[str, Any]) -> Record:
        """Store the opt-out of the sale of data; an unknown address creates a customer, as captured."""
        email = args["email"].casefold()
        if not CUSTOMER_EMAIL_PATTERN.fullmatch(email):
            return make_user_error("email", "Data sale opt out failed", "FAILED")
        found = next((one for one in self._shop.people if one.email == email), None) or self._shop.create_person(email)
        self._shop.write_fields(make_gid("Customer", found.id), {"dataSaleOptOut": True})
        return {"customerId": make_gid("Customer", found.id)}
