"""`vault export` and `vault waive`: the documents of a shop that leaves go back, or nobody wants them."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from bridge.cli.context import (
    JSON_OPTION,
    CommandContext,
    exit_with_error,
    get_operator,
    open_command_context,
)
from bridge.cli.output_files import FORCE_OPTION, OUT_OPTION, open_private_file
from bridge.cli.printing import print_json
from bridge.cli.vault.document_view import REASON_OPTION, REFERENCE_OPTION, SHOP_OPTION, require_reference
from bridge.errors import KeyMissing, PayloadInvalid, SealBroken
from bridge.model import Document, ShopExitDecision
from bridge.rules.retention.document_files import SUFFIX_BY_MEDIA_TYPE
from bridge.rules.shops.shop_erasure import PROCESSOR_ROLE
from bridge.steps.shops.record_handover import record_handover

EXPORT_BATCH_DOCUMENTS = 50  # documents in one transaction, so that none is long
INDEX_COLUMNS = ("file", "kind", "form", "media_type", "issued_at", "sealed_at", "sha256")
NO_OPEN_ERASURE = (
    "No erasure of {shop} is open. Documents are returned when a shop leaves: after `shop/redact`,"
    " which Shopify sends 48 hours after the uninstall."
)


@click.command()
@SHOP_OPTION
@OUT_OPTION
@FORCE_OPTION
@JSON_OPTION
def export(shop: str, target: Path, force: bool, as_json: bool) -> None:
    """Write every document of a shop that leaves to a zip, for its merchant. The erasure then goes on."""
    with open_command_context() as at:
        _refuse_unless_processor(at)
        with at.store.transaction() as tx:
            if not tx.shop_exits.list_open_shop_erasures(shop):
                exit_with_error(NO_OPEN_ERASURE.format(shop=shop))
            documents = tx.documents.list_documents(shop=shop)
            _, fingerprint = tx.shop_exits.fingerprint_documents(shop)
        if not documents:
            exit_with_error(
                f"The vault holds nothing of {shop}: nothing is to be returned, its erasure needs no export."
            )
        with open_private_file(target, force=force) as out:
            _write_documents_zip(at, documents, out)
            out.seek(0)
            digest = hashlib.file_digest(out, "sha256").hexdigest()
            os.fsync(out.fileno())
        # the file is whole before anything says so, and stays where nobody knows whether that was committed
        with at.store.transaction() as tx:
            if tx.shop_exits.fingerprint_documents(shop)[1] != fingerprint:
                target.unlink()
                exit_with_error("Documents came or went meanwhile: run it again.")
            ids = record_handover(
                shop,
                ShopExitDecision.EXPORTED,
                reference=fingerprint,
                digest=digest,
                actor=get_operator(),
                tx=tx,
                documents=len(documents),
                sha256=digest,
            )
    told = {"shop": shop, "file": str(target), "documents": len(documents), "sha256": digest, "requests": ids}
    if as_json:
        print_json(told)
    else:
        click.echo(f"Wrote {target}: {len(documents)} documents, sha256 {digest}.")
        click.echo(f"Hand it to the merchant and delete it. {_describe_next_step(ids)}")


def _write_documents_zip(context: CommandContext, documents: Sequence[Document], out: Any) -> None:
    """Documents as they were sealed, then the table of them. Ends the command where one does not open."""
    table = io.StringIO(newline="")
    rows = csv.DictWriter(table, INDEX_COLUMNS)
    rows.writeheader()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for first in range(0, len(documents), EXPORT_BATCH_DOCUMENTS):
            with context.store.transaction() as tx:
                for document in documents[first : first + EXPORT_BATCH_DOCUMENTS]:
                    try:
                        content = tx.documents.open_document(document.id) or b""
                    except (SealBroken, KeyMissing) as fault:
                        exit_with_error(
                            f"{document.id} does not open ({type(fault).__name__}): nothing was exported."
                            " See docs/runbooks/vault-broken.md."
                        )
                    name = f"documents/{document.id}{SUFFIX_BY_MEDIA_TYPE.get(document.media_type, '')}"
                    archive.writestr(name, content)
                    told = {"file": name, "sha256": hashlib.sha256(content).hexdigest()}
                    rows.writerow({each: told.get(each) or getattr(document, each) for each in INDEX_COLUMNS})
        archive.writestr("index.csv", table.getvalue())


@click.command()
@SHOP_OPTION
@REFERENCE_OPTION
@REASON_OPTION
@JSON_OPTION
def waive(shop: str, reference: str, reason: str, as_json: bool) -> None:
    """Record that the merchant gave up the return of its documents in writing. They are then destroyed."""
    require_reference(reference)
    with open_command_context() as at:
        _refuse_unless_processor(at)
        said = {"waiver": reference, "reason": reason}
        with at.store.transaction() as tx:
            try:
                ids = record_handover(
                    shop, ShopExitDecision.WAIVED, reference=reference, actor=get_operator(), tx=tx, **said
                )
            except PayloadInvalid:
                exit_with_error(NO_OPEN_ERASURE.format(shop=shop))
    if as_json:
        print_json({"shop": shop, "reference": reference, "requests": ids})
    else:
        click.echo(f"The waiver is in the evidence. {_describe_next_step(ids)}")


def _refuse_unless_processor(context: CommandContext) -> None:
    """Ends the command with 1 where the merchant itself answers for the books."""
    if context.configuration.retention.merchant["operator_role"] != PROCESSOR_ROLE:
        exit_with_error(
            "The merchant runs this bridge (operator_role fiduciary): its documents stay until the last day of"
            " their holds, and are not returned to anybody."
        )


def _describe_next_step(ids: Sequence[str]) -> str:
    return f"{', '.join(ids)} goes on with the next turn of the clock, which destroys the documents here."
