"""P-50: disclosures to authorities are recorded sealed, kept secret, told, removed, and destroyed on their day."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from bridge.errors import PayloadInvalid
from bridge.model import Principal, Secrecy
from bridge.steps.desk.record_disclosure import change_secrecy, find_person_of_request, remove_disclosure
from bridge.steps.retention.expire import expire_aged_records
from bridge.store.schema.desk_tables import disclosure_keys, disclosures
from tests.factories import ASHA, NOW, SHOP, customer, make_request, opened, order
from tests.kit.indexing import ingest
from tests.steps.desk.disclosure_case import BY, GIVEN_ON, OPEN_ENDED, POLICE, disclose, list_disclosures
from tests.steps.sealed_case import decided

FACTS = ("disclosure.recorded", "disclosure.secrecy_changed", "disclosure.removed")


def list_register_facts(services):
    with services.store.read() as tx:
        return [event for event in tx.evidence.iterate_facts() if event.fact in FACTS]


def count_disclosure_rows(services):
    with services.store.read() as tx:
        return [
            tx.session.connection.scalar(select(func.count()).select_from(table))
            for table in (disclosures, disclosure_keys)
        ]


def test_a_disclosure_is_sealed_and_its_facts_name_no_person_and_no_request(services):
    """Requirement P-50: no evidence of a request has a fact of the register, and none says whether it is secret."""
    with services.store.transaction() as tx:
        request = make_request(subject=tx.person_lookup.find_subject(SHOP, ASHA))
        opened(tx, request)
    by_request = disclose(services, secrecy=OPEN_ENDED, request_id=request.id)
    by_orders = disclose(services, Principal(order_ids=("1001", "1002")))
    assert (by_request.particulars, by_orders.particulars) == (POLICE, POLICE)
    change_secrecy(by_request.id, None, services=services, **BY)
    remove_disclosure(by_orders.id, services=services, **BY)
    found = list_register_facts(services)
    assert [event.fact for event in found] == [FACTS[0], FACTS[0], FACTS[1], FACTS[2]]
    assert {(event.request_id, event.subject) for event in found} == {("", "")}
    assert all(event.detail.keys() == {"disclosure", "reason"} for event in found)
    with services.store.read() as tx:
        row = tx.session.connection.execute(select(disclosures)).one()
        assert b"Cyber" not in row.doc
        assert tx.evidence.list_facts_of_request(request.id) == []
        shop, principal, keys = find_person_of_request(request.id, tx)
        assert (shop, principal) == (SHOP, ASHA)
        assert [one.id for one in tx.disclosures.list_disclosures_of(keys)] == [by_request.id]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"principal": Principal()}, "nobody_named"),
        ({"principal": Principal(email="asha")}, "email_unreadable"),
        ({"principal": Principal(order_ids=("#1001",))}, "order_unreadable"),
        ({"request_id": "req_0"}, "request_unknown"),
        ({"given_on": date(2026, 11, 23)}, "given_in_the_future"),
        ({"secrecy": Secrecy(until=date(2026, 11, 19))}, "secrecy_before_disclosure"),
        ({"reason": "police asked for 5123456789", "principal": Principal(order_ids=("5123456789",))}, "reason_names"),
        ({"particulars": POLICE.__class__(authority="A", law="B", categories=("tea",), country="IN")}, "category_unk"),
        ({"particulars": POLICE.__class__(authority="A", law="B", categories=(), country="IN")}, "category_unk"),
    ],
)
def test_what_cannot_be_recorded_is_refused(services, given, reason):
    with pytest.raises(PayloadInvalid, match=reason):
        disclose(services, **given)
    assert count_disclosure_rows(services) == [0, 0]


def test_a_request_that_names_nobody_is_refused(services):
    with services.store.transaction() as tx:
        request = make_request(principal=Principal(), subject="")
        opened(tx, request)
    with pytest.raises(PayloadInvalid, match="nobody_named"):
        disclose(services, request_id=request.id)


def test_secrecy_is_ended_once_prolonged_and_never_moved_into_the_past(services):
    secret = disclose(services, secrecy=Secrecy(until=date(2026, 11, 30)))
    later = change_secrecy(secret.id, Secrecy(until=date(2027, 1, 31)), services=services, **BY)
    assert later.disclosable_at == datetime(2027, 1, 31, 18, 30, tzinfo=UTC)
    assert change_secrecy(secret.id, OPEN_ENDED, services=services, **BY).disclosable_at is None
    with pytest.raises(PayloadInvalid, match="secrecy_over"):
        change_secrecy(secret.id, Secrecy(until=date(2026, 11, 21)), services=services, **BY)
    assert change_secrecy(secret.id, None, services=services, **BY).disclosable_at == NOW
    with pytest.raises(PayloadInvalid, match="not_secret"):
        change_secrecy(secret.id, None, services=services, **BY)
    again = change_secrecy(secret.id, Secrecy(until=date(2026, 11, 22)), services=services, **BY)
    assert again.is_secret(NOW)
    for change in (change_secrecy, remove_disclosure):
        with pytest.raises(PayloadInvalid, match="disclosure_unknown"):
            change("dcl_0", *([None] if change is change_secrecy else []), services=services, **BY)


def test_what_may_be_told_is_destroyed_the_day_after_its_last_one_and_what_is_secret_stays(services):
    """Requirement P-50: three years from the day on which the person could be told, in the merchant's calendar."""
    kept = decided(services)
    first = disclose(kept)
    later = disclose(kept, secrecy=Secrecy(until=date(2026, 12, 31)))
    secret = disclose(kept, secrecy=OPEN_ENDED)
    expire_aged_records(services=kept)
    # 20 November 2029 is the last day of the first, 1 January 2030 of the second
    for moment, left in (
        (datetime(2029, 11, 20, 18, 29, tzinfo=UTC), {first.id, later.id, secret.id}),
        (datetime(2029, 11, 20, 18, 30, tzinfo=UTC), {later.id, secret.id}),
        (datetime(2030, 1, 1, 18, 29, tzinfo=UTC), {later.id, secret.id}),
        (datetime(2030, 1, 1, 18, 30, tzinfo=UTC), {secret.id}),
        (datetime(2060, 1, 1, tzinfo=UTC), {secret.id}),
    ):
        kept.clock.at = moment
        expire_aged_records(services=kept)
        assert {one.id for one in list_disclosures(kept)} == left, moment
    assert count_disclosure_rows(kept) == [1, 1]
    change_secrecy(secret.id, None, services=kept, **BY)
    kept.clock.at += timedelta(days=4 * 366)
    expire_aged_records(services=kept)
    assert count_disclosure_rows(kept) == [0, 0]


