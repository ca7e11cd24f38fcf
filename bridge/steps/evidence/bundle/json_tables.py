"""Build the JSON tables of a bundle: one for each question that an auditor asks about a request.

Pure. Each table is a view of recorded facts; a fact has its row number, by which it is found in `CHAIN`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bridge import __version__
from bridge.model import Event, PrivacyRequest, RequestKind, RequestSource, SignedHead, Task, TaskAction, TaskState
from bridge.rules.requests.answer_times import judge_lateness
from bridge.rules.requests.progress_codec import encode_detail
from bridge.rules.requests.request_register import describe_contract

RECEIPT_FACTS = ("request.opened", "request.joined", "delivery.")
SOURCE_FACTS = ("task.", "principal.", "shop.", "platform_erasure.", "late_delivery.")
DECISION_FACTS = (
    "plan.",
    "guard.",
    "hold.",
    "law_file.",
    "shop_erasure.",
    "vault.",
    "review.",
    "marketing.",
    "consents.",
    "grievance.",
)
NOTICE_FACTS = ("instruction.", "entry.", "notice.", "parcel.")
LETTER_FACTS = ("notice.sent", "notice.reminded", "notice.filed", "notice.bounced", "package.", "answer.", "letter.")
AFTERCARE_FACTS = ("document.", "record.", "notice.reopened", "notice.read_back", "request.replayed", "tombstones.")
DELIVERY_FIELDS = ("id", "topic", "webhook_id", "event_id", "api_version", "triggered_at", "received_at", "state")


@dataclass(frozen=True, kw_only=True, slots=True)
class BundleInputs:
    """What is recorded of one request.

    `facts` are the request's own; `rows` are all facts in the bundle, which may include those of other requests
    between them, and end with the fact of this export. `deliveries` are the webhooks that the facts name, without bodies. `heads` are the signed heads to
    show. `public_key` is base64; `timestamp_roots` are the certificates (PEM) of the timestamp authority, '' for none;
    `contracts` are the references of contracts by processor; `timezone` is an IANA name; `machine` names system and language that the software runs on.
    """

    request: PrivacyRequest
    tasks: Sequence[Task]
    facts: Sequence[Event]
    rows: Sequence[Event]
    heads: Sequence[SignedHead]
    deliveries: Sequence[Mapping[str, Any]]
    certificate: Mapping[str, Any] | None
    plan: Mapping[str, Any] | None
    public_key: str
    timezone: str
    timestamp_roots: str = ""
    contracts: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, str] = field(default_factory=dict)


def is_complete(inputs: BundleInputs) -> bool:
    """Return whether the bundle has every fact from the opening of the request to a signed head."""
    first, last = inputs.rows[0].seq, inputs.rows[-1].seq
    has_head = any(head.seq == last and head.public_key == inputs.public_key for head in inputs.heads)
    return has_head and len(inputs.rows) == last - first + 1


def has_verified_timestamp(inputs: BundleInputs) -> bool:
    """Return whether a head has a timestamp and the bundle the certificates to check it with."""
    return bool(inputs.timestamp_roots) and any(head.token for head in inputs.heads)


def name_head_files(heads: Sequence[SignedHead]) -> list[str]:
    """Return a path for each head, without suffix: its day, and its row where the day has another."""
    days = [head.day for head in heads]
    return [
        f"heads/{head.day}" if days.index(head.day) == number else f"heads/{head.day}-row-{head.seq}"
        for number, head in enumerate(heads)
    ]


def dump_table_json(value: Any) -> bytes:
    """Return indented JSON; times in ISO 8601."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=datetime.isoformat)
    return text.encode() + b"\n"


