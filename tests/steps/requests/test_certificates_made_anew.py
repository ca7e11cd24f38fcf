"""A certificate is made anew when what it says has changed; the former one is kept, and named in the new one."""

from __future__ import annotations

import hashlib
import json

import pytest

from bridge.model import Principal
from bridge.rules.evidence.chain import encode_canonical_json
from bridge.steps.erasure.cancel_platform_erasure import cancel_platform_erasure
from bridge.steps.evidence.bundle import CERTIFICATE_SCHEMA_FILE
from bridge.steps.requests.conclude import reissue_certificates
from bridge.steps.requests.process import process_request
from bridge.steps.requests.record_answer_given import record_delivery
from bridge.steps.retention.legal_hold import open_person_legal_hold, release_legal_hold
from tests.factories import ASHA, SHOP, order
from tests.kit.durations import days
from tests.kit.operator_requests import open_as_operator
from tests.kit.stored import list_fact_details
from tests.steps.access.test_package import breaches
from tests.steps.sealed_case import seal

BY_OPERATOR = {"actor": "operator:o", "reason": "letter of 12 Nov"}


@pytest.fixture
def erasure_id(services, platform):
    """Return the id of an erasure that was opened by hand, of which Shopify has not erased its part yet."""
    request_id = open_as_operator(services, Principal(customer_id="7001"), shop=SHOP)
    process_request(request_id, services=services)
    services.clock.at += days(1)
    return request_id


def read_certificates(services, request_id):
    with services.store.transaction() as tx:
        return [*tx.packages.list_superseded_certificates(request_id), tx.packages.find_certificate(request_id)]


def check_succession(services, request_id, count):
    """Check that each certificate names the one before, in itself and in the chain, and fits its schema."""
    certificates, schema = read_certificates(services, request_id), json.loads(CERTIFICATE_SCHEMA_FILE.read_text())
    assert [certificate["number"] for certificate in certificates] == list(range(1, count + 1))
    digests = [None]
    for certificate in certificates:
        assert breaches(certificate, schema, schema) == []
        assert (certificate["supersedes"] or {}).get("sha256") == digests[-1]
        unsigned = {name: value for name, value in certificate.items() if name != "signature"}
        digests.append(hashlib.sha256(encode_canonical_json(unsigned)).hexdigest())
    issued = [detail for fact, detail in list_fact_details(services.store, request_id) if fact == "certificate.issued"]
    assert [(each["number"], each.get("supersedes")) for each in issued] == [
        (number + 1, digests[number]) for number in range(count)
    ]
    return certificates[-1]


def test_the_first_supersedes_none(services, erasure_id):
    certificate = check_succession(services, erasure_id, 1)
    assert (certificate["status"], certificate["clock"]["late"]) == ("in_progress", None)


def test_a_cancelled_erasure_is_not_promised_any_more(services, erasure_id):
    cancel_platform_erasure(erasure_id, services=services, **BY_OPERATOR)
    certificate = check_succession(services, erasure_id, 2)
    assert (certificate["status"], certificate["outcome"]) == ("partly_fulfilled", "erased_in_part")
    assert {line.get("expected_by") for line in certificate["platform"]} <= {None}


def test_a_claim_and_its_end_are_certified(services, platform):
    with services.store.transaction() as tx:
        tx.index.ingest_sightings(SHOP, [order(1001)])
    seal(services, 1001)
    erasure_id = open_as_operator(services, ASHA, shop=SHOP)
    process_request(erasure_id, services=services)
    services.clock.at += days(1)
    opened = open_person_legal_hold(erasure_id, reference="CC-2026-18", services=services, **BY_OPERATOR)
    certificate = check_succession(services, erasure_id, 2)
    assert [line["until"] for line in certificate["kept"] if line["category"] == "invoice_document"] == [None]
    release_legal_hold(opened.legal_hold.id, services=services, **BY_OPERATOR)
    check_succession(services, erasure_id, 3)


def test_nothing_is_completed_while_shopify_must_still_erase(services, erasure_id):
    [certificate] = read_certificates(services, erasure_id)
    assert certificate["clock"]["completed_at"] is None
    schema = json.loads(CERTIFICATE_SCHEMA_FILE.read_text())
    promised = {**certificate, "clock": {**certificate["clock"], "completed_at": certificate["issued_at"]}}
    assert breaches(promised, schema, schema) == ["$: anyOf"]
    done = {**promised, "status": "fulfilled"}
    assert breaches(done, schema, schema) == []


def test_a_certificate_that_would_say_the_same_is_not_made_anew(services, erasure_id, monkeypatch):
    """Requirement: number, moment, signature, position in the chain and release of the software are no content."""
    services.clock.at += days(1)
    monkeypatch.setattr("bridge.rules.erasure.certificate.__version__", "99.0")
    with services.store.transaction() as tx:
        reissue_certificates([erasure_id], tx=tx, services=services)
    check_succession(services, erasure_id, 1)


def test_a_claim_that_keeps_nothing_of_the_certificate_leaves_it_as_it_is(services, erasure_id):
    opened = open_person_legal_hold(erasure_id, reference="CC-1", services=services, **BY_OPERATOR)
    release_legal_hold(opened.legal_hold.id, services=services, **BY_OPERATOR)
    check_succession(services, erasure_id, 1)


def test_a_late_answer_is_certified_as_late(services, erasure_id):
    services.clock.at += days(40)
    at, late = record_delivery(erasure_id, channel="e-mail", on=None, actor="operator:o", services=services)
    clock = check_succession(services, erasure_id, 2)["clock"]
    assert (late, clock["late"], clock["answered_at"]) == (True, True, at.isoformat())
