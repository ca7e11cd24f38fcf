"""How disclosures are shown: the authority only where it is asked for. Options, and the words for what is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import click

from bridge.cli.context import exit_on_refusal, name_shops
from bridge.cli.files.identifiers import PERSON_FAULTS
from bridge.cli.shared.dates import when_option
from bridge.cli.shared.ids import DISCLOSURE_ID
from bridge.model import AuthorityDisclosure
from bridge.rules.desk.disclosures import FIELDS
from bridge.rules.retention.statutory_last_days import local_day
from bridge.services import Services
from bridge.store import Tx

NO_KNOWN_END = "no known end"
DISCLOSURE_COLUMNS = ("id", "shop", "given_on", "categories", "secret", "non_disclosable_until", "recorded_at")
DISCLOSURE_ARGUMENT = click.argument("disclosure_id", type=DISCLOSURE_ID, metavar="ID")
UNTIL_OPTION = when_option("--non-disclosable-until", "until", ahead=True, meaning="The last day of its secrecy.")
SECRET_OPTION = click.option(
    "--secret", "is_open_ended", is_flag=True, help="A law keeps it secret, and the last day is not known."
)
DISCLOSURE_FAULTS = {
    **PERSON_FAULTS,
    **{f"{name}_missing": f"--particulars needs {name}" for name in FIELDS},
    **{f"{name}_unreadable": f"{name} in --particulars is not what it must be" for name in FIELDS},
    "particulars_unknown": f"--particulars takes {', '.join(FIELDS)}",
    "nobody_named": "name the person or the orders: --request, --identifiers, or another option",
    "order_unreadable": "--order-id must be Shopify's number of the order",
    "category_unknown": "--category is none of the retention file; `bridge law show` lists them",
    "given_in_the_future": "--given-on must not lie in the future",
    "secrecy_before_disclosure": "--non-disclosable-until lies before the day on which data were given",
    "secrecy_over": "--non-disclosable-until has passed; end its secrecy with --end",
    "not_secret": "the person may be told already",
    "reason_names_person": "--reason repeats an identifier of the person",
}


def exit_on_invalid_disclosure(about: str = "") -> AbstractContextManager[None]:
    """Print in words why something was refused, and exit with 1. `about` is the id that the command was given."""
    return exit_on_refusal("Not done", DISCLOSURE_FAULTS, about=about)


def build_disclosure_rows(found: Iterable[AuthorityDisclosure], tx: Tx, services: Services) -> list[dict[str, Any]]:
    """Return disclosures as they are shown, without the authority and the law."""
    now, calendar = services.clock.now(), services.retention.calendar
    rows = []
    for one in found:
        is_secret = one.is_secret(now)
        last_day = local_day(one.disclosable_at, calendar) - timedelta(days=1) if one.disclosable_at else NO_KNOWN_END
        rows.append(
            {
                "id": one.id,
                "shop": one.shop,
                "given_on": local_day(one.given_at, calendar),
                "categories": ", ".join(one.particulars.categories),
                "secret": is_secret,
                "non_disclosable_until": last_day if is_secret else None,
                "recorded_at": one.recorded_at,
            }
        )
    return name_shops(rows, tx)


def describe_secrecy(row: Mapping[str, Any]) -> str:
    """Return whether the person's next copy tells of a disclosure."""
    if not row["secret"]:
        return "the person's next copy tells it"
    end = row["non_disclosable_until"]
    return "no copy tells it before you end its secrecy" if end == NO_KNOWN_END else f"no copy tells it until {end}"
