"""The four families of failure, named by what the caller must do.

No message here ever carries personal data: messages reach logs, the queue's failure records and the
operator's listings. Codes and ids only.
"""

from __future__ import annotations


class BridgeError(Exception):
    """Root of every error the bridge raises on purpose."""


class TimeLimitExceeded(BridgeError):
    """The job took longer than it may and ends here: what it was in the midst of was not done. No fault of a row."""


# --- Refused: the edge says no; nothing is stored -----------------------------------------------------


class Refused(BridgeError):
    """The sender made a mistake; nothing was kept and asking again unchanged will not help."""


class SignatureInvalid(Refused):
    """The HMAC is missing or wrong. `reason` is a constant word for metrics, never the header."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BodyTooLarge(Refused):
    """The body exceeds the limit of bytes."""


class BodyIncomplete(Refused):
    """The body ended before its announced length, or its framing is broken."""


class BodyTooSlow(Refused):
    """The body did not arrive within the deadline."""


class LinkInvalid(Refused):
    """A link that opens nothing. Unknown, used, expired, answered: the sender is never told which."""


class FormInvalid(Refused):
    """The body is not the form that our page sends."""


class MediaTypeWrong(Refused):
    """The body is of a kind that is not taken here."""


class RequestsTooMany(Refused):
    """One client asks too often; `retry_after_s` is when it may again."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s


# --- Retryable: ask again later ------------------------------------------------------------------------


class Retryable(BridgeError):
    """The same call may succeed later. `retry_after_s` is the other side's wish, where it said one."""

    def __init__(self, message: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StoreUnavailable(Retryable):
    """The database did not take the row in time."""


class LedgerUnavailable(Retryable):
    """The ledger outside the backup does not answer; what it should hold waits in the database."""


class ConnectorUnavailable(Retryable):
    """Timeout, reset, 5xx, or an answer that is not what the system promises (HTML, truncated)."""


class ConnectorThrottled(Retryable):
    """The system asks us to slow down."""


class LeaseLost(Retryable):
    """Another worker owns the row now: what this one did since is discarded."""


class ConcurrentChange(Retryable):
    """Somebody else changed it since it was read: what stands is theirs; read again, decide again."""

    def __init__(self) -> None:
        super().__init__("it was changed this moment by somebody else: try again")


# --- Permanent: asking again will not help; it becomes a state -----------------------------------------


class Permanent(BridgeError):
    """A state, not an exception that travels: recorded and shown."""


class ConnectorRefused(Permanent):
    """The system understood and said no (a 4xx that is about the request itself)."""


class PayloadInvalid(Permanent):
    """Signed by Shopify, but not of the agreed shape. `reason` is a constant word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# --- NeedsOperator: a person must act -------------------------------------------------------------------


class NeedsOperator(BridgeError):
    """A state with a runbook."""


class CredentialRejected(NeedsOperator):
    """The system refuses our credentials or scopes (401, 403)."""


class SettingsInvalid(NeedsOperator):
    """Settings or merchant files are unset or malformed; `faults` lists every one."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class KeyMissing(NeedsOperator):
    """A sealed value names a key that the ring does not hold, or whose data key was destroyed."""


class SealBroken(NeedsOperator):
    """A sealed value does not open: it was altered, or moved to another row or column."""


class BackupRestored(NeedsOperator):
    """The database is older than the ledger outside of it: those who were erased since are back in it."""


class EvidenceBroken(NeedsOperator):
    """The evidence chain does not verify; `seq` is the first bad row."""

    def __init__(self, seq: int, why: str) -> None:
        super().__init__(f"evidence row {seq}: {why}")
        self.seq = seq
