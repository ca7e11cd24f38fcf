"""`vault file`: the shop's own documents as issued, one or a folder of them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from bridge.cli.context import (
    JSON_OPTION,
    CommandContext,
    exit_with_error,
    get_operator,
    open_command_context,
)
from bridge.cli.printing import print_json
from bridge.cli.vault.document_view import (
    FILING_FAULTS,
    SHOP_OPTION,
    parse_order_number,
    refuse_external_books,
    require_known_shop,
    restart_waiting_requests,
)
from bridge.cli.vault.folder_table import FilingResult, FilingRow, read_filing_table
from bridge.errors import PayloadInvalid
from bridge.model import DocumentForm, DocumentKind, InvoiceCopy
from bridge.rules.retention.document_files import MAX_DOCUMENT_BYTES, detect_media_type, parse_issued_at
from bridge.steps.retention.file_document import file_document

FILE_PATH_TYPE = click.Path(dir_okay=False, path_type=Path)
FOLDER_PATH_TYPE = click.Path(file_okay=False, path_type=Path)
PROGRESS_EVERY_DOCUMENTS = 50  # documents between two words of progress
DOCUMENT_KINDS = tuple(kind.value for kind in DocumentKind)


@click.command("file")
@SHOP_OPTION
@click.option("--order-id", default="", help="Shopify's number of the order.")
@click.option("--file", "one", type=FILE_PATH_TYPE, help="The document, up to 10 MB.")
@click.option(
    "--issued-at", "issued", default="", help="Its date, or a moment; without a zone: the books' own."
)
@click.option("--kind", type=click.Choice(DOCUMENT_KINDS), default=DOCUMENT_KINDS[0], show_default=True)
@click.option("--folder", type=FOLDER_PATH_TYPE, help="Instead: a folder of documents …")
@click.option("--map", "map_", type=FILE_PATH_TYPE, help="… and a CSV with order_id,file,issued_at,kind.")
@JSON_OPTION
def file_document_command(
    shop: str,
    order_id: str,
    one: Path | None,
    issued: str,
    kind: str,
    folder: Path | None,
    map_: Path | None,
    as_json: bool,
) -> None:
    """Seal the shop's own documents as issued, whole and unaltered, and read them again."""
    with open_command_context() as at:
        require_known_shop(at, shop)
        refuse_external_books(at)
        if folder and map_ and not (one or order_id or issued):
            rows = read_filing_table(map_)
        elif one and order_id and issued and not (folder or map_):
            one = one.resolve()
            rows = [
                FilingRow(
                    line=1, order_id=parse_order_number(order_id), file=one.name, issued_at=issued, kind=kind
                )
            ]
            folder = one.parent
        else:
            raise click.UsageError("give --order-id, --file and --issued-at; or --folder and --map")
        results = []
        for row in rows:
            results.append(_file_one_document(at, shop, folder, row))
            if len(results) % PROGRESS_EVERY_DOCUMENTS == 0:
                click.echo(f"{len(results)} of {len(rows)} …", err=True)
        restart_waiting_requests(at, shop)
    failed = [each for each in results if each.why]
    if as_json:
        print_json({"shop": shop, "failed": len(failed), "results": [asdict(each) for each in results]})
    elif len(results) == 1 and not failed:
        [done] = results
        click.echo("Already there; nothing was changed." if done.there else f"Sealed as {done.document}.")
    else:
        there = sum(each.there for each in results)
        for each in failed:
            click.echo(f"line {each.line}, {each.file}: {each.why}", err=True)
        sealed = len(results) - there - len(failed)
        click.echo(f"{sealed} sealed, {there} were already there, {len(failed)} failed.")
    if failed:
        exit_with_error(f"Not sealed: {len(failed)} of {len(results)}.")


def _file_one_document(context: CommandContext, shop: str, folder: Path, row: FilingRow) -> FilingResult:
    """One document, in a transaction of its own: what fails stops no other."""
    try:
        content = _read_folder_file(folder, row.file)
        paper = InvoiceCopy(
            kind=_parse_document_kind(row.kind),
            form=DocumentForm.AS_ISSUED,
            order_id=_require_order_id(row.order_id),
            source_id=row.order_id,
            issued_at=parse_issued_at(
                row.issued_at, timezone=context.configuration.retention.timezone, now=context.store.now()
            ),
            content=content,
            media_type=detect_media_type(row.file, content),
        )
    except PayloadInvalid as fault:
        return FilingResult(line=row.line, file=row.file, why=FILING_FAULTS[fault.reason])
    with context.store.transaction() as tx:
        document = file_document(shop, paper, actor=get_operator(), tx=tx)
    return FilingResult(
        line=row.line,
        file=row.file,
        document=document.id if document else "",
        there=document is None,
    )


def _require_order_id(order_id: str) -> str:
    if not order_id:
        raise PayloadInvalid("order_id_unreadable")
    return order_id


def _parse_document_kind(word: str) -> DocumentKind:
    if word not in DOCUMENT_KINDS:
        raise PayloadInvalid("kind_of_document_unknown")
    return DocumentKind(word)


def _read_folder_file(folder: Path, name: str) -> bytes:
    """A file of the folder, read no further than it may be long."""
    try:
        path = (folder / name).resolve()
        if path.is_relative_to(folder.resolve()):
            with path.open("rb") as file:
                return file.read(MAX_DOCUMENT_BYTES + 1)
    except (OSError, ValueError):  # ValueError: a name that no file can have
        raise PayloadInvalid("unreadable") from None
    raise PayloadInvalid("outside_of_the_folder")
