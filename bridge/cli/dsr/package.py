"""`dsr package`: the access package leaves the bridge, and that is recorded."""

from __future__ import annotations

import hashlib
from pathlib import Path

import click

from bridge.cli.context import AS_JSON, desk, operator, refuse
from bridge.cli.dsr.request_view import find
from bridge.cli.output_files import FORCE, OUT, write
from bridge.cli.printing import emit
from bridge.model import Fact, PrivacyRequest


@click.command()
@click.argument("request_id", metavar="ID")
@OUT
@FORCE
@AS_JSON
def package(request_id: str, target: Path, force: bool, as_json: bool) -> None:
    """Write the access package in the clear to a file. This is recorded as evidence."""
    with desk() as at, at.store.transaction() as tx:
        request = find(tx, request_id)
        content = b"".join(tx.packages.read(request_id))
        if not content:
            refuse(f"{request_id} has no package: {_why_no_package(request)}")
        digest = hashlib.sha256(content).hexdigest()
        tx.evidence.append(
            Fact.PACKAGE_RELEASED,
            shop=request.shop,
            actor=operator(),
            request_id=request_id,
            subject=request.subject,
            bytes=len(content),
            sha256=digest,
        )
        write(target, content, force=force)  # a file that cannot be written takes its fact back
    told = {
        "id": request_id,
        "file": str(target),
        "bytes": len(content),
        "sha256": digest,
        "complete": request.complete,
    }
    if as_json:
        emit(told)
    else:
        click.echo(f"Wrote {target} ({len(content)} bytes, sha256 {digest}). The release is in the evidence.")


def _why_no_package(request: PrivacyRequest) -> str:
    if request.kind != "access":
        return "it is not an access request; `dsr evidence` writes its certificate."
    return (
        "it is not ready yet, or its days are over." if request.closed_at else "it is still being gathered."
    )
