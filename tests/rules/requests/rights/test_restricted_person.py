"""P-33: every kind of work says whether it goes on for a person whose processing is restricted."""

from __future__ import annotations

import ast
import inspect

import pytest

from bridge.model import RequestKind, RequestSource, TaskAction
from bridge.rules.requests.rights.restricted_person import (
    ALLOWANCES,
    Allowance,
    is_own_request,
    must_wait_for_restriction,
)
from bridge.steps.requests.process import STEP_BY_ACTION
from workers import jobs, schedule

# what each job and each step of the clock does with a restricted person's data: skips, may, and why
JOBS = {
    "dispatch": "may: it stores a request",
    "index": "may: it stores what a webhook reports",
    "process": "skips: `wait_for_restriction` by task",
    "notify": "skips: items of others' erasures are blocked, see `add_restriction_blockers`",
    "letter": "may: it tells the person what was done",
    "submission": "may: it sends a code, or opens what the person asks for",
    "reconcile": "may: it stores what a webhook missed",
    "fetch_mail": "may: it stores what arrives",
    "send_operator_message": "may: it names no person",
}
CLOCK_STEPS = {
    "expire_aged_records": "skips: `is_restricted` in what has expired",
    "expire_documents": "skips: `find_restricted_orders`",
    "erase_settled_bank_details": "skips: `is_restricted` in what is due",
    "expire_bodies_and_packages": "may: copies of what came in and went out; the records stay",
    "overwrite_remnants": "may: of what was destroyed before",
    "start_nightly_reconciliations": "may: it stores",
    "log_overdue_holds": "may: it names no person",
    "log_urgent_answers": "may: it names no person",
    "enqueue_due": "may: ids only",
    "sign_head": "may: evidence only",
    "sync_ledger": "may: pseudonyms of what was erased",
    "watch": "may: it names no person",
    "check_ledger_gate": "may: it names no person",
    "expire_api_access": "may: tokens of users",
    "expire_submissions": "may: forms that nobody proved",
    "queue_late_letters": "may: it tells the person",
    "ensure_mailbox": "may: it stores what arrives",
}


def test_p33_every_action_and_every_job_says_what_it_does_for_a_restricted_person():
    assert set(ALLOWANCES) == set(TaskAction) == set(STEP_BY_ACTION)
    assert all(says.startswith(("may: ", "skips: ")) for says in (*JOBS.values(), *CLOCK_STEPS.values()))
    functions = {name for name, one in inspect.getmembers(jobs, inspect.isfunction) if one.__module__ == jobs.__name__}
    opening = {"load_configuration", "open_store", "open_services", "close_services", "open_queue"}
    assert {name for name in functions if not name.startswith("_")} - opening == set(JOBS)
    tree = ast.parse(inspect.getsource(schedule))
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bridge.steps")
        for alias in node.names
    }
    assert {name for name in imported if name.islower()} == set(CLOCK_STEPS)


@pytest.mark.parametrize("action", TaskAction)
@pytest.mark.parametrize("source", RequestSource)
def test_what_shopify_or_a_nominee_asks_for_waits_and_what_the_person_asks_for_does_not(action, source):
    by_person = source is not RequestSource.WEBHOOK
    waits = ALLOWANCES[action] is Allowance.OWN
    assert must_wait_for_restriction(RequestKind.ERASURE, source, action) == (waits and not by_person)
    assert must_wait_for_restriction(RequestKind.NOMINEE_EXERCISE, source, action) == waits
    assert not must_wait_for_restriction(RequestKind.ACCESS, source, action)
    assert not must_wait_for_restriction(RequestKind.SHOP_ERASURE, source, action)


@pytest.mark.parametrize("kind", RequestKind)
def test_each_kind_is_somebody_s(kind):
    others = {RequestKind.SHOP_ERASURE, RequestKind.NOMINEE_EXERCISE, RequestKind.INCIDENT}
    assert is_own_request(kind, RequestSource.PAGE) == (kind not in others)
