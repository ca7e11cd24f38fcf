"""A stand-in of Shopify's Admin API, as strict as the real one about queries, tokens, cost and cursors.

It serves invented shops over HTTP; see `server.py`. `python -m bridge.sandbox.shopify` runs it alone.
"""

from bridge.sandbox.shopify.server import ShopifyStandIn

__all__ = ["ShopifyStandIn"]
