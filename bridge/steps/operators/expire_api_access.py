"""Delete tokens of the API that have ended, and what is known of its calls of long ago. The clock does it hourly."""

from __future__ import annotations

from bridge.services import Services


def expire_api_access(*, services: Services) -> int:
    """Return how many rows were deleted. Raises StoreUnavailable."""
    with services.store.transaction() as tx:
        return tx.api_access.delete_expired()
