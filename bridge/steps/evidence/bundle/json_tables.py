"""The sheets of a bundle: one for each thing that an auditor asks of a request.

Pure. Each sheet is a view of what was recorded; a fact is told with its row, so that it is found in `CHAIN`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bridge import __version__
from bridge.model import Action, Source, Task, TaskState

if TYPE_CHECKING:
    from bridge.steps.evidence.bundle import Proof

RECEIVED = ("request.opened", "request.joined", "delivery.")
SOURCES = ("task.", "principal.", "shop.", "platform_erasure.", "late_delivery.")
DECIDED = ("plan.", "guard.", "hold.", "law_file.", "shop_erasure.", "vault.", "review.")
TOLD = ("instruction.", "entry.", "notice.", "parcel.")
LETTERS = ("notice.sent", "notice.reminded", "notice.filed", "notice.bounced", "package.")
AFTER = ("document.", "record.", "notice.reopened", "notice.read_back", "request.replayed", "tombstones.")
DELIVERY = ("id", "topic", "webhook_id", "event_id", "api_version", "triggered_at", "received_at", "state")


def dumps(value: Any) -> bytes:
    """JSON as people read it; moments as ISO 8601."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=datetime.isoformat)
    return text.encode() + b"\n"


def sheets(proof: Proof) -> dict[str, Any]:
    """All sheets by file name; the ninth is the certificate itself."""
    certificate = proof.certificate or {}
    theirs = [task for task in proof.tasks if task.action is Action.INSTRUCT]
    ours = [task for task in proof.tasks if task.action is not Action.INSTRUCT]
    return {
        "01_receipt.json": _receipt(proof),
        "02_clock.json": _clock(proof),
        "03_identity.json": _identity(proof),
        "04_scope.json": _scope(proof),
        "05_sources.json": {"systems": [_task(task) for task in ours], "facts": _facts(proof, SOURCES)},
        "06_decisions.json": {
            "plan": proof.plan,
            "kept": certificate.get("kept", []),
            "facts": _facts(proof, DECIDED),
        },
        "07_third_parties.json": {
            "processors": certificate.get("processors") or [_task(task) for task in theirs],
            "platform": certificate.get("platform", []),
            "not_instructed": certificate.get("not_instructed", []),
            "facts": _facts(proof, TOLD),
        },
        "08_letters.json": {"facts": _facts(proof, LETTERS)},
        "10_aftercare.json": {
            "open": [_task(task) for task in proof.tasks if task.state is not TaskState.DONE],
            "kept_until": [
                {name: row.get(name) for name in ("category", "what", "count", "until")}
                for row in certificate.get("kept", [])
            ],
            "facts": _facts(proof, AFTER),
        },
        "11_software.json": _software(proof),
    }


def _receipt(proof: Proof) -> dict[str, Any]:
    request, zone = proof.request, ZoneInfo(proof.timezone)
    return {
        "request_id": request.id,
        "shop": request.shop,
        "door": request.source,
        "external_ref": request.external_ref,
        "received_at": request.received_at,
        "received_at_local": request.received_at.astimezone(zone),
        "received_at_basis": request.received_at_basis,
        "webhook_received_at": request.webhook_received_at,
        "signature": "the HMAC over the raw body held before anything was read; the fact says by which secret"
        if request.source is Source.WEBHOOK
        else "none: opened by an operator",
        "body_digest": "a keyed digest stands in the fact; the body itself is not kept once it is worked on",
        "deliveries": [{name: row.get(name) for name in DELIVERY} for row in proof.deliveries],
        "facts": _facts(proof, RECEIVED),
    }


def _clock(proof: Proof) -> dict[str, Any]:
    request = proof.request
    return {
        "clocks": dict(request.clocks),
        "acknowledge_due_at": request.acknowledge_due_at,
        "acknowledged_at": None,
        "acknowledged_note": "the bridge sends no acknowledgement itself; the merchant's own letter is not known here",
        "due_at": request.due_at,
        "due_governed_by": request.due_governed_by,
        "extensions": [],
        "completed_at": request.closed_at,
        "complete": request.complete,
        "late": request.closed_at > request.due_at if request.closed_at else None,
        "facts": _facts(proof, ("request.closed", "request.failed")),
    }


def _identity(proof: Proof) -> dict[str, Any]:
    by_shopify = proof.request.source is Source.WEBHOOK
    opened = [fact for fact in proof.facts if fact.fact == "request.opened"]
    return {
        "method": "platform_webhook" if by_shopify else "merchant_staff",
        "assurance": "Shopify said who it is about, in a signed webhook"
        if by_shopify
        else "the operator said who it is about; how she was recognised is the merchant's to show",
        "decided_by": opened[0].actor if opened else None,
        "decided_at": opened[0].at if opened else None,
        "attestation": opened[0].detail.get("reason") if opened else None,
        "documents_kept": [],
    }


def _scope(proof: Proof) -> dict[str, Any]:
    request = proof.request
    return {
        "kind": request.kind,
        "subject": request.subject,
        "subject_is": "a keyed HMAC (HMAC-SHA256, 128 bits): nobody without the merchant's key can tell who it is",
        "orders_named": sum(
            int(fact.detail.get("orders", 0)) for fact in proof.facts if fact.fact in RECEIVED[:2]
        ),
        "records_by_system": {f"{task.system}.{task.action}": task.records for task in proof.tasks},
    }


def _software(proof: Proof) -> dict[str, Any]:
    return {
        "version": __version__,
        "policy_sha256": proof.request.policy_sha256,
        "retention_sha256": proof.request.retention_sha256,
        "certificate_made_by": (proof.certificate or {}).get("policy", {}),
        "public_key": proof.public_key,
        "by_operators": [_told(fact) for fact in proof.facts if not fact.actor.startswith("bridge")],
    }


def _task(task: Task) -> dict[str, Any]:
    return {
        "system": task.system,
        "action": task.action,
        "state": task.state,
        "outcome": task.outcome,
        "records": task.records,
        "attempts": task.attempts,
        "problem": task.last_error,
        "gaps": [asdict(gap) for gap in task.gaps],
        "detail": dict(task.detail),
        "expected_by": task.expected_by,
        "finished_at": task.finished_at,
    }


def _facts(proof: Proof, named: Sequence[str]) -> list[Mapping[str, Any]]:
    return [_told(fact) for fact in proof.facts if fact.fact.startswith(tuple(named))]


def _told(fact: Any) -> Mapping[str, Any]:
    return {
        "row": fact.seq,
        "at": fact.at,
        "actor": fact.actor,
        "fact": fact.fact,
        "detail": dict(fact.detail),
    }
