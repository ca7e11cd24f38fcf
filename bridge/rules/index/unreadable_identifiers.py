"""Say by which identifiers of a request nobody can be searched. Pure."""

from __future__ import annotations

from bridge.model import Absence, Gap, Principal
from bridge.rules.index.identity import is_readable_identifier

UNREADABLE_IDENTIFIER = "unreadable_identifier"


def find_unreadable_fields(principal: Principal) -> list[str]:
    """Return the names of the identifiers that cannot be read, wholly or in part."""
    named = {"customer": principal.customer_id, "email": principal.email, "phone": principal.phone}
    return [field for field, value in named.items() if value and not is_readable_identifier(field, value)]


def list_identifier_gaps(system: str, principal: Principal) -> list[Gap]:
    """Return a gap for each of them: what only it would find at the system is missing. It names the field, no value."""
    return [
        Gap(system=system, absence=Absence.UNATTRIBUTED, what=f"records by {field}", reason=UNREADABLE_IDENTIFIER)
        for field in find_unreadable_fields(principal)
    ]
