"""Which customers are one person: the same full name and a contact of both, or a decision. Else nothing is touched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.model import CustomerVerdict, DoubtedCustomer, PlatformCustomer, Principal
from bridge.rules.requests.same_person import (
    collect_doubts,
    exclude_customer,
    include_customer,
    judge_customers,
    list_contacts,
    names_several,
    settle_principal,
)

SAME, IN_DOUBT, FOREIGN = CustomerVerdict.SAME, CustomerVerdict.IN_DOUBT, CustomerVerdict.FOREIGN
EMAILS = [f"{word}@example.com" for word in ("asha", "work", "home", "club")]
PHONES = [f"+91981112223{number}" for number in range(3)]
FAMILY = ("phone", PHONES[0])
WHO = Principal(email=", ".join(EMAILS[:2]), phone=PHONES[0])


def make_customer(number, name="Asha Rao", *contacts, by=()):
    return PlatformCustomer(id=str(number), name=name, contacts=tuple(contacts), found_by=tuple(by))


def judge(principal, *customers):
    return {one.customer.id: (one.verdict, one.reason) for one in judge_customers(principal, customers)}


FIRST = make_customer(1, "Asha Rao", FAMILY, by=[("email", EMAILS[0])])


@pytest.mark.parametrize(
    ("name", "contacts", "verdict", "reason"),
    [
        ("Asha Rao", [FAMILY], SAME, ""),
        ("RAO, asha", [FAMILY], SAME, ""),
        ("Smt. Asha Rao", [("phone", "09811122230")], SAME, ""),
        ("Asha Rao", [("email", "ASHA@example.com")], SAME, ""),
        ("Ravi Rao", [FAMILY], IN_DOUBT, "names_differ"),  # a family shares a phone
        ("Asha R", [FAMILY], IN_DOUBT, "names_differ"),
        ("Asha", [FAMILY], IN_DOUBT, "name_incomplete"),
        ("", [FAMILY, ("email", EMAILS[0])], IN_DOUBT, "name_incomplete"),
        ("Asha Rao", [], IN_DOUBT, "no_shared_contact"),  # many people share a name
        ("Asha Rao", [("phone", PHONES[1])], IN_DOUBT, "no_shared_contact"),
    ],
)
def test_two_customers_are_one_person_by_full_name_and_a_contact_of_both(name, contacts, verdict, reason):
    other = make_customer(2, name, *contacts, by=[("email", EMAILS[1])])
    assert judge(WHO, FIRST, other) == {"1": (SAME, ""), "2": (verdict, reason)}


def test_a_third_customer_may_be_known_by_the_second():
    second = make_customer(2, "Asha Rao", FAMILY, ("phone", PHONES[1]), by=[("email", EMAILS[1])])
    third = make_customer(3, "Asha Rao", ("phone", PHONES[1]), by=[("phone", PHONES[1])])
    assert {each for each, _ in judge(WHO, third, second, FIRST).values()} == {SAME}


@pytest.mark.parametrize("principal", [Principal(phone=PHONES[0]), Principal(phone=", ".join(PHONES))])
def test_a_phone_alone_names_nobody(principal):
    own = make_customer(1, "Asha Rao", FAMILY, by=[FAMILY])
    assert judge(principal, own) == {"1": (IN_DOUBT, "phone_alone")}
    assert names_several(principal)


def test_a_number_that_the_platform_does_not_know_proves_nothing_about_an_address():
    """It may have been merged into another person's customer."""
    assert judge(Principal(customer_id="9", email=EMAILS[0]), FIRST) == {"1": (IN_DOUBT, "nothing_to_compare")}


def test_what_an_operator_decided_stands():
    other = make_customer(2, "Ravi Rao", by=[("email", EMAILS[1])])
    included = include_customer(WHO, DoubtedCustomer(id="2"))
    assert judge(included, FIRST, other)["2"] == (SAME, "")
    assert judge(exclude_customer(WHO, DoubtedCustomer(id="2")), FIRST, other)["2"] == (FOREIGN, "")


