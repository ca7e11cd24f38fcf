"""Consent to marketing, and the opt-out of the sale of data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from bridge.sandbox.shopify.engine.run import Said
from bridge.sandbox.shopify.mutations.changes import wrong
from bridge.sandbox.shopify.records.parts import Record, gid, number_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.sandbox.shopify.query_root import Roots

EMAIL: Final = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
SAYABLE: Final = frozenset({"SUBSCRIBED", "UNSUBSCRIBED", "PENDING"})


class Consent:
    """What one call says for a customer."""

    def __init__(self, roots: Roots) -> None:
        """`roots` finds what is to be changed."""
        self._roots = roots
        self._shop = roots.shop

    def record(self) -> Record:
        """Give the fields of the mutation root that are done here."""
        return {
            "customerEmailMarketingConsentUpdate": self.email_consent,
            "customerSmsMarketingConsentUpdate": self.sms_consent,
            "dataSaleOptOut": self.opt_out,
        }

    def email_consent(self, args: Mapping[str, Any]) -> Record:
        """Write what the customer said about e-mail. Silent for one without an address."""
        return self._consent(args["input"], "emailMarketingConsent", "defaultEmailAddress")

    def sms_consent(self, args: Mapping[str, Any]) -> Record:
        """Write what the customer said about text messages; needs a number."""
        return self._consent(args["input"], "smsMarketingConsent", "defaultPhoneNumber")

    def _consent(self, wanted: Mapping[str, Any], channel: str, place: str) -> Record:
        state = wanted[channel]["marketingState"]
        if state == "REDACTED":
            raise Said(f"{channel} marketing state cannot be set to REDACTED", "INVALID")
        found = self._roots.customer(number_of(wanted["customerId"]))
        if found is None:
            return wrong("customerId", "Customer not found", "INVALID")
        if state not in SAYABLE:
            return wrong("marketingState", "Marketing state is not included in the list", "INCLUSION")
        if not found[place]:
            mute = place == "defaultEmailAddress"
            return {"customer": found} if mute else wrong("input", "A phone number is required", "INVALID")
        values = {place: found[place] | {"marketingState": state}, channel: {"marketingState": state}}
        self._shop.write(found["id"], values)
        return {"customer": self._roots.customer(number_of(found["id"]))}

    def opt_out(self, args: Mapping[str, Any]) -> Record:
        """Opt out of the sale of data; an address nobody knows makes a customer, as captured."""
        email = args["email"].casefold()
        if not EMAIL.fullmatch(email):
            return wrong("email", "Data sale opt out failed", "FAILED")
        found = next((one for one in self._shop.people if one.email == email), None) or self._shop.create(
            email
        )
        self._shop.write(gid("Customer", found.id), {"dataSaleOptOut": True})
        return {"customerId": gid("Customer", found.id)}
