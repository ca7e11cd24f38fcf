"""Tables of the inbox: received webhooks and their group commit. No decisions."""
