"""Tables of shops: Admin tokens, uninstalls, erasures of a shop. No decisions."""
