"""Judge and normalise the domain that names a shop. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_SHOP_DOMAIN_FORMAT = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")


@lru_cache(maxsize=512)
def is_shop_domain(domain: str) -> bool:
    """Return True for a `*.myshopify.com` domain in lower case and nothing around it."""
    return len(domain) <= 100 and _SHOP_DOMAIN_FORMAT.fullmatch(domain) is not None


def normalise_shop_domain(value: Any) -> str:
    """Return a domain in lower case without blanks around it and a dot at its end; '' for what is no text."""
    return value.strip().lower().removesuffix(".") if isinstance(value, str) else ""
