"""`incident affected`: find the persons that an incident concerns."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.incident.incident_view import INCIDENT_FAULTS
from bridge.cli.options import FILTER_WORD, SHOP_HELP
from bridge.cli.printing import show
from bridge.cli.shared.dates import When, when_option
from bridge.cli.shared.ids import REQUEST_ID
from bridge.steps.desk.incidents.describe_incident import PersonSearch, find_affected_persons


@json_command(
    "affected",
    example="incident affected req_01M84N6EY20CZ9W2PB73FKRKAY --since 2026-11-14 --until 2026-11-16 --actor operator:eve\n"
    "incident affected req_01M84N6EY20CZ9W2PB73FKRKAY --processor delhivery --until 2026-11-16",
)
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@when_option("--since", meaning="From this day or time on.")
@when_option("--until", meaning="Until this day or time.")
@click.option("--actor", type=FILTER_WORD, help="Only what this actor read, as evidence names it: operator:eve.")
@click.option("--processor", type=FILTER_WORD, help="All with parcels at this processor of the merchant file.")
@click.option("--shop", help=f"Only this shop. {SHOP_HELP} [default: all shops]")
@click.option("--whole-shop", is_flag=True, help="All with orders, of --shop or of all shops.")
@click.option("--anew", is_flag=True, help="Forget those that were found before. [default: they are added to]")
def find_affected_command(
    request_id: str,
    since: When | None,
    until: When | None,
    actor: str | None,
    processor: str | None,
    shop: str | None,
    whole_shop: bool,
    anew: bool,
) -> None:
    """Count the persons that an incident concerns and keep their pseudonyms, sealed. It names nobody.

    Without --processor and --whole-shop: those whose data were shown, exported, downloaded or opened in the time, by
    --actor or by anybody. Approvals so far no longer count where somebody is added.
    """
    with open_command_context() as context, exit_on_refusal("Not searched", INCIDENT_FAULTS, about=request_id):
        zone = context.merchant_zone
        search = PersonSearch(
            since=since.resolve(zone) if since else None,
            until=until.resolve(zone) if until else None,
            actor=actor or "",
            processor=processor or "",
            shops=(context.resolve_shop(shop),) if shop else (),
            whole_shop=whole_shop,
        )
        found, new = find_affected_persons(
            request_id, search, anew=anew, actor=context.operator, services=context.services
        )
    count = len(found.persons)
    result = {"id": request_id, "persons": count, "new": new, "unnamed_reads": found.unnamed_reads}
    unnamed = f" {found.unnamed_reads} reads name no person, such as searches." if found.unnamed_reads else ""
    show(result, f"{request_id} concerns {count} persons, {new} of them new.{unnamed}")
