"""`vault file`: the shop's own documents as issued, one or a folder of them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from bridge.cli.context import AS_JSON, Desk, desk, operator, refuse
from bridge.cli.printing import emit
from bridge.cli.vault.document_view import (
    REASONS,
    SHOP,
    go_on,
    known_shop,
    order_number,
    refuse_where_others_keep_the_books,
)
from bridge.cli.vault.folder_table import Filed, Row, read_map
from bridge.errors import PayloadInvalid
from bridge.model import DocumentForm, DocumentKind, Paper
from bridge.rules.retention.document_files import MOST_BYTES, issued_at, media_type
from bridge.steps.retention.file_document import take_in

A_FILE = click.Path(dir_okay=False, path_type=Path)
A_FOLDER = click.Path(file_okay=False, path_type=Path)
TELL_EVERY = 50  # documents between two words of progress
KINDS = tuple(kind.value for kind in DocumentKind)


@click.command("file")
@SHOP
@click.option("--order-id", default="", help="Shopify's number of the order.")
@click.option("--file", "one", type=A_FILE, help="The document, up to 10 MB.")
@click.option(
    "--issued-at", "issued", default="", help="Its date, or a moment; without a zone: the books' own."
)
@click.option("--kind", type=click.Choice(KINDS), default=KINDS[0], show_default=True)
@click.option("--folder", type=A_FOLDER, help="Instead: a folder of documents …")
@click.option("--map", "map_", type=A_FILE, help="… and a CSV with order_id,file,issued_at,kind.")
@AS_JSON
def file_(
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
    with desk() as at:
        known_shop(at, shop)
        refuse_where_others_keep_the_books(at)
        if folder and map_ and not (one or order_id or issued):
            rows = read_map(map_)
        elif one and order_id and issued and not (folder or map_):
            one = one.resolve()
            rows = [Row(line=1, order_id=order_number(order_id), file=one.name, issued_at=issued, kind=kind)]
            folder = one.parent
        else:
            raise click.UsageError("give --order-id, --file and --issued-at; or --folder and --map")
        results = []
        for row in rows:
            results.append(_filed(at, shop, folder, row))
            if len(results) % TELL_EVERY == 0:
                click.echo(f"{len(results)} of {len(rows)} …", err=True)
        go_on(at, shop)
    failed = [each for each in results if each.why]
    if as_json:
        emit({"shop": shop, "failed": len(failed), "results": [asdict(each) for each in results]})
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
        refuse(f"Not sealed: {len(failed)} of {len(results)}.")


def _filed(at: Desk, shop: str, folder: Path, row: Row) -> Filed:
    """One document, in a transaction of its own: what fails stops no other."""
    try:
        content = _read(folder, row.file)
        paper = Paper(
            kind=_kind(row.kind),
            form=DocumentForm.AS_ISSUED,
            order_id=_order(row.order_id),
            source=row.order_id,
            issued_at=issued_at(row.issued_at, timezone=at.start.retention.timezone, now=at.store.now()),
            content=content,
            media_type=media_type(row.file, content),
        )
    except PayloadInvalid as fault:
        return Filed(line=row.line, file=row.file, why=REASONS[fault.reason])
    with at.store.transaction() as tx:
        document = take_in(shop, paper, actor=operator(), tx=tx)
    return Filed(
        line=row.line,
        file=row.file,
        document=document.id if document else "",
        there=document is None,
    )


def _order(number: str) -> str:
    if not number:
        raise PayloadInvalid("order_id_unreadable")
    return number


def _kind(word: str) -> DocumentKind:
    if word not in KINDS:
        raise PayloadInvalid("kind_of_document_unknown")
    return DocumentKind(word)


def _read(folder: Path, name: str) -> bytes:
    """A file of the folder, read no further than it may be long."""
    try:
        path = (folder / name).resolve()
        if path.is_relative_to(folder.resolve()):
            with path.open("rb") as file:
                return file.read(MOST_BYTES + 1)
    except (OSError, ValueError):  # ValueError: a name that no file can have
        raise PayloadInvalid("unreadable") from None
    raise PayloadInvalid("outside_of_the_folder")
