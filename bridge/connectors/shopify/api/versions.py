"""Lists the data that older versions of the Admin API do not have. Sends nothing.

Lists only what is lost: a field that an older version has under another name is requested there.
https://shopify.dev/docs/api/usage/versioning
"""

from __future__ import annotations

from bridge.connectors.shopify.api.answers import SYSTEM
from bridge.model import Absence, Gap

SUPPORTED_VERSIONS = ("2025-10", "2026-01", "2026-04", "2026-07", "2026-10")
# The data, and the first version that has it.
FIRST_VERSION_OF_FIELDS = (
    ("bank accounts among the payment methods", "2026-01"),
    ("tax id of the customer", "2026-07"),
    ("accounts at identity providers", "2026-07"),
    ("WhatsApp marketing consent", "2026-07"),
    ("cart and checkout tokens of orders", "2026-07"),
)


def list_version_gaps(version: str) -> tuple[Gap, ...]:
    """Return the gaps that an export must state for this version."""
    return tuple(
        Gap(system=SYSTEM, absence=Absence.NOT_CONFIGURED, what=what, reason=f"not_in_version_{version}")
        for what, since in FIRST_VERSION_OF_FIELDS
        if version < since
    )
