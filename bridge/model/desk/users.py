"""People who work with the bridge: their role, what a role may do, and what is known of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """A department that the privacy policy names in section 3."""

    ADMIN = "admin"
    SALES_LOGISTICS = "sales_logistics"
    MARKETING = "marketing"
    LEGAL_COMPLIANCE = "legal_compliance"
    SYSADMIN = "sysadmin"


class Act(StrEnum):
    """What a command or a route does, as far as a role decides about it."""

    SEE_SHIPMENTS = "see_shipments"
    CHECK_CONSENTS = "check_consents"
    SEE_REQUESTS = "see_requests"
    OPEN_REQUESTS = "open_requests"
    WORK_REQUESTS = "work_requests"
    REFUSE_REQUESTS = "refuse_requests"
    APPROVE = "approve"
    HOLD_RECORDS = "hold_records"
    KEEP_DISCLOSURES = "keep_disclosures"
    REVEAL_DATA = "reveal_data"
    OPEN_VAULT = "open_vault"
    KEEP_BANK_DETAILS = "keep_bank_details"
    READ_BANK_DETAILS = "read_bank_details"
    READ_REGISTER = "read_register"
    REPLAY = "replay"
    OPERATE = "operate"
    MANAGE_KEYS = "manage_keys"
    MANAGE_USERS = "manage_users"


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """One person who works with the bridge, by the name that evidence uses.

    `failures` counts wrong secrets since the last right one; until `locked_until` none is looked at.
    """

    name: str
    role: Role
    created_at: datetime
    secret_set_at: datetime
    disabled_at: datetime | None = None
    failures: int = 0
    locked_until: datetime | None = None

    @property
    def actor(self) -> str:
        """Return how facts name the user."""
        return f"operator:{self.name}"
