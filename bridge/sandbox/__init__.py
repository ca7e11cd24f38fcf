"""Stand-ins for Shopify, the carriers and those between that speak their wire formats over real sockets.

They serve invented people only and are never imported by the rest of the bridge.
"""
