"""`vault file`: seal the shop's own documents as issued, one or a folder of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import CommandContext, exit_with_error, open_command_context
from bridge.cli.options import FILE_TYPE, SHOP_OPTION
from bridge.cli.printing import show, warn
from bridge.cli.shared.dates import When, when_option
from bridge.cli.shared.progress import show_progress
from bridge.cli.vault import vault_view as view
from bridge.cli.vault.folder_table import FilingResult, FilingRow, read_filing_table
from bridge.errors import PayloadInvalid
from bridge.model import DocumentForm, DocumentKind, InvoiceCopy
from bridge.rules.retention.document_files import MAX_DOCUMENT_BYTES, detect_media_type, parse_issued_at
from bridge.steps.retention.file_document import file_document

FOLDER_PATH_TYPE = click.Path(file_okay=False, path_type=Path)
DOCUMENT_KINDS = tuple(kind.value for kind in DocumentKind)


@json_command(
    "file",
    example="vault file --shop minimiss-demo.myshopify.com --order-id 5123456789 --file invoice.pdf --issued-at 2026-11-22\n"
    "vault file --shop minimiss-demo.myshopify.com --folder invoices --map invoices.csv",
)
@SHOP_OPTION
@click.option("--order-id", default="", help="Shopify's number of the order.")
@click.option("--file", "file", type=FILE_TYPE, help="The document, up to 10 MB.")
@when_option("--issued-at", "issued", meaning="When it was issued.")
@click.option(
    "--kind", type=click.Choice(DOCUMENT_KINDS), default=DOCUMENT_KINDS[0], show_default=True, help="What it is."
)
@click.option("--folder", type=FOLDER_PATH_TYPE, help="Instead of --file: a folder of documents, with --map.")
@click.option("--map", "table", type=FILE_TYPE, help="With --folder: a CSV table with order_id,file,issued_at,kind.")
def file_document_command(
    shop: str, order_id: str, file: Path | None, issued: When | None, kind: str, folder: Path | None, table: Path | None
) -> None:
    """Seal the shop's own documents as issued, complete and unaltered, and read them back."""
    with open_command_context() as context:
        context.require_known_shop(shop)
        key = context.resolve_shop(shop)
        view.refuse_external_books(context)
        if folder and table and not (file or order_id or issued):
            rows = read_filing_table(table)
        elif file and order_id and issued and not (folder or table):
            file = file.resolve()
            number = view.parse_order_number(order_id)
            issued_at = issued.resolve(context.merchant_zone).isoformat()
            rows = [FilingRow(line=1, order_id=number, file=file.name, issued_at=issued_at, kind=kind)]
            folder = file.parent
        else:
            raise click.UsageError("give --order-id, --file and --issued-at; or --folder and --map")
        results = []
        with show_progress("Sealing", len(rows)) as update:
            for row in rows:
                results.append(_file_one_document(context, key, folder, row))
                update(len(results))
        view.restart_waiting_requests(context, key)
    failed = [each for each in results if each.why]
    show({"shop": shop, "failed": len(failed), "results": [asdict(each) for each in results]}, _print_results)
    if failed:
        exit_with_error(f"Not sealed: {len(failed)} of {len(results)}.")


def _file_one_document(context: CommandContext, shop: str, folder: Path, row: FilingRow) -> FilingResult:
    """File one document in its own transaction, so that a failure stops no other."""
    timezone = context.configuration.retention.timezone
    try:
        content = _read_folder_file(folder, row.file)
        copy = InvoiceCopy(
            kind=_parse_document_kind(row.kind),
            form=DocumentForm.AS_ISSUED,
            order_id=_require_order_id(row.order_id),
            source_id=row.order_id,
            issued_at=parse_issued_at(row.issued_at, timezone=timezone, now=context.store.now()),
            content=content,
            media_type=detect_media_type(row.file, content),
        )
    except PayloadInvalid as fault:
        return FilingResult(line=row.line, file=row.file, why=view.FILING_FAULTS[fault.reason])
    with context.store.transaction() as tx:
        document = file_document(shop, copy, actor=context.operator, tx=tx)
    return FilingResult(line=row.line, file=row.file, document=document.id if document else "", there=document is None)


def _print_results(result: Mapping[str, Any]) -> None:
    results = result["results"]
    failed = [each for each in results if each["why"]]
    if len(results) == 1 and not failed:
        document = results[0]["document"]
        click.echo(f"Sealed as {document}." if document else "Filed already; nothing was changed.")
        return
    for each in failed:
        warn(f"line {each['line']}, {each['file']}: {each['why']}")
    existing = sum(each["there"] for each in results)
    sealed = len(results) - existing - len(failed)
    click.echo(f"{sealed} sealed, {existing} were filed already, {len(failed)} failed.")


def _require_order_id(order_id: str) -> str:
    if not order_id:
        raise PayloadInvalid("order_id_unreadable")
    return order_id


def _parse_document_kind(kind: str) -> DocumentKind:
    if kind not in DOCUMENT_KINDS:
        raise PayloadInvalid("kind_of_document_unknown")
    return DocumentKind(kind)


def _read_folder_file(folder: Path, name: str) -> bytes:
    """Read a file of the folder, at most one byte more than is allowed. Raises PayloadInvalid."""
    try:
        path = (folder / name).resolve()
        if path.is_relative_to(folder.resolve()):
            with path.open("rb") as content:
                return content.read(MAX_DOCUMENT_BYTES + 1)
    except (OSError, ValueError):  # ValueError: the name is not a possible file name
        raise PayloadInvalid("unreadable") from None
    raise PayloadInvalid("outside_of_the_folder")
