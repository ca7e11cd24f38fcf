"""`inbox replay`: queue failed deliveries again, and rejected ones that today's rules accept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace as replace_fields
from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import CommandContext, open_command_context
from bridge.cli.options import WHY_OPTION
from bridge.cli.printing import show
from bridge.cli.selection.bulk import DRY_RUN_OPTION, FORCE_REPLAY_OPTION, describe_cut
from bridge.cli.selection.filter_options import filter_options
from bridge.cli.selection.waiting import Standing, wait_options, wait_until_ended
from bridge.cli.shared.ids import DELIVERY_ID
from bridge.model import DeliveryState
from bridge.steps.webhooks.replay import explain_unopenable, replay_deliveries
from bridge.store import Tx
from bridge.store.selection.row_filter import RowFilter

FILTERS = ("failed", "topic", "shop", "reason_class", "since")


@json_command(example="inbox replay --failed --dry-run\ninbox replay --failed --reason 'the key is back' --wait")
@click.argument("ids", type=DELIVERY_ID, nargs=-1, metavar="[ID]...")
@filter_options(*FILTERS, limit=1000)
@click.option("--rejected", is_flag=True, help="All rejected deliveries whose body is kept, narrowed likewise.")
@WHY_OPTION
@FORCE_REPLAY_OPTION
@DRY_RUN_OPTION
@wait_options
def replay(
    ids: tuple[str, ...],
    wanted: RowFilter,
    rejected: bool,
    reason: str,
    force: bool,
    dry_run: bool,
    wait: bool,
    timeout_s: float,
) -> None:
    """Queue failed deliveries again; they are worked on within seconds. The clocks of requests never restart.

    A rejected mandatory webhook is decided on anew, by its signed body and today's rules and settings. A delivery whose
    key is still missing is left.
    """
    if [bool(ids), wanted.failed, rejected].count(True) != 1:
        raise click.UsageError("give ids, or --failed, or --rejected")
    with open_command_context() as context:
        with context.store.transaction() as tx:
            selected, cut = list(dict.fromkeys(ids)), ""
            if not ids:
                state = DeliveryState.REJECTED if rejected else DeliveryState.FAILED
                page = tx.selection.select_deliveries(_narrow(wanted, state))
                selected, cut = [row["id"] for row in page.rows], describe_cut(page, "deliveries")
            closed = {} if force else _find_unopenable(selected, tx)
            open_ids = [each for each in selected if each not in closed]
            replayed = replay_deliveries(
                open_ids, actor=context.operator, reason=reason, dry_run=dry_run, tx=tx, services=context.services
            )
            rows = tx.operator_queries.list_deliveries(ids=selected, limit=len(selected) or 1)
            known = {row["id"]: row for row in rows}
        not_replayed = {
            each: closed.get(each) or _explain_not_replayed(known.get(each))
            for each in selected
            if each not in replayed
        }
        lines = [f"{'Would queue again' if dry_run else 'Queued again'}: {len(replayed)} of {len(selected)}{cut}."]
        lines += [f"  {each}  {known[each]['topic']}" for each in replayed]
        lines += [f"  {each}  not queued: {why}" for each, why in not_replayed.items()]
        show({"dry_run": dry_run, "replayed": replayed, "not_replayed": not_replayed}, "\n".join(lines))
        if wait and replayed and not dry_run:
            wait_until_ended(lambda: _read_delivery_standing(replayed, context), timeout_s=timeout_s, noun="deliveries")
    if not_replayed and not rejected:  # most of what is rejected stays so
        raise SystemExit(1)


def _narrow(wanted: RowFilter, state: DeliveryState) -> RowFilter:
    return replace_fields(wanted, failed=False, state=state.value)


def _find_unopenable(delivery_ids: Sequence[str], tx: Tx) -> dict[str, str]:
    """Return why the bodies of some of these do not open."""
    return {each: why for each in delivery_ids if (why := explain_unopenable(each, tx))}


def _read_delivery_standing(delivery_ids: Sequence[str], context: CommandContext) -> Standing:
    """Return where the deliveries stand: one has ended when it is not in the inbox any more."""
    with context.store.read() as tx:
        rows = tx.operator_queries.list_deliveries(ids=delivery_ids, limit=len(delivery_ids))
    running = {row["id"]: f"attempts: {row['attempts']}" for row in rows if row["state"] == DeliveryState.RECEIVED}
    is_failed = (DeliveryState.FAILED, DeliveryState.REJECTED)
    failing = {row["id"]: row["reason"] or row["last_error"] for row in rows if row["state"] in is_failed}
    return Standing(ended=len(delivery_ids) - len(running), running=running, failing=failing)


def _explain_not_replayed(row: Any) -> str:
    if row is None:
        return "no such delivery"
    if row["state"] == "done":
        return "it is done; to run a request again use `dsr replay`"
    if row["state"] == "received":
        return "it is waiting or at work already"
    return f"{row['state']} ({row['reason'] or row['last_error']}): it would fail again, or its body was destroyed"
