"""`review close`: close a review that a person has dealt with."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.printing import show


@json_command()
@click.argument("review_id", metavar="ID")
@click.option("--reason", required=True, help="What was done about it. It is recorded as evidence: no names.")
def close(review_id: str, reason: str) -> None:
    """Close one review after a person has looked and acted."""
    with open_command_context() as context, context.store.transaction() as tx:
        if not tx.reviews.close_review(review_id, actor=context.operator, reason=reason):
            exit_with_error(f"{review_id} is not open: `python -m bridge review list` lists the open reviews.")
    show({"id": review_id, "closed": True}, f"{review_id} is closed.")