def test_the_last_secret_day_is_listed_until_it_has_passed(services):
    secret = disclose(services, secrecy=Secrecy(until=GIVEN_ON + timedelta(days=11)))
    disclose(services)
    end = datetime(2026, 12, 1, 18, 30, tzinfo=UTC)
    with services.store.read() as tx:
        for moment, found in ((end - timedelta(seconds=1), [secret.id]), (end, [])):
            assert [one.id for one in tx.disclosures.list_disclosures(secret_at=moment, limit=9)] == found


def test_a_disclosure_stays_sealed_after_an_erasure_and_goes_with_a_shop_that_is_erased_whole(services, forget):
    ingest(services.store, customer(), order(1001))
    about = disclose(services, Principal(order_ids=("1001",)))
    secret = disclose(services, secrecy=OPEN_ENDED)
    request_id = forget(1001)
    assert {one.id for one in list_disclosures(services)} == {about.id, secret.id}
    with services.store.read() as tx:
        _, _, keys = find_person_of_request(request_id, tx)
        assert {one.particulars for one in tx.disclosures.list_disclosures_of(keys)} == {POLICE}
    with services.store.transaction() as tx:
        assert "disclosures" not in tx.shop_eraser.erase_shop(SHOP, request_id="req_1")
    assert count_disclosure_rows(services)[0] == 2
    with services.store.transaction() as tx:
        removed = tx.shop_eraser.erase_shop(SHOP, request_id="req_1", include_held_records=True)
    assert removed["disclosures"] == 2
    assert count_disclosure_rows(services) == [0, 0]
