"""A new consent ends the stop, an older one that comes late does not (P-16)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.model import Fact
from tests.factories import ASHA, SHOP, fixture

CONTACTS = [("email", ASHA.email), ("customer", "7001")]


@pytest.fixture
def stopped_at(services, clock):
    """Nobody writes to Asha since now."""
    with services.store.transaction() as tx:
        tx.marketing_stops.add_stops(SHOP, CONTACTS, ["email", "sms"], since=clock.at, request_id="req_1")
    return clock.at


def list_stopped(services):
    with services.store.read() as tx:
        return {contact: sorted(found) for contact, found in tx.marketing_stops.find_stops(SHOP, CONTACTS).items()}


def update_customer(deliver, clock, at, *, channel="email", state="subscribed", **given):
    clock.at += timedelta(seconds=1)
    consent = {"state": state, "opt_in_level": "single_opt_in", "consent_updated_at": at and at.isoformat()}
    body = {
        "id": 7001,
        "email": ASHA.email,
        "updated_at": clock.at.isoformat(),
        f"{channel}_marketing_consent": consent,
    }
    deliver("customers/update", body | given)


def test_a_newer_consent_ends_the_stop_of_its_channel(services, deliver, clock, stopped_at):
    update_customer(deliver, clock, stopped_at + timedelta(minutes=5))
    assert list_stopped(services) == {CONTACTS[0]: [], CONTACTS[1]: ["sms"]}
    with services.store.read() as tx:
        facts = [one for one in tx.evidence.iterate_facts() if one.fact == Fact.CONSENT_RENEWED]
    assert [fact.detail for fact in facts] == [{"channel": "email"}]


@pytest.mark.parametrize(
    ("state", "later"),
    [("subscribed", -60), ("subscribed", 0), ("pending", 60), ("unsubscribed", 60), ("subscribed", None)],
)
def test_an_older_consent_or_none_leaves_the_stop(services, deliver, clock, stopped_at, state, later):
    at = None if later is None else stopped_at + timedelta(seconds=later)
    update_customer(deliver, clock, at, state=state)
    assert list_stopped(services) == {CONTACTS[0]: ["email"], CONTACTS[1]: ["email", "sms"]}


def test_another_customer_ends_nothing(services, deliver, clock, stopped_at):
    update_customer(deliver, clock, stopped_at + timedelta(minutes=5), id=7002, email="bikram@example.in")
    assert list_stopped(services) == {CONTACTS[0]: ["email"], CONTACTS[1]: ["email", "sms"]}


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("customers_email_marketing_consent/update", {"customer_id": 7001, "email_address": ASHA.email}),
        ("customers_marketing_consent/update", {"id": 7001, "phone": "+919900112233"}),
    ],
)
def test_the_topics_of_consents_say_it_where_those_of_customers_do_not(services, deliver, stopped_at, topic, body):
    channel = "email" if "email" in topic else "sms"
    consent = {"state": "subscribed", "consent_updated_at": (stopped_at + timedelta(minutes=5)).isoformat()}
    deliver(topic, body | {f"{channel}_marketing_consent": consent})
    assert channel not in list_stopped(services)[CONTACTS[1]]
    with services.store.read() as tx:  # what it says of the customer is no more than that
        assert (
            tx.person_lookup.find_customers_by(SHOP, "email", [tx.person_lookup.pseudonym(SHOP, "email", ASHA.email)])
            == set()
        )


@pytest.mark.parametrize("name", ["customers_email_marketing_consent_update", "customers_marketing_consent_update"])
def test_a_recorded_body_of_no_consent_ends_nothing(services, deliver, stopped_at, name):
    deliver(name.removesuffix("_update") + "/update", fixture(f"{name}.json"))
    assert list_stopped(services) == {CONTACTS[0]: ["email"], CONTACTS[1]: ["email", "sms"]}
