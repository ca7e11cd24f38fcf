"""Seal, hold and expire what is stored, by the retention policy. Opens no request."""
