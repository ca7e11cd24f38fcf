"""`dsr evidence`: write what proves a request, as a bundle that a shell can check or as one JSON document."""

from __future__ import annotations

import json
import platform
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from bridge.cli.command import json_command
from bridge.cli.context import CommandContext, open_command_context
from bridge.cli.dsr.dsr_view import find_request_or_exit
from bridge.cli.files.output_files import FORCE_OPTION, OUT_OPTION, choose_format, save_output, show_output
from bridge.cli.shared.ids import REQUEST_ID
from bridge.connectors.timestamp_authority import TimestampVerifier
from bridge.model import Event, Fact, PrivacyRequest, SignedHead
from bridge.steps.evidence.bundle import (
    BundleInputs,
    build_evidence_bundle,
    digest_bundle_contents,
    select_signed_heads,
)
from bridge.steps.evidence.bundle.archive import build_zip
from bridge.steps.evidence.sign_head import sign_head_now
from bridge.steps.requests.describe_request import describe_request
from bridge.store import Tx

FORMATS = ("zip", "json")
INCOMPLETE_NOTE = (
    "This does not prove that it is complete: facts between those of the request, and after them, are not in it, and "
    "no signed head covers its end. --to-head makes a bundle that proves it."
)


@json_command(example="dsr evidence req_01M84N6EY20CZ9W2PB73FKRKAY --out evidence.zip --to-head")
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@OUT_OPTION
@click.option(
    "--to-head",
    is_flag=True,
    help="For a .zip: sign a head now and include all facts up to it, so that nobody can leave one out. "
    "Facts of other requests carry pseudonyms only.",
)
@click.option("--format", "wanted", type=click.Choice(FORMATS), help="With --out -: what to write. [default: zip]")
@FORCE_OPTION
def evidence(request_id: str, target: Path, to_head: bool, wanted: str | None, force: bool) -> None:
    """Write the evidence of a request.

    FILE.zip is a bundle that sha256sum and openssl can check, FILE.json is one document. It holds clocks, tasks,
    facts with their hashes and the signed certificate; it never names the data subject. This is recorded as evidence.
    """
    form = choose_format(target, wanted, FORMATS[:1] if to_head else FORMATS)
    with open_command_context() as context, context.store.transaction() as tx:
        request = find_request_or_exit(tx, request_id)
        if form == "zip":
            content, facts = _build_zip(request, tx, context, to_head=to_head)
        else:
            content, facts = _build_json(request, tx, context)
        _, head = tx.evidence.read_head()
        save_output(target, content, force=force)
    shown = {"id": request_id, "file": str(target), "facts": facts, "head": head, "complete": to_head}
    show_output(target, content, shown, f"Wrote {target} ({facts} facts, chain head {head[:16]}…).")
    if not to_head:
        click.echo(INCOMPLETE_NOTE, err=True)


def _record_export(request: PrivacyRequest, tx: Tx, operator: str, **digests: str) -> Event:
    about = {"shop": request.shop, "request_id": request.id, "subject": request.subject}
    return tx.evidence.append_fact(Fact.EVIDENCE_EXPORTED, actor=operator, what="request", **about, **digests)


def _build_zip(request: PrivacyRequest, tx: Tx, context: CommandContext, *, to_head: bool) -> tuple[bytes, int]:
    """Return the zip and the number of the request's facts in it: all but the fact of this export."""
    facts = tx.evidence.list_facts_of_request(request.id)
    heads = select_signed_heads(_list_proven_heads(tx, context), facts)
    keyring = context.store.keyring
    delivery_ids = {str(fact.detail["delivery"]) for fact in facts if "delivery" in fact.detail}
    inputs = BundleInputs(
        contracts={each.id: each.contract_ref for each in context.configuration.merchant.processors},
        request=request,
        tasks=tx.tasks.list_tasks(request.id),
        facts=facts,
        rows=facts,
        heads=heads,
        deliveries=tx.operator_queries.list_deliveries(ids=sorted(delivery_ids)) if delivery_ids else [],
        certificate=tx.packages.find_certificate(request.id),
        plan=tx.plans.find_plan(request.id),
        public_key=keyring.public_key,
        timestamp_roots=context.configuration.settings.tsa_roots,
        timezone=context.configuration.retention.timezone,
        machine={
            "system": f"{platform.system()} {platform.machine()}",
            "language": f"Python {platform.python_version()}",
        },
    )
    export = _record_export(request, tx, context.operator, contents_sha256=digest_bundle_contents(inputs))
    if to_head:
        signed = sign_head_now(tx, zone=ZoneInfo(inputs.timezone), actor=context.operator)
        heads = [*(head for head in heads if head.anchored_at), *([signed] if signed else [])]
        rows = tx.evidence.list_facts_between(facts[0].seq, export.seq)
    else:
        rows = [*facts, export]
    inputs = replace(inputs, rows=rows, heads=heads)
    files = build_evidence_bundle(inputs, sign=keyring.sign, encode_pem=keyring.public_key_pem)
    return build_zip(files, folder=f"evidence-{request.id}"), len(facts)


def _list_proven_heads(tx: Tx, context: CommandContext) -> list[SignedHead]:
    """Return the signed heads. A timestamp that does not verify is left out; without root certificates none is verified."""
    heads, verifier = tx.signed_heads.list_signed_heads(), TimestampVerifier(context.configuration.settings.tsa_roots)
    unverified = verifier.find_unverified_heads(heads) if verifier.has_roots else []
    return [replace(head, token="", anchored_at=None) if head in unverified else head for head in heads]


def _build_json(request: PrivacyRequest, tx: Tx, context: CommandContext) -> tuple[bytes, int]:
    """Return the JSON document and the number of facts in it, the fact of this export included."""
    _record_export(request, tx, context.operator)
    seq, head = tx.evidence.read_head()
    keyring = context.store.keyring
    document: dict[str, Any] = {
        "schema": "request-evidence/1",
        **describe_request(tx, request),
        "certificate": tx.packages.find_certificate(request.id),
        "chain": {"length": seq, "head": head, "head_signature": keyring.sign(head.encode())},
        "public_key": keyring.public_key,
    }
    content = json.dumps(document, default=lambda value: getattr(value, "isoformat", value.__str__)(), indent=2)
    return content.encode(), len(document["facts"])