def build_json_tables(inputs: BundleInputs) -> dict[str, Any]:
    """Return all tables by file name; number 09 is the certificate itself."""
    certificate = inputs.certificate or {}
    processor_tasks = [task for task in inputs.tasks if task.action is TaskAction.NOTIFY_PROCESSOR]
    own_tasks = [task for task in inputs.tasks if task.action is not TaskAction.NOTIFY_PROCESSOR]
    return {
        "01_receipt.json": _build_receipt_table(inputs),
        "02_clock.json": _build_clock_table(inputs),
        "03_identity.json": _build_identity_table(inputs),
        "04_scope.json": _build_scope_table(inputs),
        "05_sources.json": {
            "systems": [_build_task_row(task) for task in own_tasks],
            "facts": _select_fact_rows(inputs, SOURCE_FACTS),
        },
        "06_decisions.json": {
            "plan": inputs.plan,
            "kept": certificate.get("kept", []),
            "facts": _select_fact_rows(inputs, DECISION_FACTS),
        },
        "07_third_parties.json": {
            "processors": certificate.get("processors") or [_build_task_row(task) for task in processor_tasks],
            "contracts": {
                task.system: describe_contract(inputs.contracts.get(task.system, "")) for task in processor_tasks
            },
            "platform": certificate.get("platform", []),
            "not_instructed": certificate.get("not_instructed", []),
            "facts": _select_fact_rows(inputs, NOTICE_FACTS),
        },
        "08_letters.json": {"facts": _select_fact_rows(inputs, LETTER_FACTS)},
        "10_aftercare.json": {
            "open": [_build_task_row(task) for task in inputs.tasks if task.state is not TaskState.DONE],
            "kept_until": [
                {name: row.get(name) for name in ("category", "what", "count", "until")}
                for row in certificate.get("kept", [])
            ],
            "facts": _select_fact_rows(inputs, AFTERCARE_FACTS),
        },
        "11_software.json": _build_software_table(inputs),
        "12_electronic_record.json": _build_record_table(inputs),
    }


SIGNATURE_STATEMENTS = {
    RequestSource.WEBHOOK: "the HMAC over the raw body was verified before the body was read; the fact names the secret",
    RequestSource.OPERATOR: "none: opened by an operator",
    RequestSource.API: "none: opened by a program of the merchant, whose user the first fact names",
    RequestSource.PAGE: "none: a person asked on the public page",
    RequestSource.MAIL: "none: a person wrote a mail",
    RequestSource.LAW: "none: nobody asked, and a law demands it",
    RequestSource.LEDGER: "none: a restored backup did not know the request; the ledger's keys go on with it",
}


def _build_receipt_table(inputs: BundleInputs) -> dict[str, Any]:
    request, zone = inputs.request, ZoneInfo(inputs.timezone)
    return {
        "request_id": request.id,
        "shop": request.shop,
        "door": request.source,
        "external_ref": request.external_ref,
        "received_at": request.received_at,
        "received_at_local": request.received_at.astimezone(zone),
        "received_at_basis": request.received_at_basis,
        "webhook_received_at": request.webhook_received_at,
        "signature": SIGNATURE_STATEMENTS[request.source],
        "body_digest": "the fact has a keyed digest; the body itself is destroyed after it was processed",
        "deliveries": [{name: row.get(name) for name in DELIVERY_FIELDS} for row in inputs.deliveries],
        "facts": _select_fact_rows(inputs, RECEIPT_FACTS),
    }


def _build_clock_table(inputs: BundleInputs) -> dict[str, Any]:
    request = inputs.request
    acknowledged = [fact.detail["acknowledged_at"] for fact in inputs.facts if fact.fact == "request.acknowledged"]
    return {
        "clocks": dict(request.clocks),
        "acknowledge_due_at": request.acknowledge_due_at,
        "acknowledged_at": min(acknowledged, default=None),
        "acknowledged_note": "as an operator recorded it: the bridge sends no acknowledgement itself",
        "due_at": request.due_at,
        "due_governed_by": request.due_governed_by,
        "extensions": [],
        "closed_at": request.closed_at,
        "completed_at": _read_completed_at(inputs),
        "handed_over_at": request.handed_over_at,
        "answered_at": request.answered_at,
        "answer_basis": request.answer_basis,
        "complete": request.complete,
        "late": judge_lateness(request, inputs.rows[-1].at),
        "facts": _select_fact_rows(inputs, ("request.acknowledged", "request.closed", "request.failed", "answer.")),
    }


