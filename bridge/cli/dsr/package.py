"""`dsr package`: write an access package to a file, and record that in the evidence."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import click

from bridge.cli.command import json_command
from bridge.cli.context import CommandContext, exit_with_error, open_command_context
from bridge.cli.dsr.dsr_view import find_request_or_exit
from bridge.cli.files.output_files import FORCE_OPTION, OUT_OPTION, save_output, show_output
from bridge.cli.options import reading_reason_option
from bridge.cli.shared.dates import format_time
from bridge.cli.shared.ids import REQUEST_ID
from bridge.model import Event, Fact, PrivacyRequest
from bridge.steps.access.package import renew_unstated_package
from bridge.steps.requests.record_answer_given import record_package_release
from bridge.store import Tx
from config.load import Configuration
from config.readiness import list_package_blockers


@json_command(example="dsr package req_01M84N6EY20CZ9W2PB73FKRKAY --out package.zip --reason 'answer to the request'")
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@OUT_OPTION
@reading_reason_option("Why it leaves the bridge, such as 'answer to the request'. It is evidence: no names.")
@FORCE_OPTION
def package(request_id: str, target: Path, reason: str, force: bool) -> None:
    """Write the access package, unsealed, to a file or to stdout. This is recorded as evidence.

    An erasure of the same data subject waits for it, or for `dsr waive`.
    """
    with open_command_context() as context:
        with context.store.read() as tx:
            _read_package_or_exit(request_id, tx)
        _exit_if_unstated(request_id, context.configuration)
        renew_unstated_package(request_id, services=context.services)
        _hand_over_package(request_id, target, context, reason=reason, force=force)


def _exit_if_unstated(request_id: str, configuration: Configuration) -> None:
    """Exit where the letter would say 'not stated' or 'not yet published' (GDPR Art 12(1), 15(1); DPDP Act s.11(1)(a), Rules r.9)."""
    merchant_file = configuration.settings.merchant_file
    if blockers := list_package_blockers(configuration.merchant, configuration.retention, merchant_file):
        lines = "\n".join(f"  {each}" for each in blockers)
        exit_with_error(
            f"{request_id} is not handed over: its letter would say 'not stated' or have a blank in its contact. Write into "
            f"the merchant file what the data subject is to read, then run this again; the package is then made anew.\n{lines}"
        )


def _read_package_or_exit(request_id: str, tx: Tx) -> tuple[PrivacyRequest, bytes]:
    request = find_request_or_exit(tx, request_id)
    content = b"".join(tx.packages.read_package(request_id))
    if not content:
        facts = tx.evidence.list_facts_of_request(request_id)
        exit_with_error(f"{request_id} has no package: {_explain_missing_package(request, facts)}")
    return request, content


def _hand_over_package(request_id: str, target: Path, context: CommandContext, *, reason: str, force: bool) -> None:
    with context.store.transaction() as tx:
        request, content = _read_package_or_exit(request_id, tx)
        digest = hashlib.sha256(content).hexdigest()
        size = len(content)
        record_package_release(request, actor=context.operator, reason=reason, size_bytes=size, sha256=digest, tx=tx)
        save_output(target, content, force=force)  # if it fails, the fact is rolled back
    shown = {"id": request_id, "file": str(target), "bytes": size, "sha256": digest, "complete": request.complete}
    message = (
        f"Wrote {target} ({size} bytes, sha256 {digest}). The release is recorded as evidence.\n"
        f"The request counts as answered once you record that the data subject has it, before {format_time(request.due_at)}:\n"
        f"  bridge dsr deliver {request_id} --by 'e-mail'"
    )
    show_output(target, content, shown, message if request.answered_at is None else message.partition("\n")[0])


def _explain_missing_package(request: PrivacyRequest, facts: Sequence[Event]) -> str:
    if request.kind != "access":
        return "it is not an access request; `dsr evidence` writes its certificate."
    if destroyed := [event for event in facts if event.fact == Fact.PACKAGE_DESTROYED]:
        event = destroyed[-1]
        return (
            f"it was destroyed on {format_time(event.at)} ({event.detail.get('reason')}) and had not been handed over."
            " If data is still held, open the request again with `dsr open access`."
        )
    if request.closed_at:
        return "it is not ready yet, or it is older than packages are kept."
    return "its data is still being gathered."
