"""Connects to Shopify, the platform of which the data subject is a customer.

Reads the data of a person through the Admin API, reports the state of Shopify's own erasure, and runs the checks of
`doctor`. Changes only two things at Shopify. It requests an erasure that Shopify did not order, or cancels that
request; Shopify then erases its own copy (https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance). And it
removes data that other apps wrote about a customer and that this erasure leaves, if the calling step asks for it.
"""

from bridge.connectors.shopify.api.tokens import MemoryTokenCache, TokenCache
from bridge.connectors.shopify.platform import Shopify

__all__ = ["MemoryTokenCache", "Shopify", "TokenCache"]
