"""Stand-ins of Shopify, the carriers and the aggregators, which use their wire formats over real sockets.

They serve invented people only. The rest of the bridge never imports them.
"""
