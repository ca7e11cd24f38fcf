"""The bundle of a request: the same files for the same inputs, the selected heads, and changed keys."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.model import Fact, RequestKind, SignedHead, TaskAction
from bridge.rules.evidence.chain_heads import encode_head_statement
from bridge.steps.evidence.bundle import BundleInputs, build_evidence_bundle, select_signed_heads
from bridge.steps.evidence.bundle.archive import build_zip
from tests.factories import NOW, make_request, make_task

REQUEST = make_request(kind=RequestKind.ERASURE)


def head(seq, day=0, *, stamped=False):
    at = NOW + timedelta(days=day)
    made = SignedHead(day=at.date(), seq=seq, hash="h" * 64, signed_at=at)
    return replace(made, token="dG9rZW4=", anchored_at=at) if stamped else made


@pytest.fixture
def facts_of_request(store):
    with store.transaction() as tx:
        for request_id in ("other", REQUEST.id, "other", REQUEST.id):
            tx.evidence.append_fact(Fact.TASK_DONE, shop=REQUEST.shop, request_id=request_id, records=1)
        return tx.evidence.list_facts_of_request(REQUEST.id)


def build_bundle(store, facts, **given):
    values = {
        "request": REQUEST,
        "tasks": [make_task(REQUEST.id)],
        "facts": facts,
        "rows": facts,
        "heads": [],
        "deliveries": [],
        "certificate": None,
        "plan": {"lines": []},
        "public_key": store.keyring.public_key,
        "timezone": "Asia/Kolkata",
    }
    return build_evidence_bundle(
        BundleInputs(**(values | given)), sign=store.keyring.sign, encode_pem=store.keyring.public_key_pem
    )


def test_the_same_request_gives_the_same_bytes(store, facts_of_request):
    first, second = (build_zip(build_bundle(store, facts_of_request), folder="evidence") for _ in range(2))
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as bundle:
        assert bundle.testzip() is None
        assert {name.partition("/")[0] for name in bundle.namelist()} == {"evidence"}


@pytest.mark.parametrize(
    ("heads", "shown"),
    [
        ([], []),
        ([head(1)], []),
        ([head(1), head(2, 1), head(3, 2)], [3]),
        ([head(3), head(4, 1), head(9, 2)], [4]),
        ([head(4), head(9, 1), head(12, 2, stamped=True), head(15, 3, stamped=True)], [4, 12]),
        ([head(5, stamped=True), head(9, 1, stamped=True)], [5]),
    ],
    ids=["none", "before it began", "covers some", "first that covers all", "first with a timestamp", "both"],
)
def test_the_selected_heads_are_the_first_that_cover_all_facts(store, facts_of_request, heads, shown):
    assert [fact.seq for fact in facts_of_request] == [2, 4]
    assert [each.seq for each in select_signed_heads(heads, facts_of_request)] == shown
    assert select_signed_heads(heads, []) == []


def test_a_head_signed_with_another_key_includes_that_key(store, facts_of_request):
    key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="  # RFC 8037, appendix A
    signed = replace(head(4), public_key=key, signature="c2lnbmF0dXJl")
    files = build_bundle(store, facts_of_request, heads=[signed])
    assert files["heads/2026-11-22.json"] == encode_head_statement(signed)
    assert files["heads/2026-11-22.pem"] == (
        b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
        b"-----END PUBLIC KEY-----\n"
    )
    assert "-inkey heads/2026-11-22.pem" in files["README.txt"].decode()


def test_a_missing_certificate_or_head_is_stated(store, facts_of_request):
    text = build_bundle(store, facts_of_request)["README.txt"].decode()
    assert "no certificate" in text
    assert "No head of the chain was signed since" in text
    assert "--to-head" in text


def test_the_contract_of_each_processor_stands_in_the_bundle(store, facts_of_request):
    """Requirement P-43: of each processor that was instructed, or that none is on record."""
    tasks = [make_task(REQUEST.id, system=name, action=TaskAction.NOTIFY_PROCESSOR) for name in ("news", "texts")]
    files = build_bundle(store, facts_of_request, tasks=tasks, contracts={"news": "C-7", "texts": "", "ads": "C-8"})
    table = json.loads(files["07_third_parties.json"])
    assert table["contracts"] == {"news": "C-7", "texts": "contract reference not recorded"}
