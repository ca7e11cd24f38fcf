"""Consents of a person: what is stopped when one is withdrawn, or never was needed."""
