"""`dsr decide`: record what was decided about an objection."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.dsr.dsr_view import find_request_or_exit
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.cli.shared.ids import REQUEST_ID
from bridge.steps.rights.weigh_objection import DECISION_CODES, OUTCOMES, decide_objection
from config.merchant_file.rights_rules import WEIGHED_PURPOSES

DECISION_FAULTS = {
    "not_approved": "its plan is not approved yet: see `bridge dsr plan` and `bridge dsr approve`",
    "no_objection": "it is no objection that is weighed: see `bridge dsr show`",
    "purpose_not_weighed": "it does not object to that purpose, or that was decided before: see `bridge dsr show`",
}


@json_command(
    example="dsr decide req_01M84N6EY20CZ9W2PB73FKRKAY --outcome upheld --purpose cod_risk --code interests_prevail "
    "--reason 'memo 14'"
)
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@click.option("--outcome", required=True, type=click.Choice(OUTCOMES), help="What was decided.")
@click.option(
    "--purpose",
    "purposes",
    required=True,
    multiple=True,
    type=click.Choice(WEIGHED_PURPOSES),
    help="What it is about; may be repeated.",
)
@click.option("--code", required=True, type=click.Choice(DECISION_CODES), help="Why, as the letter says.")
@REASON_OPTION
def decide(request_id: str, outcome: str, purposes: tuple[str, ...], code: str, reason: str) -> None:
    """Record what was decided about an objection, with reasons; a letter tells the person.

    What is upheld stays stopped, what is declined goes on. Marketing is never weighed: it stopped at once.
    """
    with open_command_context() as context, exit_on_refusal("Not decided", DECISION_FAULTS):
        with context.store.read() as tx:
            find_request_or_exit(tx, request_id)
        undecided = decide_objection(
            request_id, outcome, purposes, code=code, actor=context.operator, reason=reason, services=context.services
        )
    result = {"id": request_id, "outcome": outcome, "purposes": list(purposes), "undecided": list(undecided)}
    open_text = f" Still to be decided: {', '.join(undecided)}." if undecided else ""
    show(result, f"The objection {request_id} was {outcome} for {', '.join(purposes)}.{open_text}")
