"""`dsr open`: open a request that came by mail, phone or letter."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.dsr.approval.approval_view import describe_approval
from bridge.cli.dsr.dsr_view import find_request_or_exit
from bridge.cli.dsr.rights.particulars import OPTION_FAULTS, particulars_options, read_details
from bridge.cli.files.identifiers import PERSON_FAULTS, add_identifiers, person_options
from bridge.cli.options import OPTIONAL_SHOP_OPTION, free_text_option
from bridge.cli.printing import show
from bridge.cli.shared.dates import When, format_time, when_option
from bridge.model import Language, Principal, ReplyContact, RequestKind
from bridge.rules.index.request_identifiers import build_principal
from bridge.rules.requests.answer_times import is_late
from bridge.rules.requests.same_person import list_contacts
from bridge.steps.requests.open_for_person import PERSON_KINDS, build_person_request, open_person_request

OPENING_FAULTS = {
    "shop_unknown": "the merchant file does not name that shop",
    "received_in_the_future": "--received-at must not lie in the future",
    **PERSON_FAULTS,
    **OPTION_FAULTS,
}

ERASING_KINDS = (RequestKind.ERASURE, RequestKind.SHOP_ERASURE)
PHONE_HELP = "With country code; may be repeated. Shopify is searched by it only if nothing else is given."
CONTACT_NAMES = {"email": ("e-mail address", "e-mail addresses"), "phone": ("phone", "phones")}
COUNTRY_HELP = (
    "Where the data subject says to be, such as DE; may be repeated. Its law counts beside that of the addresses."
)


class CountryParam(click.ParamType[str]):
    """A country by its ISO code of two letters."""

    name = "code"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the code in capitals; what the European Union writes for two countries counts too. Raises BadParameter."""
        code = {"UK": "GB", "EL": "GR"}.get(str(value).upper(), str(value).upper())
        if not re.fullmatch("[A-Z]{2}", code):
            self.fail("give the two letters of a country, such as IN, DE or GB", param, ctx)
        return code


@json_command(
    "open",
    example="dsr open access --email asha@example.com --reason 'e-mail of 12 Nov'\n"
    "dsr open erasure --identifiers - --reason 'letter of 12 Nov' --yes < person.json\n"
    "dsr open consent_withdrawal --identifiers - --channel email --reason 'by phone' < person.json\n"
    "dsr open nomination --email asha@example.com --particulars - --reason 'letter' < nominee.json\n"
    "dsr open correction --customer-id 7001 --particulars - --reason 'letter of 12 Nov' < changes.json\n"
    "dsr open objection --customer-id 7001 --purpose marketing --reason 'call of 12 Nov'",
    irreversible="An erasure is opened. Once `dsr approve` approved its plan, what is erased does not come back.",
    asks=lambda given: given["kind"] in ERASING_KINDS,
)
@click.argument("kind", type=click.Choice([kind.value for kind in PERSON_KINDS]))
@OPTIONAL_SHOP_OPTION
@person_options(PHONE_HELP)
@particulars_options
@click.option("--country", "countries", multiple=True, type=CountryParam(), help=COUNTRY_HELP)
@click.option(
    "--language",
    type=click.Choice([each.value for each in Language]),
    help="Of letters. [default: the merchant file's]",
)
@when_option("--received-at", meaning="When the data subject asked. [default: now]")
@free_text_option("--reason", "How the request came, for example 'e-mail of 12 Nov'. No names.")
@click.option("--dry-run", is_flag=True, help="Show the clocks and the open request that it would join; store nothing.")
def open_request_command(
    kind: str,
    shop: str | None,
    customer_id: str,
    emails: tuple[str, ...],
    phones: tuple[str, ...],
    orders: tuple[str, ...],
    source: Path | None,
    particulars_source: Path | None,
    channels: tuple[str, ...],
    ground: str | None,
    purposes: tuple[str, ...],
    countries: tuple[str, ...],
    language: str | None,
    received_at: When | None,
    reason: str,
    dry_run: bool,
) -> None:
    """Open a request by hand. Its clock starts when the data subject asked.

    An erasure changes nothing before `dsr plan` showed it and `dsr approve` approved it ([approval] of the merchant file).

    What stands on a command line is seen by others on the machine and stays in the shell's history: give addresses and
    numbers by --identifiers -, as JSON or as lines: email: asha@example.com. What else is stated comes by --particulars.
    An incident names nobody: its clocks run since it was noticed.

    A correction takes its values by --particulars: {"changes": [{"field": "phone", "new": "+919800000000"}]}, with the fields
    first_name, last_name, email, phone and address. An address is lines address1, address2, city, province, zip, country.
    """
    identifiers = {"customer_id": [customer_id] if customer_id else [], "email": emails, "phone": phones}
    with exit_on_refusal("Not opened", OPENING_FAULTS):
        principal = build_principal(add_identifiers(identifiers | {"order_id": orders}, source, reason))
        codes = {"channels": channels, "ground": ground, "purposes": purposes}
        details = read_details(RequestKind(kind), particulars_source, source, codes, reason)
    principal = replace(principal, stated_countries=tuple(dict.fromkeys(countries)))
    with open_command_context() as context:
        services = context.services
        asked_at = received_at.resolve(context.merchant_zone) if received_at else datetime.now(UTC)
        wanted = (RequestKind(kind), context.choose_shop(shop), principal, asked_at)
        with exit_on_refusal("Not opened", OPENING_FAULTS):
            with context.store.transaction() as tx:
                request = build_person_request(*wanted, tx=tx, services=services, details=details)
                joined = (
                    None
                    if request.kind.stands_alone
                    else tx.requests.find_open_request(request.shop, kind, request.subject)
                )
                if dry_run:  # it says whether the person has such a request
                    context.record_search(tx, shop=request.shop, by="person", where="requests", results=bool(joined))
            governing = joined if joined and joined.due_at <= request.due_at else request
            result: dict[str, Any] = {
                "kind": kind,
                "shop": request.shop,
                "received_at": request.received_at,
                "acknowledge_due_at": governing.acknowledge_due_at,
                "due_at": governing.due_at,
                "due_governed_by": governing.due_governed_by,
                "late": is_late(governing, services.clock.now()),
                "joins": joined.id if joined else None,
                "dry_run": dry_run,
                "id": None,
            }
            if not dry_run:
                details = replace(details, contact=_build_contact(principal, language) or details.contact)
                result["id"] = open_person_request(
                    *wanted, actor=context.operator, reason=reason, services=services, details=details
                )
            if joined and not dry_run:
                with context.store.transaction() as tx:
                    widened = tx.requests.get_request(joined.id) or joined
                result["not_added"] = _count_missing_contacts(principal, widened.principal)
            if not dry_run:
                with context.store.read() as tx:
                    opened_request = find_request_or_exit(tx, result["id"])
                    result["approval"] = describe_approval(tx, opened_request, services)
    would_verb, verb = ("Would join", "Joined") if joined else ("Would open", "Opened")
    opened = f"{would_verb if dry_run else verb} {result['id'] or result['joins'] or kind}"
    show(
        result,
        f"{opened}: {_describe_deadlines(result)}{_describe_missing_contacts(result)}{_describe_approval(result)}",
    )


