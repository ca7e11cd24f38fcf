"""How documents are sealed, held and expired. Opens no request."""
