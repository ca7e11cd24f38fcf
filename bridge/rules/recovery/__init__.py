"""Decisions after a restored backup. No input or output."""
