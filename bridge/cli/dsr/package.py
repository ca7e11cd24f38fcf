"""`dsr package`: the access package leaves the bridge, and that is recorded."""

from __future__ import annotations

import hashlib
from pathlib import Path

import click

from bridge.cli.context import JSON_OPTION, exit_with_error, get_operator, open_command_context
from bridge.cli.dsr.request_view import find_request_or_exit
from bridge.cli.output_files import FORCE_OPTION, OUT_OPTION, write_private_file
from bridge.cli.printing import print_json
from bridge.model import Fact, PrivacyRequest


@click.command()
@click.argument("request_id", metavar="ID")
@OUT_OPTION
@FORCE_OPTION
@JSON_OPTION
def package(request_id: str, target: Path, force: bool, as_json: bool) -> None:
    """Write the access package in the clear to a file. This is recorded as evidence."""
    with open_command_context() as at, at.store.transaction() as tx:
        request = find_request_or_exit(tx, request_id)
        content = b"".join(tx.packages.read_package(request_id))
        if not content:
            exit_with_error(f"{request_id} has no package: {_explain_missing_package(request)}")
        digest = hashlib.sha256(content).hexdigest()
        tx.evidence.append_fact(
            Fact.PACKAGE_RELEASED,
            shop=request.shop,
            actor=get_operator(),
            request_id=request_id,
            subject=request.subject,
            bytes=len(content),
            sha256=digest,
        )
        write_private_file(target, content, force=force)  # a file that cannot be written takes its fact back
    told = {
        "id": request_id,
        "file": str(target),
        "bytes": len(content),
        "sha256": digest,
        "complete": request.complete,
    }
    if as_json:
        print_json(told)
    else:
        click.echo(f"Wrote {target} ({len(content)} bytes, sha256 {digest}). The release is in the evidence.")


def _explain_missing_package(request: PrivacyRequest) -> str:
    if request.kind != "access":
        return "it is not an access request; `dsr evidence` writes its certificate."
    return (
        "it is not ready yet, or its days are over." if request.closed_at else "it is still being gathered."
    )
