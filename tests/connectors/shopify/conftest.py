"""Fixtures of the tests of Shopify's connector."""

from __future__ import annotations

import pytest


@pytest.fixture
def waits() -> list[float]:
    """The seconds that a connector waited between its calls."""
    return []
