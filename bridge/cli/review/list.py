"""`review list`: list the reviews that wait for a person."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.review.review_view import REVIEW_KINDS, show_reviews


@json_command("list", example="review list --kind bank_details")
@click.option("--kind", type=click.Choice(REVIEW_KINDS), help="Only reviews of this kind.")
@click.option("--all", "everything", is_flag=True, help="Closed reviews too.")
def list_reviews_command(kind: str | None, everything: bool) -> None:
    """List the open reviews, oldest first."""
    with open_command_context() as context, context.store.transaction() as tx:
        show_reviews(tx.reviews.list_reviews(is_open=not everything, kind=kind or ""), tx)
