"""Calls Shopify's Admin API: tokens, GraphQL documents, throttling, access scopes. Knows no privacy request."""
