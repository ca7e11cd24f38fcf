"""The invented records that the Shopify stand-in serves. It knows no HTTP."""
