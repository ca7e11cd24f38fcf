"""Find out who acts, and whether the role of that user allows it. What is refused is a fact.

While there is no user, everybody who can run commands may run all of them. Wrong secrets are counted for each user
before they are looked at, and keep the next ones waiting.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bridge.errors import AccessRefused
from bridge.model import Act, Fact, User
from bridge.rules.operators.access_table import is_allowed

if TYPE_CHECKING:
    from bridge.store import SqlStore

UNKNOWN_ACTOR = "operator:unknown"  # what was typed is not recorded: it may be anything


def authorise_operator(
    name: str, act: Act, *, doing: str, read_secret: Callable[[], str], store: SqlStore
) -> User | None:
    """Return the user who runs a command; None while there is no user. `doing` names the command.

    `read_secret` is called where a secret is needed; it returns '' where nobody can give one. Raises AccessRefused with a
    constant reason: `user_unstated`, `secret_missing`, `secret_wrong` (an unknown user too), `secret_locked`,
    `user_disabled`, `act_not_allowed`.
    """
    with store.transaction() as tx:
        if not tx.users.has_users():
            return None
    if not name:
        raise _record_refusal(AccessRefused("user_unstated"), UNKNOWN_ACTOR, act, doing, store)
    secret = read_secret()
    if not secret:
        raise _record_refusal(AccessRefused("secret_missing"), UNKNOWN_ACTOR, act, doing, store)
    user = _verify_secret(name, secret, act, doing, store)
    check_act(user, act, doing=doing, store=store)
    return user


def check_act(user: User, act: Act, *, doing: str, store: SqlStore) -> None:
    """Raise AccessRefused (`act_not_allowed`), and record it, where the user's role does not allow it."""
    if not is_allowed(user.role, act):
        fault = AccessRefused("act_not_allowed", role=user.role, act=act)
        raise _record_refusal(fault, user.actor, act, doing, store)


def _verify_secret(name: str, secret: str, act: Act, doing: str, store: SqlStore) -> User:
    with store.transaction() as tx:
        user = tx.users.count_attempt(name)
    actor = user.actor if user else UNKNOWN_ACTOR
    if user and user.locked_until and user.locked_until > store.now():
        fault = AccessRefused("secret_locked", locked_until=user.locked_until)
        raise _record_refusal(fault, actor, act, doing, store)
    with store.read() as tx:
        is_right = tx.users.is_secret_right(name, secret)
    if not is_right or user is None:
        raise _record_refusal(AccessRefused("secret_wrong"), actor, act, doing, store)
    with store.transaction() as tx:
        tx.users.clear_attempts(name)
    if user.disabled_at is not None:
        raise _record_refusal(AccessRefused("user_disabled"), actor, act, doing, store)
    return user


def _record_refusal(fault: AccessRefused, actor: str, act: Act, doing: str, store: SqlStore) -> AccessRefused:
    """Record what was refused and who asked, and return the error to raise."""
    role = {"role": fault.role} if fault.role else {}
    with store.transaction() as tx:
        tx.evidence.append_fact(
            Fact.ACCESS_REFUSED, shop="", actor=actor, act=act, doing=doing, reason=fault.reason, **role
        )
    return fault
