"""`vault open`: one document in the clear, to a file; who, in which role and why is evidence, a refusal too.

The fact is committed before the file is written: nobody holds a document that the evidence does not name.
"""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli.context import AS_JSON, desk, operator, refuse
from bridge.cli.output_files import FORCE, OUT, write
from bridge.cli.printing import emit
from bridge.cli.vault.document_view import REASON, not_there
from bridge.errors import KeyMissing, SealBroken
from bridge.model import Fact
from bridge.rules.retention.fiduciary_role import ROLES, may_open_documents
from bridge.store.sql import SqlTx


@click.command("open")
@click.argument("document_id", metavar="DOC")
@click.option("--role", required=True, type=click.Choice(ROLES), help="In which role you ask.")
@REASON
@OUT
@FORCE
@AS_JSON
def open_(document_id: str, role: str, reason: str, target: Path, force: bool, as_json: bool) -> None:
    """Write one document in the clear to a file. Recorded as evidence; only two roles may."""
    may = may_open_documents(role)
    if may and target.exists() and not force:
        raise click.UsageError(f"{target} exists; --force overwrites it")
    with desk() as at, at.store.transaction() as tx:
        document = tx.documents.one(document_id) or not_there(document_id)
        content = _opened(tx, document_id) if may else b""
        tx.evidence.append(
            Fact.DOCUMENT_OPENED if may else Fact.DOCUMENT_REFUSED,
            shop=document.shop,
            request_id=document.request_id,
            actor=operator(),
            document=document_id,
            role=role,
            reason=reason,
            **({} if may else {"why": "role"}),
        )
    if not may:
        refuse(f"{role} may not open documents of the books. That you asked is in the evidence.")
    try:
        write(target, content, force=force)
    except click.UsageError as fault:
        refuse(f"{fault.message}. That {document_id} was opened is in the evidence all the same.")
    told = {"id": document_id, "file": str(target), "bytes": len(content), "media_type": document.media_type}
    if as_json:
        emit(told)
    else:
        click.echo(
            f"Wrote {target} ({len(content)} bytes, {document.media_type}). That you opened it is in the evidence."
        )


def _opened(tx: SqlTx, document_id: str) -> bytes:
    try:
        return tx.documents.open(document_id) or b""
    except (SealBroken, KeyMissing) as fault:
        broken = type(fault).__name__
        refuse(f"{document_id} does not open ({broken}): docs/runbooks/vault-broken.md says what to do.")
