"""`vault export`: write the documents of a shop that leaves to a zip, for its merchant."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bridge.cli.command import is_dry_run, json_command
from bridge.cli.context import CommandContext, exit_with_error, open_command_context
from bridge.cli.options import SHOP_OPTION
from bridge.cli.output_files import FORCE_OPTION, OUT_OPTION, open_private_file
from bridge.cli.printing import show
from bridge.cli.shared.progress import show_progress
from bridge.cli.vault.vault_view import NO_OPEN_ERASURE, describe_next_step, refuse_unless_processor
from bridge.errors import KeyMissing, SealBroken
from bridge.model import Document, ShopExitDecision
from bridge.rules.retention.document_files import SUFFIX_BY_MEDIA_TYPE
from bridge.steps.shops.record_handover import record_handover

EXPORT_BATCH_DOCUMENTS = 50  # documents in one transaction, so that each stays short
INDEX_COLUMNS = ("file", "kind", "form", "media_type", "issued_at", "sealed_at", "sha256")


@json_command(
    example="vault export --shop minimiss-demo.myshopify.com --out documents.zip --yes",
    irreversible="The erasure of the shop goes on, and destroys the documents in the vault.",
)
@SHOP_OPTION
@OUT_OPTION
@FORCE_OPTION
def export(shop: str, target: Path, force: bool) -> None:
    """Write every document of a shop that leaves to a zip, for its merchant. The erasure then continues."""
    with open_command_context() as context:
        refuse_unless_processor(context)
        with context.store.transaction() as tx:
            if not tx.shop_exits.list_open_shop_erasures(shop):
                exit_with_error(NO_OPEN_ERASURE.format(shop=shop))
            documents = tx.documents.list_documents(shop=shop)
            _, fingerprint = tx.shop_exits.fingerprint_documents(shop)
        if not documents:
            exit_with_error(f"The vault holds no documents of {shop}; its erasure needs no export.")
        if is_dry_run():
            message = f"Writes {len(documents)} documents of {shop} to {target}, and its erasure continues."
            show({"shop": shop, "file": None, "documents": len(documents)}, message)
            return
        with open_private_file(target, force=force) as out:
            _write_documents_zip(context, documents, out)
            out.seek(0)
            digest = hashlib.file_digest(out, "sha256").hexdigest()
            os.fsync(out.fileno())
        # The file is complete before the fact is committed, and stays if the result of the commit is unknown.
        with context.store.transaction() as tx:
            if tx.shop_exits.fingerprint_documents(shop)[1] != fingerprint:
                target.unlink()
                exit_with_error("Documents were added or removed meanwhile: run the command again.")
            decision, actor, count = ShopExitDecision.EXPORTED, context.operator, len(documents)
            request_ids = record_handover(
                shop, decision, reference=fingerprint, digest=digest, actor=actor, tx=tx, documents=count, sha256=digest
            )
    shown = {"shop": shop, "file": str(target), "documents": count, "sha256": digest, "requests": request_ids}
    next_step = f"Hand it to the merchant and delete it. {describe_next_step(request_ids)}"
    show(shown, f"Wrote {target}: {count} documents, sha256 {digest}.\n{next_step}")


def _write_documents_zip(context: CommandContext, documents: Sequence[Document], out: Any) -> None:
    """Write the documents as they were sealed, then their index; exit with 1 if one does not open."""
    index = io.StringIO(newline="")
    rows = csv.DictWriter(index, INDEX_COLUMNS)
    rows.writeheader()
    progress = show_progress("Writing documents", len(documents))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, progress as update:
        for first in range(0, len(documents), EXPORT_BATCH_DOCUMENTS):
            update(first)
            with context.store.transaction() as tx:
                for document in documents[first : first + EXPORT_BATCH_DOCUMENTS]:
                    try:
                        content = tx.documents.open_document(document.id) or b""
                    except (SealBroken, KeyMissing):
                        exit_with_error(
                            f"{document.id} does not open: nothing was exported.",
                            "docs/runbooks/vault-broken.md says what to do.",
                        )
                    path = f"documents/{document.id}{SUFFIX_BY_MEDIA_TYPE.get(document.media_type, '')}"
                    archive.writestr(path, content)
                    computed = {"file": path, "sha256": hashlib.sha256(content).hexdigest()}
                    rows.writerow({name: computed.get(name) or getattr(document, name) for name in INDEX_COLUMNS})
        archive.writestr("index.csv", index.getvalue())
