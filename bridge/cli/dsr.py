"""`dsr list | show | package | evidence | replay`: privacy requests (data subject requests)."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bridge.cli.desk import AS_JSON, desk, emit, operator, refuse, table
from bridge.model import Fact, PrivacyRequest, RequestState, Task
from bridge.store.sql import SqlTx

LISTED = (
    "id",
    "shop",
    "kind",
    "source",
    "state",
    "received_at",
    "acknowledge_due_at",
    "due_at",
    "due_governed_by",
    "closed_at",
    "complete",
    "last_error",
)
KINDS = ["access", "erasure", "shop_erasure"]
OUT = click.option(
    "--out", "target", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write."
)
FORCE = click.option("--force", is_flag=True, help="Overwrite the file where it exists.")


@click.group()
def dsr() -> None:
    """Privacy requests: who asked for what, what is due when, who still has to answer."""


@dsr.command("list")
@click.option("--state", type=click.Choice([state.value for state in RequestState]))
@click.option("--kind", type=click.Choice(KINDS))
@click.option("--shop", default="")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 100_000))
@AS_JSON
def list_(state: str | None, kind: str | None, shop: str, limit: int, as_json: bool) -> None:
    """List requests, newest first."""
    with desk() as at, at.store.transaction() as tx:
        rows = tx.listing.requests(state=state or "", kind=kind or "", shop=shop, limit=limit)
    shown = [{name: getattr(row, name) for name in LISTED} for row in rows]
    if as_json:
        emit(shown)
    else:
        table(shown, ("id", "kind", "shop", "state", "complete", "due_at", "closed_at"), empty="No requests.")


def _request(tx: SqlTx, request_id: str) -> PrivacyRequest:
    request = tx.requests.get(request_id)
    if request is None:
        refuse(f"There is no request {request_id}. `dsr list` shows them.")
    assert request is not None  # noqa: S101 - refuse ends the command
    return request


def _task(task: Task) -> dict[str, Any]:
    """A task as shown: its cursor may name a person's things and stays sealed."""
    return {
        "id": task.id,
        "system": task.system,
        "action": task.action,
        "state": task.state,
        "attempts": task.attempts,
        "records": task.records,
        "outcome": task.outcome,
        "last_error": task.last_error,
        "gaps": [asdict(gap) for gap in task.gaps],
        "detail": dict(task.detail),
        "wake_at": task.wake_at,
        "expected_by": task.expected_by,
        "finished_at": task.finished_at,
    }


def _shown(tx: SqlTx, request: PrivacyRequest) -> dict[str, Any]:
    certificate = tx.packages.certificate(request.id)
    return {
        **{name: getattr(request, name) for name in LISTED},
        "subject": request.subject,
        "external_ref": request.external_ref,
        "received_at_basis": request.received_at_basis,
        "webhook_received_at": request.webhook_received_at,
        "clocks": dict(request.clocks),
        "policy_sha256": request.policy_sha256,
        "retention_sha256": request.retention_sha256,
        "orders_named": len(request.principal.order_ids),
        "tasks": [_task(task) for task in tx.requests.tasks(request.id)],
        "holds": list((certificate or {}).get("kept", [])),
        "facts": [asdict(event) for event in tx.evidence.of(request.id)],
    }


@dsr.command()
@click.argument("request_id", metavar="ID")
@AS_JSON
def show(request_id: str, as_json: bool) -> None:
    """Show one request: its clocks, each system's task, holds and facts. The person is never named."""
    with desk() as at, at.store.transaction() as tx:
        shown = _shown(tx, _request(tx, request_id))
    if as_json:
        emit(shown)
        return
    for name in (
        "id",
        "kind",
        "shop",
        "state",
        "complete",
        "received_at",
        "due_at",
        "due_governed_by",
        "closed_at",
    ):
        click.echo(f"{name.replace('_', ' '):18} {shown[name] if shown[name] is not None else '-'}")
    click.echo("\nTasks")
    table(
        shown["tasks"],
        ("system", "action", "state", "outcome", "records", "attempts", "expected_by", "last_error"),
        empty="none",
    )
    for task in shown["tasks"]:
        for gap in task["gaps"]:
            click.echo(f"  gap: {gap['system']}: {gap['what']} ({gap['absence']}, {gap['reason']})")
    click.echo("\nHolds")
    table(shown["holds"], ("category", "what", "until"), empty="none")
    click.echo("\nFacts")
    table(shown["facts"], ("seq", "at", "fact", "actor"), empty="none")


