"""Connectors to external systems: the vendors' vocabularies are translated here and go no further."""
