"""`vault open`: one document in the clear, to a file; who, in which role and why is evidence, a refusal too.

The fact is committed before the file is written: nobody holds a document that the evidence does not name.
"""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli.context import JSON_OPTION, exit_with_error, get_operator, open_command_context
from bridge.cli.output_files import FORCE_OPTION, OUT_OPTION, write_private_file
from bridge.cli.printing import print_json
from bridge.cli.vault.document_view import REASON_OPTION, exit_document_not_found
from bridge.errors import KeyMissing, SealBroken
from bridge.model import Fact
from bridge.rules.retention.fiduciary_role import STAFF_ROLES, may_open_documents
from bridge.store.sql import SqlTx


@click.command("open")
@click.argument("document_id", metavar="DOC")
@click.option("--role", required=True, type=click.Choice(STAFF_ROLES), help="In which role you ask.")
@REASON_OPTION
@OUT_OPTION
@FORCE_OPTION
@JSON_OPTION
def open_document_command(
    document_id: str, role: str, reason: str, target: Path, force: bool, as_json: bool
) -> None:
    """Write one document in the clear to a file. Recorded as evidence; only two roles may."""
    may = may_open_documents(role)
    if may and target.exists() and not force:
        raise click.UsageError(f"{target} exists; --force overwrites it")
    with open_command_context() as at, at.store.transaction() as tx:
        document = tx.documents.find_document(document_id) or exit_document_not_found(document_id)
        content = _open_document_or_exit(tx, document_id) if may else b""
        tx.evidence.append_fact(
            Fact.DOCUMENT_OPENED if may else Fact.DOCUMENT_REFUSED,
            shop=document.shop,
            request_id=document.request_id,
            actor=get_operator(),
            document=document_id,
            role=role,
            reason=reason,
            **({} if may else {"why": "role"}),
        )
    if not may:
        exit_with_error(f"{role} may not open documents of the books. That you asked is in the evidence.")
    try:
        write_private_file(target, content, force=force)
    except click.UsageError as fault:
        exit_with_error(f"{fault.message}. That {document_id} was opened is in the evidence all the same.")
    told = {"id": document_id, "file": str(target), "bytes": len(content), "media_type": document.media_type}
    if as_json:
        print_json(told)
    else:
        click.echo(
            f"Wrote {target} ({len(content)} bytes, {document.media_type}). That you opened it is in the evidence."
        )


def _open_document_or_exit(tx: SqlTx, document_id: str) -> bytes:
    try:
        return tx.documents.open_document(document_id) or b""
    except (SealBroken, KeyMissing) as fault:
        broken = type(fault).__name__
        exit_with_error(
            f"{document_id} does not open ({broken}): docs/runbooks/vault-broken.md says what to do."
        )
