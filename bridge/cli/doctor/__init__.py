"""`doctor`: what is unset, unreachable, expired or unscoped; which topic was last seen when."""

from __future__ import annotations

import sys

import click

from bridge.cli.context import AS_JSON, desk
from bridge.cli.doctor import evidence, keys, ledger, retention, reviews, systems, vault
from bridge.cli.printing import emit

MARKS = {True: "ok  ", False: "FAIL", None: "?   "}


@click.command()
@click.option("--offline", is_flag=True, help="Ask no other system.")
@AS_JSON
def doctor(offline: bool, as_json: bool) -> None:
    """Look at everything the bridge needs. Exit 1 where something is wrong."""
    with desk(migrated=False) as at:
        found = [
            *systems.settings_checks(at),
            *systems.database_checks(at),
            *keys.keys_checks(at),
            *ledger.ledger_checks(at),
            *evidence.evidence_checks(at),
            systems.redis_checks(at),
            *(() if offline else systems.systems_checks(at)),
            *systems.notices_checks(at),
            *vault.vault_checks(at),
            *reviews.reviews_checks(at),
            *reviews.refunds_checks(at),
            *retention.holds_checks(at),
            *systems.topics_checks(at),
        ]
    failed = [check for check in found if check.ok is False]
    if as_json:
        emit({"ok": not failed, "checks": [{"name": c.name, "ok": c.ok, "detail": c.detail} for c in found]})
    else:
        for check in found:
            click.echo(f"{MARKS[check.ok]}  {check.name:42} {check.detail}")
        click.echo(
            f"\n{len(failed)} of {len(found)} checks failed."
            if failed
            else f"\nAll {len(found)} checks passed or could not be looked at."
        )
    if failed:
        sys.exit(1)
