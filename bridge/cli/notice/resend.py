"""`notice resend`: send the letters of notices again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import CommandContext, exit_with_error, open_command_context
from bridge.cli.options import WHY_OPTION
from bridge.cli.printing import show
from bridge.cli.selection.bulk import DRY_RUN_OPTION, FORCE_REPLAY_OPTION, describe_cut, require_ids_or_filters
from bridge.cli.selection.filter_options import filter_options
from bridge.cli.selection.waiting import Standing, wait_options, wait_until_ended
from bridge.cli.shared.ids import NOTICE_ID, exit_with_unknown_id
from bridge.model import NoticeChannel, NoticeState
from bridge.steps.notices.send import explain_no_resend, resend_notice
from bridge.store import Tx
from bridge.store.selection.row_filter import RowFilter

FILTERS = ("incomplete", "failed", "system", "outcome", "reason_class", "kind", "shop", "since")
CHOICES = {"outcome": tuple(NoticeState), "kind": tuple(NoticeChannel)}
UNKNOWN = "no notice has this id"
UNSENT_STATES = (NoticeState.BOUNCED, NoticeState.EXPIRED)


@json_command(
    example="notice resend ntc_01M84N6EY20CZ9W2PB73FKRKAY\nnotice resend --failed --system delhivery --dry-run"
)
@click.argument("ids", type=NOTICE_ID, nargs=-1, metavar="[ID]...")
@filter_options(*FILTERS, choices=CHOICES, limit=1000)
@WHY_OPTION
@FORCE_REPLAY_OPTION
@DRY_RUN_OPTION
@wait_options
def resend(
    ids: tuple[str, ...], wanted: RowFilter, reason: str, force: bool, dry_run: bool, wait: bool, timeout_s: float
) -> None:
    """Send notices again: after a bounce, an expiry, or a corrected contact. The time to answer starts again.

    Filters take notices whose letter did not arrive or could not leave. Where it arrived, only the id of the notice sends a
    second letter, and the link of the first one ends. A kind is the channel, an outcome the state of the notice.
    """
    require_ids_or_filters(ids, wanted)
    with open_command_context() as context:
        selected, cut = list(dict.fromkeys(ids)), ""
        if not ids:
            with context.store.read() as tx:
                page = tx.selection.select_notices(wanted, is_unsent=True)
            selected, cut = [notice.id for notice, _ in page.rows], describe_cut(page, "notices")
        refused: dict[str, str] = {}
        for notice_id in selected:
            with context.store.transaction() as tx:
                why = _resend_or_explain(
                    notice_id, tx, context, reason=reason, is_named=bool(ids), force=force, dry_run=dry_run
                )
            if why:
                refused[notice_id] = why
        resent = [each for each in selected if each not in refused]
        if len(ids) == 1:
            _show_resending(ids[0], refused, dry_run=dry_run)
        else:
            _show_resendings(resent, refused, f"{len(selected)}{cut}", dry_run=dry_run)
        if wait and resent and not dry_run:
            wait_until_ended(lambda: _read_notice_standing(resent, context), timeout_s=timeout_s, noun="notices")
    if refused:
        raise SystemExit(1)


def _resend_or_explain(
    notice_id: str, tx: Tx, context: CommandContext, *, reason: str, is_named: bool, force: bool, dry_run: bool
) -> str:
    """Queue the letter of a notice again; return why not, '' where it was queued."""
    notice = tx.notices.find_notice(notice_id)
    if notice is None:
        return UNKNOWN
    why = explain_no_resend(notice, context.services, is_named=is_named, force=force)
    if not why and not dry_run:
        resend_notice(notice, tx, actor=context.operator, reason=reason, services=context.services)
    return why


def _show_resending(notice_id: str, refused: dict[str, str], *, dry_run: bool) -> None:
    if refused and refused[notice_id] == UNKNOWN:
        exit_with_unknown_id("ntc", notice_id)
    if refused:
        exit_with_error(f"{notice_id}: {refused[notice_id]}.")
    words = "would be sent again" if dry_run else "is sent again within seconds"
    show({"id": notice_id, "state": NoticeState.QUEUED, "dry_run": dry_run}, f"{notice_id} {words}.")


def _show_resendings(resent: Sequence[str], refused: dict[str, str], of: str, *, dry_run: bool) -> None:
    lines = [f"{'Would send' if dry_run else 'Sends'} again: {len(resent)} of {of}."]
    lines += [f"  {each}" for each in resent]
    lines += [f"  {each}  not sent: {why}" for each, why in refused.items()]
    result: dict[str, Any] = {"dry_run": dry_run, "resent": resent, "not_resent": refused}
    show(result, "\n".join(lines))


def _read_notice_standing(notice_ids: Sequence[str], context: CommandContext) -> Standing:
    """Return where the notices stand: one has ended when its letter left, bounced, or is blocked."""
    running, failing = {}, {}
    with context.store.read() as tx:
        for notice in filter(None, map(tx.notices.find_notice, notice_ids)):
            if notice.state in UNSENT_STATES or notice.last_error:
                failing[notice.id] = notice.last_error or str(notice.state)
            elif notice.state is NoticeState.QUEUED:
                running[notice.id] = "its letter has not left"
    return Standing(ended=len(notice_ids) - len(running), running=running, failing=failing)
