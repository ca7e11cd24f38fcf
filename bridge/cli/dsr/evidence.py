"""`dsr evidence`: what proves a request, in one file."""

from __future__ import annotations

import json
from pathlib import Path

import click

from bridge.cli.desk import AS_JSON, desk, operator
from bridge.cli.dsr.paper import FORCE, OUT, write
from bridge.cli.dsr.sheet import described, find
from bridge.cli.printing import emit
from bridge.model import Fact


@click.command()
@click.argument("request_id", metavar="ID")
@OUT
@FORCE
@AS_JSON
def evidence(request_id: str, target: Path, force: bool, as_json: bool) -> None:
    """Write a request's evidence: clocks, tasks, facts with their hashes, the signed certificate."""
    with desk() as at, at.store.transaction() as tx:
        request = find(tx, request_id)
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
            **described(tx, request),
            "certificate": tx.packages.certificate(request_id),
            "chain": {"length": seq, "head": head, "head_signature": at.store.vault.sign(head.encode())},
            "public_key": at.store.vault.public_key,
        }
        content = json.dumps(
            bundle, default=lambda value: getattr(value, "isoformat", value.__str__)(), indent=2
        )
        write(target, content.encode(), force=force)
    if as_json:
        emit({"id": request_id, "file": str(target), "facts": len(bundle["facts"]), "head": head})
    else:
        click.echo(f"Wrote {target} ({len(bundle['facts'])} facts, chain head {head[:16]}…).")
