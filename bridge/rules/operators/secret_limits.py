"""How long wrong secrets keep the next one waiting, and which secrets are taken at all. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from bridge.errors import PayloadInvalid

FREE_ATTEMPTS = 5  # as many wrong secrets in a row cost nothing
MAX_LOCK = timedelta(hours=1)
MIN_SECRET_CHARS, MAX_SECRET_CHARS, MIN_DIFFERENT_CHARS = 12, 1024, 5


def compute_locked_until(failures: int, now: datetime) -> datetime | None:
    """Return until when no further secret is looked at after so many wrong ones in a row: a minute, doubled up to an hour."""
    if failures < FREE_ATTEMPTS:
        return None
    doublings = min(failures - FREE_ATTEMPTS, 10)
    return now + min(timedelta(minutes=2**doublings), MAX_LOCK)


def check_new_secret(secret: str, name: str) -> None:
    """Raise PayloadInvalid (`secret_too_short`, `secret_too_long`, `secret_too_plain`) for a secret that is easily guessed."""
    if len(secret) < MIN_SECRET_CHARS:
        raise PayloadInvalid("secret_too_short")
    if len(secret) > MAX_SECRET_CHARS:
        raise PayloadInvalid("secret_too_long")
    plain = secret.casefold()
    if len(set(plain)) < MIN_DIFFERENT_CHARS or plain.replace(name.casefold(), "").strip(" 0123456789") == "":
        raise PayloadInvalid("secret_too_plain")
