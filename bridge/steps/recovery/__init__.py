"""Detect a restored backup, repeat its erasures and keep the ledger current. Opens no request."""
