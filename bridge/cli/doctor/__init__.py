"""`doctor`: check everything that the bridge needs. One subject per file; no check raises for what it finds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict

import click

from bridge.cli.command import json_command
from bridge.cli.context import CommandContext, open_command_context
from bridge.cli.doctor.connectors import check_connectors
from bridge.cli.doctor.database import check_database
from bridge.cli.doctor.evidence import check_evidence
from bridge.cli.doctor.index.reconciliations import check_reconciliations
from bridge.cli.doctor.index.subscriptions import check_subscriptions
from bridge.cli.doctor.keys import check_keys, check_remnants
from bridge.cli.doctor.ledger import check_ledger
from bridge.cli.doctor.notices import check_notices
from bridge.cli.doctor.operations.conditions import check_conditions
from bridge.cli.doctor.operations.mail import check_mail_server, check_mailbox, check_operator_messages
from bridge.cli.doctor.operations.processors import check_processors
from bridge.cli.doctor.operations.report import print_report
from bridge.cli.doctor.operations.telemetry import check_telemetry
from bridge.cli.doctor.operations.users import check_users
from bridge.cli.doctor.redis import check_redis
from bridge.cli.doctor.refunds import check_refunds
from bridge.cli.doctor.requests.answers import check_answers
from bridge.cli.doctor.requests.held import check_held_requests
from bridge.cli.doctor.retention import check_retention
from bridge.cli.doctor.reviews import check_reviews
from bridge.cli.doctor.settings import check_settings
from bridge.cli.doctor.shops import check_shop_erasures, check_shop_names
from bridge.cli.doctor.topics import check_topics
from bridge.cli.doctor.vault import check_vault
from bridge.cli.printing import show
from bridge.model import CheckResult

CHECKS: tuple[Callable[[CommandContext], Iterable[CheckResult]], ...] = (
    check_settings,
    check_database,
    check_keys,
    check_remnants,
    check_ledger,
    check_evidence,
    check_redis,
    check_conditions,
    check_connectors,
    check_mail_server,
    check_mailbox,
    check_operator_messages,
    check_telemetry,
    check_notices,
    check_processors,
    check_vault,
    check_shop_erasures,
    check_shop_names,
    check_answers,
    check_held_requests,
    check_reviews,
    check_refunds,
    check_retention,
    check_topics,
    check_reconciliations,
    check_subscriptions,
    check_users,
)
CHECKS_OF_OTHER_SYSTEMS = (
    check_connectors,
    check_mail_server,
    check_mailbox,
    check_subscriptions,
)  # --offline skips them


@json_command(example="doctor\ndoctor --offline --json")
@click.option("--offline", is_flag=True, help="Contact no other system.")
@click.option("--all", "show_all", is_flag=True, help="Show each check by itself, also those that passed.")
@click.option("--release", "is_release", is_flag=True, help="Exit 1 only for what a release must not be made with.")
def doctor(offline: bool, show_all: bool, is_release: bool) -> None:
    """Check everything that the bridge needs. Exit 1 if something is wrong; it says what to type."""
    with open_command_context(require_migrated=False) as context:
        checks = [
            asdict(result)
            for check in CHECKS
            if not (offline and check in CHECKS_OF_OTHER_SYSTEMS)
            for result in check(context)
        ]
    failed = [check for check in checks if check["ok"] is False]
    stopping = [check for check in failed if check["stops_release"]] if is_release else failed
    result = {"ok": not stopping, "checks": checks}
    show(result, lambda shown: print_report(shown, show_all=show_all, is_release=is_release))
    if stopping:
        sys.exit(1)
