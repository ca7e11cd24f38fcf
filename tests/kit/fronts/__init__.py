"""Servers that tests put in front of, or in place of, those of others."""
