"""Add and disable users, set their secrets, give and take tokens of the API. Each is one transaction with its fact."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from bridge.errors import PayloadInvalid
from bridge.model import Fact, Role, User
from bridge.rules.operators.secret_limits import check_new_secret

if TYPE_CHECKING:
    from bridge.store import SqlStore, Tx


def add_user(name: str, role: Role, secret: str, *, actor: str, store: SqlStore) -> bool:
    """Add a user. Return whether it is the first one, who is an admin.

    Raises PayloadInvalid: `first_is_admin`, `user_exists`, or the fault of the secret.
    """
    check_new_secret(secret, name)
    with store.transaction() as tx:
        is_first = not tx.users.has_users()
        if is_first and role is not Role.ADMIN:
            raise PayloadInvalid("first_is_admin")
        if tx.users.find_user(name):
            raise PayloadInvalid("user_exists")
        tx.users.add_user(name, role, secret)
        tx.evidence.append_fact(Fact.USER_ADDED, shop="", actor=actor, user=name, role=role, first=is_first)
    return is_first


def set_secret(name: str, secret: str, *, actor: str, store: SqlStore) -> User:
    """Replace a user's secret. Tokens of the API stay valid. Raises PayloadInvalid: `user_unknown`, `user_disabled`."""
    check_new_secret(secret, name)
    with store.transaction() as tx:
        user = _get_enabled_user(name, tx)
        tx.users.save_secret(name, secret)
        tx.evidence.append_fact(Fact.USER_SECRET_SET, shop="", actor=actor, user=name)
    return user


def disable_user(name: str, *, actor: str, reason: str, store: SqlStore) -> int:
    """End a user's access for good, and delete the tokens. Return how many tokens there were.

    Raises PayloadInvalid: `user_unknown`, `user_disabled`, `last_admin`.
    """
    with store.transaction() as tx:
        user = _get_enabled_user(name, tx)
        if user.role is Role.ADMIN and tx.users.count_enabled(Role.ADMIN) == 1:
            raise PayloadInvalid("last_admin")
        tx.users.disable_user(name)
        tokens = tx.api_access.delete_tokens(name)
        tx.evidence.append_fact(Fact.USER_DISABLED, shop="", actor=actor, user=name, tokens=tokens, reason=reason)
    return tokens


def create_token(name: str, *, expires_at: datetime, actor: str, store: SqlStore) -> str:
    """Return a new token of the API for a user. Raises PayloadInvalid: `user_unknown`, `user_disabled`, `expires_in_the_past`."""
    with store.transaction() as tx:
        _get_enabled_user(name, tx)
        if expires_at <= store.now():
            raise PayloadInvalid("expires_in_the_past")
        token = tx.api_access.create_token(name, expires_at=expires_at)
        tx.evidence.append_fact(
            Fact.USER_TOKEN_CREATED, shop="", actor=actor, user=name, expires_at=expires_at.isoformat()
        )
    return token


def revoke_tokens(name: str, *, actor: str, store: SqlStore) -> int:
    """Delete all tokens of a user. Return how many there were. Raises PayloadInvalid (`user_unknown`)."""
    with store.transaction() as tx:
        if tx.users.find_user(name) is None:
            raise PayloadInvalid("user_unknown")
        count = tx.api_access.delete_tokens(name)
        tx.evidence.append_fact(Fact.USER_TOKENS_REVOKED, shop="", actor=actor, user=name, count=count)
    return count


def _get_enabled_user(name: str, tx: Tx) -> User:
    user = tx.users.find_user(name)
    if user is None:
        raise PayloadInvalid("user_unknown")
    if user.disabled_at is not None:
        raise PayloadInvalid("user_disabled")
    return user
