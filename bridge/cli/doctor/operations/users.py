"""Check the users: that a lost secret locks nobody out, and who is locked by wrong ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from bridge.cli.context import CommandContext
from bridge.cli.doctor.database import end_without_database
from bridge.model import CheckResult, Role


@end_without_database
def check_users(context: CommandContext) -> Iterator[CheckResult]:
    """Yield a single admin, and users whose secrets were wrong too often. Nothing while there are no users."""
    with context.store.transaction() as tx:
        users = [user for user in tx.users.list_users() if user.disabled_at is None]
    if len([user for user in users if user.role is Role.ADMIN]) == 1:
        detail = "one admin only: whose secret is lost, nobody else can replace"
        yield CheckResult(name="users", ok=None, detail=detail, fix="user add NAME --role admin")
    now = datetime.now(UTC)
    locked = [user.name for user in users if user.locked_until and user.locked_until > now]
    if locked:
        detail = f"too many wrong secrets, locked: {', '.join(locked)}"
        yield CheckResult(name="users", ok=None, detail=detail, fix="user secret NAME, if the user asks for it")
