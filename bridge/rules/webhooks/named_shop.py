"""Read which shop an order says that it belongs to. Pure.

The link to an order's status page has the shop's number: `https://{host}/{shop id}/orders/{token}/authenticate`. The host
is the shop's own domain or its myshopify.com one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bridge.rules.index.identity import legacy_id
from bridge.rules.index.json_values import read_text
from bridge.rules.webhooks.shop_domains import is_shop_domain

_STATUS_URL = re.compile(r"https://([^/?#]{1,255})/([0-9]{1,20})/orders/")


def read_named_shop(body: Mapping[str, Any]) -> tuple[str, str]:
    """Return the myshopify.com domain and the number that the body names; '' for what it does not name."""
    found = _STATUS_URL.match(read_text(body.get("order_status_url")))
    if not found:
        return "", ""
    host = found[1].lower()
    return host if is_shop_domain(host) else "", legacy_id(found[2])
