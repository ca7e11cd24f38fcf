"""`doctor`: what is unset, unreachable, expired or unscoped; which topic was last seen when."""

from __future__ import annotations

import sys

import click

from bridge.cli.context import JSON_OPTION, open_command_context
from bridge.cli.doctor import evidence, keys, ledger, retention, reviews, systems, vault
from bridge.cli.printing import print_json

STATUS_MARKS = {True: "ok  ", False: "FAIL", None: "?   "}


@click.command()
@click.option("--offline", is_flag=True, help="Ask no other system.")
@JSON_OPTION
def doctor(offline: bool, as_json: bool) -> None:
    """Look at everything the bridge needs. Exit 1 where something is wrong."""
    with open_command_context(require_migrated=False) as at:
        found = [
            *systems.check_settings(at),
            *systems.check_database(at),
            *keys.check_keys(at),
            *ledger.check_ledger(at),
            *evidence.check_evidence(at),
            systems.check_redis(at),
            *(() if offline else systems.check_connectors(at)),
            *systems.check_notices(at),
            *vault.check_vault(at),
            *reviews.check_reviews(at),
            *reviews.check_refunds(at),
            *retention.check_retention(at),
            *systems.check_topics(at),
        ]
    failed = [check for check in found if check.ok is False]
    if as_json:
        print_json(
            {"ok": not failed, "checks": [{"name": c.name, "ok": c.ok, "detail": c.detail} for c in found]}
        )
    else:
        for check in found:
            click.echo(f"{STATUS_MARKS[check.ok]}  {check.name:42} {check.detail}")
        click.echo(
            f"\n{len(failed)} of {len(found)} checks failed."
            if failed
            else f"\nAll {len(found)} checks passed or could not be looked at."
        )
    if failed:
        sys.exit(1)