def _write(target: Path, content: bytes, *, force: bool) -> None:
    """Write a file that only its owner may read."""
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if force else os.O_EXCL)
    try:
        handle = os.open(target, flags, 0o600)
    except FileExistsError:
        raise click.UsageError(f"{target} exists; --force overwrites it") from None
    except OSError as fault:
        raise click.UsageError(f"{target} cannot be written: {fault.strerror}") from None
    with os.fdopen(handle, "wb") as out:
        out.write(content)


@dsr.command()
@click.argument("request_id", metavar="ID")
@OUT
@FORCE
@AS_JSON
def package(request_id: str, target: Path, force: bool, as_json: bool) -> None:
    """Write the access package in the clear to a file. This is recorded as evidence."""
    with desk() as at, at.store.transaction() as tx:
        request = _request(tx, request_id)
        content = b"".join(tx.packages.read(request_id))
        if not content:
            refuse(f"{request_id} has no package: {_why_no_package(request)}")
        digest = hashlib.sha256(content).hexdigest()
        _write(target, content, force=force)
        tx.evidence.append(
            Fact.PACKAGE_RELEASED,
            shop=request.shop,
            actor=operator(),
            request_id=request_id,
            subject=request.subject,
            bytes=len(content),
            sha256=digest,
        )
    told = {
        "id": request_id,
        "file": str(target),
        "bytes": len(content),
        "sha256": digest,
        "complete": request.complete,
    }
    if as_json:
        emit(told)
    else:
        click.echo(f"Wrote {target} ({len(content)} bytes, sha256 {digest}). The release is in the evidence.")


def _why_no_package(request: PrivacyRequest) -> str:
    if request.kind != "access":
        return "it is not an access request; `dsr evidence` writes its certificate."
    return (
        "it is not ready yet, or its days are over." if request.closed_at else "it is still being gathered."
    )


@dsr.command()
@click.argument("request_id", metavar="ID")
@OUT
@FORCE
@AS_JSON
def evidence(request_id: str, target: Path, force: bool, as_json: bool) -> None:
    """Write a request's evidence: clocks, tasks, facts with their hashes, the signed certificate."""
    with desk() as at, at.store.transaction() as tx:
        request = _request(tx, request_id)
        tx.evidence.append(
            Fact.EVIDENCE_EXPORTED,
            shop=request.shop,
            actor=operator(),
            request_id=request_id,
            subject=request.subject,
        )
        seq, head = tx.evidence.head()
        bundle = {
            "schema": "request-evidence/1",
            **_shown(tx, request),
            "certificate": tx.packages.certificate(request_id),
            "chain": {"length": seq, "head": head, "head_signature": at.store.vault.sign(head.encode())},
            "public_key": at.store.vault.public_key,
        }
        content = json.dumps(
            bundle, default=lambda value: getattr(value, "isoformat", value.__str__)(), indent=2
        )
        _write(target, content.encode(), force=force)
    if as_json:
        emit({"id": request_id, "file": str(target), "facts": len(bundle["facts"]), "head": head})
    else:
        click.echo(f"Wrote {target} ({len(bundle['facts'])} facts, chain head {head[:16]}…).")


@dsr.command()
@click.argument("request_id", metavar="ID")
@AS_JSON
def replay(request_id: str, as_json: bool) -> None:
    """Run what failed or waits for a retry again, from its last page. Clocks stay as they are."""
    with desk() as at, at.store.transaction() as tx:
        request = _request(tx, request_id)
        before = tx.requests.tasks(request_id)
        open_tasks = [task for task in before if task.state in ("failed", "retry", "pending")]
        told: dict[str, Any]
        if request.state is RequestState.DONE and not open_tasks:
            told = {"id": request_id, "replayed": [], "note": "everything is done; nothing was changed"}
        else:
            tx.requests.restart(request_id)
            told = {
                "id": request_id,
                "replayed": [task.system for task in open_tasks],
                "due_at": request.due_at,
            }
        tx.evidence.append(
            Fact.REQUEST_REPLAYED,
            shop=request.shop,
            actor=operator(),
            request_id=request_id,
            subject=request.subject,
            tasks=len(open_tasks),
        )
    if as_json:
        emit(told)
    elif told["replayed"]:
        click.echo(
            f"{request_id} runs again: {', '.join(told['replayed'])}. It is still due {told['due_at']}."
        )
    else:
        click.echo(f"{request_id}: everything is done; nothing was changed.")
