"""`dsr evidence`: what proves a request, as a bundle to check with a shell, or as one JSON document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from bridge.cli.context import AS_JSON, Desk, desk, operator
from bridge.cli.dsr.request_view import described, find
from bridge.cli.output_files import FORCE, OUT, write
from bridge.cli.printing import emit
from bridge.model import Fact, PrivacyRequest
from bridge.steps.evidence.bundle import Proof, prove, worth_showing
from bridge.steps.evidence.bundle.archive import archive
from bridge.store.sql import SqlTx


@click.command()
@click.argument("request_id", metavar="ID")
@OUT
@click.option(
    "--to-head",
    is_flag=True,
    help="In a .zip: the facts between too, up to the next signed head, so that all hashes join up. "
    "Those of other requests carry their pseudonyms.",
)
@FORCE
@AS_JSON
def evidence(request_id: str, target: Path, to_head: bool, force: bool, as_json: bool) -> None:
    """Write a request's evidence: FILE.zip is a bundle that sha256sum and openssl can check, FILE.json one document.

    Clocks, tasks, facts with their hashes, the signed certificate; no person. This is recorded as evidence.
    """
    if target.suffix not in (".zip", ".json") or (to_head and target.suffix == ".json"):
        raise click.UsageError("--out must end in .zip or .json, with --to-head in .zip")
    with desk() as at, at.store.transaction() as tx:
        request = find(tx, request_id)
        make = _bundle if target.suffix == ".zip" else _document
        content, facts = make(request, tx, at, to_head=to_head)
        _, head = tx.evidence.head()
        write(target, content, force=force)
    if as_json:
        emit({"id": request_id, "file": str(target), "facts": facts, "head": head})
    else:
        click.echo(f"Wrote {target} ({facts} facts, chain head {head[:16]}…).")


def _exported(request: PrivacyRequest, tx: SqlTx) -> None:
    tx.evidence.append(
        Fact.EVIDENCE_EXPORTED,
        shop=request.shop,
        actor=operator(),
        request_id=request.id,
        subject=request.subject,
        what="request",
    )


def _bundle(request: PrivacyRequest, tx: SqlTx, at: Desk, *, to_head: bool) -> tuple[bytes, int]:
    """The zip, and how many facts of the request are in it: all but the one of this export."""
    facts = tx.evidence.of(request.id)
    heads = worth_showing(tx.heads.all(), facts)
    rows = facts
    if to_head and facts:
        rows = tx.evidence.between(facts[0].seq, max([facts[-1].seq, *(head.seq for head in heads[:1])]))
    vault = at.store.vault
    named = {str(fact.detail["delivery"]) for fact in facts if "delivery" in fact.detail}
    proof = Proof(
        request=request,
        tasks=tx.requests.tasks(request.id),
        facts=facts,
        rows=rows,
        heads=heads,
        deliveries=tx.listing.deliveries(ids=sorted(named)) if named else [],
        certificate=tx.packages.certificate(request.id),
        plan=tx.plans.of(request.id),
        public_key=vault.public_key,
        timezone=at.start.retention.timezone,
    )
    _exported(request, tx)
    files = prove(proof, sign=vault.sign, pem=vault.public_key_pem)
    return archive(files, folder=f"evidence-{request.id}"), len(facts)


def _document(request: PrivacyRequest, tx: SqlTx, at: Desk, *, to_head: bool) -> tuple[bytes, int]:  # noqa: ARG001 - as `_bundle`
    _exported(request, tx)
    seq, head = tx.evidence.head()
    vault = at.store.vault
    bundle: dict[str, Any] = {
        "schema": "request-evidence/1",
        **described(tx, request),
        "certificate": tx.packages.certificate(request.id),
        "chain": {"length": seq, "head": head, "head_signature": vault.sign(head.encode())},
        "public_key": vault.public_key,
    }
    content = json.dumps(bundle, default=lambda value: getattr(value, "isoformat", value.__str__)(), indent=2)
    return content.encode(), len(bundle["facts"])