def _build_contact(principal: Principal, language: str | None) -> ReplyContact | None:
    """Return the contact that letters go to, where a language is given for the e-mail address; None leaves it to the opening."""
    if not language or not principal.email:
        return None
    return ReplyContact(address=principal.email, language=Language(language))


def _count_missing_contacts(given: Principal, known: Principal) -> dict[str, int]:
    """Return how many given addresses and phones a request that was joined does not go by, by their field."""
    missing = dict.fromkeys(list_contacts(given)).keys() - set(list_contacts(known))
    return dict(Counter(field for field, _ in missing))


def _describe_missing_contacts(result: Mapping[str, Any]) -> str:
    counts = result.get("not_added")
    if not counts:
        return ""
    named = " and ".join(f"{count} {CONTACT_NAMES[field][count > 1]}" for field, count in sorted(counts.items()))
    return (
        f"\nIt does not go by {named} that you gave: it was opened with others, or those may be another person's "
        "(`review list`). When it is closed, open a request for them."
    )


def _describe_approval(result: Mapping[str, Any]) -> str:
    approval = result.get("approval")
    if not approval or approval["acts"]:
        return ""
    until = approval["can_be_taken_back_until"]
    free = f" The person can take it back until {format_time(until)}." if until else ""
    return (
        f"\nNothing is changed for it before its plan is approved: `bridge dsr plan {result['id']}`, then "
        f"`bridge dsr approve {result['id']}`.{free}"
    )


def _describe_deadlines(result: Mapping[str, Any]) -> str:
    acknowledge, due = result["acknowledge_due_at"], result["due_at"]
    if result["kind"] == RequestKind.INCIDENT:
        return f"the first report is due {format_time(due)} ({result['due_governed_by']}). See `bridge incident show`."
    text = f"acknowledge by {format_time(acknowledge)}, due {format_time(due)} ({result['due_governed_by']})."
    days = (datetime.now(UTC) - due).days
    late = f"\nIt is late already, by {days} days: answer now, and say in the answer that it is late and why."
    return text + (late if result["late"] else "")
