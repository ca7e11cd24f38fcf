"""`vault open`: write one document, unsealed, to a file. Who did it, in which role and why is recorded as evidence.

A refusal is recorded too. The fact is committed before the file is written, so that the evidence names every
document that left the vault.
"""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.files.output_files import (
    FORCE_OPTION,
    OUT_OPTION,
    STDOUT,
    refuse_special_file,
    save_output,
    show_output,
)
from bridge.cli.options import reading_reason_option
from bridge.cli.shared.ids import DOCUMENT_ID, exit_with_unknown_id
from bridge.errors import KeyMissing, SealBroken
from bridge.model import Act, Fact, Role, User
from bridge.rules.operators.access_table import is_allowed, list_roles
from bridge.store import Tx


@json_command(
    "open",
    example="vault open doc_01M84N6EY20CZ9W2PB73FKRKAY --role legal_compliance --reason 'tax audit' --out invoice.pdf",
)
@click.argument("document_id", type=DOCUMENT_ID, metavar="DOC")
@click.option(
    "--role", "stated", type=click.Choice([str(role) for role in Role]), help="Your role; of a user it is known."
)
@reading_reason_option("Why you read it. It is recorded as evidence: no names.")
@OUT_OPTION
@FORCE_OPTION
def open_document_command(document_id: str, stated: str | None, reason: str, target: Path, force: bool) -> None:
    """Write one document, unsealed, to a file. Only two roles may. This is recorded as evidence."""
    refuse_special_file(target)  # before the opening is recorded
    with open_command_context() as context, context.store.transaction() as tx:
        role = _choose_role(stated, context.user)
        allowed = is_allowed(role, Act.OPEN_VAULT)
        if allowed and target != STDOUT and target.exists() and not force:
            raise click.UsageError(f"{target} exists; --force overwrites it")
        document = tx.documents.find_document(document_id)
        if document is None:
            exit_with_unknown_id("doc", document_id)
        content = _open_document_or_exit(tx, document_id) if allowed else b""
        tx.evidence.append_fact(
            Fact.DOCUMENT_OPENED if allowed else Fact.DOCUMENT_REFUSED,
            shop=document.shop,
            request_id=document.request_id,
            actor=context.operator,
            document=document_id,
            role=role,
            reason=reason,
            **({} if allowed else {"why": "role"}),
        )
    if not allowed:
        exit_with_error(f"{role} may not open documents of the vault. The refusal is recorded as evidence.")
    try:
        save_output(target, content, force=force)
    except click.ClickException as fault:
        exit_with_error(f"{fault.message}. The opening of {document_id} is recorded as evidence nevertheless.")
    shown = {"id": document_id, "file": str(target), "bytes": len(content), "media_type": document.media_type}
    written = f"Wrote {target} ({len(content)} bytes, {document.media_type})."
    show_output(target, content, shown, f"{written} The opening is recorded as evidence.")


def _choose_role(stated: str | None, user: User | None) -> Role:
    """Return the role of the user, or the stated one while there are no users. Raises UsageError."""
    if user and stated in (None, user.role):
        return user.role
    if user:
        raise click.UsageError(f"{user.name} has the role {user.role}: leave --role out")
    if not stated:
        raise click.UsageError(f"--role is needed while there are no users: {' or '.join(list_roles(Act.OPEN_VAULT))}")
    return Role(stated)


def _open_document_or_exit(tx: Tx, document_id: str) -> bytes:
    try:
        return tx.documents.open_document(document_id) or b""
    except (SealBroken, KeyMissing):
        exit_with_error(f"{document_id} does not open.", "docs/runbooks/vault-broken.md says what to do.")
