"""The four families of failure, named by what the caller must do.

No message carries personal data, only codes and ids: messages reach logs, the queue's failure records and the
operator's listings.
"""

from __future__ import annotations

from datetime import datetime


class BridgeError(Exception):
    """Root of every error the bridge raises on purpose."""


class TimeLimitExceeded(BridgeError):
    """The job exceeded its time limit: its current step was not completed. No row is at fault."""


# --- Refused: the sender gets an error; nothing is stored -----------------------------------------------------


class Refused(BridgeError):
    """The sender made a mistake; nothing was stored, and the same request will fail again."""


class SignatureInvalid(Refused):
    """The HMAC is missing or wrong. `reason` is a constant word for metrics, never the header."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BodyTooLarge(Refused):
    """The body exceeds the limit of bytes."""


class LengthRequired(Refused):
    """The route takes no body that does not say its length."""


class BodyIncomplete(Refused):
    """The body ended before its announced length, or its framing is broken."""


class BodyTooSlow(Refused):
    """The body did not arrive within the deadline."""


class LinkInvalid(Refused):
    """The link is unknown, used, expired or answered; the answer never says which."""


class LinkEnded(LinkInvalid):
    """The link was good once: it was used, or its time is over."""


class FormInvalid(Refused):
    """The body is not the form of the answer page."""


class MediaTypeWrong(Refused):
    """The route does not take bodies of this media type."""


class PersonalTextRefused(Refused):
    """A text for the evidence names the data subject of its request. The message says which field, never the text."""


class AccessRefused(Refused):
    """A user, or who says to be one, may not do this. `reason` is a constant word; `role` and `act` say what is not allowed."""

    def __init__(self, reason: str, *, role: str = "", act: str = "", locked_until: datetime | None = None) -> None:
        super().__init__(reason)
        self.reason, self.role, self.act, self.locked_until = reason, role, act, locked_until


class RequestsTooMany(Refused):
    """One client sends too many requests; it may try again after `retry_after_s` seconds."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s


# --- Retryable: try again later ------------------------------------------------------------------------


class Retryable(BridgeError):
    """The same call may succeed later. `retry_after_s` is the other system's wish, where it sent one."""

    def __init__(self, message: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StoreUnavailable(Retryable):
    """The database cannot be reached, or did not commit in time."""


class LedgerUnavailable(Retryable):
    """The ledger outside the backup does not answer; its new records wait in the database."""


class ConnectorUnavailable(Retryable):
    """Timeout, reset, 5xx, or an answer that is not in the system's format (HTML, truncated)."""


class ConnectorThrottled(Retryable):
    """The system asks for fewer requests."""


class SystemBusy(ConnectorThrottled):
    """The system was not asked, or asked us to wait: nothing failed, and no attempt is used up."""


class LeaseLost(Retryable):
    """Another worker holds the lease of the row: the changes of this one are discarded."""


class ConcurrentChange(Retryable):
    """The row was changed since it was read: read and decide again."""

    def __init__(self) -> None:
        super().__init__("another process changed it at the same moment: try again")


# --- Permanent: trying again will not help; it becomes a state -----------------------------------------


class Permanent(BridgeError):
    """A failure that is recorded as a state and shown to the operator."""


class ConnectorRefused(Permanent):
    """The system refused the request itself (a 4xx)."""


class PayloadInvalid(Permanent):
    """Signed by Shopify, but not of the agreed shape. `reason` is a constant word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# --- NeedsOperator: an operator must act -------------------------------------------------------------------


class NeedsOperator(BridgeError):
    """A state with a runbook."""


class CredentialRejected(NeedsOperator):
    """The system refuses our credentials or scopes (401, 403)."""


class SettingsInvalid(NeedsOperator):
    """Settings or merchant files are unset or malformed; `faults` lists every one."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class StoreFault(NeedsOperator):
    """The database refused a statement: a defect or a damaged schema. It names the kind, never the values."""


class KeyMissing(NeedsOperator):
    """A sealed value names a key that the key ring does not hold, or its data key was destroyed."""


class SealBroken(NeedsOperator):
    """A sealed value cannot be decrypted: it was altered, or moved to another row or column."""


class BackupRestored(NeedsOperator):
    """The database is older than the ledger outside it: data that was erased since is in it again."""


class EvidenceBroken(NeedsOperator):
    """The evidence chain does not verify; `seq` is the first bad row."""

    def __init__(self, seq: int, why: str) -> None:
        super().__init__(f"evidence row {seq}: {why}")
        self.seq = seq
