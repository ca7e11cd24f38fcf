"""`dsr evidence`: what proves a request, as a bundle to check with a shell, or as one JSON document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from bridge.cli.context import JSON_OPTION, CommandContext, get_operator, open_command_context
from bridge.cli.dsr.request_view import describe_request, find_request_or_exit
from bridge.cli.output_files import FORCE_OPTION, OUT_OPTION, write_private_file
from bridge.cli.printing import print_json
from bridge.model import Fact, PrivacyRequest
from bridge.steps.evidence.bundle import BundleInputs, build_evidence_bundle, select_signed_heads
from bridge.steps.evidence.bundle.archive import build_zip
from bridge.store.sql import SqlTx


@click.command()
@click.argument("request_id", metavar="ID")
@OUT_OPTION
@click.option(
    "--to-head",
    is_flag=True,
    help="In a .zip: the facts between too, up to the next signed head, so that all hashes join up. "
    "Those of other requests carry their pseudonyms.",
)
@FORCE_OPTION
@JSON_OPTION
def evidence(request_id: str, target: Path, to_head: bool, force: bool, as_json: bool) -> None:
    """Write a request's evidence: FILE.zip is a bundle that sha256sum and openssl can check, FILE.json one document.

    Clocks, tasks, facts with their hashes, the signed certificate; no person. This is recorded as evidence.
    """
    if target.suffix not in (".zip", ".json") or (to_head and target.suffix == ".json"):
        raise click.UsageError("--out must end in .zip or .json, with --to-head in .zip")
    with open_command_context() as at, at.store.transaction() as tx:
        request = find_request_or_exit(tx, request_id)
        make = _build_evidence_zip if target.suffix == ".zip" else _build_evidence_json
        content, facts = make(request, tx, at, to_head=to_head)
        _, head = tx.evidence.read_head()
        write_private_file(target, content, force=force)
    if as_json:
        print_json({"id": request_id, "file": str(target), "facts": facts, "head": head})
    else:
        click.echo(f"Wrote {target} ({facts} facts, chain head {head[:16]}…).")


def _record_export(request: PrivacyRequest, tx: SqlTx) -> None:
    tx.evidence.append_fact(
        Fact.EVIDENCE_EXPORTED,
        shop=request.shop,
        actor=get_operator(),
        request_id=request.id,
        subject=request.subject,
        what="request",
    )


def _build_evidence_zip(
    request: PrivacyRequest, tx: SqlTx, context: CommandContext, *, to_head: bool
) -> tuple[bytes, int]:
    """The zip, and how many facts of the request are in it: all but the one of this export."""
    facts = tx.evidence.list_facts_of_request(request.id)
    heads = select_signed_heads(tx.signed_heads.list_signed_heads(), facts)
    rows = facts
    if to_head and facts:
        rows = tx.evidence.list_facts_between(
            facts[0].seq, max([facts[-1].seq, *(head.seq for head in heads[:1])])
        )
    vault = context.store.keyring
    named = {str(fact.detail["delivery"]) for fact in facts if "delivery" in fact.detail}
    proof = BundleInputs(
        request=request,
        tasks=tx.requests.list_tasks(request.id),
        facts=facts,
        rows=rows,
        heads=heads,
        deliveries=tx.operator_queries.list_deliveries(ids=sorted(named)) if named else [],
        certificate=tx.packages.find_certificate(request.id),
        plan=tx.plans.find_plan(request.id),
        public_key=vault.public_key,
        timezone=context.configuration.retention.timezone,
    )
    _record_export(request, tx)
    files = build_evidence_bundle(proof, sign=vault.sign, encode_pem=vault.public_key_pem)
    return build_zip(files, folder=f"evidence-{request.id}"), len(facts)


def _build_evidence_json(
    request: PrivacyRequest,
    tx: SqlTx,
    context: CommandContext,
    *,
    to_head: bool,  # noqa: ARG001 - the signature is that of the other form
) -> tuple[bytes, int]:
    _record_export(request, tx)
    seq, head = tx.evidence.read_head()
    vault = context.store.keyring
    bundle: dict[str, Any] = {
        "schema": "request-evidence/1",
        **describe_request(tx, request),
        "certificate": tx.packages.find_certificate(request.id),
        "chain": {"length": seq, "head": head, "head_signature": vault.sign(head.encode())},
        "public_key": vault.public_key,
    }
    content = json.dumps(bundle, default=lambda value: getattr(value, "isoformat", value.__str__)(), indent=2)
    return content.encode(), len(bundle["facts"])
