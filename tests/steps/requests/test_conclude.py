"""Conclude: answered once, certified with a signature that verifies, closed with its fact."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bridge.errors import ConcurrentChange, LeaseLost
from bridge.model import EraseProgress, Outcome, RequestKind, RequestState, TaskAction, TaskState
from bridge.rules.evidence.chain import encode_canonical_json
from bridge.steps.access import package
from bridge.steps.requests.conclude import conclude_request
from tests.factories import NOW, make_request, make_task, opened
from tests.kit.running import acquire_lease

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

DONE, WAITING = TaskState.DONE, TaskState.WAITING


def prepared(services, kind, *tasks):
    request = make_request(kind=kind)
    with services.store.transaction() as tx:
        opened(tx, request, *(replace(task, request_id=request.id) for task in tasks))
        return request.id, tx.requests.acquire_lease(request.id)


def erase(state=DONE):
    return make_task(
        "",
        "bridge",
        TaskAction.ERASE,
        state=state,
        outcome=Outcome.ERASED,
        finished_at=NOW,
        progress=EraseProgress(removed_rows={"orders": 1}),
    )


def follow(state=DONE, **given):
    return make_task("", "shopify", TaskAction.POLL_PLATFORM_ERASURE, state=state, **given)


def read_conclusion(services, request_id):
    with services.store.transaction() as tx:
        return (
            tx.requests.get_request(request_id),
            [fact.fact for fact in tx.evidence.list_facts_of_request(request_id)],
            tx.packages.find_certificate(request_id),
        )


def conclude(services, request_id, lease, *, changed=True):
    conclude_request(request_id, lease, has_changed=changed, services=services)


def test_an_erasure_is_certified_closed_and_recorded(services):
    request_id, lease = prepared(services, RequestKind.ERASURE, erase(), follow())
    conclude(services, request_id, lease)
    request, facts, certificate = read_conclusion(services, request_id)
    assert (request.state, request.complete, request.closed_at) == (RequestState.DONE, True, NOW)
    assert facts == ["certificate.issued", "request.closed"]
    assert certificate["status"] == "fulfilled"


def test_the_certificates_signature_verifies_with_the_key_of_evidence(services):
    request_id, lease = prepared(services, RequestKind.ERASURE, erase(), follow())
    conclude(services, request_id, lease)
    certificate = dict(read_conclusion(services, request_id)[2])
    signature = certificate.pop("signature")
    public = Ed25519PrivateKey.from_private_bytes(b"s" * 32).public_key()
    value = base64.b64decode(signature["value"])
    assert public.verify(value, encode_canonical_json(certificate)) is None
    with pytest.raises(InvalidSignature):
        public.verify(value, encode_canonical_json(certificate | {"status": "in_progress"}))


def test_a_request_whose_platform_must_still_answer_is_closed_and_waits(services):
    later = NOW + timedelta(hours=1)
    request_id, lease = prepared(services, RequestKind.ERASURE, erase(), follow(WAITING, wake_at=later))
    conclude(services, request_id, lease)
    request, facts, certificate = read_conclusion(services, request_id)
    assert (request.state, request.complete, request.closed_at) == (RequestState.WAITING, False, NOW)
    assert (facts[-1], certificate["status"]) == ("request.closed", "in_progress")


def test_what_comes_later_renews_the_certificate_and_closes_nothing_twice(services):
    request_id, lease = prepared(services, RequestKind.ERASURE, erase(), follow(WAITING))
    conclude(services, request_id, lease)
    services.clock.at = NOW + timedelta(days=40)
    with services.store.transaction() as tx:
        [_, task] = tx.tasks.list_tasks(request_id)
        tx.tasks.save_task(replace(task, state=DONE, outcome=Outcome.ERASED, finished_at=services.clock.at))
    conclude(services, request_id, acquire_lease(services.store, request_id))
    request, facts, certificate = read_conclusion(services, request_id)
    assert (request.state, request.complete, request.closed_at) == (RequestState.DONE, True, NOW)
    assert facts == ["certificate.issued", "request.closed", "certificate.issued"]
    assert certificate["clock"]["late"] is False


def test_nothing_is_made_anew_where_nothing_changed(services):
    request_id, lease = prepared(services, RequestKind.ERASURE, erase(), follow(WAITING))
    conclude(services, request_id, lease, changed=False)
    conclude(services, request_id, acquire_lease(services.store, request_id), changed=False)
    assert read_conclusion(services, request_id)[1] == ["certificate.issued", "request.closed"]


def test_an_access_request_is_answered_with_a_package(services):
    request_id, lease = prepared(services, RequestKind.ACCESS, make_task("", state=DONE))
    conclude(services, request_id, lease)
    request, facts, certificate = read_conclusion(services, request_id)
    assert (request.state, certificate) == (RequestState.DONE, None)
    assert facts == ["package.sealed", "request.closed", "letter.queued"]
    with services.store.transaction() as tx:
        assert b"".join(tx.packages.read_package(request_id)).startswith(b"PK")


def test_a_package_and_its_closing_are_one(services, monkeypatch):
    """Dying between the two would leave a package of a request that is not answered: it is made again."""
    request_id, lease = prepared(services, RequestKind.ACCESS, make_task("", state=DONE))
    monkeypatch.setattr("bridge.store.requests.requests.RequestRows.release_lease", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        conclude(services, request_id, lease)
    monkeypatch.undo()
    with services.store.transaction() as tx:
        assert list(tx.packages.read_package(request_id)) == []
    assert read_conclusion(services, request_id)[1] == []
    conclude(services, request_id, lease)
    assert read_conclusion(services, request_id)[1] == ["package.sealed", "request.closed", "letter.queued"]


def test_what_cannot_be_answered_yet_is_given_back(services):
    request_id, lease = prepared(services, RequestKind.ERASURE, erase(TaskState.RETRY), follow(TaskState.PENDING))
    conclude(services, request_id, lease)
    request, facts, certificate = read_conclusion(services, request_id)
    assert (request.state, request.complete, request.closed_at) == (RequestState.IN_PROGRESS, None, None)
    assert (facts, certificate) == ([], None)


def test_an_answer_after_its_day_is_late_and_says_so(services):
    request_id, lease = prepared(services, RequestKind.ERASURE, erase())
    services.clock.at = NOW + timedelta(days=31)
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
    conclude(services, request_id, lease)
    with services.store.transaction() as tx:
        assert tx.evidence.list_facts_of_request(request_id)[-1].detail == {
            "state": "done",
            "complete": True,
            "late": True,
        }


def test_a_lease_that_was_lost_writes_nothing(services):
    request_id, lease = prepared(services, RequestKind.ERASURE, erase())
    with pytest.raises(LeaseLost):
        conclude(services, request_id, replace(lease, fence=9))
    assert read_conclusion(services, request_id)[1] == []


def test_a_request_that_is_gone_is_nobodys(services, monkeypatch):
    request_id, lease = prepared(services, RequestKind.ERASURE, erase())
    monkeypatch.setattr("bridge.store.requests.requests.RequestRows.get_request", lambda *_: None)
    conclude(services, request_id, lease)
    monkeypatch.undo()
    assert read_conclusion(services, request_id)[1] == []


def gather_task(**given):
    return make_task("", "delhivery", state=DONE, outcome=Outcome.ABSENT, finished_at=NOW, **given)


def build_with(monkeypatch, meanwhile):
    """Let `meanwhile` run each time that a package has been written and not stored yet."""
    write = package.write_access_package

    def write_and_act(*given):
        manifest = write(*given)
        meanwhile()
        return manifest

    monkeypatch.setattr(package, "write_access_package", write_and_act)


def test_nobody_waits_for_a_package_that_is_being_built(services, monkeypatch):
    request_id, lease = prepared(services, RequestKind.ACCESS, gather_task())

    def write_to_the_database():
        with services.store.transaction() as tx:
            tx.tokens.save_tokens("other.myshopify.com", "token", NOW + timedelta(hours=1), "")

    build_with(monkeypatch, write_to_the_database)
    conclude_request(request_id, lease, has_changed=True, services=services)
    request, facts, _ = read_conclusion(services, request_id)
    assert (request.state, request.closed_at) == (RequestState.DONE, NOW)
    assert facts == ["package.sealed", "request.closed", "letter.queued"]


def test_a_package_whose_tasks_changed_meanwhile_is_built_again_and_stored_once(services, monkeypatch):
    task = gather_task(last_error="before")
    request_id, lease = prepared(services, RequestKind.ACCESS, task)
    counts = iter(("once", "twice", "twice"))

    def change_a_task():
        with services.store.transaction() as tx:
            [stored] = tx.tasks.list_tasks(request_id)
            tx.tasks.save_task(replace(stored, last_error=next(counts)))

    build_with(monkeypatch, change_a_task)
    conclude_request(request_id, lease, has_changed=True, services=services)
    assert read_conclusion(services, request_id)[1] == ["package.sealed", "request.closed", "letter.queued"]


def test_tasks_that_change_at_every_try_leave_the_request_as_it_was(services, monkeypatch):
    request_id, lease = prepared(services, RequestKind.ACCESS, gather_task())
    counts = iter(range(100))

    def change_a_task():
        with services.store.transaction() as tx:
            [stored] = tx.tasks.list_tasks(request_id)
            tx.tasks.save_task(replace(stored, last_error=str(next(counts))))

    build_with(monkeypatch, change_a_task)
    with pytest.raises(ConcurrentChange):
        conclude_request(request_id, lease, has_changed=True, services=services)
    request, facts, _ = read_conclusion(services, request_id)
    assert (request.closed_at, facts) == (None, [])
