"""Shopify: the platform the person is a customer of.

Reads what the Admin API holds of a person, says how far Shopify's own erasure has come, and answers doctor's
questions. Never writes to Shopify: it erases its own copy by itself
(https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance) and would only tell us again.
"""

from bridge.connectors.shopify.kept import MemoryTokens, TokenCache
from bridge.connectors.shopify.platform import Shopify

__all__ = ["MemoryTokens", "Shopify", "TokenCache"]
