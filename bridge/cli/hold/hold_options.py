"""Options of the legal hold commands, and the words for their faults."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import date

import click

from bridge.cli.context import CommandContext, exit_on_refusal
from bridge.cli.shared.dates import When, when_option
from bridge.cli.shared.ids import HOLD_ID
from bridge.model import Proceeding

LEGAL_HOLD_ARGUMENT = click.argument("hold_id", type=HOLD_ID, metavar="ID")
PROCEEDING_OPTION = click.option(
    "--proceeding",
    "kind",
    type=click.Choice([each.value for each in Proceeding]),
    callback=lambda _context, _option, given: given or "",
    help="A proceeding about tax. Of CGST Act s.36: appeal; revision; tax (any other proceedings before an appellate or "
    "revisional authority, a tribunal or a court); investigation (for an offence under Chapter XIX). Of income tax: "
    "assessment (reopened).",
)
DISPOSED_ON_OPTION = when_option(
    "--disposed-on",
    meaning="The day on which a proceeding was finally disposed of. Its books are kept for a time after that day.",
)
HOLD_FAULTS = {
    "names_no_person": "that request names no data subject; hold an order with `hold open`",
    "order_unreadable": "--order-id must be Shopify's number of the order",
    "released_already": "it is released already",
    "needs_another_person": "whoever opened it cannot approve it; another account must",
    "disposal_needed": "it is a proceeding; give --disposed-on, the day of its final disposal",
    "no_proceeding": "--disposed-on is for proceedings only, and this legal hold is not for one",
    "disposal_to_come": "--disposed-on must not lie in the future",
    "already_accepted": "the loaded retention file is in force already",
}


def exit_on_invalid_hold(about: str = "") -> AbstractContextManager[None]:
    """Print in words why something was refused, and exit with 1. `about` is the id that the command was given."""
    return exit_on_refusal("Not done", HOLD_FAULTS, about=about)


def resolve_disposal_day(given: When | None, context: CommandContext) -> date | None:
    """Return the day where the merchant is; None where none was given."""
    return given.resolve_day(context.merchant_zone) if given else None
