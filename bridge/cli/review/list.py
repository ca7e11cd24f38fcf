"""`review list`: list the reviews that wait for a person."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.review.review_view import NOTHING_TO_REVIEW, REVIEW_KINDS, REVIEW_TABLE_COLUMNS, build_review_rows
from bridge.cli.selection.filter_options import filter_options
from bridge.cli.selection.paging import AFTER_FAULTS, show_page
from bridge.store.selection.row_filter import RowFilter


@json_command("list", example="review list --kind bank_details")
@filter_options("kind", "shop", "since", "after", limit=1000, choices={"kind": REVIEW_KINDS})
@click.option("--all", "everything", is_flag=True, help="Closed reviews too.")
def list_reviews_command(wanted: RowFilter, everything: bool) -> None:
    """List the open reviews, oldest first. A kind is, for example, bank_details."""
    with open_command_context() as context, context.store.read() as tx, exit_on_refusal("Not listed", AFTER_FAULTS):
        page = tx.selection.select_reviews(wanted, is_open=not everything)
        rows = build_review_rows(page.rows, tx)
        show_page(page, rows, REVIEW_TABLE_COLUMNS, noun="reviews", empty=NOTHING_TO_REVIEW, wanted=wanted)
