"""Every combination of what Shopify can show of a customer, at the stand-in: what counts as erased, and what does not."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.model import Outcome, Principal
from bridge.sandbox.schema import VERSIONS, load_schema
from bridge.sandbox.world import INVENTED_SHOP


@pytest.mark.parametrize("version", VERSIONS)
def test_a_consent_can_be_redacted_and_an_email_address_cannot(version):
    """If a later version has the value, the rule is to be looked at again."""
    types = load_schema(version).type_map
    assert "REDACTED" not in types["CustomerEmailAddressMarketingState"].values
    assert "REDACTED" in types["CustomerEmailMarketingState"].values
    assert "REDACTED" in types["CustomerSmsMarketingState"].values


def consents(*states):
    return st.none() | st.sampled_from(states).map(lambda state: {"marketingState": state, "marketingOptInLevel": None})


ADDRESS_STATES = ("INVALID", "NOT_SUBSCRIBED", "PENDING", "SUBSCRIBED", "UNSUBSCRIBED")
EMAIL = st.none() | st.sampled_from(ADDRESS_STATES).map(
    lambda state: {"emailAddress": "someone@example.com", "marketingState": state}
)
PHONE = st.none() | st.sampled_from(("NOT_SUBSCRIBED", "SUBSCRIBED", "REDACTED")).map(
    lambda state: {"phoneNumber": "+919000000009", "marketingState": state}
)
CUSTOMERS = st.fixed_dictionaries(
    {
        "firstName": st.sampled_from([None, "", " ", "Asha"]),
        "lastName": st.sampled_from([None, "Qwertzuiop"]),
        "defaultEmailAddress": EMAIL,
        "defaultPhoneNumber": PHONE,
        "emailMarketingConsent": consents("REDACTED", "SUBSCRIBED", "NOT_SUBSCRIBED"),
        "smsMarketingConsent": consents("REDACTED", "PENDING"),
        "addressesV2": st.sampled_from(
            [[], [{"__typename": "MailingAddress", "id": "gid://shopify/MailingAddress/1"}]]
        ),
    }
)
CONSENTS = ("emailMarketingConsent", "smsMarketingConsent", "defaultPhoneNumber")


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(customer=CUSTOMERS)
def test_what_shopify_shows_decides(invented_shop, shopify, customer):
    bikram = invented_shop.world.bikram
    invented_shop.reset()
    invented_shop.write_fields(f"gid://shopify/Customer/{bikram.id}", customer)
    state = shopify.read_erasure_state(Principal(customer_id=str(bikram.id)), shop=INVENTED_SHOP)
    shown = {customer[name]["marketingState"] for name in CONSENTS if customer[name]}
    profile = ("firstName", "lastName", "defaultEmailAddress", "defaultPhoneNumber", "addressesV2")
    is_empty = not any(value.strip() if isinstance(value, str) else value for value in map(customer.get, profile))
    if shown == {"REDACTED"}:
        assert (state.outcome, state.reason) == (Outcome.ERASED, "redacted")
    elif is_empty:
        assert (state.outcome, state.reason) == (Outcome.UNCONFIRMED, "nothing_left")
        assert state.open_orders is not None
    else:
        assert (state.outcome, state.reason) == (Outcome.UNCONFIRMED, "readable")
