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

from bridge.cli.context import AS_JSON, Desk, desk, operator, refuse
from bridge.cli.output_files import FORCE, OUT, writing
from bridge.cli.printing import emit
from bridge.cli.vault.document_view import REASON, REFERENCE, SHOP, refuse_reference
from bridge.errors import KeyMissing, PayloadInvalid, SealBroken
from bridge.model import Decision, Document
from bridge.rules.retention.document_files import SUFFIXES
from bridge.rules.shops.shop_erasure import PROCESSOR
from bridge.steps.shops.record_handover import give_back

AT_ONCE = 50  # documents in one transaction, so that none is long
INDEX = ("file", "kind", "form", "media_type", "issued_at", "sealed_at", "sha256")
NOBODY = (
    "No erasure of {shop} is open. Documents are returned when a shop leaves: after `shop/redact`,"
    " which Shopify sends 48 hours after the uninstall."
)


@click.command()
@SHOP
@OUT
@FORCE
@AS_JSON
def export(shop: str, target: Path, force: bool, as_json: bool) -> None:
    """Write every document of a shop that leaves to a zip, for its merchant. The erasure then goes on."""
    with desk() as at:
        _refuse_where_the_books_stay(at)
        with at.store.transaction() as tx:
            if not tx.endings.open(shop):
                refuse(NOBODY.format(shop=shop))
            documents = tx.documents.listed(shop=shop)
            _, fingerprint = tx.endings.fingerprint(shop)
        if not documents:
            refuse(
                f"The vault holds nothing of {shop}: nothing is to be returned, its erasure needs no export."
            )
        with writing(target, force=force) as out:
            _zipped(at, documents, out)
            out.seek(0)
            digest = hashlib.file_digest(out, "sha256").hexdigest()
            os.fsync(out.fileno())
        # the file is whole before anything says so, and stays where nobody knows whether that was committed
        with at.store.transaction() as tx:
            if tx.endings.fingerprint(shop)[1] != fingerprint:
                target.unlink()
                refuse("Documents came or went meanwhile: run it again.")
            ids = give_back(
                shop,
                Decision.EXPORTED,
                reference=fingerprint,
                digest=digest,
                actor=operator(),
                tx=tx,
                documents=len(documents),
                sha256=digest,
            )
    told = {"shop": shop, "file": str(target), "documents": len(documents), "sha256": digest, "requests": ids}
    if as_json:
        emit(told)
    else:
        click.echo(f"Wrote {target}: {len(documents)} documents, sha256 {digest}.")
        click.echo(f"Hand it to the merchant and delete it. {_goes_on(ids)}")


def _zipped(at: Desk, documents: Sequence[Document], out: Any) -> None:
    """Documents as they were sealed, then the table of them. Ends the command where one does not open."""
    table = io.StringIO(newline="")
    rows = csv.DictWriter(table, INDEX)
    rows.writeheader()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for first in range(0, len(documents), AT_ONCE):
            with at.store.transaction() as tx:
                for document in documents[first : first + AT_ONCE]:
                    try:
                        content = tx.documents.open(document.id) or b""
                    except (SealBroken, KeyMissing) as fault:
                        refuse(
                            f"{document.id} does not open ({type(fault).__name__}): nothing was exported."
                            " See docs/runbooks/vault-broken.md."
                        )
                    name = f"documents/{document.id}{SUFFIXES.get(document.media_type, '')}"
                    archive.writestr(name, content)
                    told = {"file": name, "sha256": hashlib.sha256(content).hexdigest()}
                    rows.writerow({each: told.get(each) or getattr(document, each) for each in INDEX})
        archive.writestr("index.csv", table.getvalue())


@click.command()
@SHOP
@REFERENCE
@REASON
@AS_JSON
def waive(shop: str, reference: str, reason: str, as_json: bool) -> None:
    """Record that the merchant gave up the return of its documents in writing. They are then destroyed."""
    refuse_reference(reference)
    with desk() as at:
        _refuse_where_the_books_stay(at)
        said = {"waiver": reference, "reason": reason}
        with at.store.transaction() as tx:
            try:
                ids = give_back(shop, Decision.WAIVED, reference=reference, actor=operator(), tx=tx, **said)
            except PayloadInvalid:
                refuse(NOBODY.format(shop=shop))
    if as_json:
        emit({"shop": shop, "reference": reference, "requests": ids})
    else:
        click.echo(f"The waiver is in the evidence. {_goes_on(ids)}")


def _refuse_where_the_books_stay(at: Desk) -> None:
    """Ends the command with 1 where the merchant itself answers for the books."""
    if at.start.retention.merchant["operator_role"] != PROCESSOR:
        refuse(
            "The merchant runs this bridge (operator_role fiduciary): its documents stay until the last day of"
            " their holds, and are not returned to anybody."
        )


def _goes_on(ids: Sequence[str]) -> str:
    return f"{', '.join(ids)} goes on with the next turn of the clock, which destroys the documents here."
