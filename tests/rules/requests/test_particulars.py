"""What a person asks for in detail: read from any door's mapping, written and read back as it was."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import PayloadInvalid
from bridge.model import Language, ReplyContact, RequestDetails, RequestKind
from bridge.rules.requests.particulars import (
    ALLOWED_CODES,
    CORRECTABLE_FIELDS,
    PARTICULARS_BY_KIND,
    decode_request_details,
    encode_request_details,
    parse_particulars,
)

GOOD = {
    RequestKind.CORRECTION: {"changes": [{"field": "phone", "old": "1", "new": "+919800000001"}], "proof": "bill"},
    RequestKind.RESTRICTION: {"ground": "accuracy"},
    RequestKind.OBJECTION: {"purposes": ["cod_risk"], "grounds": "It is not me."},
    RequestKind.CONSENT_WITHDRAWAL: {"channels": ["email", "sms"]},
    RequestKind.NOMINATION: {"name": "Ravi Placeholder", "contact": "ravi@example.in", "relation": "brother"},
    RequestKind.NOMINEE_EXERCISE: {"name": "R P", "contact": "ravi@example.in", "right": "access", "proof": "seen"},
    RequestKind.GRIEVANCE: {"text": "You shared my phone."},
    RequestKind.INCIDENT: {"noticed_at": "2026-11-22T15:30:00+05:30", "text": "A laptop was lost."},
}


def test_every_kind_with_particulars_has_an_example():
    assert GOOD.keys() == PARTICULARS_BY_KIND.keys()


@pytest.mark.parametrize("kind", list(RequestKind))
def test_what_was_stated_is_read_back_as_it_was(kind):
    particulars = parse_particulars(kind, GOOD.get(kind, {}))
    contact = ReplyContact(address="asha@example.in", language=Language.HINDI, proven=True)
    details = RequestDetails(particulars=particulars, contact=contact)
    stored = json.loads(json.dumps(encode_request_details(details)))
    assert decode_request_details(kind, stored) == details
    assert decode_request_details(kind, encode_request_details(RequestDetails())) == RequestDetails()


@pytest.mark.parametrize("kind", PARTICULARS_BY_KIND)
def test_a_field_of_another_kind_is_refused(kind):
    with pytest.raises(PayloadInvalid, match="particulars_unknown"):
        parse_particulars(kind, GOOD[kind] | {"favourite_colour": "blue"})


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        (kind, field)
        for kind, given in GOOD.items()
        for field in given
        if field not in ("grounds", "channels", "relation")
    ],
)
def test_what_is_needed_is_named_when_it_is_missing(kind, field):
    if (kind, field) == (RequestKind.CORRECTION, "proof"):
        return
    without = {name: value for name, value in GOOD[kind].items() if name != field}
    with pytest.raises(PayloadInvalid, match=f"{field}_missing"):
        parse_particulars(kind, without)


@pytest.mark.parametrize(("kind", "field"), ALLOWED_CODES)
def test_a_code_that_nobody_knows_is_refused(kind, field):
    for value in ("everything", ["everything"], [3], {"a": 1}):
        with pytest.raises(PayloadInvalid, match=f"{field}_unreadable"):
            parse_particulars(kind, GOOD[kind] | {field: value})


def test_a_withdrawal_without_channels_is_about_all():
    assert parse_particulars(RequestKind.CONSENT_WITHDRAWAL, {}).channels == ()


@pytest.mark.parametrize(
    "changes",
    [
        "phone",
        [{"field": "phone"}],
        [{"field": "birth_date", "new": "1990"}],
        [{"field": "phone", "new": "1", "more": "2"}],
        [{"field": "phone", "new": "1"}, {"field": "phone", "new": "2"}],
        [{"field": "phone", "new": "1" * 501}],
        [{"field": "phone", "new": 1}],
        [{"field": field, "new": "x"} for field in CORRECTABLE_FIELDS] * 5,
    ],
)
def test_changes_that_cannot_be_carried_out_are_refused(changes):
    with pytest.raises(PayloadInvalid, match="changes_unreadable"):
        parse_particulars(RequestKind.CORRECTION, {"changes": changes})


@pytest.mark.parametrize("moment", ["yesterday", "2026-11-22T10:00:00", "2026-11-22"])
def test_a_moment_needs_its_zone(moment):
    with pytest.raises(PayloadInvalid, match="noticed_at_unreadable"):
        parse_particulars(RequestKind.INCIDENT, {"noticed_at": moment, "text": "lost"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(list(PARTICULARS_BY_KIND)), st.data())
def test_whatever_is_sent_is_read_or_refused(kind, data):
    names = list(GOOD[kind])
    sent = data.draw(st.dictionaries(st.sampled_from(names) | st.text(max_size=5), JSON, max_size=4))
    try:
        particulars = parse_particulars(kind, GOOD[kind] | sent)
    except PayloadInvalid as refusal:
        particulars, reason = None, refusal.reason
    else:
        reason = ""
    stored = encode_request_details(RequestDetails(particulars=particulars))
    assert decode_request_details(kind, json.loads(json.dumps(stored))).particulars == particulars
    assert not reason or reason.endswith(("_missing", "_unreadable", "_unknown"))
