"""Options of the legal hold commands, and the words for their faults."""

from __future__ import annotations

from contextlib import AbstractContextManager

import click

from bridge.cli.context import exit_on_refusal
from bridge.cli.options import DAY_TYPE
from bridge.model import Proceeding

LEGAL_HOLD_ARGUMENT = click.argument("hold_id", metavar="CLM")
PROCEEDING_OPTION = click.option(
    "--proceeding",
    "kind",
    type=click.Choice([each.value for each in Proceeding]),
    callback=lambda _context, _option, given: given or "",
    help="A proceeding about tax. Of CGST Act s.36: appeal; revision; tax (any other proceedings before an appellate or "
    "revisional authority, a tribunal or a court); investigation (for an offence under Chapter XIX). Of income tax: "
    "assessment (reopened).",
)
DISPOSED_ON_OPTION = click.option(
    "--disposed-on",
    type=DAY_TYPE,
    callback=lambda _context, _option, given: given.date() if given else None,
    help="The day on which a proceeding was finally disposed of. Its books are kept for a time after that day.",
)
HOLD_FAULTS = {
    "request_unknown": "there is no such request; `dsr list` lists them",
    "names_no_person": "that request names no data subject; hold an order with `hold open`",
    "order_unreadable": "--order-id must be Shopify's number of the order",
    "claim_unknown": "there is no such legal hold; `hold list` lists them",
    "released_already": "it is released already",
    "needs_another_person": "whoever opened it cannot approve it; another account must",
    "disposal_needed": "it is a proceeding; give --disposed-on, the day of its final disposal",
    "no_proceeding": "--disposed-on is for proceedings only, and this legal hold is not for one",
    "disposal_to_come": "--disposed-on must not lie in the future",
    "already_accepted": "the loaded retention file is in force already",
}


def exit_on_invalid_hold() -> AbstractContextManager[None]:
    """Print in words why something was refused, and exit with 1."""
    return exit_on_refusal("Not done", HOLD_FAULTS)