def _read_completed_at(inputs: BundleInputs) -> Any:
    """Return when everything was done: of an access request when it was closed, of an erasure as its certificate says."""
    certificate = inputs.certificate
    if certificate is None:
        return inputs.request.closed_at if inputs.request.kind is RequestKind.ACCESS else None
    return None if certificate["status"] == "in_progress" else certificate["clock"]["completed_at"]


def _build_identity_table(inputs: BundleInputs) -> dict[str, Any]:
    is_from_shopify = inputs.request.source is RequestSource.WEBHOOK
    opening_facts = [fact for fact in inputs.facts if fact.fact == "request.opened"]
    return {
        "method": "platform_webhook" if is_from_shopify else "merchant_staff",
        "assurance": "Shopify named the data subject in a signed webhook"
        if is_from_shopify
        else "the operator named the data subject; the merchant must show how the identity was checked",
        "decided_by": opening_facts[0].actor if opening_facts else None,
        "decided_at": opening_facts[0].at if opening_facts else None,
        "attestation": opening_facts[0].detail.get("reason") if opening_facts else None,
        "documents_kept": [],
    }


def _build_scope_table(inputs: BundleInputs) -> dict[str, Any]:
    request = inputs.request
    opening_facts = [fact for fact in inputs.facts if fact.fact in RECEIPT_FACTS[:2]]
    # a body that came again names no further orders
    orders_by_body = {
        fact.detail.get("body_digest") or fact.seq: fact.detail.get("orders", 0) for fact in opening_facts
    }
    return {
        "kind": request.kind,
        "subject": request.subject,
        "subject_is": "a keyed HMAC (HMAC-SHA256, 128 bits): only the merchant's key links it to a person",
        "orders_named": sum(map(int, orders_by_body.values())),
        "records_by_system": {f"{task.system}.{task.action}": task.records for task in inputs.tasks},
    }


def _build_software_table(inputs: BundleInputs) -> dict[str, Any]:
    return {
        "version": __version__,
        "policy_sha256": inputs.request.policy_sha256,
        "retention_sha256": inputs.request.retention_sha256,
        "certificate_made_by": (inputs.certificate or {}).get("policy", {}),
        "public_key": inputs.public_key,
        "by_operators": [_build_fact_row(fact) for fact in inputs.facts if fact.actor.startswith("operator")],
    }


def _build_record_table(inputs: BundleInputs) -> dict[str, Any]:
    """Return what the certificate of an electronic record (BSA 2023 s.63(4), Schedule) needs, and what only a person can state."""
    return {
        "for": "Bharatiya Sakshya Adhiniyam 2023, s.63(4)",
        "record": f"facts of request {inputs.request.id}, written by this software as they happened, in the order of CHAIN",
        "made_by": {"software": "Shopify compliance bridge", "version": __version__, **inputs.machine},
        "first_fact_at": inputs.facts[0].at if inputs.facts else None,
        "last_fact_at": inputs.facts[-1].at if inputs.facts else None,
        "hash_algorithm": "SHA-256",
        "hash_value": "the digest on the line 'sums' of STATEMENT: of SHA256SUMS, which has that of each file",
        "stated_and_signed_by_the_person_in_charge": [
            "name, designation, place and date",
            "make, model, serial number and place of the computer or of the host's service",
            "that it was used regularly to keep such records, under lawful control",
            "that it worked properly, or that a fault did not affect the record",
            "the hash value and the algorithm",
        ],
    }


def _build_task_row(task: Task) -> dict[str, Any]:
    return {
        **{name: getattr(task, name) for name in ("system", "action", "state", "outcome", "records", "attempts")},
        "problem": task.last_error,
        "gaps": [asdict(gap) for gap in task.gaps],
        "detail": encode_detail(task.progress),
        "expected_by": task.expected_by,
        "finished_at": task.finished_at,
    }


def _select_fact_rows(inputs: BundleInputs, prefixes: Sequence[str]) -> list[Mapping[str, Any]]:
    return [_build_fact_row(fact) for fact in inputs.facts if fact.fact.startswith(tuple(prefixes))]


def _build_fact_row(fact: Any) -> Mapping[str, Any]:
    return {"row": fact.seq, "at": fact.at, "actor": fact.actor, "fact": fact.fact, "detail": dict(fact.detail)}
