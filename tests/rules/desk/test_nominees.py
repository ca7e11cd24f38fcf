"""P-15: who is the nominee of a nomination, and what a nominee states. E-09: two people are two different ones."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import PayloadInvalid
from bridge.model import Nomination, NominationParticulars, NomineeParticulars, RequestKind
from bridge.rules.desk.nominees import find_matching_nomination
from bridge.rules.requests.decisions.two_person_kinds import TWO_PERSON_KINDS, has_enough_approvers
from bridge.rules.requests.particulars import decode_request_details, encode_request_details, parse_particulars
from tests.factories import NOW, SHOP

ACTS = {"name": "Ravi Kumar", "contact": "ravi@example.in", "right": "access", "proof": "certificate seen"}
CHANGES = [{"field": "phone", "new": "+919811122233"}]


def make_nomination(name="Ravi Kumar", contact="ravi@example.in", **given):
    nominee = NominationParticulars(name=name, contact=contact)
    usual = {"id": "nom_1", "shop": SHOP, "subject": "s", "request_id": "req_1", "since": NOW, "nominee": nominee}
    return Nomination(**(usual | given))


@pytest.mark.parametrize(
    ("name", "contact", "matches"),
    [
        ("RAVI  kumar", "Ravi@Example.in", True),
        ("Ravi Kumar", "+91 98111 22233", False),
        ("Ravi", "ravi@example.in", False),
        ("Ravi Kumar", "", False),
    ],
)
def test_p15_name_and_contact_must_both_agree(name, contact, matches):
    nominee = NomineeParticulars(name=name, contact=contact, right="access", proof="seen")
    assert (find_matching_nomination([make_nomination()], nominee) is not None) is matches


def test_p15_a_phone_is_compared_by_its_number_and_an_ended_or_erased_nomination_counts_for_nothing():
    nominee = NomineeParticulars(name="Ravi Kumar", contact="098111 22233", right="access", proof="seen")
    newest = make_nomination(contact="+919811122233", id="nom_2", since=NOW + timedelta(days=1))
    assert find_matching_nomination([make_nomination(contact="+91 98111-22233"), newest], nominee) == newest
    ended = [make_nomination(contact="+919811122233", ended_at=NOW), make_nomination(nominee=None)]
    assert find_matching_nomination(ended, nominee) is None


def test_changes_belong_to_a_nominees_correction_only():
    stated = parse_particulars(RequestKind.NOMINEE_EXERCISE, {**ACTS, "right": "correction", "changes": CHANGES})
    assert stated.changes[0].field == "phone"
    with pytest.raises(PayloadInvalid, match="changes_missing"):
        parse_particulars(RequestKind.NOMINEE_EXERCISE, {**ACTS, "right": "correction"})
    with pytest.raises(PayloadInvalid, match="changes_unreadable"):
        parse_particulars(RequestKind.NOMINEE_EXERCISE, {**ACTS, "changes": CHANGES})
    for stated in (ACTS, {**ACTS, "right": "correction", "changes": CHANGES}):
        details = decode_request_details(RequestKind.NOMINEE_EXERCISE, {"particulars": stated, "contact": None})
        assert decode_request_details(RequestKind.NOMINEE_EXERCISE, encode_request_details(details)) == details


@given(st.lists(st.sampled_from(["operator:a", "operator:b", "operator:c", ""])))
def test_e09_one_who_approves_twice_is_one_person(actors):
    for kind in RequestKind:
        is_enough = has_enough_approvers(kind, actors)
        assert is_enough is (kind not in TWO_PERSON_KINDS or len(set(actors) - {""}) >= 2)
