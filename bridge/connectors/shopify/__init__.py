"""Shopify: the platform the person is a customer of.

Reads what the Admin API holds of a person, says how far Shopify's own erasure has come, and answers doctor's
questions. Changes two things at Shopify and nothing else: it asks for an erasure that did not come from there, or takes
that back; Shopify then erases its own copy by itself
(https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance). And it removes what other systems wrote about a
customer, which that erasure leaves, where the step that calls it was told to.
"""

from bridge.connectors.shopify.api.token_cache import MemoryTokenCache, TokenCache
from bridge.connectors.shopify.platform import Shopify

__all__ = ["MemoryTokenCache", "Shopify", "TokenCache"]
