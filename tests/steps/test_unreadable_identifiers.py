"""What a request names and nobody can read is a gap: it is never reported as searched and absent."""

from __future__ import annotations

import json

import pytest

from bridge.model import ErasureState, Outcome, RequestState
from bridge.steps.evidence.bundle import CERTIFICATE_SCHEMA_FILE
from tests.factories import data_request_body, order_body, redact_body
from tests.steps.access.test_package import breaches
from tests.steps.test_whole_sentence import post, requests, work

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SCHEMA = json.loads(CERTIFICATE_SCHEMA_FILE.read_text())
UNREADABLE = {"id": None, "email": "", "phone": "98444 4444 (call later)"}


def read_package(services, request_id):
    with services.store.transaction() as tx:
        files = dict(tx.packages.read_package(request_id))
    return {name: bytes(content).decode("utf-8", "replace") for name, content in files.items()}


def test_an_access_by_an_unreadable_phone_is_incomplete_and_says_why(services, queue):
    post(services, "customers/data_request", data_request_body(9999, **UNREADABLE))
    work(services, queue)
    [access] = requests(services, kind="access")
    assert access.complete is False
    with services.store.transaction() as tx:
        gaps = [gap for task in tx.tasks.list_tasks(access.id) for gap in task.gaps]
    assert [(gap.what, gap.reason) for gap in gaps] == [("records by phone", "unreadable_identifier")]


def test_an_erasure_by_an_unreadable_phone_erases_nothing_and_its_certificate_says_so(services, queue):
    post(services, "customers/redact", redact_body(**UNREADABLE))
    work(services, queue)
    [erasure] = requests(services, kind="erasure")
    assert erasure.complete is False
    with services.store.transaction() as tx:
        certificate = tx.packages.find_certificate(erasure.id)
    assert (certificate["status"], certificate["outcome"]) == ("not_fulfilled", "not_erased")
    assert certificate["not_searched"] == [{"what": "records by phone", "reason": "unreadable_identifier"}]
    assert "98444" not in json.dumps(certificate)
    assert breaches(certificate, SCHEMA, SCHEMA) == []


def test_what_was_found_by_other_identifiers_is_erased_in_part(services, queue, platform):
    platform.erasures = [ErasureState(outcome=Outcome.ERASED, reason="redacted")]
    post(services, "orders/create", order_body())
    work(services, queue)
    post(services, "customers/redact", redact_body(1001, id=7001, email="asha@qwertzuiop.example", phone="call me"))
    work(services, queue)
    [erasure] = requests(services, kind="erasure")
    with services.store.transaction() as tx:
        certificate = tx.packages.find_certificate(erasure.id)
    assert certificate["outcome"] == "erased_in_part"
    assert breaches(certificate, SCHEMA, SCHEMA) == []
    assert erasure.complete is False


def test_a_readable_identifier_mends_an_open_request(services, queue):
    post(services, "customers/data_request", data_request_body(9999, id=7001, phone="98444 4444"))
    post(services, "customers/data_request", data_request_body(9998, id=7001, phone="98444 44441"))
    work(services, queue)
    [access, *_] = requests(services, kind="access")
    assert (access.state, access.complete) == (RequestState.DONE, True)