def test_one_identifier_leads_to_one_customer():
    assert not names_several(Principal(email="asha@example.com"))
    assert not names_several(Principal(customer_id="1"))
    assert names_several(Principal(customer_id="1", email="asha@example.com"))


NAMES = st.sampled_from(["Asha Rao", "asha RAO", "Ravi Rao", "Asha", "", "आशा राव", "R. Iyer"])
CONTACTS = st.one_of(
    st.tuples(st.just("email"), st.sampled_from(EMAILS)), st.tuples(st.just("phone"), st.sampled_from(PHONES))
)
CUSTOMERS = st.lists(
    st.builds(
        PlatformCustomer,
        id=st.sampled_from("123456"),
        name=NAMES,
        contacts=st.lists(CONTACTS, max_size=3).map(tuple),
        found_by=st.lists(CONTACTS, min_size=1, max_size=2).map(tuple),
    ),
    max_size=5,
    unique_by=lambda one: one.id,
)
IDS = st.lists(st.sampled_from("123456"), max_size=2, unique=True).map(tuple)
PRINCIPALS = st.builds(
    Principal,
    customer_id=st.sampled_from(["", "1", "9"]),
    email=st.lists(st.sampled_from(EMAILS), max_size=3, unique=True).map(", ".join),
    phone=st.lists(st.sampled_from(PHONES), max_size=2, unique=True).map(", ".join),
    further_customer_ids=IDS,
    foreign_customer_ids=IDS,
)


@given(PRINCIPALS, CUSTOMERS)
def test_who_is_not_surely_the_person_leaves_no_trace_in_the_principal(principal, customers):
    judgements = judge_customers(principal, customers)
    assert [one.customer for one in judgements] == customers
    settled = settle_principal(principal, judgements)
    not_same = [one.customer for one in judgements if one.verdict is not SAME]
    assert not {one.id for one in not_same if one.id not in principal.customer_ids} & set(settled.customer_ids)
    assert not {contact for one in not_same for contact in one.found_by} & set(list_contacts(settled))
    assert {one.customer.id for one in judgements if one.verdict is SAME} <= set(settled.customer_ids)
    assert set(list_contacts(settled)) <= set(list_contacts(principal))


@given(PRINCIPALS, CUSTOMERS, st.randoms())
def test_the_order_of_the_customers_decides_nothing(principal, customers, random):
    mixed = list(customers)
    random.shuffle(mixed)
    # of two customers with one address the first counts: a platform knows an address once
    if len({contact for one in customers for contact in one.found_by}) < sum(
        len(set(one.found_by)) for one in customers
    ):
        return
    verdicts = [
        {one.customer.id: one.verdict for one in judge_customers(principal, each)} for each in (customers, mixed)
    ]
    assert verdicts[0] == verdicts[1]


@given(PRINCIPALS, CUSTOMERS)
def test_nobody_joins_without_the_name_of_somebody_who_is_the_person(principal, customers):
    decided = {*principal.customer_ids}
    judgements = judge_customers(principal, customers)
    joined = [one.customer for one in judgements if one.verdict is SAME and one.customer.id not in decided]
    for one in joined:
        others = [other.customer for other in judgements if other.verdict is SAME and other.customer.id != one.id]
        has_name = any(sorted(one.name.casefold().split()) == sorted(other.name.casefold().split()) for other in others)
        is_first = not principal.customer_id and any(field == "email" for field, _ in one.found_by)
        assert has_name or is_first


@given(PRINCIPALS, CUSTOMERS)
def test_a_decision_about_each_doubt_leaves_no_doubt_and_keeps_the_decision(principal, customers):
    number = 0
    while doubts := collect_doubts(judge_customers(principal, customers)):
        number += 1  # the contact of one that is left out leads no more to another: that one may be in doubt then
        principal = (include_customer if number % 2 else exclude_customer)(principal, doubts[0])
        assert number <= len(customers), "each customer is decided about once"
    found = judge_customers(principal, customers)
    assert settle_principal(settle_principal(principal, found), found) == settle_principal(principal, found)
