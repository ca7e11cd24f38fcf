"""The invented records that the Shopify stand-in serves. Knows no HTTP."""
