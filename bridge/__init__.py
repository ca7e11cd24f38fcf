"""The Shopify compliance bridge: privacy webhooks in, access packages and proven erasures out."""

__version__ = "0.1.0"
