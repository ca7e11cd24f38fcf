"""Users, each with a sealed verifier of the secret. An attempt is counted before the secret is looked at."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, func, insert, select, update

from bridge.model import Role, User
from bridge.rules.operators.secret_limits import compute_locked_until
from bridge.store.crypto.secret_verifier import derive_verifier, is_secret_right
from bridge.store.schema.operator_tables import users
from bridge.store.session import Session

VERIFIER_AAD = "users|{name}|verifier"
IS_ENABLED = users.c.disabled_at.is_(None)


class UserRows:
    """People who work with the bridge."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection

    def has_users(self) -> bool:
        """Return whether there is a user, enabled or not: from then on commands ask who runs them."""
        return self._connection.scalar(select(users.c.name).limit(1)) is not None

    def count_enabled(self, role: Role) -> int:
        """Return how many enabled users have a role."""
        counted = select(func.count()).select_from(users).where(users.c.role == role, IS_ENABLED)
        return self._connection.scalar(counted) or 0

    def list_users(self) -> list[User]:
        """Return all users by name."""
        return [_user_from_row(row) for row in self._connection.execute(select(users).order_by(users.c.name))]

    def find_user(self, name: str) -> User | None:
        """Return a user, if there is one of this name."""
        row = self._connection.execute(select(users).where(users.c.name == name)).one_or_none()
        return _user_from_row(row) if row else None

    def add_user(self, name: str, role: Role, secret: str) -> None:
        """Store a user who is not there yet."""
        now = self._session.now()
        row = {"name": name, "role": role, "verifier": self._seal_verifier(name, secret), "created_at": now}
        self._connection.execute(insert(users), row | {"secret_set_at": now, "failures": 0})

    def save_secret(self, name: str, secret: str) -> None:
        """Store another secret of a user; attempts are counted anew."""
        changes = {"verifier": self._seal_verifier(name, secret), "secret_set_at": self._session.now()}
        self._change(name, **changes, failures=0, locked_until=None)

    def disable_user(self, name: str) -> None:
        """Let a user do nothing any more."""
        self._change(name, disabled_at=self._session.now())

    def count_attempt(self, name: str) -> User | None:
        """Count one more attempt of a user as failed, which `clear_attempts` undoes. Return the user as it was before.

        Attempts at the same time wait for one another, so that many cannot pass the limit together. One that is locked is
        not counted.
        """
        row = self._connection.execute(select(users).where(users.c.name == name).with_for_update()).one_or_none()
        if row is None:
            return None
        user, now = _user_from_row(row), self._session.now()
        if not (user.locked_until and user.locked_until > now):
            failures = user.failures + 1
            self._change(name, failures=failures, locked_until=compute_locked_until(failures, now))
        return user

    def clear_attempts(self, name: str) -> None:
        """Clear the wrong secrets of a user: the right one was given."""
        self._change(name, failures=0, locked_until=None)

    def is_secret_right(self, name: str, secret: str) -> bool:
        """Return whether this is the secret of a user; as slow where there is no such user. Takes a tenth of a second."""
        sealed = self._connection.scalar(select(users.c.verifier).where(users.c.name == name))
        verifier = self._session.open(sealed, VERIFIER_AAD.format(name=name)).decode() if sealed else ""
        return is_secret_right(secret, verifier)

    def _seal_verifier(self, name: str, secret: str) -> bytes:
        return self._session.keyring.seal(derive_verifier(secret).encode(), VERIFIER_AAD.format(name=name))

    def _change(self, name: str, **values: Any) -> None:
        self._connection.execute(update(users).where(users.c.name == name).values(**values))


def _user_from_row(row: Row[Any]) -> User:
    values = {name: getattr(row, name) for name in User.__slots__}
    return User(**values | {"role": Role(row.role)})
