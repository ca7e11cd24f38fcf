"""Tables of notices: items, letters, accounts, links. No decisions."""
