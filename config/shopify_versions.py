"""The versions of Shopify's Admin API that this release knows, and when Shopify may retire a version.

Shopify supports a version for at least twelve months, so its name says until when.
https://shopify.dev/docs/api/usage/versioning
"""

from __future__ import annotations

import re
from datetime import date

from config.env_parsers import ParseFault

SUPPORTED_VERSIONS = ("2026-01", "2026-04", "2026-07", "2026-10")
UNSTABLE_VERSION = "unstable"
_VERSION_NAME = re.compile(r"20\d\d-(01|04|07|10)")


def parse_api_version(value: str) -> str:
    """Return a version that this release knows, a newer one, or `unstable`. Raises ParseFault."""
    if value != UNSTABLE_VERSION and not _VERSION_NAME.fullmatch(value):
        raise ParseFault("must be a dated version such as 2026-10")
    if value < SUPPORTED_VERSIONS[0]:
        raise ParseFault(f"must be one of {', '.join(SUPPORTED_VERSIONS)} or newer: Shopify has retired older versions")
    return value


def compute_support_end(version: str) -> date | None:
    """Return the day from which Shopify may retire the version; None for `unstable`, which has no such day."""
    if version == UNSTABLE_VERSION:
        return None
    year, month = map(int, version.split("-"))
    return date(year + 1, month, 1)
