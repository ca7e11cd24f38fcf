"""How an incident is shown: its clocks, what is missing for each notice, counts. And the words for what is refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bridge.cli.files.particulars import PARTICULARS_FAULTS
from bridge.model import IncidentRecipient, PrivacyRequest
from bridge.rules.desk.deadline_warnings import compute_hours_left, describe_hours_left
from bridge.rules.desk.incident_clocks import RECIPIENT_BY_RULE, parse_clocks
from bridge.rules.desk.incident_notice import list_missing_fields
from bridge.rules.requests.decisions.two_person_kinds import APPROVERS_NEEDED
from bridge.services import Services
from bridge.steps.desk.incidents.report_incident import read_incident_account, read_incident_progress
from bridge.steps.desk.two_person import list_approvers
from bridge.store import Tx

INCIDENT_FAULTS = {
    **PARTICULARS_FAULTS,
    "kind_differs": "it is no incident",
    "not_waiting": "it is closed",
    "particulars_erased": "what was stated of it was destroyed on its day",
    "approvals_missing": "two people must approve it first, as it stands now: incident approve",
    "at_in_the_future": "--at must not lie in the future",
    "at_before_noticed": "--at must not lie before the incident was noticed",
    "recipient_has_no_clock": "no law that is in force for this incident asks for that",
    "reported_already": "that was recorded already",
    "fields_missing": "something is missing for the letter to people: see incident show",
    "persons_not_searched": "the persons were not searched for: incident affected",
    "noticed_at_is_fixed": "when it was noticed cannot be changed: the clocks run since then",
    "processor_unknown": "the merchant file names no such processor",
    "time_needed": "give --since and --until, or --processor, or --whole-shop",
}
RECIPIENTS = [each.value for each in IncidentRecipient]


def describe_incident_state(request: PrivacyRequest, *, now: datetime, tx: Tx, services: Services) -> dict[str, Any]:
    """Return where an incident stands. Raises PayloadInvalid as `read_incident_account`."""
    account = read_incident_account(request, tx=tx, services=services)
    progress, clocks = read_incident_progress(request.id, tx), parse_clocks(request.clocks)
    informed = {report.recipient: report for report in progress.reports}
    rows = []
    for rule, due_at in sorted(clocks.items(), key=lambda each: each[1]):
        recipient = RECIPIENT_BY_RULE[rule]
        report = informed.get(recipient)
        hours = None if report else compute_hours_left(due_at, now)
        is_late = (report.is_needed and report.at > due_at) if report else now > due_at
        rows.append(
            {
                "to": recipient,
                "rule": rule,
                "due_at": due_at,
                "hours_left": hours,
                "left": describe_hours_left(hours),
                "state": ("reported" if report.is_needed else "not_needed") if report else "open",
                "reported_at": report.at if report else None,
                "late": is_late,
                "missing": list_missing_fields(account, recipient),
            }
        )
    approvers = list_approvers(request, tx)
    return {
        "id": request.id,
        "shop": tx.shop_names.directory.find_current_name(request.shop),
        "state": request.state,
        "noticed_at": request.received_at,
        "persons": progress.persons,
        "unnamed_reads": account.affected.unnamed_reads,
        "letters": progress.letters,
        "approved_by": approvers,
        "approvals_needed": APPROVERS_NEEDED,
        "clocks": rows,
    }
