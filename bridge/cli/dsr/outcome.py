"""`dsr outcome`: write the outcome of an erasure for the data subject, and record that in the evidence."""

from __future__ import annotations

import hashlib
from pathlib import Path

import click

from bridge.cli.command import json_command
from bridge.cli.context import CommandContext, exit_with_error, open_command_context
from bridge.cli.dsr.dsr_view import find_request_or_exit
from bridge.cli.files.output_files import FORCE_OPTION, OUTPUT_FILE, STDOUT, choose_format, save_output
from bridge.cli.printing import show
from bridge.cli.shared.ids import REQUEST_ID
from bridge.model import Fact, PrivacyRequest, RequestKind
from bridge.rules.retention.statutory_last_days import local_day
from bridge.steps.erasure.outcome import OutcomeInput, list_missing_settings, render_erasure_outcome
from bridge.store import Tx

OUT_HELP = "File to write: .html or .txt, or - for the text on stdout."
FORMATS = ("txt", "html")


@json_command(example="dsr outcome req_01M84N6EY20CZ9W2PB73FKRKAY --out letter.html")
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@click.option("--out", "target", required=True, type=OUTPUT_FILE, help=OUT_HELP)
@FORCE_OPTION
def outcome(request_id: str, target: Path, force: bool) -> None:
    """Write the outcome of an erasure as a letter for the data subject.

    It says in plain words what the latest certificate says: what is gone and where, what stays under which law until
    when, who must still answer, where to complain. It does not name the data subject. This is recorded as evidence.
    """
    form = choose_format(target, None, FORMATS)
    with open_command_context() as context, context.store.transaction() as tx:
        request = find_request_or_exit(tx, request_id)
        inputs = _read_outcome_input(request, tx, context)
        html, text = render_erasure_outcome(inputs)
        content = html if form == "html" else text
        digest = hashlib.sha256(content.encode()).hexdigest()
        issued_at = inputs.certificate["issued_at"]
        about = {"shop": request.shop, "request_id": request_id, "subject": request.subject}
        tx.evidence.append_fact(
            Fact.OUTCOME_RELEASED, actor=context.operator, **about, sha256=digest, certificate_issued_at=issued_at
        )
        save_output(target, content.encode(), force=force)  # if it fails, the fact is rolled back
    shown = {"id": request_id, "file": str(target), "sha256": digest, "certificate_issued_at": issued_at}
    if target == STDOUT:
        show({**shown, "text": text}, text)
    else:
        show(shown, f"Wrote {target} (sha256 {digest}). The release is recorded as evidence.")


def _read_outcome_input(request: PrivacyRequest, tx: Tx, context: CommandContext) -> OutcomeInput:
    """Return what the outcome is rendered from; exit with 1 where there is nothing to say, or nobody who says it."""
    if request.kind is not RequestKind.ERASURE:
        exit_with_error(f"{request.id} has no outcome for a data subject: {_explain_other_kind(request)}")
    certificate = tx.packages.find_certificate(request.id)
    if certificate is None:
        exit_with_error(
            f"{request.id} has no certificate: its erasure is not done yet, or it is older than certificates are kept. "
            f"See `bridge dsr show {request.id}`."
        )
    services, now = context.services, context.services.clock.now()
    today = local_day(now, services.merchant.clocks)
    if missing := list_missing_settings(services.merchant, day=today):
        exit_with_error(f"Not written. The merchant file lacks what the letter prints: {'; '.join(missing)}.")
    return OutcomeInput(
        request=request,
        certificate=certificate,
        merchant=services.merchant,
        retention=services.retention,
        written_at=now,
        signing_key_fingerprint=services.signing_key_fingerprint,
    )


def _explain_other_kind(request: PrivacyRequest) -> str:
    if request.kind is RequestKind.ACCESS:
        return "it asks for access; `dsr package` writes the answer."
    if request.kind is not RequestKind.SHOP_ERASURE:
        return "letters tell the person what became of it; `dsr evidence` writes its record."
    return "it is the erasure of a shop; `dsr evidence` writes its certificate."
