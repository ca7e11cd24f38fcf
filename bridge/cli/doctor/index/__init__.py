"""Checks of the index: comparisons with Shopify, and the webhooks that it lives by."""
