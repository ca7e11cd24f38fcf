"""`doctor`: what is unset, unreachable, expired or unscoped; which topic was last seen when."""

from __future__ import annotations

import sys

import click

from bridge.cli import (
    checks,
    checks_evidence,
    checks_holds,
    checks_keys,
    checks_ledger,
    checks_reviews,
    checks_vault,
)
from bridge.cli.desk import AS_JSON, desk
from bridge.cli.printing import emit

MARKS = {True: "ok  ", False: "FAIL", None: "?   "}


@click.command()
@click.option("--offline", is_flag=True, help="Ask no other system.")
@AS_JSON
def doctor(offline: bool, as_json: bool) -> None:
    """Look at everything the bridge needs. Exit 1 where something is wrong."""
    with desk(migrated=False) as at:
        found = [
            *checks.settings_checks(at),
            *checks.database_checks(at),
            *checks_keys.keys_checks(at),
            *checks_ledger.ledger_checks(at),
            *checks_evidence.evidence_checks(at),
            checks.redis_checks(at),
            *(() if offline else checks.systems_checks(at)),
            *checks.notices_checks(at),
            *checks_vault.vault_checks(at),
            *checks_reviews.reviews_checks(at),
            *checks_reviews.refunds_checks(at),
            *checks_holds.holds_checks(at),
            *checks.topics_checks(at),
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
