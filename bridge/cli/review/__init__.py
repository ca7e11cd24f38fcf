"""`review …`: findings that a person must look at. A review names a place and a kind, never a data subject."""

import click

from bridge.cli.review.close import close
from bridge.cli.review.find import find
from bridge.cli.review.list import list_reviews_command
from bridge.cli.review.show import show_review_command


@click.group()
def review() -> None:
    """Findings that a person must look at: what was found, where, and when."""


for command in (list_reviews_command, show_review_command, find, close):
    review.add_command(command)
